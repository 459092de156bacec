"""Events for tests, as an honest device would send them."""

import uuid
from datetime import datetime, timedelta
from types import SimpleNamespace

from django.utils import timezone

from courses.domain import enrolment, events, grading, watching
from courses.domain.activities import sync_lesson
from courses.models import Activity, Attempt
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.media import a_video
from tests.factories.people import an_employee

DEVICE = uuid.UUID(int=1)


def a_learner(*, questions: int = 3, length: float = 60.0, person=None, **quiz_fields) -> SimpleNamespace:
    """Somebody in a course of a video, a reading and a quiz, whose pages were granted an hour ago; an open attempt."""
    course = a_course()
    video = ("video", {"video": a_video(duration_seconds=length, rungs=()), "is_required": True})
    quiz = ("quiz", {"quiz": a_quiz(questions=questions, **quiz_fields), "is_required": True})
    lessons = [a_lesson(course, video), a_lesson(course), a_lesson(course, quiz)]
    for lesson in lessons:
        sync_lesson(lesson)
    at = timezone.now()
    granted_at = at - timedelta(hours=1)
    person = person or an_employee()
    enrolled = enrolment.enrol(person=person, course=course, by=person, at=at - timedelta(hours=2))
    of_kind = {one.kind: one for one in Activity.objects.filter(course_key=course.translation_key)}
    tokens = {
        kind: events.grant_page(enrolment=enrolled, activity=one, at=granted_at)
        for kind, one in of_kind.items()
        if kind != "video"
    }
    tokens["video"] = watching.grant_session(enrolment=enrolled, activity=of_kind["video"], at=granted_at)
    attempt = grading.start(enrolment=enrolled, activity=of_kind["quiz"], attempt_id=uuid.uuid4(), at=granted_at)
    return SimpleNamespace(
        person=person,
        course=course,
        lessons=lessons,
        enrolment=enrolled,
        at=at,
        granted_at=granted_at,
        video=of_kind["video"],
        reading=of_kind["reading"],
        quiz=of_kind["quiz"],
        tokens=tokens,
        attempt=attempt,
    )


def an_event(kind: str, token: str, clock: float, **fields) -> events.Event:
    """One event; `body` and whatever else may be given."""
    made = {"id": uuid.uuid4(), "device": DEVICE, "course_version": "1.7", "body": {}, **fields}
    return events.Event(kind=kind, token=token, clock=clock, **made)


def watched(learner, start: float, end: float, *, clock: float | None = None, **fields) -> events.Event:
    """A stretch at normal speed."""
    clock_from = start if clock is None else clock
    made = fields.pop("id", None) or uuid.uuid4()
    body = {"sequence": made.int % 2**31, "from_second": start, "to_second": end, "clock_from": clock_from, "rate": 1}
    body |= {"is_visible": True, "is_audio": False, "is_offline": True}
    return an_event("watched", learner.tokens["video"], clock_from + end - start, id=made, body=body, **fields)


def read(learner, clock: float = 10, **fields) -> events.Event:
    """The reading is marked."""
    return an_event("read", learner.tokens["reading"], clock, **fields)


def options(attempt: Attempt, question: int, *, right: bool = True) -> list[str]:
    """The right option of a question, or a wrong one."""
    body = attempt.answers.get(order=question).version.said.body
    return [one.key for one in body.options if (one.percent > 0) == right][:1]


def answered(learner, question: int, chosen: list[str], clock: float = 20, **fields) -> events.Event:
    """An answer to the learner's attempt."""
    body = {"attempt": learner.attempt.public_id, "question": question, "fields": {"answer": chosen}}
    return an_event("answered", learner.tokens["quiz"], clock, body=body, **fields)


def handed_in(learner, after=(), clock: float = 30, **fields) -> events.Event:
    """The attempt is handed in."""
    body = {"attempt": learner.attempt.public_id, "after": [one.id for one in after]}
    return an_event("handed_in", learner.tokens["quiz"], clock, body=body, **fields)


def send(learner, *batch: events.Event, at: datetime | None = None, person=None) -> list[events.Verdict]:
    """As the learner, now."""
    return events.record(person=person or learner.person, batch=batch, at=at or learner.at)


def told(verdicts: list[events.Verdict]) -> list[tuple[str, str]]:
    """What became of each, and why."""
    return [("repeated " * one.is_repeated + one.outcome, one.code) for one in verdicts]


def everything(learner, *, clock: float = 0) -> list[events.Event]:
    """All that the course asks for, well done."""
    video = [watched(learner, start, start + 15, clock=clock + start) for start in range(0, 60, 15)]
    answers = [answered(learner, n, options(learner.attempt, n), clock + 70 + n) for n in (1, 2, 3)]
    return [*video, read(learner, clock + 65), *answers, handed_in(learner, answers, clock + 80)]
