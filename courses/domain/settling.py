"""Videos of which enough was watched, and parts that were attended enough, once a course asks for less than it did."""

from django.db.models import F

from courses.domain import attendance, completion
from courses.domain.progress import needed_seconds
from courses.models import Enrolment, WatchProgress


def settle(*, enrolments, lesson_key=None, at=None) -> None:
    """Complete the videos and the parts held in person that are done by now. Repeating it changes nothing.

    One query for each kind when there are none.
    """
    _settle_watched(enrolments, lesson_key, at)
    attendance.settle(enrolments=enrolments, lesson_key=lesson_key, at=at)


def _settle_watched(enrolments, lesson_key, at) -> None:
    threshold = F("enrolment__course__watch_threshold_percent")
    enough = (
        WatchProgress.objects.filter(
            enrolment__in=Enrolment.objects.active().filter(pk__in=enrolments),
            activity__retired_at=None,
            activity__video=F("video"),
        )
        .exclude(activity__completions__enrolment=F("enrolment"))
        .annotate(credit=F("covered_seconds") * 100)
        .filter(credit__gt=0, credit__gte=F("length_seconds") * threshold)
        .select_related("enrolment__course", "activity", "video")
    )
    for progress in enough.filter(activity__lesson_key=lesson_key) if lesson_key else enough:
        facts = {
            "covered_seconds": progress.covered_seconds,
            "length_seconds": progress.length_seconds,
            "needed_seconds": needed_seconds(
                progress.length_seconds, progress.enrolment.course.watch_threshold_percent
            ),
            "video": str(progress.video.public_id),
            "cut": progress.cut,
        }
        completion.complete_activity(enrolment=progress.enrolment, activity=progress.activity, facts=facts, at=at)
