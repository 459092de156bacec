"""What a lesson shows of its part held in person, to this reader."""

from django import template

from courses.domain import in_person
from courses.domain.progress import ActivityProgress
from courses.models import Enrolment

register = template.Library()


@register.simple_tag
def in_person_of(enrolment: Enrolment, item: ActivityProgress) -> in_person.Outlook:
    """The sessions, for somebody enrolled."""
    return in_person.outlook(item.activity, enrolment)
