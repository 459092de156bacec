"""What is done and what is missing: activities, then the course.

Everything here only grows. A trainer who edits a course asks more or less of those who are still on the way; what
somebody completed stays completed.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.domain import judging, rules, stating
from courses.domain.deeds import Deeds, deeds_of
from courses.domain.granted import is_open
from courses.domain.judging import Met
from courses.domain.progress import CourseProgress, build_progress
from courses.domain.stating import Stated
from courses.models import Activity, ActivityCompletion, Completion, CourseRule, Enrolment
from courses.signals import course_completed
from lms.domain import audit
from lms.domain.errors import RuleBroken
from lms.models.inserting import insert


def complete_activity(
    *,
    enrolment: Enrolment,
    activity: Activity,
    score_percent: int | None = None,
    facts: dict | None = None,
    at=None,
    earned_at=None,
) -> ActivityCompletion:
    """Note that an activity was completed, once and for good, and judge the course. Repeating it changes nothing.

    `earned_at` is when it was done, where that was known only later, at `at`. Raises `activity.other_course`.
    """
    if activity.course_key != enrolment.course_key:
        raise RuleBroken("activity.other_course", _("Esa actividad no es de este curso."))
    at = at or timezone.now()
    done = ActivityCompletion(activity=activity, completed_at=at, score_percent=score_percent, facts=facts or {})
    if earned_at and earned_at < at:
        done.earned_at = earned_at
    with transaction.atomic(savepoint=False):
        if _complete(_locked(enrolment, at), done):
            return done
        return ActivityCompletion.objects.get(enrolment=enrolment, activity=activity)


Seen = tuple[dict, datetime]  # how a video was completed, and when
Sooner = Callable[[Sequence[datetime]], Seen | None]


def complete_watched(
    *, enrolment: Enrolment, activity: Activity, seen: Seen, history: rules.History, sooner: Sooner
) -> None:
    """Note that a video was completed, unless it was before, and judge; for whoever holds the enrolment's lock.

    `history`: what the course asks for and asked for before. `sooner` is asked where editions ended: how and when it
    was completed before one of these moments, if it was. Part of the caller's transaction.
    """
    done = ActivityCompletion(activity=activity, facts=seen[0], completed_at=seen[1])
    _complete(enrolment, done, history, sooner)


def is_done(enrolment: Enrolment, activity: Activity) -> bool:
    """Whether an activity was completed."""
    return ActivityCompletion.objects.filter(enrolment=enrolment, activity=activity).exists()


def _locked(enrolment: Enrolment, at: datetime | None) -> Any:
    """With its course's `threshold`, and whether it `has_rules` by `at` or now, as `opening.lock_enrolments` says."""
    dated = CourseRule.objects.dated(_by_now(at)).filter(course_key=OuterRef("course_key"))
    rows = Enrolment.objects.select_for_update(of=("self",), no_key=True)
    return rows.annotate(threshold=F("course__watch_threshold_percent"), has_rules=Exists(dated)).get(pk=enrolment.pk)


def _by_now(at: datetime | None) -> datetime:
    now = timezone.now()
    return max(at or now, now)


def _complete(
    enrolment: Enrolment,
    done: ActivityCompletion,
    history: rules.History | None = None,
    sooner: Sooner | None = None,
) -> bool:
    """Store it, with the course's completion if it was the last thing; False if it was known, and nothing is stored."""
    known = deeds_of(enrolment)
    if done.activity_id in known.done:
        return False
    done.enrolment = enrolment
    if sooner and known.ended and (found := sooner([one.ended_at for one in known.ended])):
        done.facts, done.completed_at = found
    beside = [done]
    for made in _judge(enrolment, known.with_one(done), done.completed_at, history):
        _keep(made, *beside)
        beside = []
    for one in beside:
        insert(one)
    return True


def mark_read(*, enrolment: Enrolment, activity: Activity, at=None) -> ActivityCompletion:
    """Complete a reading on the person's word. `at`: when they gave it, where the server hears of it later.

    Raises `activity.not_a_reading`, `activity.retired`, `activity.not_enrolled`.
    """
    if activity.kind != Activity.Kind.READING:
        raise RuleBroken("activity.not_a_reading", _("Esto no se completa solo con leerlo."))
    if activity.retired_at and (at is None or at > activity.retired_at):
        raise RuleBroken("activity.retired", _("Esta lección ya no está publicada."))
    if not (is_open(enrolment, at) if at else enrolment.is_active):
        raise RuleBroken("activity.not_enrolled", _("Inscríbase de nuevo en el curso para completar esta lección."))
    return complete_activity(enrolment=enrolment, activity=activity, at=at)


@transaction.atomic(savepoint=False)
def judge(*, enrolment: Enrolment, at=None) -> Completion | None:
    """The course's completion, made when all that it asks for was done; None while something is missing.

    One for each person (whatever records they had), course and edition, whoever asks at the same moment. What was done
    while an edition lasted completes that one. A course that requires nothing never completes. Tells
    `course_completed` on commit.
    """
    locked = _locked(enrolment, at)
    deeds = deeds_of(locked)
    made = _judge(locked, deeds, at)
    for one in made:
        _keep(one)
    if made or deeds.edition not in deeds.made:
        return made[-1] if made else None
    theirs = Completion.objects.of_family(locked.person)
    return theirs.filter(course_key=locked.course_key, edition=deeds.edition).first()


def _judge(
    enrolment: Enrolment, deeds: Deeds, at: datetime | None, history: rules.History | None = None
) -> list[Completion]:
    """The course's completions, not stored yet: of each edition of which there is none and nothing is missing."""
    found: list[Completion] = []
    if deeds.is_all_made:
        return found
    history = history or _history(enrolment, at)
    while met := judging.met_rule(enrolment, history, deeds):
        # What arrived late may have happened before the rest was done.
        last = judging.done_at(enrolment, deeds, met) if met.ended else _last(deeds, at)
        stated = stating.read(enrolment, on=timezone.localdate(last), ended=met.ended.number if met.ended else 0)
        enrolment.course, enrolment.person = stated.course, stated.person
        if not enrolment.is_active or not stated.course.live:
            break
        if stated.said.edition != met.edition:  # a new one began in this moment
            deeds = deeds.with_course_of(deeds_of(enrolment))
            continue
        found.append(Completion(completed_at=last, **_facts(enrolment, stated, met, deeds)))
        deeds = deeds.with_made(met.edition, last)
    return found


def _last(deeds: Deeds, at: datetime | None) -> datetime:
    now = at or timezone.now()
    return max(now, deeds.last_at or now)


def _history(enrolment: Any, at: datetime | None) -> rules.History:
    """What the course asks for, of an enrolment that `_locked` gave."""
    key, threshold = enrolment.course_key, enrolment.threshold
    if not enrolment.has_rules:
        return rules.History(rules.Asked(threshold))
    return rules.histories({key: threshold}, _by_now(at))[key]


def _keep(made: Completion, *beside: ActivityCompletion) -> None:
    """Store a completion, and what completed it, with the entry in the trail; tell of it on commit."""
    audit.record(
        "course.completed",
        by=made.person,
        subject=f"courses.completion:{made.public_id}",
        facts={"course": str(made.course_key), "edition": made.edition, "score_percent": made.score_percent},
        beside=[*beside, made],
    )
    transaction.on_commit(partial(course_completed.send_robust, sender=Completion, completion=made))


def _facts(enrolment: Enrolment, stated: Stated, met: Met, deeds: Deeds) -> dict:
    """What a completion says, copied from its edition. A post that is only declared is not copied."""
    said, held = stated.said, stated.held
    return {
        "enrolment": enrolment,
        "person": stated.person,
        "course_key": enrolment.course_key,
        "edition": said.edition,
        "course_title": said.title,
        "hours": said.hours,
        "hours_by_kind": stated.hours_by_kind.as_json(),
        "certificate_kind": said.certificate_kind,
        "certificate_on_request": said.certificate_on_request,
        "certificate_months": said.certificate_months,
        "grace_days": said.grace_days,
        "renews_key": said.renews_key,
        "competency": stated.proven,
        "programme": list(stated.programme),
        "rule": judging.rule_facts(enrolment, met, stated.required, deeds),
        "score_percent": judging.score_of(enrolment, stated.required, deeds, met),
        "started_at": enrolment.enrolled_at,
        "municipality_id": held.municipality_id if held else None,
        "post_id": held.post_id if held else None,
    }


def course_progress(enrolment: Enrolment) -> CourseProgress:
    """How far somebody is in a course, and what is missing in words, in a number of queries that does not grow."""
    return build_progress([enrolment.course], {enrolment.course_key: enrolment})[0]
