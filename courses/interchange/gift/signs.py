"""The signs of GIFT: what `\\` takes their meaning from, formats in brackets, weights between percent signs."""

import re
from decimal import Decimal

from ..forms import Form
from ..worth import percent_of

# Escaped signs stand as marks that `decoding` keeps out of texts, so that they are not mistaken for signs.
_MARKS = dict(zip("~=#{}:", "\ufdd0\ufdd1\ufdd2\ufdd3\ufdd4\ufdd5", strict=True)) | {"n": "\ufdd6"}
_SIGNS = {ord(mark): "\n" if sign == "n" else sign for sign, mark in _MARKS.items()}
_HIDING = {ord(sign): mark for sign, mark in _MARKS.items() if sign != "n"}
_FORMAT = re.compile(r"\[(html|moodle|plain|markdown)\]", re.IGNORECASE)
_WEIGHT = re.compile(r"%\s*(-?\s*[0-9]{1,3}(?:[.,][0-9]*)?)\s*%")
_WRITTEN_TAG = re.compile(r"""<[A-Za-z][A-Za-z0-9]*+(?:\s++[\w-]++=(?:"[^"]*+"|'[^']*+'))++\s*+/?>""")
GAP_MARKS = tuple(chr(0xFDD8 + index) for index in range(8))


def hide(text: str) -> str:
    """The text with escaped signs hidden, and those that belong to HTML."""
    text = re.sub(r"\\([\\~=#{}:n])", lambda match: "\\" if match[1] == "\\" else _MARKS[match[1]], text)
    text = _WRITTEN_TAG.sub(lambda match: match[0].translate(_HIDING), text)
    return re.sub(r"&#(?=x?[0-9A-Fa-f]{1,6};)", "&" + _MARKS["#"], text)


def show(text: str) -> str:
    """The text with hidden signs as themselves."""
    return text.translate(_SIGNS)


def split_form(text: str) -> tuple[str, Form | None]:
    """A text without its format in brackets, still hidden, and that format."""
    text = text.lstrip()
    found = _FORMAT.match(text)
    return (text[found.end() :], Form(found[1].lower())) if found else (text, None)


def with_form(text: str, otherwise: Form) -> tuple[str, Form]:
    """A text without its format in brackets, shown, and that format."""
    rest, form = split_form(text)
    return show(rest).strip(), form or otherwise


def with_weight(text: str) -> tuple[str, Decimal | None]:
    """A text without its weight, and that weight in percent."""
    text = text.strip()
    if found := _WEIGHT.match(text):
        return text[found.end() :], percent_of(found[1].replace(" ", ""))
    return text, None


def escape(text: str) -> str:
    """A text with its signs escaped, on one line."""
    text = re.sub(r"([\\~=#{}:])", r"\\\1", text.replace("\r", ""))
    return text.replace("\n", "\\n")
