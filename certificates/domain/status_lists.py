"""The lists in which machines read whether certificates are in force (W3C Bitstring Status List 1.0).

One bit for each certificate, at a place that says nothing of it: a list shows how many were revoked, not which. For
each list of what was revoked or superseded there is one of what is suspended, with the same places.
"""

import json
import re
import secrets
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q
from django.urls import reverse
from openbadgeslib.ob3.status_list import build_status_list_credential, status_entry

from certificates import keyring
from certificates.models import Certificate, CertificateEvent, Series, StatusEntry

from . import proofs, vc_jwt
from .dids import did_of

BITS = 131_072  # the least that the standard allows: among fewer one certificate could be told from another
MOST = 98_304  # so that a free place is found at random
TRIES = 8
REVOCATION, SUSPENSION = "revocation", "suspension"
NAME = re.compile(r"[\w-]{1,40}")
SUSPENSIONS = (CertificateEvent.Kind.SUSPENDED, CertificateEvent.Kind.REINSTATED)
_TELL = {REVOCATION: CertificateEvent.ENDS, SUSPENSION: SUSPENSIONS}
_VIEWS = {REVOCATION: "certificates:status_list", SUSPENSION: "certificates:suspension_list"}
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


def address_of(name: str, purpose: str = REVOCATION) -> str:
    """Where a list is published, for ever."""
    return settings.PUBLIC_URL + path_of(name, purpose)


def path_of(name: str, purpose: str = REVOCATION) -> str:
    """The same without the host."""
    return reverse(_VIEWS[purpose], args=[name])


def frozen(name: str, index: int) -> dict:
    """What a new certificate freezes of its place: both lists and the bit in them."""
    return {"list": address_of(name), "index": index, "suspension": address_of(name, SUSPENSION)}


def entries_of(certificate: Certificate) -> list[dict]:
    """What a credential says of its bit in each list.

    None for certificates from before there were lists, one for those from before there were suspensions.
    """
    said = certificate.facts.get("status") or {}
    lists = [(REVOCATION, said.get("list")), (SUSPENSION, said.get("suspension"))]
    return [status_entry(address, purpose, said["index"]) for purpose, address in lists if address]


def publish(name: str, purpose: str = REVOCATION, *, as_token: bool = False) -> str | None:
    """The list as a proven credential (JSON), or as a token that devices check by themselves, signed with the QR's key.

    None where there is none of that name. Raises `keyring.KeyMissing`.
    """
    if not NAME.fullmatch(name):
        return None
    told = CertificateEvent.objects.filter(kind__in=_TELL[purpose]).order_by("-pk")
    newest = told.values_list("leaf__digest", flat=True).first()  # keys of rows come again after a restore
    turn = int(datetime.now(UTC).timestamp() // FRESH.total_seconds())
    key = keyring.current(keyring.Use.QR if as_token else keyring.Use.CREDENTIAL)
    form = "token" if as_token else "list"
    kept = f"certificates.{form}.{purpose}:{name}:{newest}:{turn}:{key.name}"
    if text := cache.get(kept):
        return text
    if not StatusEntry.objects.filter(list=name).exists():
        return None
    begun = datetime.fromtimestamp(turn * FRESH.total_seconds(), UTC)
    text = (_sign_token if as_token else _sign)(name, purpose, begun, key)
    cache.set(kept, text, FRESH.total_seconds())
    return text


def _sign(name: str, purpose: str, begun: datetime, key: keyring.Key) -> str:
    document = _document(name, purpose, begun)
    return json.dumps(proofs.prove(document, key, f"{document['issuer']}#{key.name}", created=begun))


def _sign_token(name: str, purpose: str, begun: datetime, key: keyring.Key) -> str:
    return vc_jwt.sign(_document(name, purpose, begun), key)


def _document(name: str, purpose: str, begun: datetime) -> dict:
    address = address_of(name, purpose)
    return build_status_list_credential(
        did_of(address),
        address,
        purpose,
        set_bits(name, purpose),
        size_bits=BITS,
        issued=begun,
        valid_until=begun + HOLDS,
        ttl=int(FRESH.total_seconds() * 1000),
    )


def set_bits(name: str, purpose: str) -> list[int]:
    """The bits of a list that are set: of what ended for good, or of what is suspended and nobody lifted that."""
    ended = CertificateEvent.objects.filter(kind__in=CertificateEvent.ENDS)
    is_meant = (
        Q(certificate__in=Certificate.objects.suspended().values("pk"))
        if purpose == SUSPENSION
        else Q(certificate__in=ended.values("certificate"))
    )
    found = StatusEntry.objects.filter(is_meant, list=name).order_by("index")
    return list(found.values_list("index", flat=True))
