"""The log over the register: one chain of digests, appended to in the transaction of the event it tells of."""

from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256

from certificates.models import Certificate, CertificateEvent, LogHead, LogLeaf
from lms.domain.audit import GENESIS, chain_digest

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


def _plain(value: object) -> object:
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
        "at": _plain(event.at),
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
            **{column: _plain(getattr(certificate, column)) for column in _COLUMNS},
        }
    return entry


def append(event: CertificateEvent) -> LogLeaf:
    """Add the leaf of an event. The head stays locked until the transaction ends, so that leaves form one chain.

    Locks are taken in one order everywhere: owed row or certificate, series, head of the log, head of the audit trail.
    """
    LogHead.objects.get_or_create(pk=1, defaults={"digest": GENESIS})
    head = LogHead.objects.select_for_update().get(pk=1)
    entry = build_entry(event)
    leaf = LogLeaf.objects.create(
        index=head.length,
        event=event,
        entry=entry,
        previous_digest=head.digest,
        digest=chain_digest(head.digest, entry),
    )
    head.length, head.digest = head.length + 1, leaf.digest
    head.save(update_fields=["length", "digest"])
    return leaf
