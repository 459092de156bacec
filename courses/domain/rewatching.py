"""What somebody watched, computed anew from the segments that are kept."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from courses.domain import by_cut, crediting
from courses.models import Enrolment, WatchProgress, WatchSegment
from media.domain.timelines import timeline_of_key


def derive(progress: WatchProgress, until: datetime | None = None) -> WatchProgress:
    """An unsaved copy of `progress` computed anew from the stored segments; must say the same.

    With `until`, what it would have been had all that was played before then arrived at once.
    """
    key = (progress.enrolment_id, progress.activity_id, progress.video_id)
    fresh = WatchProgress(
        pk=progress.pk,
        enrolment_id=key[0],
        activity_id=key[1],
        video_id=key[2],
        length_seconds=progress.length_seconds,
        cut=progress.cut,
    )
    timeline = timeline_of_key(key[2]) if progress.cut > 1 else crediting.ONE_CUT
    by_cut.write(fresh, by_cut.Record({}, by_cut.read(progress).places), timeline)
    rows: Iterable[WatchSegment] = WatchSegment.objects.filter(enrolment=key[0], activity=key[1], video=key[2])
    if until:
        rows = [row for row in rows if crediting.clock_span(row)[1] <= until.timestamp()]
    crediting.grow(fresh, rows, timeline)
    return fresh


@transaction.atomic
def rebuild(progress: WatchProgress) -> WatchProgress:
    """Write what the segments add up to over what is stored."""
    Enrolment.objects.select_for_update(no_key=True).get(pk=progress.enrolment_id)
    fresh = derive(progress)
    fresh.save(update_fields=["bitmap", "clock_spans", "clock_until", "covered_seconds", "by_cut"])
    return fresh
