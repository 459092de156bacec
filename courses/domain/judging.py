"""Whether somebody has done all that a course asks for: by the rule in force, or by one at the end of its term.

Whoever had enough while a rule applied is judged by it, also when that is known only later: an attempt that was marked
afterwards, watching that was sent afterwards.
"""

from datetime import datetime
from typing import Any

from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Coalesce

from courses.blocks import Stage
from courses.domain import rules, totals
from courses.domain.rules import Asked
from courses.models import Activity, ActivityCompletion, Attempt, Completion, Enrolment, Waiver


def met_rule(enrolment: Enrolment, at: datetime) -> Asked | None:
    """The first rule by which everything was done, the one in force the last; None while something is missing."""
    history = rules.history(enrolment.course, at)
    before = (term.asked for term in history.terms if _is_met(enrolment, term.asked, term.until))
    if met := next(before, None):
        return met
    return history.asked if _is_met(enrolment, history.asked) else None


def _is_met(enrolment: Enrolment, asked: Asked, until: datetime | None = None) -> bool:
    """Whether what was done (by `until`) is all that a rule asks for."""
    required = _required(enrolment, until)
    if not required:
        return False
    done = _done(enrolment, until)
    waived = set(_waivers(enrolment, until).values_list("activity", flat=True))
    keys = set(done.values_list("activity", flat=True))
    if not required <= keys | waived or not _did_something_since(enrolment, done.filter(activity__in=required), waived):
        return False
    if len(keys - required) < _optional_needed(enrolment, asked, keys):
        return False
    return _mean_suffices(enrolment, asked, required - waived, until)


def _required(enrolment: Enrolment, until: datetime | None) -> set[int]:
    asked = Activity.objects.required().filter(course_key=enrolment.course_key)
    if until:
        asked = asked.filter(Q(required_since=None) | Q(required_since__lt=until))
    return set(asked.values_list("pk", flat=True))


def _done(enrolment: Enrolment, until: datetime | None) -> QuerySet[ActivityCompletion]:
    done = ActivityCompletion.objects.filter(enrolment=enrolment).annotate(
        happened_at=Coalesce("earned_at", "completed_at")
    )
    return done.filter(happened_at__lt=until) if until else done


def _waivers(enrolment: Enrolment, until: datetime | None) -> QuerySet[Waiver]:
    waivers = Waiver.objects.in_force().filter(enrolment=enrolment)
    return waivers.filter(made_at__lt=until) if until else waivers


def _did_something_since(enrolment: Enrolment, done: QuerySet[Any], waived: set[int]) -> bool:
    """Whether something was done after the last completion: a new edition alone is no reason for a new certificate."""
    last = Completion.objects.of_family(enrolment.person).filter(course_key=enrolment.course_key).first()
    if last is None:
        return bool(waived) or done.exists()
    return done.filter(happened_at__gt=last.completed_at).exists()


def _optional_needed(enrolment: Enrolment, asked: Asked, done: set[int]) -> int:
    """How many optional activities have to be done: no more than there are, those taken out and done counted."""
    if not asked.optional_count:
        return 0
    current = Activity.objects.current().filter(course_key=enrolment.course_key, is_required=False)
    left = current.exclude(stage=Stage.ENTRY).exclude(pk__in=done).count()
    optional_done = len(done - set(_required(enrolment, None)))
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
    waived = set(_waivers(enrolment, None).values_list("activity", flat=True))
    return not _mean_suffices(enrolment, asked, _required(enrolment, None) - waived, None)


def _best_scores(enrolment: Enrolment, activities: set[int], until: datetime | None = None) -> list[int]:
    closed = Attempt.objects.of_their_stage().filter(
        enrolment=enrolment, score_percent__isnull=False, activity__in=activities
    )
    if until:
        closed = closed.filter(closed_at__lt=until)
    best = closed.values("activity").annotate(best=Max("score_percent")).order_by()
    return [row["best"] for row in best]


def score_of(enrolment: Enrolment) -> int | None:
    """The mean of the best score in each required quiz, rounded half up; None where there is no quiz."""
    waived = _waivers(enrolment, None).values("activity")
    asked = Activity.objects.required().filter(course_key=enrolment.course_key).exclude(pk__in=waived)
    return totals.mean_of(_best_scores(enrolment, set(asked.values_list("pk", flat=True))))


def rule_facts(enrolment: Enrolment, met: Asked) -> dict:
    """What had to be done, as data: of the videos, of each required activity, and what was excused, by whom and why."""
    asked = Activity.objects.required().filter(course_key=enrolment.course_key).select_related("quiz")
    facts: dict[str, Any] = {
        "watch_threshold_percent": met.watch_percent,
        "activities": [_activity_facts(one, met) for one in asked],
    }
    if met.number:
        facts["version"] = met.number
    if met.optional_count:
        facts["optional_count"] = met.optional_count
    if met.mean_percent:
        facts["mean_percent"] = met.mean_percent
    if waivers := _waivers(enrolment, None).select_related("activity", "made_by"):
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
