"""Questions asked for practice in the text of a lesson: nothing is kept, and nothing depends on them."""

from dataclasses import dataclass
from uuid import UUID

from courses.models import BankQuestion, LessonPage, QuestionVersion


@dataclass(frozen=True)
class Practice:
    """A question in a lesson, as it stands now. `prefix` begins the names of its fields, unlike any other's there."""

    lesson: LessonPage
    block_key: UUID
    version: QuestionVersion

    @property
    def prefix(self) -> str:
        """Of the block, not of the question: the same one may be asked twice."""
        return f"q{self.block_key.hex[:12]}"


def practice_of(lesson: LessonPage, block) -> Practice | None:
    """The question of a block; None for one that was archived or deleted."""
    question: BankQuestion | None = block.value["question"]
    if question is None or question.archived_at or question.latest is None:
        return None
    return Practice(lesson, UUID(str(block.id)), question.latest)


def find(*, lesson_key: UUID, language: str, block_key: UUID) -> Practice | None:
    """The question that a published lesson of a published course asks in this block."""
    lessons = LessonPage.objects.live().filter(translation_key=lesson_key, locale__language_code=language)
    lesson = lessons.first()
    if lesson is None or not lesson.course.live:
        return None
    asked = (block for block in lesson.body if block.block_type == "practice" and str(block.id) == str(block_key))
    return next((practice_of(lesson, block) for block in asked), None)
