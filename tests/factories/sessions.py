"""Sessions held in person, for tests."""

import uuid
from datetime import timedelta

from django.utils import timezone

from courses.domain import attendance, enrolment, sessions
from courses.domain.activities import sync_lesson
from courses.models import Activity, Attendance, CoursePage, Enrolment, InPersonSession
from lms.models import Municipality, Person

from .courses import a_course, a_lesson
from .people import an_employee


def a_part(course: CoursePage | None = None, *, hours=4, min_percent=80, **fields) -> Activity:
    """A part held in person, in a published lesson of its own."""
    course = course or a_course()
    values = {"title": "Taller", "hours": hours, "min_percent": min_percent, "is_required": True} | fields
    lesson = a_lesson(course, ("attendance", values))
    sync_lesson(lesson)
    return Activity.objects.get(lesson_key=lesson.translation_key)


def a_session(activity: Activity | None = None, *, by: Person | None = None, **fields) -> InPersonSession:
    """A session tomorrow for four hours in Nebaj with 20 seats."""
    starts_at = fields.pop("starts_at", timezone.now() + timedelta(days=1))
    planned = {
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=4),
        "hours": 4,
        "municipality": Municipality.objects.get(code="1413"),
        "room": "Salón municipal, 2.º nivel",
        "seats": 20,
    }
    return sessions.plan(activity=activity or a_part(), by=by, **planned | fields)


def hold(session: InPersonSession) -> InPersonSession:
    """Make it one that began half an hour ago."""
    starts_at = timezone.now() - timedelta(minutes=30)
    session.starts_at, session.ends_at = starts_at, starts_at + timedelta(hours=4)
    session.save(update_fields=["starts_at", "ends_at"])
    return session


def enrolled(session: InPersonSession, person: Person | None = None) -> Enrolment:
    """Somebody in the course of a session."""
    person = person or an_employee()
    course = CoursePage.objects.get(translation_key=session.activity.course_key)
    return enrolment.enrol(person=person, course=course, by=person)


def noted(
    session: InPersonSession, who: Enrolment, *, by: Person | None = None, present: bool = True, **mark
) -> Attendance:
    """A mark of a trainer's list."""
    given = attendance.Mark(mark.pop("client_id", None) or uuid.uuid4(), present, mark.pop("way", "list"), **mark)
    row, _is_new = attendance.note(session=session, enrolment=who, mark=given, by=by or an_employee())
    return row
