"""Texts in which `*` stands for any letters, and the patterns (of XML Schema) that say the same."""

import re
from collections.abc import Iterator

_PATTERN_PIECE = re.compile(r"\.\*|\\(.)|\[(.)(.)\]|([^\\\[\].*+?(){}|^$])", re.DOTALL)
_TEXT_PIECE = re.compile(r"\\\*|\*|[^*\\]+|\\")
_SPECIAL = re.compile(r"([\\.?*+{}()\[\]|^$-])")


def pieces_of(text: str) -> Iterator[tuple[bool, str]]:
    """A text in pieces: whether each stands for any letters, and what it says."""
    for piece in _TEXT_PIECE.findall(text):
        yield piece == "*", "*" if piece == "\\*" else piece


def example_of(text: str) -> str:
    """Something that is this text: a star in place of any letters."""
    return "".join(said for _is_any, said in pieces_of(text))


def starred(text: str) -> str:
    """A literal text, with its stars escaped."""
    return " ".join(text.split()).replace("*", "\\*")


def is_starred(text: str) -> bool:
    """Whether a text stands for more than itself."""
    return any(is_any for is_any, _said in pieces_of(text))


def pattern_of(text: str, *, is_forgiving: bool) -> str:
    """The pattern of a text; where it forgives case, each letter in both."""
    return "".join(".*" if is_any else _literal(said, is_forgiving) for is_any, said in pieces_of(text))


def _literal(said: str, is_forgiving: bool) -> str:
    return "".join(
        f"[{one}{other}]" if is_forgiving and _is_pair(one, other := one.swapcase()) else _SPECIAL.sub(r"\\\1", one)
        for one in said
    )


def _is_pair(one: str, other: str) -> bool:
    return one != other and len(other) == 1 and other.swapcase() == one


def of_pattern(pattern: str) -> tuple[str, bool] | None:
    """A pattern of letters and `.*` as a text, and whether its case counts; None for any other pattern."""
    place, pieces, is_strict = 0, [], True
    while place < len(pattern):
        found = _PATTERN_PIECE.match(pattern, place)
        if not found or (found[2] and found[2].lower() != found[3].lower()):
            return None
        is_strict = is_strict and not found[2]
        letter = found[1] or found[2] or found[4]
        pieces.append("*" if letter is None else letter.replace("*", "\\*"))
        place = found.end()
    return "".join(pieces), is_strict


def matches(text: str, said: str, *, is_strict: bool) -> bool:
    """Whether something said is a text, all of it."""
    pieces = list(pieces_of(text if is_strict else text.lower()))
    said = said if is_strict else said.lower()
    place, is_loose = 0, False
    for index, (is_any, piece) in enumerate(pieces):
        if is_any:
            is_loose = True
            continue
        if is_loose and index == len(pieces) - 1:
            return said.endswith(piece) and len(said) - len(piece) >= place
        found = said.find(piece, place) if is_loose else place if said.startswith(piece, place) else -1
        if found < 0:
            return False
        place, is_loose = found + len(piece), False
    return is_loose or place == len(said)
