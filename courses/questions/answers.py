"""What a person answered: as it comes from a form, made fit to keep, and whether anything was answered at all.

Answers are small dicts, by kind: `{"chosen": [keys]}` (choices; `true`, `false`), `{"text": …}` (numbers, short texts,
essays), `{"pairs": {pair key: answer key}}`, `{"order": [item keys]}`, `{"gaps": {gap key: answer}}`,
`{"files": [ids]}`. The answers of a matching question are known as `a0`, `a1`, … in the order of `answers_of`.
"""

from typing import Any, Protocol, TypeAlias

from .kinds import Body, Choices, Cloze, Essay, Files, Kind, Matching, Numeric, Ordering, ShortText, TrueFalse

Answer: TypeAlias = dict[str, Any]
LONGEST_SHORT = 1_000
LONGEST_ESSAY = 60_000
TRUE, FALSE = "true", "false"


class Form(Protocol):
    """As much of a submitted form as is asked here (`QueryDict` has it)."""

    def get(self, name: str, default: str = "") -> str | None:
        """The last value of a field."""

    def getlist(self, name: str) -> list[str]:
        """All values of a field."""


class UnfitAnswer(ValueError):
    """Something that the question did not offer. `code` says what."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def answers_of(body: Matching) -> dict[str, str]:
    """The answers to choose from, by key: each once, those that belong to none last."""
    texts = dict.fromkeys([*(pair.answer for pair in body.pairs), *body.distractors])
    return {f"a{number}": text for number, text in enumerate(texts)}


def read(body: Body, form: Form, prefix: str = "answer") -> Answer:
    """What a form's fields say, made fit; fields are `prefix`, or `prefix-key` where a question has several."""
    match body:
        case Choices() | TrueFalse():
            raw: Answer = {"chosen": form.getlist(prefix)}
        case Numeric() | ShortText() | Essay():
            raw = {"text": form.get(prefix) or ""}
        case Matching():
            raw = {"pairs": {pair.key: form.get(f"{prefix}-{pair.key}") or "" for pair in body.pairs}}
        case Ordering():
            raw = {"order": _by_place(body, form, prefix)}
        case Cloze():
            raw = {"gaps": {gap.key: read(gap.body, form, f"{prefix}-{gap.key}") for gap in body.gaps}}
        case Files():
            raw = {"files": form.getlist(prefix)}
    return fit(body, raw)


def _by_place(body: Ordering, form: Form, prefix: str) -> list[str]:
    """Each item's place is a field; equal or missing places leave the rest behind, in the order of the question's."""
    places = {}
    for item in body.items:
        place = form.get(f"{prefix}-{item.key}") or ""
        if place.isdecimal() and len(place) <= 3:
            places[item.key] = int(place)
    if not places:
        return []
    known = [item.key for item in body.items]
    return sorted(known, key=lambda key: (places.get(key, 1000), known.index(key)))


def fit(body: Body, raw: Answer) -> Answer:  # noqa: PLR0911 (a line for each kind)
    """The answer as it is kept: only what the question offers, in one shape. Raises `UnfitAnswer`."""
    match body:
        case Choices():
            return {"chosen": _chosen([option.key for option in body.options], raw, body.kind == Kind.MULTIPLE)}
        case TrueFalse():
            return {"chosen": _chosen([TRUE, FALSE], raw, is_multiple=False)}
        case Numeric() | ShortText():
            return {"text": _text(raw, LONGEST_SHORT)}
        case Essay():
            return {"text": _text(raw, LONGEST_ESSAY)}
        case Matching():
            return {"pairs": _pairs(body, raw)}
        case Ordering():
            return {"order": _order(body, raw)}
        case Cloze():
            given = _dict(raw, "gaps", {gap.key for gap in body.gaps})
            return {"gaps": {gap.key: fit(gap.body, given[gap.key]) for gap in body.gaps if gap.key in given}}
        case Files():
            return {"files": _files(body, raw)}


def is_empty(body: Body, answer: Answer) -> bool:
    """Whether nothing was answered."""
    if isinstance(body, Cloze):
        gaps = answer.get("gaps", {})
        return all(is_empty(gap.body, gaps.get(gap.key, {})) for gap in body.gaps)
    return not any(answer.values())


def is_whole(body: Body, answer: Answer) -> bool:
    """Whether every part was answered."""
    match body:
        case Matching():
            return len(answer.get("pairs", {})) == len(body.pairs)
        case Cloze():
            gaps = answer.get("gaps", {})
            return all(is_whole(gap.body, gaps.get(gap.key, {})) for gap in body.gaps)
    return not is_empty(body, answer)


def _chosen(offered: list[str], raw: Answer, is_multiple: bool) -> list[str]:
    wanted = raw.get("chosen", [])
    if not isinstance(wanted, list) or not {str(key) for key in wanted} <= set(offered):
        raise UnfitAnswer("answer.unknown_choice")
    chosen = [key for key in offered if key in wanted]
    if len(chosen) > 1 and not is_multiple:
        raise UnfitAnswer("answer.one_choice_only")
    return chosen


def _text(raw: Answer, longest: int) -> str:
    text = raw.get("text", "")
    if not isinstance(text, str):
        raise UnfitAnswer("answer.unknown_choice")
    text = text.replace("\0", "").replace("\r\n", "\n").strip()
    if len(text) > longest:
        raise UnfitAnswer("answer.too_long")
    return text


def _dict(raw: Answer, name: str, keys: set[str]) -> dict[str, Any]:
    given = raw.get(name, {})
    if not isinstance(given, dict) or not set(given) <= keys:
        raise UnfitAnswer("answer.unknown_choice")
    return given


def _pairs(body: Matching, raw: Answer) -> dict[str, str]:
    given = _dict(raw, "pairs", {pair.key for pair in body.pairs})
    offered = answers_of(body)
    pairs = {pair.key: given[pair.key] for pair in body.pairs if given.get(pair.key)}
    if not all(isinstance(answer, str) and answer in offered for answer in pairs.values()):
        raise UnfitAnswer("answer.unknown_choice")
    return pairs


def _order(body: Ordering, raw: Answer) -> list[str]:
    order = raw.get("order", [])
    if order and (not isinstance(order, list) or sorted(map(str, order)) != sorted(item.key for item in body.items)):
        raise UnfitAnswer("answer.unknown_choice")
    return [str(key) for key in order]


def _files(body: Files, raw: Answer) -> list[str]:
    files = raw.get("files", [])
    if not isinstance(files, list) or not all(isinstance(one, str) and len(one) <= 64 for one in files):
        raise UnfitAnswer("answer.unknown_choice")
    if len(set(files)) > body.most_files:
        raise UnfitAnswer("answer.too_many_files")
    return list(dict.fromkeys(files))
