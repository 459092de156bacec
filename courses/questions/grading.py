"""What an answer is worth, on the server and nowhere else."""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from lms.domain.texts import APOSTROPHES, without_accents

from . import numbers
from .answers import FALSE, TRUE, Answer, answers_of, is_empty
from .kinds import (
    Body,
    Choices,
    Cloze,
    Criterion,
    Essay,
    Files,
    Kind,
    Matching,
    NumberAnswer,
    Numeric,
    Ordering,
    OrderingScore,
    Question,
    Scoring,
    ShortText,
    TextAnswer,
    TrueFalse,
)

NOTHING, ALL = Decimal(0), Decimal(100)
NEARLY = Decimal("99.9")  # three options worth 33.33 % are all of it


@dataclass(frozen=True)
class Mark:
    """What an answer is worth, in percent of the question (0 to 100); None as long as a person has to look at it.

    `parts` are the percents of its parts by their key, `said` the prose that goes with what was answered.
    """

    percent: Decimal | None
    said: tuple[str, ...] = ()
    parts: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def is_right(self) -> bool | None:
        """Whether nothing is missing; None as long as that is not known."""
        return None if self.percent is None else self.percent >= NEARLY


def grade(question: Question, answer: Answer) -> Mark:
    """The mark of an answer, with all that is to be said of it once the attempt is closed."""
    if question.is_marked_by_a_person:
        empty = is_empty(question.body, answer)
        return Mark(NOTHING if empty else None, (question.feedback.always,) if question.feedback.always else ())
    mark = _grade(question.body, answer)
    return Mark(mark.percent, (*mark.said, *said_at(question, mark.percent or NOTHING)), mark.parts)


def said_at(question: Question, percent: Decimal) -> tuple[str, ...]:
    """What is said to everybody whose answer is worth so many percent."""
    words = question.feedback
    by_mark = words.right if percent >= NEARLY else words.partly if percent else words.wrong
    return tuple(one for one in (by_mark, words.always) if one)


def by_rubric(rubric: tuple[Criterion, ...], chosen: Mapping[str, str]) -> Decimal:
    """The percent that a person's choice of a level (by its key) for each criterion comes to.

    Raises `KeyError` for a criterion without a level, or with one that it does not have.
    """
    got = most = NOTHING
    for criterion in rubric:
        points = {level.key: level.points for level in criterion.levels}
        got += points[chosen[criterion.key]]
        most += max(points.values())
    return ALL * got / most


def _grade(body: Body, answer: Answer) -> Mark:  # noqa: PLR0911 (a line for each kind)
    match body:
        case Choices():
            return _of_choices(body, answer.get("chosen", []))
        case TrueFalse():
            return _of_truth(body, answer.get("chosen", []))
        case Numeric():
            return _of_number(body, answer.get("text", ""))
        case ShortText():
            return _of_text(body, answer.get("text", ""))
        case Matching():
            return _of_pairs(body, answer.get("pairs", {}))
        case Ordering():
            return _of_order(body, answer.get("order", []))
        case Cloze():
            return _of_gaps(body, answer.get("gaps", {}))
        case Essay() | Files():
            return Mark(None)


def _within(percent: Decimal) -> Decimal:
    whole = max(NOTHING, min(ALL, percent))
    return ALL if whole >= NEARLY else whole


def _of_choices(body: Choices, chosen: list[str]) -> Mark:
    taken = [option for option in body.options if option.key in chosen]
    said = tuple(option.feedback for option in taken if option.feedback)
    worth = _within(sum((option.percent for option in taken), NOTHING))
    if body.kind == Kind.MULTIPLE and body.scoring == Scoring.ALL:
        right = {option.key for option in body.options if option.percent > 0}
        worth = ALL if right == set(chosen) else NOTHING
    return Mark(worth, said, {option.key: option.percent for option in taken})


def _of_truth(body: TrueFalse, chosen: list[str]) -> Mark:
    said = body.if_true if chosen == [TRUE] else body.if_false if chosen == [FALSE] else ""
    right = chosen == [TRUE if body.is_true else FALSE]
    return Mark(ALL if right else NOTHING, (said,) if said else ())


def _of_number(body: Numeric, text: str) -> Mark:
    read = numbers.read(text)
    best: NumberAnswer | None = None
    lost = NOTHING
    if read is not None:
        value, typed = read
        unit = next((unit for unit in body.units if numbers.is_unit(typed, unit.name)), None)
        if typed and unit is None and body.units:
            lost = ALL if body.is_unit_required else body.unit_penalty
        elif not typed and body.units:
            lost = body.unit_penalty if body.unit_penalty else (ALL if body.is_unit_required else NOTHING)
        value *= unit.factor if unit else 1
        fitting = [one for one in body.answers if abs(value - one.value) <= one.tolerance]
        best = max(fitting, key=lambda one: one.percent, default=None)
    return _of_one(best, body.wrong_feedback, lost)


def _of_one(found: NumberAnswer | TextAnswer | None, otherwise: str, lost: Decimal = NOTHING) -> Mark:
    if found is None:
        return Mark(NOTHING, (otherwise,) if otherwise else ())
    return Mark(_within(found.percent * (ALL - lost) / ALL), (found.feedback,) if found.feedback else ())


def _of_text(body: ShortText, text: str) -> Mark:
    if not text:
        return _of_one(None, body.wrong_feedback)
    given = _forgiven(body, text)
    fitting = [one for one in body.answers if _fits(given, _forgiven(body, one.text))]
    return _of_one(max(fitting, key=lambda one: one.percent, default=None), body.wrong_feedback)


def _forgiven(body: ShortText, text: str) -> str:
    """The text without what the question forgives."""
    text = " ".join(text.split())
    if body.forgives_apostrophes:
        text = APOSTROPHES.sub("", text)
    if body.forgives_accents:
        text = without_accents(text)
    return text.casefold() if body.forgives_case else text


def _fits(text: str, meant: str) -> bool:
    """Whether `text` is what is `meant`, where a star stands for any letters. No text makes it take long."""
    first, *others = [part.replace(r"\*", "*") for part in re.split(r"(?<!\\)\*", meant)]
    if not others:
        return text == first
    *between, last = others
    if not text.startswith(first) or not text.endswith(last):
        return False
    place, end = len(first), len(text) - len(last)
    for part in between:
        found = text.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return place <= end


def _of_pairs(body: Matching, pairs: Mapping[str, str]) -> Mark:
    offered = answers_of(body)
    parts = {
        pair.key: ALL if pair.key in pairs and offered.get(pairs[pair.key]) == pair.answer else NOTHING
        for pair in body.pairs
    }
    return Mark(_by_parts(list(parts.values()), body.scoring == Scoring.PARTS), (), parts)


def _by_parts(parts: list[Decimal], counts_parts: bool) -> Decimal:
    worth = _within(sum(parts, NOTHING) / len(parts))
    return worth if counts_parts or worth == ALL else NOTHING


def _of_order(body: Ordering, order: list[str]) -> Mark:
    right = [item.key for item in body.items]
    if not order:
        return Mark(NOTHING)
    places = {key: ALL if key == order[place] else NOTHING for place, key in enumerate(right)}
    if body.scoring == OrderingScore.NEIGHBOURS:
        meant = set(itertools.pairwise(right))
        worth = ALL * len(meant & set(itertools.pairwise(order))) / len(meant)
        return Mark(_within(worth), (), places)
    return Mark(_by_parts(list(places.values()), body.scoring == OrderingScore.PLACES), (), places)


def _of_gaps(body: Cloze, gaps: Mapping[str, Answer]) -> Mark:
    marks = {gap.key: _grade(gap.body, gaps.get(gap.key, {})) for gap in body.gaps}
    parts = {key: mark.percent or NOTHING for key, mark in marks.items()}
    weight = sum((gap.weight for gap in body.gaps), NOTHING)
    worth = sum((gap.weight * parts[gap.key] for gap in body.gaps), NOTHING) / weight
    return Mark(_within(worth), tuple(said for mark in marks.values() for said in mark.said), parts)
