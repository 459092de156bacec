"""What changed between two versions of a question, field by field, and word by word where a text changed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .kinds import (
    Body,
    Choices,
    Cloze,
    Criterion,
    Essay,
    Files,
    Matching,
    NumberAnswer,
    Numeric,
    Ordering,
    OrderingScore,
    Question,
    Scoring,
    ShortText,
    TrueFalse,
)
from .prose import to_plain

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
WORDS = re.compile(r"\w+|\s+|[^\w\s]")
MOST_WORDS = 3_000  # looking for what two longer texts share would take seconds
Path = tuple[str, ...]
COUNTS = {
    Scoring.ALL: gettext_lazy("Todo debe estar bien"),
    Scoring.PARTS: gettext_lazy("Cuenta lo que está bien"),
    OrderingScore.ALL: gettext_lazy("Todo debe estar bien"),
    OrderingScore.PLACES: gettext_lazy("Cuenta lo que está en su lugar"),
    OrderingScore.NEIGHBOURS: gettext_lazy("Cuenta lo que sigue a lo que debe"),
}


@dataclass(frozen=True)
class Piece:
    """A stretch of a text; `is_new` where only one of both has it."""

    text: str
    is_new: bool


@dataclass(frozen=True)
class Field:
    """One thing that a version says. `is_key`: it decides what is right, or what that is worth."""

    label: str
    text: str
    is_key: bool = False


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same in both. Of what one of them lacks the pieces are empty."""

    label: str
    kind: str
    before: list[Piece]
    after: list[Piece]
    is_key: bool


def compare(was: Question, now: Question) -> list[Difference]:
    """All that differs, in the order of the page."""
    before, after = dict(_fields(was)), dict(_fields(now))
    paths = [*after, *(path for path in before if path not in after)]
    both = [(before.get(path), after.get(path)) for path in paths]
    return [_difference(old, new) for old, new in both if old is None or new is None or old.text != new.text]


def _difference(before: Field | None, after: Field | None) -> Difference:
    told = after or before
    assert told is not None  # noqa: S101 (one of both has it)
    kind = ADDED if before is None else REMOVED if after is None else CHANGED
    left, right = pieces(before.text if before else "", after.text if after else "")
    return Difference(told.label, kind, left, right, told.is_key)


def pieces(before: str, after: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts, cut where they begin to differ."""
    old, new = WORDS.findall(before), WORDS.findall(after)
    if max(len(old), len(new)) > MOST_WORDS:
        return [Piece(before, True)], [Piece(after, True)]
    left, right = [], []
    for code, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if a < b:
            left.append(Piece("".join(old[a:b]), code != "equal"))
        if c < d:
            right.append(Piece("".join(new[c:d]), code != "equal"))
    return left, right


def _fields(question: Question) -> Iterator[tuple[Path, Field]]:
    said = question.feedback
    yield ("text",), Field(_("Pregunta"), to_plain(question.text))
    yield ("name",), Field(_("Nombre en el banco"), question.name)
    yield from _of(question.body, ())
    yield ("points",), Field(_("Puntos"), _amount(question.points))
    yield from _told("always", _("Comentario para todos"), said.always)
    yield from _told("right", _("Si acierta"), said.right)
    yield from _told("partly", _("Si acierta en parte"), said.partly)
    yield from _told("wrong", _("Si no acierta"), said.wrong)
    yield from _told("tags", _("Etiquetas"), ", ".join(question.tags))
    for picture in question.pictures:
        yield ("picture", picture.key), Field(_("Imagen"), picture.alt or picture.name or picture.key)


def _told(name: str, label: str, text: str) -> Iterator[tuple[Path, Field]]:
    """A text that may be missing."""
    if text:
        yield (name,), Field(label, to_plain(text))


def _of(body: Body, path: Path) -> Iterator[tuple[Path, Field]]:
    """What the answer is, and what is right."""
    match body:
        case Choices():
            yield from _choices(body, path)
        case TrueFalse():
            yield (*path, "truth"), Field(_("Es"), _("Verdadero") if body.is_true else _("Falso"), is_key=True)
            yield from _told("if_true", _("Si elige «Verdadero»"), body.if_true)
            yield from _told("if_false", _("Si elige «Falso»"), body.if_false)
        case Numeric() | ShortText():
            yield from _answers(body, path)
        case Matching():
            yield from _pairs(body, path)
        case Ordering():
            order = " → ".join(to_plain(item.text) for item in body.items)
            yield (*path, "order"), Field(_("El orden correcto"), order, is_key=True)
            yield (*path, "scoring"), Field(_("Cómo cuenta"), str(COUNTS[body.scoring]), is_key=True)
        case Cloze():
            yield from _gaps(body, path)
        case Essay() | Files():
            yield from _rubric(body.rubric, path)
            yield from _told("note", _("Nota para quien califica"), body.marker_note)


def _pairs(body: Matching, path: Path) -> Iterator[tuple[Path, Field]]:
    for pair in body.pairs:
        yield (*path, "prompt", pair.key), Field(_("Lo que se relaciona"), to_plain(pair.prompt))
        label = _("Pareja de «%(prompt)s»") % {"prompt": to_plain(pair.prompt)}
        yield (*path, "pair", pair.key), Field(label, pair.answer, is_key=True)
    yield from _told("others", _("Respuestas que sobran"), ", ".join(body.distractors))
    yield (*path, "scoring"), Field(_("Cómo cuenta"), str(COUNTS[body.scoring]), is_key=True)


def _gaps(body: Cloze, path: Path) -> Iterator[tuple[Path, Field]]:
    for number, gap in enumerate(body.gaps, start=1):
        for inner, field in _of(gap.body, (*path, "gap", gap.key)):
            label = _("Espacio %(n)s: %(what)s") % {"n": number, "what": field.label}
            yield inner, Field(label, field.text, field.is_key)


def _choices(body: Choices, path: Path) -> Iterator[tuple[Path, Field]]:
    for number, option in enumerate(body.options, start=1):
        label = _("Opción %(n)s") % {"n": number}
        yield (*path, "option", option.key), Field(label, to_plain(option.text))
        worth = _("%(percent)s %%") % {"percent": _amount(option.percent)}
        words = _("correcta, vale %(worth)s") if option.percent > 0 else _("incorrecta, vale %(worth)s")
        label = _("Opción %(n)s: si es correcta") % {"n": number}
        yield (*path, "option", option.key, "worth"), Field(label, words % {"worth": worth}, is_key=True)
        if option.feedback:
            label = _("Opción %(n)s: comentario") % {"n": number}
            yield (*path, "option", option.key, "feedback"), Field(label, to_plain(option.feedback))
    yield (*path, "scoring"), Field(_("Cómo cuenta"), str(COUNTS[body.scoring]), is_key=True)


def _answers(body: Numeric | ShortText, path: Path) -> Iterator[tuple[Path, Field]]:
    texts = [one.text for one in body.answers] if isinstance(body, ShortText) else [_range(one) for one in body.answers]
    worth = [_("%(percent)s %%") % {"percent": _amount(one.percent)} for one in body.answers]
    for number, (text, percent) in enumerate(zip(texts, worth, strict=True), start=1):
        label = _("Respuesta aceptada %(n)s") % {"n": number}
        yield (*path, "answer", str(number)), Field(label, f"{text} ({percent})", is_key=True)
    if isinstance(body, Numeric):
        units = ", ".join(f"{unit.name} × {_amount(unit.factor)}" for unit in body.units)
        yield (*path, "units"), Field(_("Unidades"), units, is_key=True)
    else:
        yield (*path, "forgives"), Field(_("No importan"), ", ".join(_forgiven(body)), is_key=True)


def _range(one: NumberAnswer) -> str:
    return f"{_amount(one.value)} ± {_amount(one.tolerance)}"


def _forgiven(body: ShortText) -> list[str]:
    told = (
        (body.forgives_case, _("mayúsculas")),
        (body.forgives_accents, _("tildes")),
        (body.forgives_apostrophes, _("apóstrofos")),
    )
    return [words for is_so, words in told if is_so]


def _rubric(rubric: tuple[Criterion, ...], path: Path) -> Iterator[tuple[Path, Field]]:
    for criterion in rubric:
        levels = "; ".join(f"{_amount(level.points)}: {level.text}" for level in criterion.levels)
        label = _("Criterio: %(text)s") % {"text": criterion.text}
        yield (*path, "criterion", criterion.key), Field(label, levels, is_key=True)


def _amount(number: object) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
