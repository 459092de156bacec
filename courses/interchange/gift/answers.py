"""What stands between the braces of a GIFT question, by what it begins with and which signs it has."""

import re
from decimal import Decimal

from courses.questions import (
    Body,
    Choices,
    Essay,
    Item,
    Kind,
    Matching,
    NumberAnswer,
    Numeric,
    Option,
    Ordering,
    OrderingScore,
    Pair,
    Scoring,
    ShortText,
    TextAnswer,
    TrueFalse,
)

from ..drafting import Draft, NotUnderstood, assert_few
from ..forms import Form
from ..worth import number_of, of_one, of_several
from . import signs

MOST_LINES = 1_000
TRUE, FALSE = {"T", "TRUE"}, {"F", "FALSE"}
ORDERING_SCORES = {
    "ALL_OR_NOTHING": OrderingScore.ALL,
    "ABSOLUTE_POSITION": OrderingScore.PLACES,
    "ABSOLUTE": OrderingScore.PLACES,
    "ABS": OrderingScore.PLACES,
    "RELATIVE_NEXT_EXCLUDE_LAST": OrderingScore.NEIGHBOURS,
}
_ORDERING = re.compile(r">\s*([0-9]{1,4})(?=\s)([^\n]*)\n?")
_ORDERING_WORDS = {"ALL", "VERTICAL", "VERT", "V", "SHOW", "HIDE", "NONE", "TRUE", "YES", "FALSE", "NO", "0", "1"}
_TRUE_FALSE = re.compile(r"[TF]|TRUE|FALSE", re.IGNORECASE)


def looks_like_answers(content: str) -> bool:
    """Whether braces hold answers rather than, say, a formula."""
    content = content.strip()
    return content[:1] in {"=", "~", "#", ">"} or bool(_TRUE_FALSE.fullmatch(content.partition("#")[0].strip()))


def body_of(draft: Draft, content: str, form: Form) -> Body:
    """The body that the braces' content describes. Raises `NotUnderstood`."""
    content = content.strip()
    head = _ORDERING.match(content)
    if not content:
        body: Body = Essay()
    elif content.startswith("#"):
        body = _numeric(draft, content[1:], form)
    elif head:
        body = _ordering(draft, head, content[head.end() :], form)
    elif "~" in content:
        body = _choices(draft, content, form)
    elif "=" in content and "->" in content:
        body = _matching(draft, content, form)
    elif content.partition("#")[0].strip().upper() in TRUE | FALSE:
        body = _true_false(draft, content, form)
    else:
        body = _short(draft, content, form)
    return body


def _prose(draft: Draft, text: str, form: Form) -> str:
    return draft.prose(*signs.with_form(text, form))


def _split(text: str, sign: str) -> list[str]:
    """The parts that a sign begins; what stands before the first is one, too, if it says something."""
    parts = text.split(sign)
    parts = parts[1:] if not parts[0].strip() else parts
    assert_few(parts)
    return parts


def _said_back(draft: Draft, answer: str, form: Form) -> tuple[str, str]:
    """An answer, and the prose that is said back to it."""
    answer, _sign, feedback = answer.partition("#")
    return answer.strip(), _prose(draft, feedback, form)


def _choices(draft: Draft, content: str, form: Form) -> Choices:
    parts = re.findall(r"([~=]?)([^~=]*)", re.sub(r"~\s*+=", "=", content))
    if any(sign and not text.strip() for sign, text in parts):
        draft.note("choices.empty")
    assert_few(parts)
    read = [(sign, *signs.with_weight(text)) for sign, text in parts if text.strip()]
    given = [weight for sign, _text, weight in read if sign == "="]
    is_single = bool(given) and not (len(given) > 1 and all(weight not in {None, 100} for weight in given))
    percents = [weight if weight is not None else Decimal(100 if sign == "=" else 0) for sign, _text, weight in read]
    percents = of_one(draft, percents) if is_single else of_several(draft, percents)
    options = []
    for number, ((_sign, text, _weight), percent) in enumerate(zip(read, percents, strict=True), start=1):
        said, feedback = _said_back(draft, text, form)
        options.append(Option(key=f"o{number}", text=_prose(draft, said, form), percent=percent, feedback=feedback))
    if is_single:
        return Choices(kind=Kind.SINGLE, options=tuple(options))
    return Choices(kind=Kind.MULTIPLE, options=tuple(options), scoring=Scoring.PARTS)


def _true_false(draft: Draft, content: str, form: Form) -> TrueFalse:
    said, *feedbacks = content.split("#", 2)
    wrong, right = (_prose(draft, text, form) for text in (*feedbacks, "", "")[:2])
    if said.strip().upper() in TRUE:
        return TrueFalse(is_true=True, if_true=right, if_false=wrong)
    return TrueFalse(is_true=False, if_true=wrong, if_false=right)


def _short(draft: Draft, content: str, form: Form) -> ShortText:
    draft.note("short.forgiving")
    answers, wrong = [], ""
    for part in _split(content, "="):
        text, weight = signs.with_weight(part)
        said, feedback = _said_back(draft, text, form)
        said, said_form = signs.with_form(said, Form.PLAIN)
        said = " ".join((draft.plain(said) if said_form == Form.HTML else said).split())
        if said == "*" and weight == 0:
            wrong = feedback
        else:
            answers.append((said, Decimal(100) if weight is None else weight, feedback))
    percents = of_one(draft, [percent for _said, percent, _feedback in answers])
    return ShortText(
        answers=tuple(
            TextAnswer(text=said, percent=percent, feedback=feedback)
            for (said, _percent, feedback), percent in zip(answers, percents, strict=True)
        ),
        wrong_feedback=wrong,
    )


def _numeric(draft: Draft, content: str, form: Form) -> Numeric:
    content, has_wrong, wrong = content.partition("~")
    wrong_feedback = _prose(draft, wrong.partition("#")[2] or wrong, form) if has_wrong else ""
    answers = []
    for part in _split(content, "="):
        text, weight = signs.with_weight(part)
        said, feedback = _said_back(draft, text, form)
        said = signs.show(said)
        if said == "*" and not weight:
            wrong_feedback = wrong_feedback or feedback
            continue
        value, tolerance = _range(said)
        answers.append((value, tolerance, Decimal(100) if weight is None else weight, feedback))
    percents = of_one(draft, [percent for _value, _tolerance, percent, _feedback in answers])
    return Numeric(
        answers=tuple(
            NumberAnswer(value=value, tolerance=tolerance, percent=percent, feedback=feedback)
            for (value, tolerance, _percent, feedback), percent in zip(answers, percents, strict=True)
        ),
        wrong_feedback=wrong_feedback,
    )


def _range(said: str) -> tuple[Decimal, Decimal]:
    """`1822`, `1822:5` and `1817..1827`: a value and how far from it an answer may lie."""
    least, is_range, most = said.partition("..")
    if is_range and least.strip():
        ends = sorted((number_of(least), number_of(most)))
        return (ends[0] + ends[1]) / 2, (ends[1] - ends[0]) / 2
    value, has_tolerance, tolerance = said.partition(":")
    return number_of(value), abs(number_of(tolerance)) if has_tolerance else Decimal(0)


def _matching(draft: Draft, content: str, form: Form) -> Matching:
    pairs, distractors = [], []
    for number, part in enumerate(_split(content, "="), start=1):
        prompt, is_pair, answer = part.partition("->")
        if not is_pair:
            raise NotUnderstood("matching.no_arrow", part=signs.show(part).strip()[:60])
        answer, answer_form = signs.with_form(answer, Form.PLAIN)
        answer = draft.plain(answer) if answer_form == Form.HTML or "<" in answer else answer
        asked = _prose(draft, prompt, form)
        if asked:
            pairs.append(Pair(key=f"p{number}", prompt=asked, answer=answer))
        elif answer:
            distractors.append(answer)
    return Matching(pairs=tuple(pairs), distractors=tuple(distractors))


def _ordering(draft: Draft, head: re.Match[str], content: str, form: Form) -> Ordering:
    words = head[2].upper().split()
    assert_few(content.split("\n", MOST_LINES))
    lines = [line.strip() for line in content.split("\n") if line.strip()]
    scoring = next((ORDERING_SCORES[word] for word in words if word in ORDERING_SCORES), None)
    if scoring is None:
        draft.note("ordering.scoring")
        scoring = OrderingScore.PLACES
    if other := [word for word in words if word not in _ORDERING_WORDS and word not in ORDERING_SCORES]:
        draft.note("option.unused", name=" ".join(other)[:60])
    if int(head[1]) not in {0, len(lines)}:
        draft.note("ordering.part")
    items = (Item(key=f"i{number}", text=_prose(draft, line, form)) for number, line in enumerate(lines, start=1))
    return Ordering(items=tuple(items), scoring=scoring)
