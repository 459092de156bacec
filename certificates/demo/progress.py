"""What the demo's people did in their courses, played through the verbs with times in the past."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.db import transaction
from django.utils import timezone

import certificates.domain.rendering  # noqa: F401 its performer of jobs is needed here
from certificates.domain import act_notices, acts, issuing, revocation
from certificates.models import Certificate, CertificateAct, CertificateEvent
from courses.domain import completion, enrolment, grading, watching
from courses.models import Activity, Completion, CoursePage, Enrolment
from courses.questions import solving
from lms.models import Person

from .work import finish

STRETCH_SECONDS = 15  # how long the player's segments are
STATES = ("enrolled", "half", "started", "midway", "failed", "almost", "done")


@dataclass(frozen=True)
class Plan:
    """How far a person came: state, days since the enrolment, days it took, right answers in the quiz."""

    state: str
    days: int
    took: int = 2
    right: int = 0


def ensure_progress(person: Person, course: CoursePage, plan: Plan) -> None:
    """Play `plan` unless the person is already in the course. All of it, or nothing."""
    if Enrolment.objects.for_person(person).filter(course_key=course.translation_key).exists():
        return
    begins_at = timezone.now() - timedelta(days=plan.days)
    with transaction.atomic():
        entered = enrolment.enrol(person=person, course=course, by=person, at=begins_at)
        lessons = {lesson.translation_key: lesson for lesson in course.lessons()}
        todo = list(
            Activity.objects.required().filter(course_key=course.translation_key).select_related("video", "quiz")
        )
        for number, activity in enumerate(_chosen(plan.state, todo)):
            at = begins_at + timedelta(days=plan.took) * (number + 1) / (len(todo) + 1)
            enrolment.note_visit(person=person, lesson=lessons[activity.lesson_key], at=at)
            _do(entered, activity, plan, at, is_half=_is_half(plan.state, activity, todo))


def _chosen(state: str, todo: list[Activity]) -> list[Activity]:
    """The activities that are touched in each state, in order."""
    last_video = max(number for number, item in enumerate(todo) if item.kind == Activity.Kind.VIDEO)
    ends = {"enrolled": 0, "half": 1, "started": 2, "midway": last_video + 1}
    return todo[: ends.get(state, len(todo))]


def _is_half(state: str, activity: Activity, todo: list[Activity]) -> bool:
    videos = [item for item in todo if item.kind == Activity.Kind.VIDEO]
    return (state == "half" and activity == videos[0]) or (state in {"midway", "almost"} and activity == videos[-1])


def _do(entered: Enrolment, activity: Activity, plan: Plan, at: datetime, *, is_half: bool) -> None:
    if activity.kind == Activity.Kind.VIDEO:
        watch(entered, activity, share=0.5 if is_half else 1, at=at)
    elif activity.kind == Activity.Kind.QUIZ:
        take_quiz(entered, activity, right=plan.right, at=at)
    else:
        completion.mark_read(enrolment=entered, activity=activity, at=at)


def watch(entered: Enrolment, activity: Activity, *, share: float, at: datetime) -> None:
    """Watch the first `share` of a video at normal speed from `at` on, in the stretches a player sends."""
    token = watching.grant_session(enrolment=entered, activity=activity, at=at)
    if activity.video is None:
        raise TypeError(activity.kind)
    ends = activity.video.duration_seconds * share
    device = uuid.uuid5(entered.person.public_id, "demo")
    edges = [*range(0, int(ends), STRETCH_SECONDS), ends]
    batch = [
        watching.Segment(
            id=uuid.uuid4(),
            token=token,
            device=device,
            sequence=number,
            from_second=start,
            to_second=end,
            clock_from=start,
            clock_to=end,
        )
        for number, (start, end) in enumerate(pairwise(edges))
    ]
    position = watching.Position(token=token, second=ends, clock=ends)
    watching.record(person=entered.person, batch=batch, position=position, at=at + timedelta(seconds=ends + 1))


def take_quiz(entered: Enrolment, activity: Activity, *, right: int, at: datetime) -> None:
    """One attempt with `right` right answers; the others are wrong."""
    attempt = grading.start(enrolment=entered, activity=activity, attempt_id=uuid.uuid4(), at=at)
    for number, asked in enumerate(attempt.answers.select_related("version").order_by("order")):
        given = solving.right(asked.version.said.body) if number < right else solving.wrong(asked.version.said.body)
        grading.answer(attempt=attempt, order=asked.order, given=given, at=at + timedelta(seconds=30 * (number + 1)))
    grading.hand_in(attempt=attempt, at=at + timedelta(minutes=5))


def issue_certificates() -> int:
    """Issue and draw what the demo's people have earned and need not wait for; returns how many are new."""
    before = Certificate.objects.count()
    certifiable = Person.objects.certifiable().filter(is_demo=True)
    owed = Completion.objects.filter(person__in=certifiable, owed_certificate__certificate=None)
    for finished in owed.exclude(certificate_kind="").order_by("completed_at"):
        issuing.owe(finished)
        finish(issuing.ISSUE, finished.public_id)
    for certificate in Certificate.objects.filter(person__is_demo=True, file=None):
        finish(issuing.RENDER, certificate.public_id)
    return Certificate.objects.count() - before


def ensure_revocation(person: Person, *, reason: str, asked_by: Person, by: Person) -> None:
    """The person's certificate is revoked by two people, once."""
    certificate = Certificate.objects.for_person(person).order_by("pk").first()
    if certificate and not certificate.events.filter(kind=CertificateEvent.Kind.REVOKED).exists():
        kind = CertificateAct.Reason.ERROR
        act = revocation.ask(certificate=certificate, reason_kind=kind, reason=reason, by=asked_by)
        acts.certify(act=act, by=by)
        finish(act_notices.TELL, act.public_id)
