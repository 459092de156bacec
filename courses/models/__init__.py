"""Tables of teaching and learning."""

from .bank import BankQuestion, QuestionPicture, QuestionVersion, Topic
from .catalogue import CatalogueIndexPage, CoursePage, Family, LessonPage
from .competencies import AskedLevel, Competency
from .digests import Digest, DigestChoice
from .editions import CourseEdition
from .enrolment import Completion, Enrolment
from .evaluation import Evaluation
from .events import LearningEvent
from .glossary import Term, TermTranslation
from .handed import HandedFile
from .joining import AssignedPerson, Assignment, Invitation, InvitationUse
from .paths import LearningPath, PathItem
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
from .review import ReviewTask
from .rules import CourseRule, RuleEffect, Waiver
from .sessions import Attendance, InPersonSession, Registration
from .talk import LessonQuestion
from .tools import ToolIndexPage, ToolPage
from .translations import QuestionTranslation, QuizTranslation
from .weights import LessonWeight
from .worksheets import FilledWorksheet

__all__ = [
    "Activity",
    "ActivityCompletion",
    "Answer",
    "AskedLevel",
    "AssignedPerson",
    "Assignment",
    "Attempt",
    "Attendance",
    "BankQuestion",
    "CatalogueIndexPage",
    "Competency",
    "Completion",
    "CourseEdition",
    "CoursePage",
    "CourseRule",
    "Digest",
    "DigestChoice",
    "Enrolment",
    "Evaluation",
    "Family",
    "FilledWorksheet",
    "HandedFile",
    "InPersonSession",
    "Invitation",
    "InvitationUse",
    "LearningEvent",
    "LearningPath",
    "LessonPage",
    "LessonQuestion",
    "LessonWeight",
    "MarkChange",
    "PathItem",
    "QuestionPicture",
    "QuestionTranslation",
    "QuestionVersion",
    "Quiz",
    "QuizItem",
    "QuizTranslation",
    "Registration",
    "Regrading",
    "ReviewTask",
    "RuleEffect",
    "Term",
    "TermTranslation",
    "ToolIndexPage",
    "ToolPage",
    "Topic",
    "Waiver",
    "WatchProgress",
    "WatchSegment",
]
