"""The lists in which machines read whether certificates are in force (W3C Bitstring Status List 1.0).

One bit for each certificate, at a place that says nothing of it: a list shows how many were revoked, not which.
"""

import json
import re
import secrets
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from django.core.cache import cache
from django.urls import reverse
from openbadgeslib.ob3.ldp import add_data_integrity_proof
from openbadgeslib.ob3.status_list import build_status_list_credential, status_entry

from certificates import keyring
from certificates.models import Certificate, CertificateEvent, Series, StatusEntry

from .dids import did_of

BITS = 131_072  # the least that the standard allows: among fewer one certificate could be told from another
MOST = 98_304  # so that a free place is found at random
TRIES = 8
PURPOSE = "revocation"
NAME = re.compile(r"[\w-]{1,40}")
OUT_OF_FORCE = (CertificateEvent.Kind.REVOKED, CertificateEvent.Kind.SUPERSEDED)
FRESH = timedelta(minutes=5)  # the same list is signed once in so long, and anew when something changed
HOLDS = timedelta(days=1)  # an older copy is refused by those who read it


def take_place(series: Series) -> tuple[str, int]:
    """A list and a free bit for the number that a series, locked by the caller, gave out last."""
    name = f"{series}-{(series.last_number - 1) // MOST + 1}"
    while True:
        wanted = [secrets.randbelow(BITS) for _ in range(TRIES)]
        taken = set(StatusEntry.objects.filter(list=name, index__in=wanted).values_list("index", flat=True))
        if free := [index for index in wanted if index not in taken]:
            return name, free[0]


def names() -> list[str]:
    """Every list that there is, or was a number given out for."""
    series = Series.objects.filter(last_number__gt=0).order_by("year", "name")
    return [f"{one}-{count}" for one in series for count in range(1, (one.last_number - 1) // MOST + 2)]


def address_of(name: str) -> str:
    """Where a list is published, for ever."""
    return settings.PUBLIC_URL + path_of(name)


def path_of(name: str) -> str:
    """The same without the host."""
    return reverse("certificates:status_list", args=[name])


def entry_of(certificate: Certificate) -> dict | None:
    """What a credential says of its bit; None for certificates from before there were lists."""
    frozen = certificate.facts.get("status")
    return status_entry(frozen["list"], PURPOSE, frozen["index"]) if frozen else None


def publish(name: str) -> str | None:
    """The list as a proven credential (JSON); None where there is none of that name. Raises `keyring.KeyMissing`."""
    if not NAME.fullmatch(name):
        return None
    newest = CertificateEvent.objects.filter(kind__in=OUT_OF_FORCE).order_by("-pk").values_list("pk", flat=True).first()
    turn = int(datetime.now(UTC).timestamp() // FRESH.total_seconds())
    key = keyring.current(keyring.Use.CREDENTIAL)
    kept = f"certificates.status:{name}:{newest}:{turn}:{key.name}"
    if text := cache.get(kept):
        return text
    if not StatusEntry.objects.filter(list=name).exists():
        return None
    begun = datetime.fromtimestamp(turn * FRESH.total_seconds(), UTC)
    text = _sign(name, begun, key)
    cache.set(kept, text, FRESH.total_seconds())
    return text


def _sign(name: str, begun: datetime, key: keyring.Key) -> str:
    address = address_of(name)
    document = build_status_list_credential(
        did_of(address),
        address,
        PURPOSE,
        out_of_force(name),
        size_bits=BITS,
        issued=begun,
        valid_until=begun + HOLDS,
        ttl=int(FRESH.total_seconds() * 1000),
    )
    secret = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return json.dumps(add_data_integrity_proof(document, secret, f"{document['issuer']}#{key.name}", created=begun))


def out_of_force(name: str) -> list[int]:
    """The bits of a list that are set."""
    ended = CertificateEvent.objects.filter(kind__in=OUT_OF_FORCE).values("certificate")
    found = StatusEntry.objects.filter(list=name, certificate__in=ended).order_by("index")
    return list(found.values_list("index", flat=True))
