"""Numbers as people type them: `1,250.50`, `1250,5`, `Q 1 250`, `15 km`, `-3`, `2.5e3`."""

import re
from decimal import Decimal, InvalidOperation

from lms.domain.texts import fold

TYPED = re.compile(
    r"""^\s*(?:Q\.?(?=[\s\d,+\u2212-])|\$|US\$)?\s*   # a currency's sign before it is no unit
    (?P<sign>[-+\u2212]?)\s*
    (?P<digits>\d[\d.,'\u2019\s\u00a0\u202f]*|[.,]\d+)
    (?:\s*(?:e|×\s*10\s*\^?)\s*(?P<power>[-+\u2212]?\d{1,3}))?
    \s*(?P<unit>(?!e[-+]?\d)[^\d\s.,]\D{0,39}\d?)?$""",
    re.VERBOSE | re.IGNORECASE,
)
GROUPED = re.compile(r"^[1-9]\d{0,2}(,\d{3})+$")
LONGEST = 80


def read(text: str) -> tuple[Decimal, str] | None:
    """The number and what stands behind it (a unit, or nothing); None for what is no number.

    As in Guatemala, a comma before exactly three digits parts thousands; any other single comma is a decimal one.
    """
    found = TYPED.match(text) if len(text) <= LONGEST else None
    if found is None:
        return None
    digits = _plain(re.sub(r"['\u2019\s\u00a0\u202f]", "", found["digits"]))
    if digits is None:
        return None
    power = (found["power"] or "0").replace("\u2212", "-")
    sign = "-" if found["sign"] in {"-", "\u2212"} else ""
    try:
        return Decimal(f"{sign}{digits}e{power}"), (found["unit"] or "").strip()
    except InvalidOperation:
        return None


def _plain(digits: str) -> str | None:
    """With a point for the decimals and nothing between thousands."""
    digits = digits.rstrip(".,") if digits[-1:] in ".," else digits
    commas, points = digits.count(","), digits.count(".")
    if commas and points:
        decimal = "," if digits.rindex(",") > digits.rindex(".") else "."
        thousands = "." if decimal == "," else ","
        whole, _mark, rest = digits.rpartition(decimal)
        if decimal in whole or thousands in rest:
            return None
        return f"{whole.replace(thousands, '')}.{rest}"
    if GROUPED.match(digits) or commas > 1:
        return digits.replace(",", "") if GROUPED.match(digits) else None
    if points > 1:
        return digits.replace(".", "") if re.match(r"^[1-9]\d{0,2}(\.\d{3})+$", digits) else None
    return digits.replace(",", ".")


def is_unit(typed: str, name: str) -> bool:
    """Whether what stands behind a number is this unit, whatever its case and accents."""
    return fold(typed).replace(" ", "").rstrip(".") == fold(name).replace(" ", "").rstrip(".")
