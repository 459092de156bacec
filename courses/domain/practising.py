"""Questions asked for practice in the text of a lesson: nothing is kept, and nothing depends on them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F

from courses.domain import tongues
from courses.models import BankQuestion, CoursePage, LessonPage, QuestionTranslation, QuestionVersion
from courses.models.reach import writes
from courses.questions import Question, grading, translating
from courses.questions.grading import Mark
from lms.models import Membership


@dataclass(frozen=True)
class Practice:
    """A question in a lesson, as it stands now. `prefix` begins the names of its fields, unlike any other's there."""

    lesson: LessonPage
    block_key: UUID
    version: QuestionVersion
    texts: translating.Texts

    @property
    def asked(self) -> Question:
        """In the language of the lesson."""
        return translating.in_language(self.version.said, self.texts)

    @property
    def lang(self) -> str:
        """The lesson's language, where all that is asked is in it."""
        is_whole = self.texts and translating.reads_whole(self.version.said, self.texts)
        return self.lesson.locale.language_code if is_whole else ""

    @property
    def prefix(self) -> str:
        """Of the block, not of the question: the same one may be asked twice."""
        return f"q{self.block_key.hex[:12]}"


def practice_of(lesson: LessonPage, block) -> Practice | None:
    """The question of a block; None for one that was archived or deleted."""
    question: BankQuestion | None = block.value["question"]
    if question is None or question.archived_at or question.latest is None:
        return None
    said = _spoken(lesson).get(question.latest.pk, {})
    return Practice(lesson, UUID(str(block.id)), question.latest, said)


def _spoken(lesson: LessonPage) -> dict[int, translating.Texts]:
    """What there is of its questions in the lesson's language, by version; looked up once for a lesson."""
    if "_spoken" not in lesson.__dict__:
        keys = [block["value"]["question"] for block in lesson.body.raw_data if block["type"] == "practice"]
        latest = QuestionTranslation.objects.filter(version=F("version__question__latest"), version__question__in=keys)
        found = latest.published().in_language(lesson.locale.language_code)
        lesson.__dict__["_spoken"] = {one.version_id: one.texts for one in found}
    return lesson.__dict__["_spoken"]


def is_open_to(course: CoursePage, person: Any) -> bool:
    """Whether somebody, perhaps anonymous, may practise in a course: in a network's its members and its writers."""
    network = CoursePage.objects.filter(translation_key=course.translation_key).order_by("pk").values_list("network")
    key = network[0][0]
    if key is None or not person.is_authenticated:
        return key is None
    return Membership.objects.current().filter(person=person, network=key).exists() or writes(person, course)


def grade(practice: Practice, given: dict) -> Mark:
    """What an answer is worth, said in the language of the lesson; what is typed counts in any."""
    spoken = tongues.Tongues.of([practice.version])
    return grading.grade(spoken.to_grade(practice.version, practice.texts), given)


def find(*, lesson_key: UUID, language: str, block_key: UUID, person: Any) -> Practice | None:
    """The question that a published lesson of a published course that is open to `person` asks in this block."""
    lessons = LessonPage.objects.live().filter(translation_key=lesson_key, locale__language_code=language)
    lesson = lessons.first()
    if lesson is None:
        return None
    course = lesson.course
    if not course.live or not is_open_to(course, person):
        return None
    asked = (block for block in lesson.body if block.block_type == "practice" and str(block.id) == str(block_key))
    return next((practice_of(lesson, block) for block in asked), None)
