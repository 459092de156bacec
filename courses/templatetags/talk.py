"""What was asked under a lesson, for somebody in the course."""

from dataclasses import dataclass

from django import template

from courses.domain import talk
from courses.models import Enrolment, LessonPage, LessonQuestion

register = template.Library()
SHOWN = 5


@dataclass(frozen=True)
class Under:
    """How many published questions a lesson has, and the newest of them."""

    count: int
    first: list[LessonQuestion]


@register.simple_tag
def talk_under(lesson: LessonPage, enrolment: Enrolment) -> Under:
    """What others asked under a lesson and was answered; the second query only where there is something."""
    found = talk.of_course(enrolment).filter(lesson_key=lesson.translation_key)
    count = found.count()
    return Under(count, list(found[:SHOWN]) if count else [])
