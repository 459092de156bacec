"""The shape of a question of each kind. Every part that a learner can choose, fill or move has a `key` of its own.

`percent` is what an answer is worth of the question, from -100 to 100. Texts called prose are HTML of the few elements
in `courses.questions.prose.ELEMENTS`; all others are plain.
"""

import enum
from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

Key = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")]
Plain = Annotated[str, Field(max_length=1_000)]
Prose = Annotated[str, Field(max_length=50_000)]
Percent = Annotated[Decimal, Field(ge=-100, le=100, decimal_places=5)]
Number = Annotated[Decimal, Field(ge=Decimal("-1e30"), le=Decimal("1e30"), allow_inf_nan=False)]
MOST_PARTS = 100
Some = TypeVar("Some")


class Kind(enum.StrEnum):
    """How a question is answered."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    TRUE_FALSE = "true_false"
    NUMERIC = "numeric"
    SHORT = "short"
    MATCHING = "matching"
    ORDERING = "ordering"
    CLOZE = "cloze"
    ESSAY = "essay"
    FILES = "files"


class Scoring(enum.StrEnum):
    """What an answer that is right in part is worth."""

    ALL = "all"
    """Nothing: all of it must be right."""
    PARTS = "parts"
    """The sum of its parts, never less than nothing."""


class OrderingScore(enum.StrEnum):
    """What an order that is right in part is worth."""

    ALL = "all"
    PLACES = "places"
    """The share of items in their right place."""
    NEIGHBOURS = "neighbours"
    """The share of items followed by the one that should follow."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Picture(_Part):
    """An image in the prose, where `<img data-picture="key">` stands; `alt` is for those who cannot see it."""

    key: Key
    alt: Plain = ""
    name: Plain = ""


class Option(_Part):
    """One of several to choose from."""

    key: Key
    text: Prose
    percent: Percent = Decimal(0)
    feedback: Prose = ""


class Choices(_Part):
    """Options of which one, or several, are right.

    One: its `percent` is the mark, and some option is worth 100. Several: right ones are above 0 and add up to 100.
    """

    kind: Literal[Kind.SINGLE, Kind.MULTIPLE]
    options: Annotated[tuple[Option, ...], Field(min_length=2, max_length=MOST_PARTS)]
    is_shuffled: bool = True
    scoring: Scoring = Scoring.ALL

    @model_validator(mode="after")
    def _has_a_right_one(self) -> Self:
        _unique(option.key for option in self.options)
        worth = [option.percent for option in self.options]
        if self.kind == Kind.SINGLE and max(worth) != 100:
            raise ValueError("one option must be worth 100 %")
        right = sum((percent for percent in worth if percent > 0), Decimal(0))
        if self.kind == Kind.MULTIPLE and abs(right - 100) > Decimal("0.1"):
            raise ValueError("the right options must add up to 100 %")
        return self


class TrueFalse(_Part):
    """True or false."""

    kind: Literal[Kind.TRUE_FALSE] = Kind.TRUE_FALSE
    is_true: bool
    if_true: Prose = ""
    if_false: Prose = ""


class NumberAnswer(_Part):
    """A number, and how far from it an answer may lie."""

    value: Number
    tolerance: Annotated[Number, Field(ge=0)] = Decimal(0)
    percent: Percent = Decimal(100)
    feedback: Prose = ""


class Unit(_Part):
    """A name for a unit; an answer in it is multiplied by `factor` before it is compared."""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    factor: Annotated[Number, Field(gt=0)] = Decimal(1)


class Numeric(_Part):
    """A number, with a unit where there are `units`; without one the answer loses `unit_penalty` percent."""

    kind: Literal[Kind.NUMERIC] = Kind.NUMERIC
    answers: Annotated[tuple[NumberAnswer, ...], Field(min_length=1, max_length=MOST_PARTS)]
    units: Annotated[tuple[Unit, ...], Field(max_length=20)] = ()
    is_unit_required: bool = False
    unit_penalty: Annotated[Decimal, Field(ge=0, le=100)] = Decimal(0)
    wrong_feedback: Prose = ""

    @model_validator(mode="after")
    def _has_a_right_one(self) -> Self:
        return _with_a_right_one(self, self.answers)


class TextAnswer(_Part):
    r"""A text; `*` in it stands for any letters, `\*` for a star."""

    text: Annotated[str, Field(min_length=1, max_length=1_000)]
    percent: Percent = Decimal(100)
    feedback: Prose = ""


class ShortText(_Part):
    """A word or a few. Spaces around and between never count."""

    kind: Literal[Kind.SHORT] = Kind.SHORT
    answers: Annotated[tuple[TextAnswer, ...], Field(min_length=1, max_length=MOST_PARTS)]
    forgives_case: bool = True
    forgives_accents: bool = True
    forgives_apostrophes: bool = True
    wrong_feedback: Prose = ""

    @model_validator(mode="after")
    def _has_a_right_one(self) -> Self:
        return _with_a_right_one(self, self.answers)


class Pair(_Part):
    """What belongs to what. Several prompts may have the same answer."""

    key: Key
    prompt: Prose
    answer: Annotated[str, Field(min_length=1, max_length=1_000)]


class Matching(_Part):
    """To each prompt one of the answers; `distractors` are answers that belong to none."""

    kind: Literal[Kind.MATCHING] = Kind.MATCHING
    pairs: Annotated[tuple[Pair, ...], Field(min_length=2, max_length=MOST_PARTS)]
    distractors: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=1_000)], ...], Field(max_length=50)] = ()
    is_shuffled: bool = True
    scoring: Scoring = Scoring.PARTS

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        _unique(pair.key for pair in self.pairs)
        if len({pair.answer for pair in self.pairs} | set(self.distractors)) < 2:
            raise ValueError("there must be two answers to choose from")
        return self


class Item(_Part):
    """One of those to put in order."""

    key: Key
    text: Prose


class Ordering(_Part):
    """Items, in their right order."""

    kind: Literal[Kind.ORDERING] = Kind.ORDERING
    items: Annotated[tuple[Item, ...], Field(min_length=2, max_length=30)]
    scoring: OrderingScore = OrderingScore.PLACES

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        _unique(item.key for item in self.items)
        return self


class ClozeGap(_Part):
    """A gap in a text, with a question of its own; `weight` is its share among the gaps."""

    key: Key
    weight: Annotated[Decimal, Field(gt=0, le=1000)] = Decimal(1)
    body: Annotated[Choices | Numeric | ShortText, Field(discriminator="kind")]


class Cloze(_Part):
    """A text with gaps: in the question's prose each stands as `<span data-gap="key"></span>`."""

    kind: Literal[Kind.CLOZE] = Kind.CLOZE
    gaps: Annotated[tuple[ClozeGap, ...], Field(min_length=1, max_length=MOST_PARTS)]

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        _unique(gap.key for gap in self.gaps)
        return self


class Level(_Part):
    """How well a criterion may be met, and what that is worth."""

    key: Key
    text: Plain
    points: Annotated[Decimal, Field(ge=0, le=1000)]


class Criterion(_Part):
    """One thing that whoever marks looks at."""

    key: Key
    text: Plain
    levels: Annotated[tuple[Level, ...], Field(min_length=2, max_length=10)]

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        _unique(level.key for level in self.levels)
        if max(level.points for level in self.levels) <= 0:
            raise ValueError("the best level must be worth something")
        return self


class Essay(_Part):
    """A text of one's own, marked by a person; without `rubric` by a mark from 0 to 100."""

    kind: Literal[Kind.ESSAY] = Kind.ESSAY
    rubric: Annotated[tuple[Criterion, ...], Field(max_length=20)] = ()
    template: Prose = ""
    marker_note: Prose = ""
    least_words: Annotated[int, Field(ge=0, le=20_000)] = 0
    most_words: Annotated[int, Field(ge=0, le=20_000)] = 0


class Files(_Part):
    """Files to hand in, marked by a person. `extensions` are lower case, without the dot; none: those of documents."""

    kind: Literal[Kind.FILES] = Kind.FILES
    rubric: Annotated[tuple[Criterion, ...], Field(max_length=20)] = ()
    marker_note: Prose = ""
    extensions: Annotated[tuple[Annotated[str, Field(pattern=r"^[a-z0-9]{1,8}$")], ...], Field(max_length=20)] = ()
    most_files: Annotated[int, Field(ge=1, le=10)] = 1
    most_megabytes: Annotated[int, Field(ge=1, le=100)] = 10


Body = Annotated[
    Choices | TrueFalse | Numeric | ShortText | Matching | Ordering | Cloze | Essay | Files,
    Field(discriminator="kind"),
]


class Feedback(_Part):
    """What is said once the attempt is closed: always, and by how right the answer was."""

    always: Prose = ""
    right: Prose = ""
    partly: Prose = ""
    wrong: Prose = ""


class Question(_Part):
    """A question: `name` is for the bank's list, `text` is what is asked, `points` its weight in a quiz."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    text: Prose
    body: Body
    points: Annotated[Decimal, Field(gt=0, le=1000)] = Decimal(1)
    feedback: Feedback = Feedback()
    pictures: Annotated[tuple[Picture, ...], Field(max_length=50)] = ()
    tags: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=100)], ...], Field(max_length=50)] = ()

    @property
    def kind(self) -> Kind:
        """How it is answered."""
        return Kind(self.body.kind)

    @property
    def is_marked_by_a_person(self) -> bool:
        """Whether the server cannot grade it."""
        return self.kind in {Kind.ESSAY, Kind.FILES}


def _unique(keys: Iterable[str]) -> None:
    every = list(keys)
    if len(set(every)) < len(every):
        raise ValueError("two parts have the same key")


def _with_a_right_one(body: Some, answers: "Iterable[NumberAnswer | TextAnswer]") -> Some:
    if max(answer.percent for answer in answers) != 100:
        raise ValueError("one answer must be worth 100 %")
    return body
