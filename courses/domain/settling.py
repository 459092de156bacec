"""Activities for which enough was done already, once a course asks for less than it did."""

from datetime import datetime

from django.db.models import F

from courses.blocks import Stage
from courses.domain import attendance, completion, rules
from courses.domain.coverage import Coverage, coverage_of
from courses.models import Attempt, Enrolment, WatchProgress

LEAST_PERCENT = 10  # no rule asks for less of a video


def settle(*, enrolments, lesson_key=None, at: datetime | None = None) -> None:
    """Complete the videos and the parts held in person that are done by now. Repeating it changes nothing.

    One query for each kind when there are none.
    """
    _settle_watched(enrolments, lesson_key, at)
    attendance.settle(enrolments=enrolments, lesson_key=lesson_key, at=at)


def _settle_watched(enrolments, lesson_key, at: datetime | None) -> None:
    begun = (
        WatchProgress.objects.filter(
            enrolment__in=Enrolment.objects.active().filter(pk__in=enrolments),
            activity__retired_at=None,
            activity__video=F("video"),
        )
        .exclude(activity__completions__enrolment=F("enrolment"))
        .annotate(credit=F("covered_seconds") * 100)
        .filter(credit__gt=0, credit__gte=F("length_seconds") * LEAST_PERCENT)
        .select_related("enrolment__course", "activity", "video")
        .order_by("pk")
    )
    found = list(begun.filter(activity__lesson_key=lesson_key) if lesson_key else begun)
    asked = rules.in_force_each({row.enrolment.course for row in found}, at) if found else {}
    for row in found:
        coverage = coverage_of(asked[row.enrolment.course.translation_key], row.activity, row.video, row)
        if coverage.is_enough:
            facts = watched_facts(coverage, row)
            completion.complete_activity(enrolment=row.enrolment, activity=row.activity, facts=facts, at=at)


def watched_facts(coverage: Coverage, row: WatchProgress) -> dict:
    """How a video was completed, for its completion."""
    facts = {
        "covered_seconds": coverage.covered_seconds,
        "length_seconds": coverage.length_seconds,
        "needed_seconds": coverage.needed_seconds,
        "video": str(row.video.public_id),
        "cut": row.cut,
    }
    passages = [[one.first, one.after] for one in coverage.passages]
    return facts | ({"passages": passages} if passages else {})


def settle_quizzes(enrolment: Enrolment, *, at: datetime | None = None) -> None:
    """Complete the quizzes whose best score suffices: by their own mark, or by the one that is asked for now."""
    done = enrolment.activity_completions.values("activity")
    scored = enrolment.attempts.exclude(stage=Stage.ENTRY).filter(score_percent__isnull=False)
    best: dict[int, Attempt] = {}
    scored = scored.exclude(activity__stage=Stage.ENTRY)
    for attempt in scored.exclude(activity__in=done).select_related("activity__quiz").order_by("number"):
        known = best.get(attempt.activity_id)
        if known is None or _rank(attempt) > _rank(known):
            best[attempt.activity_id] = attempt
    if not best:
        return
    asked = rules.in_force(enrolment.course, at)
    for attempt in best.values():
        mark = asked.pass_of(attempt.activity)
        if attempt.is_passed or (attempt.score_percent or 0) >= mark:
            completion.complete_activity(
                enrolment=enrolment,
                activity=attempt.activity,
                score_percent=attempt.score_percent,
                facts={"attempt": attempt.number, "pass_percent": min(mark, attempt.pass_percent)},
                at=at,
            )


def settle_one(enrolment: Enrolment) -> None:
    """Complete all that the work in one enrolment suffices for, the course too. Repeating it changes nothing."""
    settle(enrolments=[enrolment.pk])
    settle_quizzes(enrolment)
    completion.judge(enrolment=enrolment)


def _rank(attempt: Attempt) -> tuple[bool, int]:
    return attempt.is_passed, attempt.score_percent or 0
