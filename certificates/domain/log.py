"""The log over the register: one chain of digests, appended to in the transaction of the event it tells of.

Over its leaves stands a tree (RFC 9162), so that a stranger can be shown that one leaf is in it, and that nothing that
was ever in it changed, without being shown the others.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256

from django.db.models import Q

from certificates.models import (
    CareerAnnotation,
    Certificate,
    CertificateAct,
    CertificateEvent,
    LogHead,
    LogLeaf,
    LogNode,
    Restoration,
)
from lms.domain.audit import GENESIS, canonical, chain_digest

from . import merkle, testimony

# What the certificate says, by column; the code is its page's key, so the log holds only its digest.
_COLUMNS = [
    "reference",
    "number",
    "edition",
    "revision",
    "course_key",
    "person_name",
    "course_title",
    "kind",
    "hours",
    "started_on",
    "completed_on",
    "score_percent",
    "municipality_name",
    "post_name",
    "issuer",
    "issued_at",
    "facts",
]


def plain(value: object) -> object:
    """A column as JSON that is the same on every database: no floats, times in UTC to the microsecond."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, Decimal):
        return f"{value:.1f}"
    if value is None or isinstance(value, int | str | dict | list):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)


def build_entry(event: CertificateEvent) -> dict:
    """What the log says of an event, read from the rows as they stand."""
    certificate: Certificate = event.certificate
    entry = {
        "event": event.kind,
        "at": plain(event.at),
        "by": str(event.by.public_id) if event.by else "",
        "reason": event.reason,
        "certificate": str(certificate.public_id),
    }
    if event.kind == CertificateEvent.Kind.ISSUED:
        entry |= {
            "person": str(certificate.person.public_id),
            "municipality": certificate.municipality.code if certificate.municipality else "",
            "post": certificate.post.code if certificate.post else "",
            "code_sha256": sha256(certificate.code.encode()).hexdigest(),
            **{column: plain(getattr(certificate, column)) for column in _COLUMNS},
            **_what_only_some_have(certificate),
        }
    if event.kind == CertificateEvent.Kind.SUPERSEDED and hasattr(certificate, "superseded_by"):
        entry["superseded_by"] = certificate.superseded_by.reference
    if act := getattr(event, "act", None):
        entry["act_sha256"] = digest_of_act(act)
    return entry


def digest_of_act(act: CertificateAct) -> str:
    """What the log keeps of an act: who asked what, why and when, and who certified it, without saying so.

    The act's random key is in it, so that nobody can guess what was asked.
    """
    said = {
        "act": str(act.public_id),
        "kind": act.kind,
        "certificate": str(act.certificate.public_id) if act.certificate else "",
        "person": str(act.person.public_id),
        "municipality": act.municipality.code if act.municipality else "",
        "reason_kind": act.reason_kind,
        "reason": act.reason,
        "facts": act.facts,
        "asked_by": str(act.asked_by.public_id),
        "asked_at": plain(act.asked_at),
        "decided_by": str(act.decided_by.public_id) if act.decided_by else "",
        "decided_at": plain(act.decided_at),
        "decision": act.decision,
        "answer": act.answer,
    }
    return sha256(canonical(said).encode()).hexdigest()


def _what_only_some_have(certificate: Certificate) -> dict:
    """An end and a forerunner; where there is none the entry has no word of it, as those from before have none."""
    said = {}
    if certificate.expires_on:
        said["expires_on"] = certificate.expires_on.isoformat()
    if certificate.supersedes:
        said["supersedes"] = certificate.supersedes.reference
    return said


def append(event: CertificateEvent) -> LogLeaf:
    """Add the leaf of an event. The head stays locked until the transaction ends, so that leaves form one chain.

    Locks are taken in one order everywhere: owed row, certificate or annotation, series, head of the log, head of the
    audit trail.
    """
    if event.kind != CertificateEvent.Kind.ISSUED:  # its number is kept
        testimony.keep_event_later(event)
    return _append(build_entry(event), event=event)


def append_annotation(annotation: CareerAnnotation, entry: dict) -> LogLeaf:
    """Add the leaf of an annotation of a career record, of which `entry` says no more than a salted digest."""
    return _append(entry, annotation=annotation)


def append_restoration(restoration: Restoration, entry: dict) -> LogLeaf:
    """Add the leaf that says that the register came back from a backup."""
    return _append(entry, restoration=restoration)


def _append(entry: dict, **told: CertificateEvent | CareerAnnotation | Restoration) -> LogLeaf:
    LogHead.objects.get_or_create(pk=1, defaults={"digest": GENESIS})
    head = LogHead.objects.select_for_update().get(pk=1)
    leaf = LogLeaf.objects.create(
        index=head.length,
        entry=entry,
        previous_digest=head.digest,
        digest=chain_digest(head.digest, entry),
        **told,
    )
    head.length, head.digest = head.length + 1, leaf.digest
    head.save(update_fields=["length", "digest"])
    made = merkle.grow(leaf.index, digest_of(entry), nodes(merkle.left_of(leaf.index)))
    LogNode.objects.bulk_create(
        LogNode(level=level, index=index, digest=digest.hex()) for (level, index), digest in made.items()
    )
    return leaf


def digest_of(entry: dict) -> bytes:
    """The digest of a leaf in the tree."""
    return merkle.leaf_digest(canonical(shown(entry)).encode())


def shown(entry: dict) -> dict:
    """An entry as whoever holds the certificate may be shown it, and as the tree has it.

    In the place of the person's key stands a digest of it and of the certificate's own code, so that two certificates
    of one person do not say so; whoever knows the key can prove whose it is.
    """
    if "person" not in entry:
        return entry
    rest = {name: value for name, value in entry.items() if name != "person"}
    bound = sha256(f"{entry['person']}:{entry['code_sha256']}".encode()).hexdigest()
    return rest | {"person_sha256": bound}


def nodes(wanted: Iterable[merkle.Place]) -> dict[merkle.Place, bytes]:
    """Those that are kept, of any number, by as many statements as there are hundreds of them."""
    places = sorted(wanted)
    found: dict[merkle.Place, bytes] = {}
    for start in range(0, len(places), 100):
        asked = Q()
        for level, index in places[start : start + 100]:
            asked |= Q(level=level, index=index)
        rows = LogNode.objects.filter(asked).values_list("level", "index", "digest")
        found |= {(level, index): bytes.fromhex(digest) for level, index, digest in rows}
    return found
