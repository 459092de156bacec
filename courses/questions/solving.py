"""A right answer and a wrong one to a question: for demonstrations, and for whoever tries a question out."""

from .answers import FALSE, TRUE, Answer, answers_of
from .kinds import Body, Choices, Cloze, Essay, Files, Kind, Matching, Numeric, Ordering, ShortText, TrueFalse


def right(body: Body) -> Answer:  # noqa: PLR0911 (a line for each kind)
    """An answer that is worth all of it; for what a person marks, some text."""
    match body:
        case Choices():
            worth = max(one.percent for one in body.options)
            is_one = body.kind == Kind.SINGLE
            keys = [one.key for one in body.options if (one.percent == worth if is_one else one.percent > 0)]
            return {"chosen": keys[:1] if is_one else keys}
        case TrueFalse():
            return {"chosen": [TRUE if body.is_true else FALSE]}
        case Numeric():
            best = next(one for one in body.answers if one.percent == 100)
            factor = body.units[0].factor if body.units else 1
            return {"text": f"{(best.value / factor).normalize():f} {body.units[0].name if body.units else ''}".strip()}
        case ShortText():
            best_text = next(one.text for one in body.answers if one.percent == 100)
            return {"text": best_text.replace(r"\*", "\0").replace("*", "").replace("\0", "*") or "a"}
        case Matching():
            keys_of = {text: key for key, text in answers_of(body).items()}
            return {"pairs": {pair.key: keys_of[pair.answer] for pair in body.pairs}}
        case Ordering():
            return {"order": [item.key for item in body.items]}
        case Cloze():
            return {"gaps": {gap.key: right(gap.body) for gap in body.gaps}}
        case Essay() | Files():
            return {"text": "…"} if isinstance(body, Essay) else {"files": []}
    raise TypeError(body.kind)


def wrong(body: Body) -> Answer:
    """An answer that is worth less than all."""
    match body:
        case Choices():
            least = min(body.options, key=lambda one: one.percent)
            return {"chosen": [least.key]}
        case TrueFalse():
            return {"chosen": [FALSE if body.is_true else TRUE]}
        case Ordering():
            return {"order": [item.key for item in reversed(body.items)]}
    return {}
