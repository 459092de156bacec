"""Counting the bytes of films that reached people: for themselves, for what counts as watched, for who pays."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Sum
from django.utils import timezone

from lms.models import Person
from media.models import Delivered, Rendition

log = logging.getLogger(__name__)
UPSERT = """
    INSERT INTO media_delivered (person_id, day, video_id, rung, bytes, seconds) VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (person_id, day, video_id, rung) DO UPDATE
    SET bytes = media_delivered.bytes + excluded.bytes, seconds = media_delivered.seconds + excluded.seconds
"""


@dataclass(frozen=True)
class Sent:
    """Bytes of one rung to one person on one day, by keys; nobody when it is not known whose they were."""

    person_id: int | None
    day: date
    video_id: int
    rung: str
    bytes: int
    seconds: float


def is_counted() -> bool:
    """Whether what is sent passes us or nginx; what a storage sends itself it alone can count."""
    return settings.MEDIA_DELIVERY != "storage"


def seconds_of(rendition: Rendition, sent_bytes: int) -> float:
    """How much playing so many bytes of a rendition are worth."""
    return sent_bytes * rendition.duration_seconds / rendition.bytes if rendition.bytes else 0.0


def add(sums: Iterable[Sent]) -> None:
    """Add to what is counted; in the caller's transaction, if there is one."""
    every = list(sums)
    nameless = [one for one in every if one.person_id is None]
    named = [one for one in every if one.person_id is not None]
    named.sort(
        key=lambda one: (one.person_id or 0, one.day, one.video_id, one.rung)
    )  # two counters never wait in a ring
    with transaction.atomic():
        if named:
            with connection.cursor() as cursor:
                values = [(one.person_id, one.day, one.video_id, one.rung, one.bytes, one.seconds) for one in named]
                cursor.executemany(UPSERT, values)
        for one in nameless:
            _add_nameless(one.day, one.video_id, one.rung, one.bytes, one.seconds)


def _add_nameless(day: date, video_id: int | None, rung: str, sent_bytes: int, seconds: float) -> None:
    """No two rows without a person are equal to the database, so the sum is looked for."""
    rows = Delivered.objects.filter(person=None, day=day, video=video_id, rung=rung)
    first = rows.order_by("pk").values_list("pk", flat=True).first()
    if first is None:
        Delivered.objects.create(day=day, video_id=video_id, rung=rung, bytes=sent_bytes, seconds=seconds)
    else:
        Delivered.objects.filter(pk=first).update(bytes=F("bytes") + sent_bytes, seconds=F("seconds") + seconds)


def note(*, person: Person, rendition: Rendition, sent_bytes: int) -> None:
    """Count one answer of ours after it was sent; a film never stops because counting failed."""
    sent = Sent(
        person.pk,
        timezone.localdate(),
        rendition.video_id,
        rendition.rung,
        sent_bytes,
        seconds_of(rendition, sent_bytes),
    )
    try:
        add([sent])
    except DatabaseError:
        log.exception("%s bytes that were sent could not be counted", sent_bytes)


def month_of(person: Person, at: datetime | None = None) -> int:
    """Bytes that a person was sent in the month of Guatemala that `at` lies in; of all their records together."""
    today = timezone.localdate(at)
    first = today.replace(day=1)
    after = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    rows = Delivered.objects.filter(person__in=Person.objects.family(person), day__gte=first, day__lt=after)
    return rows.aggregate(bytes=Sum("bytes"))["bytes"] or 0


def by_month(person: Person) -> list[tuple[str, int]]:
    """Every month as `2026-03` with the bytes that this record was sent in it, the oldest first."""
    months: dict[str, int] = {}
    for day, sent in Delivered.objects.filter(person=person).order_by("day").values_list("day", "bytes"):
        months[f"{day:%Y-%m}"] = months.get(f"{day:%Y-%m}", 0) + sent
    return list(months.items())


def day_cost(day: date) -> int:
    """Bytes that everybody together was sent on a day."""
    return Delivered.objects.filter(day=day).aggregate(bytes=Sum("bytes"))["bytes"] or 0


def forget(person: Person) -> int:
    """Let a person's rows go into sums without a name; returns how many they were."""
    rows = list(Delivered.objects.filter(person=person).select_for_update(of=("self",)).order_by("pk"))
    for row in rows:
        _add_nameless(row.day, row.video_id, row.rung, row.bytes, row.seconds)
    Delivered.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)
