"""Moodle's language of embedded answers: `{1:MC:wrong~=right#well done~%50%nearly}` within a text.

See https://docs.moodle.org/en/Embedded_Answers_(Cloze)_question_type.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from html import unescape

from courses.questions import (
    Choices,
    Cloze,
    ClozeGap,
    Kind,
    NumberAnswer,
    Numeric,
    Option,
    Scoring,
    ShortText,
    TextAnswer,
)

from ..drafting import Draft, NotUnderstood, assert_few
from ..markup import Node
from ..worth import number_of, of_one, of_several, percent_of
from .kinds import Made
from .parts import prose_of, source_of

SHORT_NAMES = {"MC": "MULTICHOICE", "MR": "MULTIRESPONSE", "SA": "SHORTANSWER", "MW": "SHORTANSWER", "NM": "NUMERICAL"}
LONG_NAMES = ("MULTICHOICE", "MULTIRESPONSE", "SHORTANSWER", "NUMERICAL")
START = re.compile(r"\{\s*(\d{0,6}(?:\.\d+)?)\s*:\s*([A-Z]{2,20})(?:_?([A-Z]{1,3}))?\s*:")
_NAME = re.compile(rf"({'|'.join([*LONG_NAMES, *SHORT_NAMES])})_?([VHSC]{{0,2}})")
_WEIGHT = re.compile(r"\s*(=|%(-?\d{1,3}(?:[.,]\d*)?)%)?")
# A sign is none after `\`; `#` begins a feedback unless it belongs to a reference such as `&#39;`.
_PART = re.compile(r"((?:\\.|&#|[^\\#])*+)(?:#(.*))?", re.DOTALL)


@dataclass(frozen=True)
class _Alternative:
    text: str
    percent: Decimal
    feedback: str
    has_percent: bool


def make(draft: Draft, question: Node) -> Made:
    """A text with gaps. Raises `NotUnderstood`."""
    node = question.find("questiontext")
    written, _form = source_of(node)
    gaps: list[ClozeGap] = []
    marks: dict[str, str] = {}
    pieces, place = [], 0
    for start, end, weight, name, content in _fields(written):
        assert_few(gaps)
        key = f"g{len(gaps) + 1}"
        gaps.append(_gap(draft, key, weight, name, content))
        mark = f"\ufdd8{key}\ufdd9"
        marks[mark] = key
        pieces += [written[place:start], mark]
        place = end
    if not gaps:
        raise NotUnderstood("cloze.no_gap")
    asked = prose_of(draft, node, marks, "".join([*pieces, written[place:]]))
    if any(f'data-gap="{gap.key}"' not in asked for gap in gaps):
        raise NotUnderstood("cloze.lost_gap")
    return Cloze(gaps=tuple(gaps)), asked, {"shuffleanswers"}


def _fields(text: str) -> Iterator[tuple[int, int, str, str, str]]:
    """Where each field begins and ends, its weight, its type, and what it holds. Raises `NotUnderstood`."""
    place = 0
    while start := START.search(text, place):
        end = _end(text, start.end())
        name = start[2] + (start[3] or "")
        yield start.start(), end + 1, start[1], name, text[start.end() : end]
        place = end + 1


def _end(text: str, place: int) -> int:
    for match in re.compile(r"\\.|\}", re.DOTALL).finditer(text, place):
        if match[0] == "}":
            return match.start()
    raise NotUnderstood("cloze.unclosed")


def _gap(draft: Draft, key: str, weight: str, name: str, content: str) -> ClozeGap:
    known = _NAME.fullmatch(name)
    if not known:
        raise NotUnderstood("cloze.type", type=name[:40])
    kind, suffix = SHORT_NAMES.get(known[1], known[1]), known[2]
    worth = Decimal(weight or "1")
    if not 0 < worth <= 1000:
        draft.note("cloze.weight", weight=weight)
        worth = Decimal(1)
    if kind in {"MULTICHOICE", "MULTIRESPONSE"} and set(suffix) & set("VH"):
        draft.note("cloze.layout")
    parts = _parts(content)
    assert_few(parts)
    alternatives = [_alternative(draft, part) for part in parts]
    if kind == "NUMERICAL":
        body: Choices | Numeric | ShortText = _numeric(draft, alternatives)
    elif kind == "SHORTANSWER":
        body = _short(draft, alternatives, forgives_case="C" not in suffix)
    else:
        body = _choices(draft, alternatives, is_single=kind == "MULTICHOICE", is_shuffled="S" in suffix)
    return ClozeGap(key=key, weight=worth, body=body)


def _parts(content: str) -> list[str]:
    """What `~` parts; a first one that is empty is none."""
    parts = [match[0] for match in re.finditer(r"(?:\\.|[^\\~])+", content, re.DOTALL)]
    return [part for part in parts if part.strip()]


def _alternative(draft: Draft, part: str) -> _Alternative:
    weight = _WEIGHT.match(part)
    said = weight[1] if weight else None
    percent = Decimal(100) if said == "=" else percent_of(weight[2]) if weight and weight[2] else Decimal(0)
    match = _PART.match(part[weight.end() if weight else 0 :])
    text, feedback = (match[1], match[2] or "") if match else (part, "")
    return _Alternative(_bare(text), percent, _said_back(draft, feedback), bool(said and said != "="))


def _bare(text: str) -> str:
    return unescape(re.sub(r"\\([}#~\\/\"])", r"\1", text)).strip()


def _said_back(draft: Draft, feedback: str) -> str:
    return draft.prose(_bare(feedback)) if feedback.strip() else ""


def _without_star(alternatives: list[_Alternative]) -> tuple[list[_Alternative], str]:
    wrong = next((one.feedback for one in alternatives if one.text == "*" and one.percent == 0), "")
    return [one for one in alternatives if one.text != "*" or one.percent != 0], wrong


def _numeric(draft: Draft, alternatives: list[_Alternative]) -> Numeric:
    answers, wrong = _without_star(alternatives)
    percents = of_one(draft, [one.percent for one in answers])
    made = []
    for one, percent in zip(answers, percents, strict=True):
        value, _colon, tolerance = draft.plain(one.text).partition(":")
        made.append(
            NumberAnswer(
                value=number_of(value),
                tolerance=abs(number_of(tolerance or "0")),
                percent=percent,
                feedback=one.feedback,
            )
        )
    return Numeric(answers=tuple(made), wrong_feedback=wrong)


def _short(draft: Draft, alternatives: list[_Alternative], forgives_case: bool) -> ShortText:
    draft.note("short.forgiving")
    answers, wrong = _without_star(alternatives)
    percents = of_one(draft, [one.percent for one in answers])
    texts = [" ".join((draft.plain(one.text) if "<" in one.text else one.text).split()) for one in answers]
    return ShortText(
        answers=tuple(
            TextAnswer(text=text, percent=percent, feedback=one.feedback)
            for one, text, percent in zip(answers, texts, percents, strict=True)
        ),
        forgives_case=forgives_case,
        wrong_feedback=wrong,
    )


def _choices(draft: Draft, alternatives: list[_Alternative], *, is_single: bool, is_shuffled: bool) -> Choices:
    percents = [one.percent for one in alternatives]
    if is_single:
        percents = of_one(draft, percents)
    else:
        # As Moodle: without weights each right one counts the same, and a wrong one takes a right one back.
        right = sum(one.percent > 0 for one in alternatives)
        if right and not any(one.has_percent for one in alternatives):
            share = Decimal(100) / right
            percents = [share if percent > 0 else -share for percent in percents]
        percents = [percent.quantize(Decimal("0.00001")) for percent in percents]
        percents = of_several(draft, percents)
    options = tuple(
        Option(key=f"o{number}", text=draft.prose(one.text), percent=percent, feedback=one.feedback)
        for number, (one, percent) in enumerate(zip(alternatives, percents, strict=True), start=1)
    )
    return Choices(
        kind=Kind.SINGLE if is_single else Kind.MULTIPLE,
        options=options,
        is_shuffled=is_shuffled,
        scoring=Scoring.ALL if is_single else Scoring.PARTS,
    )
