"""Segments for tests, built as an honest client would."""

import uuid
from datetime import timedelta
from types import SimpleNamespace

from django.utils import timezone

from courses.domain import enrolment, watching
from courses.models import Activity, WatchProgress
from tests.factories.courses import a_course, a_lesson
from tests.factories.media import a_video
from tests.factories.people import an_employee


def a_viewer(*, length: float = 100.0, person=None, course=None, video=None, **course_fields) -> SimpleNamespace:
    """Somebody enrolled in a course with one video (of `length` seconds), and a session granted an hour ago."""
    course = course or a_course(**course_fields)
    video = video or a_video(duration_seconds=length)
    lesson = a_lesson(course, ("video", {"video": video, "is_required": True}))
    person = person or an_employee()
    at = timezone.now()
    enrolled = enrolment.enrol(person=person, course=course, by=person, at=at - timedelta(hours=2))
    activity = Activity.objects.get(lesson_key=lesson.translation_key)
    granted_at = at - timedelta(hours=1)
    return SimpleNamespace(
        person=person,
        course=course,
        lesson=lesson,
        enrolment=enrolled,
        activity=activity,
        video=activity.video,
        at=at,
        granted_at=granted_at,
        token=watching.grant_session(enrolment=enrolled, activity=activity, at=granted_at),
    )


def segment(token: str, start: float, end: float, *, clock: float | None = None, **fields) -> watching.Segment:
    """`start`–`end` played at normal speed from `clock` (default: as if played from the beginning without a stop)."""
    clock_from = start if clock is None else clock
    fields.setdefault("clock_to", clock_from + (end - start))
    fields.setdefault("id", uuid.uuid4())
    fields.setdefault("device", uuid.UUID(int=1))
    fields.setdefault("sequence", int(fields["id"].int % 2**31))
    return watching.Segment(token=token, from_second=start, to_second=end, clock_from=clock_from, **fields)


def stretch(token: str, start: int, end: int, *, clock: float = 0, step: int = 15, **fields) -> list[watching.Segment]:
    """`start`–`end` in segments of `step` seconds."""
    return [
        segment(token, at, min(at + step, end), clock=clock + at - start, **fields) for at in range(start, end, step)
    ]


def progress_of(viewer: SimpleNamespace) -> WatchProgress:
    """What is stored for the viewer's video."""
    return WatchProgress.objects.get(enrolment=viewer.enrolment, activity=viewer.activity)


def state_of(viewer: SimpleNamespace) -> tuple:
    """Everything that has to be the same whatever the order and the number of messages."""
    stored = progress_of(viewer)
    return bytes(stored.bitmap), stored.clock_spans, stored.covered_seconds, stored.position_seconds
