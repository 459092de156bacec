"""Reading whether states follow one another, and whether the published lists say what the log does. Writes nothing."""

import json
from collections import defaultdict
from collections.abc import Iterator

from openbadgeslib.ob3.status import decode_encoded_list, set_indices

from certificates import keyring
from certificates.models import CertificateEvent, LogLeaf, StatusEntry

from . import status_lists

KINDS = CertificateEvent.Kind
# What may come after what, the oldest first; nothing comes after an end.
_AFTER: dict[str, set[str]] = {
    KINDS.ISSUED: {KINDS.SUSPENDED, KINDS.REVOKED, KINDS.SUPERSEDED},
    KINDS.SUSPENDED: {KINDS.REINSTATED, KINDS.REVOKED},
    KINDS.REINSTATED: {KINDS.SUSPENDED, KINDS.REVOKED, KINDS.SUPERSEDED},
}


def find_faults() -> Iterator[str]:
    """Each fault as a sentence that names its row."""
    yield from _orders()
    for name in status_lists.names():
        for purpose in (status_lists.REVOCATION, status_lists.SUSPENSION):
            yield from _list(name, purpose)


def _orders() -> Iterator[str]:
    """Suspended is what holds, reinstated what is suspended, and what ended stays so."""
    rows = CertificateEvent.objects.exclude(kind=KINDS.ISSUED).select_related("certificate").order_by("pk")
    last: dict[int, str] = defaultdict(lambda: KINDS.ISSUED)
    for event in rows.iterator(chunk_size=1000):
        before = last[event.certificate_id]
        if event.kind not in _AFTER.get(before, set()):
            yield f"certificate {event.certificate.reference}: was {event.kind} after it was {before}"
        last[event.certificate_id] = event.kind


def _list(name: str, purpose: str) -> Iterator[str]:
    """The bits of the events and those published are those that the leaves make; read again if something came."""
    if not StatusEntry.objects.filter(list=name).exists():
        return
    for _turn in range(2):
        try:
            now, said = set(status_lists.set_bits(name, purpose)), _published(name, purpose)
        except keyring.KeyMissing:
            yield f"list of states {name}: there is no key to sign it with"
            return
        should = _of_the_log(name, purpose)
        if now == said == should:
            return
    for index in sorted((said ^ should) | (now ^ should))[:20]:
        yield f"list of states {name} ({purpose}): bit {index} is {'not set' if index in should else 'set'}"


def _published(name: str, purpose: str) -> set[int]:
    text = status_lists.publish(name, purpose) or "{}"
    encoded = json.loads(text)["credentialSubject"]["encodedList"]
    return set(set_indices(decode_encoded_list(encoded)))


def _of_the_log(name: str, purpose: str) -> set[int]:
    """From what the leaves say, not from the rows that they tell of."""
    places = {
        str(key): index
        for key, index in StatusEntry.objects.filter(list=name).values_list("certificate__public_id", "index")
    }
    kinds = CertificateEvent.ENDS if purpose == status_lists.REVOCATION else status_lists.SUSPENSIONS
    told = LogLeaf.objects.filter(entry__event__in=[str(kind) for kind in kinds]).order_by("index")
    found: set[int] = set()
    for entry in told.values_list("entry", flat=True).iterator(chunk_size=1000):
        if (index := places.get(entry.get("certificate", ""))) is None:
            continue
        if entry["event"] == KINDS.REINSTATED:
            found.discard(index)
        else:
            found.add(index)
    return found
