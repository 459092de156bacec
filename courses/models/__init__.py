"""Tables of teaching and learning."""

from .bank import BankQuestion, QuestionPicture, QuestionVersion, Topic
from .catalogue import CatalogueIndexPage, CoursePage, Family, LessonPage
from .enrolment import Completion, Enrolment
from .progress import (
    Activity,
    ActivityCompletion,
    Answer,
    Attempt,
    WatchProgress,
    WatchSegment,
)
from .questions import Quiz, QuizItem
from .tools import ToolIndexPage, ToolPage
from .weights import LessonWeight

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
    "LessonPage",
    "LessonWeight",
    "QuestionPicture",
    "QuestionVersion",
    "Quiz",
    "QuizItem",
    "ToolIndexPage",
    "ToolPage",
    "Topic",
    "WatchProgress",
    "WatchSegment",
]
