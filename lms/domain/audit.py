"""Appending to the trail of who did what. Called inside the transaction of the change itself."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextvars import ContextVar

from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from lms.models import AuditEvent, AuditHead, Person
from lms.models.inserting import insert_all, insert_together

GENESIS = "0" * 64
MOVE_HEAD = f"UPDATE {AuditHead._meta.db_table} SET digest = %s WHERE id = 1"  # noqa: S608 own names
# The network address of the request that is being answered; the middleware sets it, so that verbs need not carry it.
origin: ContextVar[str] = ContextVar("audit_origin", default="")


def chain_digest(previous: str, entry: dict) -> str:
    """SHA-256 in hex over the previous digest and the entry's canonical JSON."""
    return hashlib.sha256(f"{previous}\n{canonical(entry)}".encode()).hexdigest()


def canonical(entry: dict) -> str:
    """An entry as the one text that it has (RFC 8785, for what entries are made of: no floats)."""
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def record(
    action: str, *, by: Person | None, subject: str = "", facts: dict | None = None, beside: Sequence[Model] = ()
) -> AuditEvent:
    """Append one event. `facts` must be JSON and carry no personal number.

    The head row is locked last in a transaction, so events form one chain without forks. `beside` are new rows that the
    event tells of, stored with it (as `lms.models.inserting` says) where that is cheaper than by themselves: nobody
    else may be adding the same ones, for that would be waited for.
    """
    return record_all(action, by=by, about=[(subject, facts or {})], beside=beside)[0]


def record_all(
    action: str, *, by: Person | None, about: Iterable[tuple[str, dict]], beside: Sequence[Model] = ()
) -> list[AuditEvent]:
    """Append an event for each subject with its facts, in this order, as `record` does one; the head moves once."""
    at, actor, place = timezone.now(), str(by.public_id) if by else "", origin.get()[:45]
    events = [
        AuditEvent(at=at, actor=actor, action=action, subject=subject, origin=place, facts=facts)
        for subject, facts in about
    ]
    entries = [_entry(event) for event in events]
    with transaction.atomic(savepoint=False):
        head = _locked_head()
        for event, entry in zip(events, entries, strict=True):
            event.previous_digest, event.digest = head, chain_digest(head, entry)
            head = event.digest
        if len(events) == 1:
            insert_together([*beside, *events], MOVE_HEAD, [head])
        else:
            insert_all(events, known_by="digest")
            insert_together(beside, MOVE_HEAD, [head])
    return events


def _locked_head() -> str:
    """The newest event's digest, its row locked. Every event passes here: the ORM would cost more than the rest."""
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT digest FROM {AuditHead._meta.db_table} WHERE id = 1{lock}")  # noqa: S608 own names
        found = cursor.fetchone()
    if found is None:
        AuditHead.objects.get_or_create(pk=1, defaults={"digest": GENESIS})
        return _locked_head()
    return found[0]


def find_faults() -> Iterator[str]:
    """Walk the chain from its beginning and say, one line each, where it does not hold. Reads only."""
    previous: AuditEvent | None = None
    for event in AuditEvent.objects.order_by("pk").iterator():
        yield from faults_of(event, previous)
        previous = event
    head = AuditHead.objects.filter(pk=1).values_list("digest", flat=True).first() or GENESIS
    if head != (previous.digest if previous else GENESIS):
        yield "the newest events are missing: the head does not match"


def faults_of(event: AuditEvent, previous: AuditEvent | None) -> Iterator[str]:
    """Whether one event stands where it was written and says what it said. `previous` is the one before it."""
    if event.previous_digest != (previous.digest if previous else GENESIS):
        yield f"event {event.pk} does not follow the one before it"
    if event.digest != chain_digest(event.previous_digest, _entry(event)):
        yield f"event {event.pk} was changed"


def _entry(event: AuditEvent) -> dict:
    """What the digest covers; an empty origin is left out, as in the events written before it was kept."""
    entry = {
        "at": event.at.isoformat(),
        "actor": event.actor,
        "action": event.action,
        "subject": event.subject,
        "facts": event.facts,
    }
    return {**entry, "origin": event.origin} if event.origin else entry
