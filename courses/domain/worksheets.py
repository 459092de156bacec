"""Worksheets of a lesson: filled in by hand on paper, or here, kept as one goes and handed in if one likes.

They count for nothing. What arrives late or twice writes the same again; an answer is lost by no change of the
worksheet, nor by another device: each is kept with its number, and whoever writes says which one they had before them.
Where two devices went on from the same one, both texts stay, one below the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.models import CoursePage, Enrolment, FilledWorksheet, LessonPage
from lms.domain import audit
from lms.domain.errors import RuleBroken
from lms.models import Person

LONGEST = 2000


@dataclass(frozen=True)
class Prompt:
    """One thing to write about. `field` names it in forms; `lines` are left for it on paper."""

    key: str
    words: str
    lines: int

    @property
    def field(self) -> str:
        """By its id: the order may change."""
        return f"p-{self.key}"

    @property
    def over(self) -> str:
        """The field that says which number of the answer was there before."""
        return f"n-{self.key}"


@dataclass(frozen=True)
class Given:
    """What somebody wrote at a prompt: over which number of it (0: none; None: not said), on which open page."""

    text: str
    over: int | None = None
    page: str = ""


@dataclass(frozen=True)
class Worksheet:
    """A worksheet in a lesson, as it stands now."""

    lesson: LessonPage
    block_key: UUID
    value: Any

    @property
    def prompts(self) -> list[Prompt]:
        """In their order."""
        rows = self.value["prompts"].bound_blocks
        return [Prompt(str(row.id), row.value["prompt"], row.value["lines"]) for row in rows]


def worksheet_of(lesson: LessonPage, block) -> Worksheet:
    """The worksheet of a block."""
    return Worksheet(lesson, UUID(str(block.id)), block.value)


def find(*, lesson_key: UUID, language: str, block_key: UUID) -> Worksheet | None:
    """The worksheet of a published lesson of a published course."""
    lesson = LessonPage.objects.live().filter(translation_key=lesson_key, locale__language_code=language).first()
    if lesson is None or not lesson.course.live:
        return None
    found = (block for block in lesson.body if block.block_type == "worksheet" and str(block.id) == str(block_key))
    return next((worksheet_of(lesson, block) for block in found), None)


def find_filled(enrolment: Enrolment, worksheet: Worksheet) -> FilledWorksheet | None:
    """What somebody wrote on it."""
    key = worksheet.lesson.translation_key
    return FilledWorksheet.objects.filter(enrolment=enrolment, lesson_key=key, block_key=worksheet.block_key).first()


@transaction.atomic
def keep(
    *,
    enrolment: Enrolment,
    worksheet: Worksheet,
    given: Mapping[str, Given],
    hands_in: bool = False,
    at: datetime | None = None,
) -> tuple[FilledWorksheet, set[str]]:
    """Write down what is `given` by the prompts' ids; the others stay as they are. What was handed in stays so.

    Also returns the prompts where something else was written meanwhile, and both stand now.
    Raises `worksheet.not_enrolled`, `worksheet.too_long` and `worksheet.empty`.
    """
    at, lesson = at or timezone.now(), worksheet.lesson
    if not enrolment.is_active or enrolment.course_key != lesson.course.translation_key:
        raise RuleBroken("worksheet.not_enrolled", _("Inscríbase en el curso para guardar su ficha."))
    if any(len(one.text) > LONGEST for one in given.values()):
        message = _("Una respuesta tiene más de %(n)s letras. Hágala más corta y guarde de nuevo.")
        raise RuleBroken("worksheet.too_long", message % {"n": LONGEST})
    where = {"enrolment": enrolment, "lesson_key": lesson.translation_key, "block_key": worksheet.block_key}
    FilledWorksheet.objects.get_or_create(**where, defaults={"title": "", "lesson_title": ""})
    filled = FilledWorksheet.objects.select_for_update(of=("self",), no_key=True).get(**where)
    joined = set()
    for order, prompt in enumerate(worksheet.prompts):
        if prompt.key in given:
            before = filled.answers.get(prompt.key, {"text": "", "number": 0})
            said, is_joined = _written_over(before, given[prompt.key])
            filled.answers[prompt.key] = {"prompt": prompt.words, "order": order, **said}
            joined |= {prompt.key} if is_joined else set()
    if hands_in and not filled.written:
        raise RuleBroken("worksheet.empty", _("Escriba algo antes de entregar la ficha."))
    filled.title, filled.lesson_title, filled.saved_at = worksheet.value["title"], lesson.title, at
    if hands_in and filled.handed_in_at is None:
        filled.handed_in_at = at
        facts = {"course": str(enrolment.course_key), "lesson": lesson.title, "title": filled.title}
        subject = f"courses.filledworksheet:{filled.public_id}"
        audit.record("worksheet.handed_in", by=enrolment.person, subject=subject, facts=facts)
    filled.save()
    return filled, joined


def _written_over(before: Mapping[str, Any], new: Given) -> tuple[dict[str, Any], bool]:
    """An answer after something was given; whether that, and what another page wrote meanwhile, both stand."""
    text, number = new.text.strip(), before.get("number", 1)
    kept = {"text": before["text"], "number": number, "page": before.get("page", "")}
    is_own = bool(new.page) and new.page == kept["page"]  # an answer that got lost, and then more was typed
    is_stale = new.over not in {None, number} and not is_own
    if text == before["text"] or (is_stale and text in before["text"]):
        return kept, False
    is_joined = is_stale and before["text"] not in text
    if is_joined:
        return {"text": f"{before['text']}\n\n{text}", "number": number + 1, "page": ""}, True
    return {"text": text, "number": number + 1, "page": new.page}, False


def handed_in(course: CoursePage) -> QuerySet[FilledWorksheet]:
    """What was handed in by those who take part in a course, the newest first. What was not is nobody else's."""
    people = Enrolment.objects.active().filter(course_key=course.translation_key)
    found = FilledWorksheet.objects.filter(handed_in_at__isnull=False, enrolment__in=people)
    return found.select_related("enrolment__person").order_by("-handed_in_at", "-pk")


def find_enrolment(person: Person, worksheet: Worksheet) -> Enrolment | None:
    """How somebody is in the course of a worksheet."""
    if not person.is_authenticated:
        return None
    mine = Enrolment.objects.active().for_person(person).select_related("course", "person")
    return mine.filter(course_key=worksheet.lesson.course.translation_key).first()
