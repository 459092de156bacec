"""Template tags for quizzes in a lesson."""

import re
import uuid
from dataclasses import dataclass
from html import unescape

from django import template
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from courses.domain import grading, handing_in, practising, tongues
from courses.questions import Kind, showing, wording
from courses.questions.prose import to_plain
from courses.templatetags.learning import languages_of

register = template.Library()
PICTURE = re.compile(r"<img\b[^>]*>")
KEY = re.compile(r'data-picture="([^"]*)"')
ALT = re.compile(r'alt="([^"]*)"')


@register.simple_tag
def new_attempt_id() -> str:
    """The id of an attempt that is yet to start, for a hidden field: the same form sent twice is one attempt."""
    return str(uuid.uuid4())


@register.simple_tag
def prose(html: str, version) -> str:
    """Prose of a question, with its pictures where they stand; it was cleaned when it was written down."""
    pictures = {one.key: one.image for one in version.question.pictures.all()}
    return mark_safe(PICTURE.sub(lambda found: _picture(found, pictures), html))  # noqa: S308


def _picture(found: re.Match[str], pictures: dict) -> str:
    key = KEY.search(found[0])
    image = pictures.get(key[1]) if key else None
    if image is None:
        return ""
    rendition = image.get_rendition("max-640x640|format-webp")
    alt = ALT.search(found[0])
    return format_html(
        '<img src="{}" width="{}" height="{}" alt="{}" loading="lazy">',
        rendition.url,
        rendition.width,
        rendition.height,
        unescape(alt[1]) if alt else "",
    )


@register.filter
def plain(html: str) -> str:
    """Prose as plain text."""
    return to_plain(html)


@register.filter
def minutes_left(seconds: int) -> int:
    """Whole minutes, the one that has begun counted."""
    return -(-seconds // 60)


@register.filter
def file_limit(answer) -> int:
    """How many megabytes a file of an answer may have."""
    return handing_in.limit_of(answer.version.said.body)


@register.filter
def file_kinds(answer) -> str:
    """Which files an answer may be made of."""
    return ", ".join(one[1:].upper() for one in handing_in.accepted_by(answer.version.said.body))


@register.filter
def answer_words(given) -> list[str]:
    """What was answered, in lines; of files their names."""
    if given.version.said.kind == Kind.FILES:
        return [file.name for file in given.handed.all()]
    return wording.in_words(given.asked, given.given)


@register.filter
def solution_words(given) -> list[str]:
    """What is right, in lines; only for an attempt that is closed."""
    return wording.solution(given.solved) if given.attempt.closed_at else []


@register.simple_tag(takes_context=True)
def quiz_said(context: dict, page, quiz) -> tongues.QuizTexts:
    """The title and the instructions of a quiz in the language of a lesson; the source's costs no query."""
    languages = languages_of(context, page)
    if languages.all and languages.all[0].pk == page.pk:
        return tongues.QuizTexts(quiz.title, quiz.instructions)
    return tongues.quiz_texts(quiz, languages.code)


@register.inclusion_tag("courses/components/quiz_entry.html", takes_context=True)
def quiz_entry(context: dict, enrolment, activity) -> dict:
    """What a lesson shows of a quiz: its rules, how one stands, and one button. Tells nothing of its questions."""
    page = context["page"]
    return {
        "csrf_token": context.get("csrf_token"),
        "language": page.locale.language_code,
        "said": quiz_said(context, page, activity.quiz),
        "activity": activity,
        "quiz": activity.quiz,
        "standing": grading.standing(enrolment=enrolment, activity=activity),
    }


@dataclass(frozen=True)
class Asked(practising.Practice):
    """A question for practice with its empty field: what is right of it is not on the page."""

    @property
    def field(self) -> showing.Field:
        """In the same order each time."""
        return showing.show(self.asked, {}, seed=str(self.block_key), name=self.prefix)


@register.simple_tag
def practice_of(lesson, block) -> Asked | None:
    """The question of a block of practice."""
    found = practising.practice_of(lesson, block)
    return Asked(found.lesson, found.block_key, found.version, found.texts) if found else None


@register.simple_tag(takes_context=True)
def may_practise(context: dict, course) -> bool:
    """Whether the reader may answer questions for practice in a course; looked up once for each page."""
    known = context["request"].__dict__.setdefault("_aula_practises", {})
    if course.pk not in known:
        known[course.pk] = practising.is_open_to(course, context["request"].user)
    return known[course.pk]
