"""Which courses a reader may be led to."""

from django import template

from courses.models import CoursePage

register = template.Library()


@register.simple_tag(takes_context=True)
def visible_course(context: dict, course: CoursePage | None) -> CoursePage | None:
    """`course` if the reader may see it today, else None."""
    if course is None:
        return None
    return CoursePage.objects.visible_to(context["request"].user).filter(pk=course.pk).first()
