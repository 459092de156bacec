"""Whether somebody has done all that a course asks for: by the rule in force, or by one at the end of its term.

Whoever had enough while a rule applied is judged by it, also when that is known only later: an attempt that was marked
afterwards, watching that was sent afterwards. The same holds of an edition: what was done in it completes it.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, QuerySet

from courses.blocks import Stage
from courses.domain import rules, totals
from courses.domain.deeds import Deeds
from courses.domain.editions import Ended
from courses.domain.rules import Asked
from courses.models import Activity, Attempt, Enrolment, Waiver


@dataclass(frozen=True)
class Met:
    """The rule by which everything was done, and of which edition; that one itself, if it ended."""

    asked: Asked
    edition: int
    ended: Ended | None = None
    until: datetime | None = None


def met_rule(enrolment: Enrolment, history: rules.History, deeds: Deeds) -> Met | None:
    """The first rule by which everything of an edition that was not completed was done; the ones in force the last.

    None while something is missing.
    """
    for ended in deeds.ended:
        if ended.number not in deeds.made:
            for asked, until in history.between(ended.began_at, ended.ended_at):
                if _is_met(enrolment, deeds, asked, until, ended):
                    return Met(asked, ended.number, ended, until)
    if deeds.edition not in deeds.made:
        for asked, until in history.between(deeds.edition_since, None):
            if _is_met(enrolment, deeds, asked, until):
                return Met(asked, deeds.edition)
    return None


def _is_met(
    enrolment: Enrolment, deeds: Deeds, asked: Asked, until: datetime | None, ended: Ended | None = None
) -> bool:
    """Whether what was done (by `until`) is all that a rule asks for, of what an edition required (the one of now)."""
    of_edition = (ended or deeds).required
    required = {key for key, since in of_edition.items() if not (until and since and since >= until)}
    if not required:
        return False
    done, waived = _by(deeds.done, until), set(_by(deeds.waived, until))
    if not required <= done.keys() | waived:
        return False
    if not _did_something_since(_made_before(deeds, ended), [done[key] for key in done.keys() & required], waived):
        return False
    if len(done.keys() - required) < _optional_needed(enrolment, asked, of_edition.keys(), done.keys(), ended):
        return False
    return _mean_suffices(enrolment, asked, required - waived, until, deeds)


def done_at(enrolment: Enrolment, deeds: Deeds, met: Met) -> datetime:
    """When the last of what completed an edition that ended was done: in its time, whenever that came to be known."""
    done, waived = _by(deeds.done, met.until), _by(deeds.waived, met.until)
    required = met.ended.required.keys() if met.ended else deeds.required.keys()
    counted = done.keys() if met.asked.optional_count else done.keys() & required
    moments = [
        enrolment.enrolled_at,
        *(done[key] for key in counted),
        *(waived[key] for key in waived.keys() & required),
    ]
    if met.asked.mean_percent:
        tried = Attempt.objects.of_their_stage().filter(enrolment=enrolment, activity__in=required)
        scored = tried.filter(score_percent__isnull=False, closed_at__lt=met.until)
        moments += [one for one in scored.values_list("closed_at", flat=True) if one]
    return max(moments)


def _made_before(deeds: Deeds, ended: Ended | None) -> list[datetime]:
    """When editions before one that ended were completed; for the one of now, any."""
    return [at for number, at in deeds.made.items() if ended is None or number < ended.number]


def _by(when: Mapping[int, datetime], until: datetime | None) -> dict[int, datetime]:
    return {key: at for key, at in when.items() if until is None or at < until}


def _did_something_since(made: Sequence[datetime], done: Sequence[datetime], waived: set[int]) -> bool:
    """Whether something was done after the last completion: a new edition alone is no reason for a new certificate."""
    if not made:
        return bool(waived or done)
    last = max(made)
    return any(at > last for at in done)


def _required(enrolment: Enrolment) -> set[int]:
    asked = Activity.objects.required().filter(course_key=enrolment.course_key)
    return set(asked.values_list("pk", flat=True))


def _waivers(enrolment: Enrolment) -> QuerySet[Waiver]:
    return Waiver.objects.in_force().filter(enrolment=enrolment)


def _optional_needed(
    enrolment: Enrolment, asked: Asked, required: Set[int], done: Set[int], ended: Ended | None
) -> int:
    """How many optional activities have to be done: no more than there are, those taken out and done counted."""
    if not asked.optional_count:
        return 0
    if ended:
        left = len(ended.optional - done)
    else:
        current = Activity.objects.current().filter(course_key=enrolment.course_key, is_required=False)
        left = current.exclude(stage=Stage.ENTRY).exclude(pk__in=done).count()
    return min(asked.optional_count, len(done - required) + left)


def _mean_suffices(
    enrolment: Enrolment, asked: Asked, required: set[int], until: datetime | None, deeds: Deeds | None = None
) -> bool:
    if asked.mean_percent is None:
        return True
    if not Activity.objects.filter(pk__in=required, kind=Activity.Kind.QUIZ).exists():
        return True
    mean = totals.mean_of(_best_scores(enrolment, required, until, deeds))
    return mean is not None and mean >= asked.mean_percent


def lacks_mean(enrolment: Enrolment, asked: Asked) -> bool:
    """Whether the mean of the required quizzes is all that the course still waits for of them."""
    if asked.mean_percent is None or enrolment.completions.filter(edition=enrolment.course.edition).exists():
        return False
    waived = set(_waivers(enrolment).values_list("activity", flat=True))
    return not _mean_suffices(enrolment, asked, _required(enrolment) - waived, None)


def _best_scores(
    enrolment: Enrolment, activities: set[int], until: datetime | None = None, deeds: Deeds | None = None
) -> list[int]:
    """Of what was handed in by `until`, and of what `deeds` say was done by then, whenever that came to be known."""
    closed = Attempt.objects.of_their_stage().filter(
        enrolment=enrolment, score_percent__isnull=False, activity__in=activities
    )
    if until:
        closed = closed.filter(closed_at__lt=until)
    found = closed.values("activity").annotate(best=Max("score_percent")).order_by()
    best = {row["activity"]: row["best"] for row in found}
    if until and deeds:
        for key in _by(deeds.done, until).keys() & deeds.scores.keys() & activities:
            best[key] = max(deeds.scores[key], best.get(key, 0))
    return list(best.values())


def score_of(enrolment: Enrolment, required: Sequence[Activity], deeds: Deeds, met: Met) -> int | None:
    """The mean of the best score in each required quiz, rounded half up; None where there is no quiz.

    Of an edition that ended: of what was done by then.
    """
    waived = _by(deeds.waived, met.until)
    quizzes = {one.pk for one in required if one.kind == Activity.Kind.QUIZ and one.pk not in waived}
    return totals.mean_of(_best_scores(enrolment, quizzes, met.until, deeds)) if quizzes else None


def rule_facts(enrolment: Enrolment, met: Met, required: Sequence[Activity], deeds: Deeds) -> dict:
    """What had to be done, as data: of the videos, of each required activity, and what was excused, by whom and why."""
    asked = met.asked
    facts: dict[str, Any] = {
        "watch_threshold_percent": asked.watch_percent,
        "activities": [_activity_facts(one, asked) for one in required],
    }
    if asked.number:
        facts["version"] = asked.number
    if asked.optional_count:
        facts["optional_count"] = asked.optional_count
    if asked.mean_percent:
        facts["mean_percent"] = asked.mean_percent
    if _by(deeds.waived, met.until):
        waivers = _waivers(enrolment).select_related("activity", "made_by")
        waivers = waivers.filter(made_at__lt=met.until) if met.until else waivers
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
