"""Tables of teaching and learning."""

from .bank import BankQuestion, QuestionPicture, QuestionVersion, Topic
from .catalogue import CatalogueIndexPage, CoursePage, Family, LessonPage
from .digests import Digest, DigestChoice
from .enrolment import Completion, Enrolment
from .evaluation import Evaluation
from .progress import (
    Activity,
    ActivityCompletion,
    Answer,
    Attempt,
    WatchProgress,
    WatchSegment,
)
from .questions import Quiz, QuizItem
from .talk import LessonQuestion
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
    "Digest",
    "DigestChoice",
    "Enrolment",
    "Evaluation",
    "Family",
    "LessonPage",
    "LessonQuestion",
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
