"""What reading a file gives: questions, and a note for everything in it that did not become part of one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from django.utils.functional import Promise

from courses.questions import Question

from .sayings import CHANGED, DROPPED, TOO_MANY

EXCERPT_LENGTH = 160
MOST_QUESTIONS = 5_000
MOST_NOTES = 50_000


class Unreadable(Exception):
    """A file of which nothing can be taken. `message` is for people and says what to do; `line` where reading ended."""

    def __init__(self, message: Promise | str, line: int = 0) -> None:
        super().__init__(str(message))
        self.message = message
        self.line = line


class Severity(StrEnum):
    """What became of what was not understood."""

    DROPPED = "dropped"
    """It is not a question now."""
    CHANGED = "changed"
    """The question came in without it, or with something else instead."""


@dataclass(frozen=True)
class Note:
    """What was not understood at a line of a file, and what was done. `code` is stable; see `sayings`.

    `source` names the file within a package, where there is one. Of a writer, `line` is the question's number.
    """

    line: int
    excerpt: str
    code: str
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    source: str = ""

    @property
    def severity(self) -> Severity:
        """Whether a question was lost."""
        return Severity.DROPPED if self.code in DROPPED else Severity.CHANGED

    @property
    def message(self) -> str:
        """What was not understood and what was done, in the language of whoever reads."""
        return str({**DROPPED, **CHANGED}[self.code]) % dict(self.facts)


@dataclass(frozen=True)
class Found:
    """A question of a file: where it stood, in which category, and its pictures by key."""

    question: Question
    line: int = 0
    category: tuple[str, ...] = ()
    pictures: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    source: str = ""


@dataclass(frozen=True)
class Reading:
    """All of a file. Each thing in it that could be a question is among `questions`, or a note says it was dropped."""

    questions: tuple[Found, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def dropped(self) -> tuple[Note, ...]:
        """Notes of what is no question now."""
        return tuple(note for note in self.notes if note.severity == Severity.DROPPED)

    def within(self, source: str) -> "Reading":
        """The same, of a file within a package."""
        return Reading(
            tuple(replace(found, source=source) for found in self.questions),
            tuple(replace(note, source=source) for note in self.notes),
        )

    @classmethod
    def together(cls, readings: Iterable["Reading"]) -> "Reading":
        """Several files as one."""
        readings = list(readings)
        whole = cls(
            tuple(found for reading in readings for found in reading.questions),
            tuple(note for reading in readings for note in reading.notes),
        )
        assert_moderate(len(whole.questions), len(whole.notes))
        return whole


@dataclass(frozen=True)
class Written:
    """A file, and notes of what it could not carry."""

    content: bytes
    notes: tuple[Note, ...] = ()


def assert_moderate(question_count: int, note_count: int) -> None:
    """Whether a file's questions are as many as anybody can use. Raises `Unreadable`."""
    if question_count > MOST_QUESTIONS or note_count > MOST_NOTES:
        raise Unreadable(TOO_MANY)


def excerpt_of(text: str) -> str:
    """The beginning of a text on one line, for a note."""
    line = " ".join(text[: EXCERPT_LENGTH * 4].split())
    return line if len(line) <= EXCERPT_LENGTH else line[: EXCERPT_LENGTH - 1] + "…"
