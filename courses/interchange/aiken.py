"""Aiken: a question, its options by letter, and a line with the right one. https://docs.moodle.org/en/Aiken_format"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from courses.questions import Choices, Kind, Option, Question, prose
from courses.questions.kinds import MOST_PARTS

from .decoding import text_of
from .drafting import Draft, Notebook, NotUnderstood, assert_few
from .reading import Reading
from .worth import equal_shares

OPTION = re.compile(r"\s*([A-Za-z])[.)](?:\s+(.*)|)$")
ANSWER = re.compile(r"\s*(?:ANSWERS?|RESPUESTA)\s*:\s*(.*)$", re.IGNORECASE)
LONGEST_ANSWER = 200
_SEPARATOR = re.compile(r"\s*[,;&]\s*|\s+(?:y|and)\s+")


@dataclass
class _Piece:
    """What was read of a question up to now: the lines that ask, options by letter, what the last line says."""

    line: int
    asked: list[str] = field(default_factory=list)
    options: list[tuple[str, list[str]]] = field(default_factory=list)
    answer: str | None = None

    @property
    def text(self) -> str:
        return "\n".join(self.asked).strip()


def read(content: bytes) -> Reading:
    """All questions of an Aiken file. Raises `Unreadable`."""
    text, notes = text_of(content)
    notebook = Notebook(notes)
    for piece in _pieces(text):
        notebook.take(Draft(piece.line, piece.text or "?"), partial(_question, piece))
    return notebook.reading()


def _pieces(text: str) -> Iterator[_Piece]:
    """Questions up to their answer, and whatever has none. A text after options and an empty line begins another."""
    piece: _Piece | None = None
    is_apart = False
    for number, line in enumerate(text.split("\n"), start=1):
        answer, option = ANSWER.match(line), OPTION.match(line)
        if not line.strip():
            is_apart = True
            if piece and not piece.options:
                piece.asked.append("")
            continue
        if piece and piece.options and is_apart and not answer and not _is_next(piece, option):
            yield piece
            piece = None
        piece = piece or _Piece(number)
        if answer:
            piece.answer = answer[1].strip()
            yield piece
            piece = None
        elif option and (piece.asked or piece.options):
            if len(piece.options) <= MOST_PARTS:  # one too many is said to be too many
                piece.options.append((option[1].upper(), [(option[2] or "").strip()]))
        else:
            (piece.options[-1][1] if piece.options else piece.asked).append(line.strip())
        is_apart = False
    if piece:
        yield piece


def _is_next(piece: _Piece, option: re.Match[str] | None) -> bool:
    return option is not None and ord(option[1].upper()) == ord(piece.options[-1][0]) + 1


def _question(piece: _Piece, draft: Draft) -> Question:
    if piece.answer is None:
        raise NotUnderstood("aiken.no_answer")
    if not piece.options:
        raise NotUnderstood("aiken.no_options")
    assert_few(piece.options)
    letters = [letter for letter, _lines in piece.options]
    if len(set(letters)) < len(letters):
        raise NotUnderstood("aiken.letter_twice")
    if len(piece.answer) > LONGEST_ANSWER:
        raise NotUnderstood("aiken.answer_unclear", answer=piece.answer[:40])
    right = {letter.upper() for letter in _SEPARATOR.split(piece.answer.rstrip(".) "))}
    if right - set(letters):
        raise NotUnderstood("aiken.answer_unclear", answer=piece.answer[:40])
    if len(right) > 1:
        draft.note("aiken.several_answers")
    share = equal_shares(len(right))
    options = tuple(
        Option(
            key=f"o{number}",
            text=prose.from_plain("\n".join(lines)),
            percent=share if letter in right else Decimal(0),
        )
        for number, (letter, lines) in enumerate(piece.options, start=1)
    )
    text = prose.from_plain(piece.text)
    return Question(
        name=draft.name("", text),
        text=text,
        body=Choices(kind=Kind.SINGLE if len(right) == 1 else Kind.MULTIPLE, options=options),
    )
