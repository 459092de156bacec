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
from .sessions import Attendance, InPersonSession, Registration
from .tools import ToolIndexPage, ToolPage

__all__ = [
    "Activity",
    "ActivityCompletion",
    "Answer",
    "Attempt",
    "Attendance",
    "BankQuestion",
    "CatalogueIndexPage",
    "Completion",
    "CoursePage",
    "Enrolment",
    "Family",
    "InPersonSession",
    "LessonPage",
    "QuestionPicture",
    "QuestionVersion",
    "Quiz",
    "QuizItem",
    "Registration",
    "ToolIndexPage",
    "ToolPage",
    "Topic",
    "WatchProgress",
    "WatchSegment",
]
