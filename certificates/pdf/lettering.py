"""Lettering: the embedded faces, what to draw for a character they lack, and text that fits.

The chain for every character is: the face asked for; DejaVu Sans; its number, `[U+4E2D]`. Control characters,
direction marks and everything else that has no shape of its own are drawn as their number too. So nothing is ever a
blank box, and nothing invisible turns a name around. Text is drawn in the order in which it is stored.
"""

import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

FOLDER = Path(__file__).parent / "fonts"
REGULAR, ITALIC, BOLD = "AulaCertificado-Regular", "AulaCertificado-Italic", "AulaCertificado-Bold"
FALLBACK = "DejaVuSans"
# Streams as bytes and not in letters: what is drawn is packed again by `finishing`, which would only undo that.
rl_config.useA85 = 0


@cache
def register_faces() -> None:
    """Load the faces, once in a process."""
    for face in (REGULAR, ITALIC, BOLD, FALLBACK):
        pdfmetrics.registerFont(TTFont(face, str(FOLDER / f"{face}.ttf"), asciiReadable=False))


@cache
def _characters(face: str) -> frozenset[int]:
    register_faces()
    return frozenset(pdfmetrics.getFont(face).face.charToGlyph)


@lru_cache(maxsize=8192)
def _shown(character: str, face: str) -> tuple[str, str]:
    """The face and the text that show one character."""
    kind = unicodedata.category(character)
    if kind == "Zs":
        return face, " "
    point = ord(character)
    if kind[0] not in "CZ" and point <= 0xFFFF:
        for candidate in (face, FALLBACK):
            if point in _characters(candidate):
                return candidate, character
    return face, f"[U+{point:04X}]"


@lru_cache(maxsize=4096)
def runs(text: str, face: str) -> tuple[tuple[str, str], ...]:
    """`text` as stretches of one face each, every character of it visible."""
    found: list[tuple[str, list[str]]] = []
    for character in unicodedata.normalize("NFC", text):
        used, shown = _shown(character, face)
        if found and found[-1][0] == used:
            found[-1][1].append(shown)
        else:
            found.append((used, [shown]))
    return tuple((used, "".join(parts)) for used, parts in found)


def width(text: str, face: str, size: float) -> float:
    """The width of a line in points."""
    return sum(0.001 * size * units for units in _units(text, face))


@lru_cache(maxsize=4096)
def _units(text: str, face: str) -> tuple[float, ...]:
    """The widths of the stretches in thousandths of the size: a line is measured for many sizes until it fits."""
    return tuple(sum(_advances(used)[ord(character)] for character in part) for used, part in runs(text, face))


@cache
def _advances(face: str) -> dict[int, float]:
    register_faces()
    return pdfmetrics.getFont(face).face.charWidths


def draw(canvas: Canvas, x: float, y: float, text: str, *, face: str, size: float, spacing: float = 0) -> None:
    """Draw one line from `x` on the base line `y`; `spacing` opens the letters by so many points."""
    line = canvas.beginText(x, y)
    line.setCharSpace(spacing)
    for used, part in runs(text, face):
        line.setFont(used, size)
        line.textOut(part)
    line.setCharSpace(0)
    canvas.drawText(line)


@dataclass(frozen=True)
class Block:
    """Lines of one face and size, and the text that was broken into them."""

    lines: tuple[str, ...]
    face: str
    size: float
    leading: float
    text: str

    @property
    def height(self) -> float:
        """From the top of the first line to the base line of the last."""
        return self.size + self.leading * (len(self.lines) - 1)

    def spaced_lines(self) -> list[str]:
        """The lines, each with the space that it was broken at: readers join them to the text again."""
        spaced, rest = [], self.text
        for line in self.lines:
            rest = rest.removeprefix(line)
            spaced.append(f"{line} " if rest.startswith(" ") else line)
            rest = rest.removeprefix(" ")
        return spaced


def fit(text: str, *, face: str, sizes: list[float], measure: float, most_lines: int) -> Block:
    """The largest of `sizes` at which `text` takes no more than `most_lines`; the last size takes what it needs."""
    for size in sizes:
        lines = wrap(text, face, size, measure)
        if len(lines) <= most_lines:
            break
    return Block(_balanced(text, face, size, measure, lines), face, size, size * 1.16, text)


def wrap(text: str, face: str, size: float, measure: float) -> tuple[str, ...]:
    """Break a text into lines between words; a word longer than a line is broken where the line ends."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if width(longer, face, size) <= measure:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _pieces(word, face, size, measure)
        lines += full
    return (*lines, line) if line or not lines else tuple(lines)


def wrap_evenly(text: str, face: str, size: float, measure: float) -> tuple[str, ...]:
    """The same in as many lines, as even as the words allow: no word stands alone on the last."""
    return _balanced(text, face, size, measure, wrap(text, face, size, measure))


def _pieces(word: str, face: str, size: float, measure: float) -> list[str]:
    pieces = [""]
    for character in word:
        if pieces[-1] and width(pieces[-1] + character, face, size) > measure:
            pieces.append("")
        pieces[-1] += character
    return pieces


def _balanced(text: str, face: str, size: float, measure: float, lines: tuple[str, ...]) -> tuple[str, ...]:
    """The same number of lines, of lengths as even as the words allow."""
    if len(lines) == 1:
        return lines
    for narrower in range(95, 45, -5):
        closer = wrap(text, face, size, measure * narrower / 100)
        if len(closer) > len(lines):
            break
        lines = closer
    return lines
