"""Tables of teaching and learning."""

from .bank import BankQuestion, QuestionPicture, QuestionVersion, Topic
from .catalogue import CatalogueIndexPage, CoursePage, Family, LessonPage
from .enrolment import Completion, Enrolment
from .handed import HandedFile
from .progress import (
    Activity,
    ActivityCompletion,
    Answer,
    Attempt,
    WatchProgress,
    WatchSegment,
)
from .questions import Quiz, QuizItem
from .regrading import MarkChange, Regrading
from .tools import ToolIndexPage, ToolPage

__all__ = [
    "Activity",
    "ActivityCompletion",
    "Answer",
    "Attempt",
    "BankQuestion",
    "CatalogueIndexPage",
    "Completion",
    "CoursePage",
    "Enrolment",
    "Family",
    "HandedFile",
    "LessonPage",
    "MarkChange",
    "QuestionPicture",
    "QuestionVersion",
    "Quiz",
    "QuizItem",
    "Regrading",
    "ToolIndexPage",
    "ToolPage",
    "Topic",
    "WatchProgress",
    "WatchSegment",
]
