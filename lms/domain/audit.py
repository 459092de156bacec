"""Appending to the trail of who did what. Called inside the transaction of the change itself."""

import hashlib
import json
from collections.abc import Iterator

from django.db import transaction
from django.utils import timezone

from lms.models import AuditEvent, AuditHead, Person

GENESIS = "0" * 64


def chain_digest(previous: str, entry: dict) -> str:
    """SHA-256 in hex over the previous digest and the entry's canonical JSON."""
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def record(action: str, *, by: Person | None, subject: str = "", facts: dict | None = None) -> AuditEvent:
    """Append one event. `facts` must be JSON and carry no personal number.

    The head row is locked last in a transaction, so events form one chain without forks.
    """
    at = timezone.now()
    actor = str(by.public_id) if by else ""
    entry = {"at": at.isoformat(), "actor": actor, "action": action, "subject": subject, "facts": facts or {}}
    with transaction.atomic():
        AuditHead.objects.get_or_create(pk=1, defaults={"digest": GENESIS})
        head = AuditHead.objects.select_for_update().get(pk=1)
        event = AuditEvent.objects.create(
            at=at,
            actor=actor,
            action=action,
            subject=subject,
            facts=facts or {},
            previous_digest=head.digest,
            digest=chain_digest(head.digest, entry),
        )
        head.digest = event.digest
        head.save(update_fields=["digest"])
    return event


def find_faults() -> Iterator[str]:
    """Walk the chain from its beginning and say, one line each, where it does not hold. Reads only."""
    previous = GENESIS
    for event in AuditEvent.objects.order_by("pk").iterator():
        if event.previous_digest != previous:
            yield f"event {event.pk} does not follow the one before it"
        if event.digest != chain_digest(event.previous_digest, _entry(event)):
            yield f"event {event.pk} was changed"
        previous = event.digest
    head = AuditHead.objects.filter(pk=1).values_list("digest", flat=True).first() or GENESIS
    if head != previous:
        yield "the newest events are missing: the head does not match"


def _entry(event: AuditEvent) -> dict:
    return {
        "at": event.at.isoformat(),
        "actor": event.actor,
        "action": event.action,
        "subject": event.subject,
        "facts": event.facts,
    }
