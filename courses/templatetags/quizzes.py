"""Template tags for quizzes in a lesson."""

import uuid

from django import template

from courses.domain import grading

register = template.Library()


@register.simple_tag
def new_attempt_id() -> str:
    """The id of an attempt that is yet to start, for a hidden field: the same form sent twice is one attempt."""
    return str(uuid.uuid4())


@register.inclusion_tag("courses/components/quiz_entry.html", takes_context=True)
def quiz_entry(context: dict, enrolment, activity) -> dict:
    """What a lesson shows of a quiz: its rules, how one stands, and one button. Tells nothing of its questions."""
    return {
        "csrf_token": context.get("csrf_token"),
        "activity": activity,
        "quiz": activity.quiz,
        "standing": grading.standing(enrolment=enrolment, activity=activity),
    }
