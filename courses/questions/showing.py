"""What of a question may be shown while it is answered: never what is right, nor what is said of an answer."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .answers import FALSE, TRUE, Answer, answers_of
from .kinds import Body, Choices, Cloze, Essay, Files, Kind, Matching, Numeric, Ordering, Question, ShortText, TrueFalse

GAP = re.compile(r'<span data-gap="([A-Za-z0-9_-]{1,40})"></span>')
Turn = Callable[[str], str]


@dataclass(frozen=True)
class Choice:
    """Something to choose: `key` goes back, `text` is prose, or a plain text where `is_plain`."""

    key: str
    text: str
    is_chosen: bool
    is_plain: bool = False


@dataclass(frozen=True)
class Row:
    """A prompt of a matching question, or an item to put in its place, with what is chosen for it."""

    key: str
    name: str
    text: str
    choices: Sequence[Choice]


@dataclass(frozen=True)
class Piece:
    """A piece of a text with gaps: prose, or the field that stands in a gap."""

    prose: str = ""
    field: "Field | None" = None
    number: int = 0


@dataclass(frozen=True)
class Field:
    """How an answer is given, and what is given so far. `name` is that of the form's field."""

    kind: str
    name: str
    choices: Sequence[Choice] = ()
    rows: Sequence[Row] = ()
    pieces: Sequence[Piece] = ()
    text: str = ""
    units: Sequence[str] = ()
    is_unit_required: bool = False
    least_words: int = 0
    most_words: int = 0
    width: int = 0
    most_files: int = 0
    most_megabytes: int = 0
    extensions: Sequence[str] = ()


def show(question: Question, given: Answer, *, seed: str, name: str = "answer") -> Field:
    """The field of a question. What may stand in any order stands in one that `seed` makes, the same each time."""

    def turn(key: str) -> str:
        return hashlib.sha256(f"{seed}{key}".encode()).hexdigest()

    if isinstance(question.body, Cloze):
        return _gaps(question, given, turn, name)
    return _field(question.body, given, turn, name)


def _field(body: Body, given: Answer, turn: Turn, name: str) -> Field:  # noqa: PLR0911 (a line for each kind)
    match body:
        case Choices():
            options = sorted(body.options, key=lambda one: turn(one.key)) if body.is_shuffled else body.options
            chosen = given.get("chosen", [])
            return Field(body.kind, name, [Choice(one.key, one.text, one.key in chosen) for one in options])
        case TrueFalse():
            chosen = given.get("chosen", [])
            return Field(body.kind, name, [Choice(key, "", key in chosen) for key in (TRUE, FALSE)])
        case Numeric():
            units = [unit.name for unit in body.units]
            facts: dict[str, Any] = {"units": units, "is_unit_required": body.is_unit_required}
            return Field(body.kind, name, text=given.get("text", ""), width=12, **facts)
        case ShortText():
            width = max(8, min(40, max(len(one.text) for one in body.answers) // 8 * 8 + 8))
            return Field(body.kind, name, text=given.get("text", ""), width=width)
        case Matching():
            return _pairs(body, given, turn, name)
        case Ordering():
            return _places(body, given, turn, name)
        case Essay():
            words: dict[str, Any] = {"least_words": body.least_words, "most_words": body.most_words}
            return Field(body.kind, name, text=given.get("text", ""), **words)
        case Files():
            limits: dict[str, Any] = {"most_files": body.most_files, "most_megabytes": body.most_megabytes}
            return Field(body.kind, name, extensions=body.extensions, **limits)
    raise TypeError(body.kind)


def _pairs(body: Matching, given: Answer, turn: Turn, name: str) -> Field:
    offered = sorted(answers_of(body).items(), key=lambda one: turn(one[0]))
    pairs = sorted(body.pairs, key=lambda one: turn(one.key)) if body.is_shuffled else body.pairs
    chosen = given.get("pairs", {})
    rows = [
        Row(
            pair.key,
            f"{name}-{pair.key}",
            pair.prompt,
            [Choice(key, text, chosen.get(pair.key) == key, is_plain=True) for key, text in offered],
        )
        for pair in pairs
    ]
    return Field(body.kind, name, rows=rows)


def _places(body: Ordering, given: Answer, turn: Turn, name: str) -> Field:
    order = given.get("order") or []
    items = {item.key: item for item in body.items}
    shown = order or sorted(items, key=turn)
    numbers = [str(number) for number in range(1, len(items) + 1)]
    rows = [
        Row(
            key,
            f"{name}-{key}",
            items[key].text,
            [Choice(number, number, bool(order) and number == str(place), is_plain=True) for number in numbers],
        )
        for place, key in enumerate(shown, start=1)
    ]
    return Field(body.kind, name, rows=rows)


def _gaps(question: Question, given: Answer, turn: Turn, name: str) -> Field:
    gaps = {gap.key: gap for gap in question.body.gaps}  # type: ignore[union-attr]
    answers = given.get("gaps", {})
    pieces, end = [], 0
    placed: set[str] = set()
    for found in GAP.finditer(question.text):
        key = found[1]
        if key not in gaps or key in placed:
            continue
        pieces.append(Piece(prose=question.text[end : found.start()]))
        placed.add(key)
        field = _field(gaps[key].body, answers.get(key, {}), turn, f"{name}-{key}")
        pieces.append(Piece(field=field, number=len(placed)))
        end = found.end()
    pieces.append(Piece(prose=question.text[end:]))
    for key, gap in gaps.items():
        if key not in placed:
            placed.add(key)
            field = _field(gap.body, answers.get(key, {}), turn, f"{name}-{key}")
            pieces.append(Piece(field=field, number=len(placed)))
    return Field(Kind.CLOZE, name, pieces=pieces)
