"""Tables of teaching and learning."""

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
from .questions import Choice, Question, Quiz
from .tools import ToolIndexPage, ToolPage

__all__ = [
    "Activity",
    "ActivityCompletion",
    "Answer",
    "Attempt",
    "CatalogueIndexPage",
    "Choice",
    "Completion",
    "CoursePage",
    "Enrolment",
    "Family",
    "LessonPage",
    "Question",
    "Quiz",
    "ToolIndexPage",
    "ToolPage",
    "WatchProgress",
    "WatchSegment",
]
