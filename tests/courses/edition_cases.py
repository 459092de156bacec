"""Editions for tests."""

from datetime import datetime
from types import SimpleNamespace

from courses.domain import completion, editions, enrolment
from courses.models import Activity, Completion, CourseEdition, CoursePage, Enrolment
from tests.factories.people import an_employee


def begin_edition(course: CoursePage, number: int, *, at: datetime | None = None, **fields) -> CoursePage:
    """Publish a course with this number, and whatever else changed; `at`: as if that had been then."""
    page = CoursePage.objects.get(pk=course.pk)
    for name, value in {"edition": number, **fields}.items():
        setattr(page, name, value)
    real = editions.timezone
    if at:
        editions.timezone = SimpleNamespace(now=lambda: at)
    try:
        page.save_revision().publish()
    finally:
        editions.timezone = real
    return CoursePage.objects.get(pk=course.pk)


def since(at: datetime, *activities: Activity) -> None:
    """As if these had been required since then."""
    Activity.objects.filter(pk__in=[one.pk for one in activities]).update(required_since=at)


def activity_of(lesson) -> Activity:
    """The one activity of a lesson."""
    return Activity.objects.get(lesson_key=lesson.translation_key)


def entered(course: CoursePage, at: datetime, person=None) -> Enrolment:
    """Somebody who has been in a course since then."""
    return enrolment.enrol(person=person or an_employee(), course=course, by=None, at=at)


def read(enrolled: Enrolment, lesson, at: datetime) -> None:
    """It was read then, whenever this is told."""
    completion.mark_read(enrolment=enrolled, activity=activity_of(lesson), at=at)


def made() -> dict[int, Completion]:
    """All completions, by edition."""
    return {one.edition: one for one in Completion.objects.all()}


def ended(course: CoursePage) -> list[CourseEdition]:
    """The rows of a course."""
    return list(CourseEdition.objects.filter(course_key=course.translation_key))
