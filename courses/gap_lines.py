"""The answers of a gap, one on each line: `* Concejo`, `50% alcaldía ## Casi`, `12.5 ± 0.1`."""

import re
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from courses.questions import Choices, ClozeGap, Kind, NumberAnswer, Numeric, Option, ShortText, TextAnswer, typed
from courses.questions.numbers import read as number_of

SHAPE = re.compile(
    r"(?:(?P<right>\*)|(?P<percent>-?\d{1,3}(?:\.\d{1,5})?)\s*%)?\s*(?P<text>.*?)(?:\s+##\s*(?P<said>.*))?"
)
SLACK = re.compile(r"(?P<value>.*?)(?:\s*(?:±|\+/?-)\s*(?P<slack>.*))?")
FIVE_PLACES = Decimal("0.00001")
Body = Choices | Numeric | ShortText


class Unclear(ValueError):
    """What was typed is no answer of its kind; says so in words."""


def share(count: int) -> Decimal:
    """What each of several right options is worth, in percent."""
    return (Decimal(100) / count).quantize(FIVE_PLACES)


def digits(number: Decimal | int | None) -> str:
    """A number as one types it."""
    if number is None:
        return ""
    plain = f"{number:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def read(way: str, text: str, known: ClozeGap | None = None) -> Body:
    """The gap's question. `known` is the gap as it was, whose options keep their keys. Raises `Unclear`."""
    lines = [found for one in text.splitlines() if one.strip() and (found := SHAPE.fullmatch(one.strip()))]
    if not lines:
        raise Unclear(_("Escriba al menos una respuesta."))
    if way in {Kind.SINGLE, Kind.MULTIPLE}:
        return _choices(Kind(way), lines, known)
    answers = [_number(one) if way == Kind.NUMERIC else _words(one) for one in lines]
    if max(one.percent for one in answers) != 100:
        raise Unclear(_("Alguna respuesta debe valer 100 %."))
    return Numeric(answers=answers) if way == Kind.NUMERIC else ShortText(answers=answers)


def write(body: Body) -> tuple[str, str] | None:
    """The way and the lines that say it; None for what lines cannot say."""
    if isinstance(body, Choices):
        way: str = body.kind
        right = [one for one in body.options if one.percent > 0]
        whole = share(len(right)) if body.kind == Kind.MULTIPLE and right else Decimal(100)
        lines = [_option_line(one, whole) for one in body.options]
    elif isinstance(body, Numeric):
        way = "numeric"
        lines = [
            _line(
                one.percent, digits(one.value) + (f" ± {digits(one.tolerance)}" if one.tolerance else ""), one.feedback
            )
            for one in body.answers
        ]
    else:
        way = "short"
        lines = [_line(one.percent, one.text, one.feedback) for one in body.answers]
    text = "\n".join(lines)
    try:
        again = read(way, text, ClozeGap(key="x", body=body))
    except ValueError:
        return None
    return (way, text) if again == body else None


def _line(percent: Decimal, text: str, said: str) -> str:
    worth = "" if percent == 100 else f"{digits(percent)}% "
    return worth + text + (f" ## {typed.to_typed(said)}" if said else "")


def _option_line(option: Option, whole: Decimal) -> str:
    mark = "* " if option.percent == whole else f"{digits(option.percent)}% " if option.percent else ""
    return mark + typed.to_typed(option.text) + (f" ## {typed.to_typed(option.feedback)}" if option.feedback else "")


def _percent(found: re.Match[str], otherwise: Decimal) -> Decimal:
    percent = Decimal(found["percent"]) if found["percent"] else otherwise
    if abs(percent) > 100:
        raise Unclear(_("Nada vale más de 100 %."))
    return percent


def _words(found: re.Match[str]) -> TextAnswer:
    text = ("*" if found["right"] else "") + found["text"]
    if not text:
        raise Unclear(_("Hay una línea sin respuesta."))
    return TextAnswer(
        text=text[:1000], percent=_percent(found, Decimal(100)), feedback=typed.to_prose(found["said"] or "")
    )


def _number(found: re.Match[str]) -> NumberAnswer:
    parts = SLACK.fullmatch(found["text"])
    value = _plain_number(parts["value"] if parts else "")
    slack = _plain_number(parts["slack"]) if parts and parts["slack"] else Decimal(0)
    said = typed.to_prose(found["said"] or "")
    return NumberAnswer(value=value, tolerance=abs(slack), percent=_percent(found, Decimal(100)), feedback=said)


def _plain_number(text: str) -> Decimal:
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        read = number_of(text)
    if read is None or read[1]:
        raise Unclear(_("«%(text)s» no es un número.") % {"text": text[:40]})
    return read[0]


def _choices(kind: Kind, lines: list[re.Match[str]], known: ClozeGap | None) -> Choices:
    whole = share(max(1, sum(bool(one["right"]) for one in lines))) if kind == Kind.MULTIPLE else Decimal(100)
    keys = {one.text: one.key for one in known.body.options} if known and isinstance(known.body, Choices) else {}
    options: list[Option] = []
    for found in lines:
        text = typed.to_prose(found["text"])
        taken = {one.key for one in options} | set(keys.values())
        key = keys.pop(text, "") or next(name for n in range(1, 1000) if (name := f"o{n}") not in taken)
        worth = whole if found["right"] else _percent(found, Decimal(0))
        options.append(Option(key=key, text=text, percent=worth, feedback=typed.to_prose(found["said"] or "")))
    if len(options) < 2:
        raise Unclear(_("Escriba al menos dos opciones, una por línea."))
    right = sum(one.percent for one in options if one.percent > 0)
    if kind == Kind.SINGLE and max(one.percent for one in options) != 100:
        raise Unclear(_("Marque con * la opción correcta."))
    if kind == Kind.MULTIPLE and abs(right - 100) > Decimal("0.1"):
        raise Unclear(_("Marque con * las opciones correctas; lo que valen debe sumar 100 %."))
    return Choices(kind=kind, options=options)
