"""What somebody watched, computed anew from the segments that are kept."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from courses.domain import by_cut, crediting
from courses.domain.coverage import Coverage, coverage_of
from courses.domain.rules import Term
from courses.models import Activity, Enrolment, WatchProgress, WatchSegment
from media.domain.timelines import timeline_of_key
from media.models import Video


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


def enough_before(
    progress: WatchProgress, terms: Iterable[Term], earliest: float | None, activity: Activity, video: Video
) -> tuple[Coverage, WatchProgress, datetime | None] | None:
    """What had been watched at the end of an earlier rule's term, where it sufficed by that rule.

    Of the stored segments; `earliest` (epoch seconds) is the first of what arrived last, None where nothing did.
    """
    for term in terms:
        if earliest is not None and earliest <= term.until.timestamp():
            then = derive(progress, until=term.until)
            coverage = coverage_of(term.asked, activity, video, then)
            if coverage.is_enough:
                return coverage, then, term.since
    return None


@transaction.atomic
def rebuild(progress: WatchProgress) -> WatchProgress:
    """Write what the segments add up to over what is stored."""
    Enrolment.objects.select_for_update(no_key=True).get(pk=progress.enrolment_id)
    fresh = derive(progress)
    fresh.save(update_fields=["bitmap", "clock_spans", "clock_until", "covered_seconds", "by_cut"])
    return fresh
