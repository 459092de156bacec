"""Whether somebody has done all that a course asks for: by the rule in force, or by one at the end of its term.

Whoever had enough while a rule applied is judged by it, also when that is known only later: an attempt that was marked
afterwards, watching that was sent afterwards.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Max, QuerySet

from courses.blocks import Stage
from courses.domain import rules, totals
from courses.domain.deeds import Deeds
from courses.domain.rules import Asked
from courses.models import Activity, Attempt, Enrolment, Waiver


def met_rule(enrolment: Enrolment, history: rules.History, deeds: Deeds) -> Asked | None:
    """The first rule by which everything was done, the one in force the last; None while something is missing."""
    before = (term.asked for term in history.terms if _is_met(enrolment, deeds, term.asked, term.until))
    if met := next(before, None):
        return met
    return history.asked if _is_met(enrolment, deeds, history.asked) else None


def _is_met(enrolment: Enrolment, deeds: Deeds, asked: Asked, until: datetime | None = None) -> bool:
    """Whether what was done (by `until`) is all that a rule asks for."""
    required = {key for key, since in deeds.required.items() if not (until and since and since >= until)}
    if not required:
        return False
    done, waived = _by(deeds.done, until), set(_by(deeds.waived, until))
    if not required <= done.keys() | waived:
        return False
    if not _did_something_since(deeds, [at for key, at in done.items() if key in required], waived):
        return False
    if len(done.keys() - required) < _optional_needed(enrolment, deeds, asked, set(done)):
        return False
    return _mean_suffices(enrolment, asked, required - waived, until)


def _by(when: Mapping[int, datetime], until: datetime | None) -> dict[int, datetime]:
    return {key: at for key, at in when.items() if until is None or at < until}


def _did_something_since(deeds: Deeds, done: Sequence[datetime], waived: set[int]) -> bool:
    """Whether something was done after the last completion: a new edition alone is no reason for a new certificate."""
    if not deeds.made:
        return bool(waived or done)
    last = max(deeds.made.values())
    return any(at > last for at in done)


def _required(enrolment: Enrolment) -> set[int]:
    asked = Activity.objects.required().filter(course_key=enrolment.course_key)
    return set(asked.values_list("pk", flat=True))


def _waivers(enrolment: Enrolment) -> QuerySet[Waiver]:
    return Waiver.objects.in_force().filter(enrolment=enrolment)


def _optional_needed(enrolment: Enrolment, deeds: Deeds, asked: Asked, done: set[int]) -> int:
    """How many optional activities have to be done: no more than there are, those taken out and done counted."""
    if not asked.optional_count:
        return 0
    current = Activity.objects.current().filter(course_key=enrolment.course_key, is_required=False)
    left = current.exclude(stage=Stage.ENTRY).exclude(pk__in=done).count()
    optional_done = len(done - deeds.required.keys())
    return min(asked.optional_count, optional_done + left)


def _mean_suffices(enrolment: Enrolment, asked: Asked, required: set[int], until: datetime | None) -> bool:
    if asked.mean_percent is None:
        return True
    if not Activity.objects.filter(pk__in=required, kind=Activity.Kind.QUIZ).exists():
        return True
    mean = totals.mean_of(_best_scores(enrolment, required, until))
    return mean is not None and mean >= asked.mean_percent


def lacks_mean(enrolment: Enrolment, asked: Asked) -> bool:
    """Whether the mean of the required quizzes is all that the course still waits for of them."""
    if asked.mean_percent is None or enrolment.completions.filter(edition=enrolment.course.edition).exists():
        return False
    waived = set(_waivers(enrolment).values_list("activity", flat=True))
    return not _mean_suffices(enrolment, asked, _required(enrolment) - waived, None)


def _best_scores(enrolment: Enrolment, activities: set[int], until: datetime | None = None) -> list[int]:
    closed = Attempt.objects.of_their_stage().filter(
        enrolment=enrolment, score_percent__isnull=False, activity__in=activities
    )
    if until:
        closed = closed.filter(closed_at__lt=until)
    best = closed.values("activity").annotate(best=Max("score_percent")).order_by()
    return [row["best"] for row in best]


def score_of(enrolment: Enrolment, required: Sequence[Activity], deeds: Deeds) -> int | None:
    """The mean of the best score in each required quiz, rounded half up; None where there is no quiz."""
    quizzes = {one.pk for one in required if one.kind == Activity.Kind.QUIZ and one.pk not in deeds.waived}
    return totals.mean_of(_best_scores(enrolment, quizzes)) if quizzes else None


def rule_facts(enrolment: Enrolment, met: Asked, required: Sequence[Activity], deeds: Deeds) -> dict:
    """What had to be done, as data: of the videos, of each required activity, and what was excused, by whom and why."""
    facts: dict[str, Any] = {
        "watch_threshold_percent": met.watch_percent,
        "activities": [_activity_facts(one, met) for one in required],
    }
    if met.number:
        facts["version"] = met.number
    if met.optional_count:
        facts["optional_count"] = met.optional_count
    if met.mean_percent:
        facts["mean_percent"] = met.mean_percent
    if deeds.waived:
        waivers = _waivers(enrolment).select_related("activity", "made_by")
        facts["exceptions"] = [_waiver_facts(one) for one in waivers]
    return facts


def _activity_facts(activity: Activity, met: Asked) -> dict:
    facts: dict[str, Any] = {"kind": activity.kind, "title": activity.title}
    own = met.of(activity)
    if activity.quiz:
        facts["pass_percent"] = met.pass_of(activity)
    if own.watch_percent:
        facts["watch_percent"] = own.watch_percent
    if own.passages:
        facts["passages"] = [list(span) for span in own.passages.spans]
    return facts


def _waiver_facts(waiver: Waiver) -> dict:
    return {
        "activity": waiver.activity.title,
        "kind": waiver.kind,
        "reason": waiver.reason,
        "by": waiver.made_by.full_name if waiver.made_by else "",
        "on": waiver.made_at.date().isoformat(),
    }
