"""What is done and what is missing: activities, then the course.

Everything here only grows. A trainer who edits a course asks more or less of those who are still on the way; what
somebody completed stays completed.
"""

from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.domain import judging, rules
from courses.domain.granted import is_open
from courses.domain.progress import CourseProgress, build_progress
from courses.domain.rules import Asked
from courses.models import Activity, ActivityCompletion, Completion, Enrolment
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
    if done := ActivityCompletion.objects.filter(enrolment=enrolment, activity=activity).first():
        return done
    at = at or timezone.now()
    with transaction.atomic():
        locked = _locked(enrolment)
        if done := ActivityCompletion.objects.filter(enrolment=locked, activity=activity).first():
            return done
        facts = facts or {}
        return _complete(locked, activity, at=at, earned_at=earned_at, score_percent=score_percent, facts=facts)


def complete_watched(
    *, enrolment: Enrolment, activity: Activity, facts: dict, at: datetime, history: rules.History
) -> None:
    """Note that a video was completed by whoever holds the enrolment's lock and saw that it was not, and judge.

    `history`: what the course asks for and asked for before. Part of the caller's transaction.
    """
    loaded = Enrolment.objects.select_related("course", "person").get(pk=enrolment.pk)
    _complete(loaded, activity, at=at, facts=facts, history=history)


def is_done(enrolment: Enrolment, activity: Activity) -> bool:
    """Whether an activity was completed."""
    return ActivityCompletion.objects.filter(enrolment=enrolment, activity=activity).exists()


def _locked(enrolment: Enrolment) -> Enrolment:
    rows = Enrolment.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("course", "person").get(pk=enrolment.pk)


def _complete(
    enrolment: Enrolment, activity: Activity, *, at: datetime, earned_at=None, history=None, **said
) -> ActivityCompletion:
    done = ActivityCompletion(
        enrolment=enrolment,
        activity=activity,
        completed_at=at,
        earned_at=earned_at if earned_at and earned_at < at else None,
        **said,
    )
    insert(done)
    _judge(enrolment, at, history)
    return done


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


@transaction.atomic
def judge(*, enrolment: Enrolment, at=None) -> Completion | None:
    """The course's completion, made when all that it asks for was done; None while something is missing.

    One for each person (whatever records they had), course and edition, whoever asks at the same moment. A course that
    requires nothing never completes. Tells `course_completed` on commit.
    """
    return _judge(_locked(enrolment), at)


def _judge(enrolment: Enrolment, at: datetime | None, history: rules.History | None = None) -> Completion | None:
    course, deeds = enrolment.course, judging.deeds_of(enrolment)
    if course.edition in deeds.made:
        theirs = Completion.objects.of_family(enrolment.person)
        return theirs.filter(course_key=enrolment.course_key, edition=course.edition).first()
    if not enrolment.is_active or not course.live:
        return None
    now = timezone.now()
    history = history or rules.history(course, max(at or now, now))
    met = judging.met_rule(enrolment, history, deeds)
    if met is None:
        return None
    # What arrived late may have happened before the rest was done.
    made = Completion.objects.create(**_facts(enrolment, max(at or now, deeds.last_at or at or now), met, deeds))
    audit.record(
        "course.completed",
        by=enrolment.person,
        subject=f"courses.completion:{made.public_id}",
        facts={"course": str(made.course_key), "edition": made.edition, "score_percent": made.score_percent},
    )
    transaction.on_commit(partial(course_completed.send_robust, sender=Completion, completion=made))
    return made


def _facts(enrolment: Enrolment, at, met: Asked, deeds: judging.Deeds) -> dict:
    """What a completion says, copied from the course as it stands. A post that is only declared is not copied."""
    course = enrolment.course
    required = list(Activity.objects.required().filter(course_key=enrolment.course_key).select_related("quiz"))
    held = enrolment.person.appointments.current(on=timezone.localdate(at)).confirmed()
    appointment = held.select_related("municipality", "post").last()
    return {
        "enrolment": enrolment,
        "person": enrolment.person,
        "course_key": enrolment.course_key,
        "edition": course.edition,
        "course_title": course.title,
        "hours": course.hours,
        "hours_by_kind": course.hours_by_kind().as_json(),
        "certificate_kind": course.certificate_kind,
        "programme": list(course.lessons().values_list("title", flat=True)),
        "rule": judging.rule_facts(enrolment, met, required, deeds),
        "score_percent": judging.score_of(enrolment, required, deeds),
        "started_at": enrolment.enrolled_at,
        "completed_at": at,
        "municipality": appointment.municipality if appointment else None,
        "post": appointment.post if appointment else None,
    }


def course_progress(enrolment: Enrolment) -> CourseProgress:
    """How far somebody is in a course, and what is missing in words, in a number of queries that does not grow."""
    return build_progress([enrolment.course], {enrolment.course_key: enrolment})[0]
