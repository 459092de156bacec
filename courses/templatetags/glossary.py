"""Words of the glossary in lessons."""

from django import template
from django.conf import settings

from courses.domain import glossary
from courses.models import LessonPage
from courses.models.glossary import Said

register = template.Library()


@register.simple_tag
def terms_for(lesson: LessonPage | None, terms) -> list[Said]:
    """Terms of a block in the language of the lesson; in that of the house where there is no lesson."""
    return glossary.in_language(terms, lesson.locale.language_code if lesson else settings.LANGUAGE_CODE)
