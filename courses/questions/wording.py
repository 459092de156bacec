"""An answer, and what would have been right, as lines of plain text."""

from django.utils.translation import gettext as _

from .answers import FALSE, TRUE, Answer, answers_of
from .kinds import Body, Choices, Cloze, Essay, Files, Kind, Matching, Numeric, Ordering, Question, ShortText, TrueFalse
from .prose import to_plain


def in_words(question: Question, given: Answer) -> list[str]:
    """What was answered; nothing for no answer."""
    return _given(question.body, given)


def solution(question: Question) -> list[str]:
    """What is right; nothing where a person decides."""
    return _right(question.body)


def _truth(key: str) -> str:
    return _("Verdadero") if key == TRUE else _("Falso")


def _number(text: object) -> str:
    plain = f"{text:f}" if hasattr(text, "as_tuple") else str(text)
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _given(body: Body, given: Answer) -> list[str]:  # noqa: PLR0911 (a line for each kind)
    match body:
        case Choices():
            return [to_plain(one.text) for one in body.options if one.key in given.get("chosen", [])]
        case TrueFalse():
            return [_truth(key) for key in given.get("chosen", [])]
        case Numeric() | ShortText() | Essay():
            return [given["text"]] if given.get("text") else []
        case Matching():
            offered, pairs = answers_of(body), given.get("pairs", {})
            return [f"{to_plain(one.prompt)} → {offered[pairs[one.key]]}" for one in body.pairs if one.key in pairs]
        case Ordering():
            texts = {item.key: to_plain(item.text) for item in body.items}
            return [f"{number}. {texts[key]}" for number, key in enumerate(given.get("order", []), start=1)]
        case Cloze():
            gaps = given.get("gaps", {})
            told = [(number, _given(gap.body, gaps.get(gap.key, {}))) for number, gap in enumerate(body.gaps, start=1)]
            return [f"({number}) {'; '.join(words)}" for number, words in told if words]
        case Files():
            return [str(one) for one in given.get("files", [])]
    raise TypeError(body.kind)


def _right(body: Body) -> list[str]:  # noqa: PLR0911 (a line for each kind)
    match body:
        case Choices():
            least = 0 if body.kind == Kind.MULTIPLE else 99
            return [to_plain(one.text) for one in body.options if one.percent > least]
        case TrueFalse():
            return [_truth(TRUE if body.is_true else FALSE)]
        case Numeric():
            best = next(one for one in body.answers if one.percent == 100)
            unit = f" {body.units[0].name}" if body.units else ""
            slack = f" ± {_number(best.tolerance)}" if best.tolerance else ""
            return [f"{_number(best.value)}{slack}{unit}"]
        case ShortText():
            return [next(one.text for one in body.answers if one.percent == 100).replace(r"\*", "*")]
        case Matching():
            return [f"{to_plain(one.prompt)} → {one.answer}" for one in body.pairs]
        case Ordering():
            return [f"{number}. {to_plain(item.text)}" for number, item in enumerate(body.items, start=1)]
        case Cloze():
            return [f"({number}) {'; '.join(_right(gap.body))}" for number, gap in enumerate(body.gaps, start=1)]
        case Essay() | Files():
            return []
    raise TypeError(body.kind)
