"""Appending to the trail of who did what. Called inside the transaction of the change itself."""

import hashlib
import json

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
