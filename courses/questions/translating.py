"""A question's texts in another language: which there are, the question with them, and what a change leaves of them.

Texts are kept by paths (`text`, `option.o1`, `gap.g1.answer.1.said`), so that keys, worth and tolerance are never
among them. Whatever a language lacks is read in the words of the source, text by text.
"""

import enum
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from . import numbers
from .answers import answers_of
from .kinds import (
    Body,
    Choices,
    Cloze,
    Matching,
    NumberAnswer,
    Numeric,
    Ordering,
    Question,
    ShortText,
    TextAnswer,
    TrueFalse,
    Unit,
)
from .showing import GAP

Texts: TypeAlias = Mapping[str, str]
Outdated: TypeAlias = Mapping[str, Mapping[str, str]]
LONGEST_PLAIN, LONGEST_PROSE, MOST_LINES = 1_000, 50_000, 20
LETTER = re.compile(r"[^\W\d_]")
ONLY_STARS = re.compile(r"[*\s]+")


class Shape(enum.StrEnum):
    """How a text is written."""

    PROSE = "prose"
    PLAIN = "plain"
    LINES = "lines"
    """Texts that are accepted as an answer, one a line."""


class Role(enum.StrEnum):
    """What a text is for."""

    TEXT = "text"
    OPTION = "option"
    OPTION_SAID = "option_said"
    IF_TRUE = "if_true"
    IF_FALSE = "if_false"
    ACCEPTED = "accepted"
    ANSWER_SAID = "answer_said"
    OTHERWISE = "otherwise"
    UNIT = "unit"
    PROMPT = "prompt"
    MATCH = "match"
    ITEM = "item"
    PICTURE = "picture"
    ALWAYS = "always"
    RIGHT = "right"
    PARTLY = "partly"
    WRONG = "wrong"


BEFORE_CLOSING = {Role.TEXT, Role.OPTION, Role.UNIT, Role.PROMPT, Role.MATCH, Role.ITEM, Role.PICTURE}


@dataclass(frozen=True)
class Part:
    """A text of a question: where it stands, what for, and its words in the source. `number` and `gap` count from 1."""

    path: str
    role: Role
    source: str
    shape: Shape = Shape.PROSE
    number: int = 0
    gap: int = 0

    @property
    def is_needed(self) -> bool:
        """Whether it reads otherwise in another language: numbers and units mostly do not."""
        return self.role != Role.UNIT and bool(LETTER.search(re.sub(r"<[^>]*>", "", self.source)))


class Unfit(ValueError):
    """A text that does not do for its place. `code` says why, `path` where."""

    def __init__(self, code: str, path: str) -> None:
        super().__init__(code)
        self.code, self.path = code, path


def parts(question: Question) -> list[Part]:
    """All texts that a learner reads or that are accepted from one, in the order of the page; the empty ones not."""
    words = question.feedback
    every = [
        Part("text", Role.TEXT, question.text),
        *(
            Part(f"picture.{one.key}", Role.PICTURE, one.alt, Shape.PLAIN, number)
            for number, one in enumerate(question.pictures, start=1)
        ),
        *_parts(question.body, "", 0),
        Part("feedback.right", Role.RIGHT, words.right),
        Part("feedback.partly", Role.PARTLY, words.partly),
        Part("feedback.wrong", Role.WRONG, words.wrong),
        Part("feedback.always", Role.ALWAYS, words.always),
    ]
    return [one for one in every if one.source.strip()]


def _parts(body: Body, at: str, gap: int) -> Iterator[Part]:
    match body:
        case Choices():
            yield from _option_parts(body, at, gap)
        case TrueFalse():
            yield Part(f"{at}if_true", Role.IF_TRUE, body.if_true, gap=gap)
            yield Part(f"{at}if_false", Role.IF_FALSE, body.if_false, gap=gap)
        case Numeric() | ShortText():
            yield from _typed_parts(body, at, gap)
        case Matching():
            yield from _matching_parts(body)
        case Ordering():
            for number, item in enumerate(body.items, start=1):
                yield Part(f"{at}item.{item.key}", Role.ITEM, item.text, number=number, gap=gap)
        case Cloze():
            for number, one in enumerate(body.gaps, start=1):
                yield from _parts(one.body, f"gap.{one.key}.", number)


def _option_parts(body: Choices, at: str, gap: int) -> Iterator[Part]:
    for number, option in enumerate(body.options, start=1):
        path = f"{at}option.{option.key}"
        yield Part(path, Role.OPTION, option.text, number=number, gap=gap)
        yield Part(f"{path}.said", Role.OPTION_SAID, option.feedback, number=number, gap=gap)


def _matching_parts(body: Matching) -> Iterator[Part]:
    for number, pair in enumerate(body.pairs, start=1):
        yield Part(f"pair.{pair.key}", Role.PROMPT, pair.prompt, number=number)
    for number, (key, text) in enumerate(answers_of(body).items(), start=1):
        yield Part(f"match.{key}", Role.MATCH, text, Shape.PLAIN, number)


def _typed_parts(body: Numeric | ShortText, at: str, gap: int) -> Iterator[Part]:
    answers: tuple[NumberAnswer | TextAnswer, ...] = body.answers
    for number, answer in enumerate(answers, start=1):
        if isinstance(answer, TextAnswer):
            yield Part(f"{at}answer.{number}", Role.ACCEPTED, answer.text, Shape.LINES, number, gap)
        yield Part(f"{at}answer.{number}.said", Role.ANSWER_SAID, answer.feedback, number=number, gap=gap)
    if isinstance(body, Numeric):
        for number, unit in enumerate(body.units, start=1):
            yield Part(f"{at}unit.{number}", Role.UNIT, unit.name, Shape.PLAIN, number, gap)
    yield Part(f"{at}otherwise", Role.OTHERWISE, body.wrong_feedback, gap=gap)


# The question in a language -----------------------------------------------------------------------------------------


def in_language(question: Question, texts: Texts) -> Question:
    """The question with these texts in the place of its own. Keys, order and worth are the same."""
    return _spoken(question, texts, None) if texts else question


def to_grade(question: Question, texts: Texts, others: Iterable[Texts]) -> Question:
    """The same, and what is typed is accepted in each of the `others` too: the language that was read decides nothing.

    What is said of an answer is said in the words of `texts`.
    """
    rest = [one for one in others if one]
    return _spoken(question, texts, rest) if texts or rest else question


def _spoken(question: Question, texts: Texts, others: Sequence[Texts] | None) -> Question:
    words = question.feedback
    names = ("always", "right", "partly", "wrong")
    told = {name: texts.get(f"feedback.{name}") or getattr(words, name) for name in names}
    pictures = [one.model_copy(update={"alt": texts.get(f"picture.{one.key}") or one.alt}) for one in question.pictures]
    return question.model_copy(
        update={
            "text": texts.get("text") or question.text,
            "body": _body(question.body, texts, others, ""),
            "feedback": words.model_copy(update=told),
            "pictures": tuple(pictures),
        }
    )


def _body(body: Any, texts: Texts, others: Sequence[Texts] | None, at: str) -> Any:  # noqa: PLR0911 (a line for each kind)
    match body:
        case Choices():
            return body.model_copy(update={"options": tuple(_option(one, texts, at) for one in body.options)})
        case TrueFalse():
            names = ("if_true", "if_false")
            return body.model_copy(update={name: texts.get(f"{at}{name}") or getattr(body, name) for name in names})
        case Numeric():
            answers = tuple(_with_said(one, n, texts, at) for n, one in enumerate(body.answers, start=1))
            return _typed(body, texts, at, answers=answers, units=tuple(_units(body, texts, others, at)))
        case ShortText():
            return _typed(body, texts, at, answers=tuple(_accepted(body, texts, others or (), at)))
        case Matching():
            return _matched(body, texts)
        case Ordering():
            said = [one.model_copy(update={"text": texts.get(f"{at}item.{one.key}") or one.text}) for one in body.items]
            return body.model_copy(update={"items": tuple(said)})
        case Cloze():
            gaps = [
                one.model_copy(update={"body": _body(one.body, texts, others, f"gap.{one.key}.")}) for one in body.gaps
            ]
            return body.model_copy(update={"gaps": tuple(gaps)})
    return body


def _option(one: Any, texts: Texts, at: str) -> Any:
    path = f"{at}option.{one.key}"
    return one.model_copy(
        update={"text": texts.get(path) or one.text, "feedback": texts.get(f"{path}.said") or one.feedback}
    )


def _with_said(one: Any, number: int, texts: Texts, at: str) -> Any:
    return one.model_copy(update={"feedback": texts.get(f"{at}answer.{number}.said") or one.feedback})


def _typed(body: Any, texts: Texts, at: str, **changed: Any) -> Any:
    otherwise = texts.get(f"{at}otherwise") or body.wrong_feedback
    return body.model_copy(update={**changed, "wrong_feedback": otherwise})


def _accepted(body: ShortText, texts: Texts, others: Sequence[Texts], at: str) -> Iterator[TextAnswer]:
    """What is accepted in the language that is read, then in the others, then in the source; each worth the same."""
    for number, one in enumerate(body.answers, start=1):
        path = f"{at}answer.{number}"
        lines = [line for each in (texts, *others) for line in lines_of(each.get(path, ""))]
        for line in dict.fromkeys([*lines, one.text]):
            yield _with_said(one, number, texts, at).model_copy(update={"text": line})


def _units(body: Numeric, texts: Texts, others: Sequence[Texts] | None, at: str) -> Iterator[Unit]:
    """As they are called in the language; to grade by, as in any, and first as in the source."""
    if others is not None:
        yield from body.units
    for each in (texts, *(others or ())):
        for number, one in enumerate(body.units, start=1):
            yield one.model_copy(update={"name": each.get(f"{at}unit.{number}") or one.name})


def _matched(body: Matching, texts: Texts) -> Matching:
    """Answers are known by their text: two that read alike in a language would be one, and stay as they are."""
    said = {text: texts.get(f"match.{key}") or text for key, text in answers_of(body).items()}
    if len(set(said.values())) < len(said):
        said = {text: text for text in said}
    pairs = [
        one.model_copy(update={"prompt": texts.get(f"pair.{one.key}") or one.prompt, "answer": said[one.answer]})
        for one in body.pairs
    ]
    return body.model_copy(update={"pairs": tuple(pairs), "distractors": tuple(said[one] for one in body.distractors)})


def lines_of(text: str) -> list[str]:
    """The lines in which something is written."""
    return [line.strip() for line in text.splitlines() if line.strip()]


# Keeping texts ------------------------------------------------------------------------------------------------------


def assert_fit(question: Question, texts: Texts) -> None:
    """Raises `Unfit` for the first text that its place does not take."""
    known = {one.path: one for one in parts(question)}
    for path, text in texts.items():
        if path not in known:
            raise Unfit("text.unknown", path)
        _assert_one_fits(known[path], text)
    if isinstance(question.body, Cloze) and texts.get("text"):
        named = [found[1] for found in GAP.finditer(texts["text"])]
        if sorted(named) != sorted(gap.key for gap in question.body.gaps):
            raise Unfit("text.gaps", "text")
    _assert_units_differ(question.body, texts, "")
    if isinstance(question.body, Matching):
        said = {key: texts.get(f"match.{key}") or text for key, text in answers_of(question.body).items()}
        if len(set(said.values())) < len(said):
            twice = [key for key, text in said.items() if list(said.values()).count(text) > 1]
            raise Unfit("text.twice", next((f"match.{key}" for key in twice if f"match.{key}" in texts), "text"))


def _assert_units_differ(body: Body, texts: Texts, at: str) -> None:
    """A unit that is called like another one would change what an answer is worth."""
    if isinstance(body, Cloze):
        for gap in body.gaps:
            _assert_units_differ(gap.body, texts, f"gap.{gap.key}.")
    if isinstance(body, Numeric):
        for number in range(1, len(body.units) + 1):
            name = texts.get(f"{at}unit.{number}")
            others = [one.name for n, one in enumerate(body.units, start=1) if n != number]
            others += [texts.get(f"{at}unit.{n}", "") for n in range(1, len(body.units) + 1) if n != number]
            if name and any(other and numbers.is_unit(name, other) for other in others):
                raise Unfit("text.twice", f"{at}unit.{number}")


def _assert_one_fits(part: Part, text: str) -> None:
    if len(text) > (LONGEST_PROSE if part.shape == Shape.PROSE else LONGEST_PLAIN * MOST_LINES):
        raise Unfit("text.long", part.path)
    lines = lines_of(text)
    if part.shape == Shape.PLAIN and len(text) > (40 if part.role == Role.UNIT else LONGEST_PLAIN):
        raise Unfit("text.long", part.path)
    if part.shape == Shape.LINES:
        if len(lines) > MOST_LINES or any(len(line) > LONGEST_PLAIN for line in lines):
            raise Unfit("text.long", part.path)
        if any(ONLY_STARS.fullmatch(line) for line in lines):
            raise Unfit("text.accepts_all", part.path)


def carry(
    was: Question, now: Question, texts: Texts, outdated: Outdated
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """What a new version leaves of the texts of the one before: those whose source says the same, and those to revise.

    The latter by path: `{"source": the words that were translated, "text": the translation}`.
    """
    before = {one.path: one for one in parts(was)}
    same_words = {(before[path].role, before[path].source): text for path, text in texts.items() if path in before}
    kept: dict[str, str] = {}
    old: dict[str, dict[str, str]] = {}
    for part in parts(now):
        path, mine = part.path, before.get(part.path)
        to_revise = {"source": mine.source, "text": texts[path]} if mine and path in texts else outdated.get(path)
        if mine and mine.source == part.source and path in texts:
            kept[path] = texts[path]
        elif (part.role, part.source) in same_words:
            kept[path] = same_words[part.role, part.source]
        elif to_revise and to_revise["source"] == part.source:
            kept[path] = to_revise["text"]
        elif to_revise:
            old[path] = dict(to_revise)
    return kept, old


def missing(question: Question, texts: Texts, outdated: Collection[str]) -> list[Part]:
    """The texts that need a translation and have none, not even an old one."""
    return [one for one in parts(question) if one.is_needed and one.path not in texts and one.path not in outdated]


def reads_whole(question: Question, texts: Texts) -> bool:
    """Whether all that is shown before an attempt closes is there."""
    asked = [one for one in parts(question) if one.role in BEFORE_CLOSING and one.is_needed]
    return all(one.path in texts for one in asked)
