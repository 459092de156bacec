"""The woven band and the QR: everything on the paper that is not type."""

import re
from functools import lru_cache

from reportlab.lib.colors import HexColor
from reportlab.lib.rl_accel import fp_str
from reportlab.pdfgen.canvas import Canvas

from . import qr

INK = HexColor("#1c2033")
QUIET = HexColor("#565b70")
ANIL = HexColor("#243b7a")
COCHINILLA = HexColor("#a4243b")
MAIZ = HexColor("#f2b134")
PAPER = HexColor("#fbf8f3")
SAMPLE = HexColor("#e3e0da")

# One thread a letter, eight picks from tip to tip: a ring in maíz or in undyed cotton around a red heart. Only the
# light threads carry the drawing, so that it reads the same when añil and cochinilla turn into one grey.
DIAMOND = [
    ".p..o..p.",
    "...ooo...",
    "..oocoo..",
    ".oocccoo.",
    "ooccpccoo",
    ".oocccoo.",
    "..oocoo..",
    "...ooo...",
]
THREADS = len(DIAMOND[0])
_COLOURS = {"m": MAIZ, "p": PAPER, "c": COCHINILLA}


def draw_band(canvas: Canvas, *, x: float, y: float, height: float, diamonds: int = 11) -> float:
    """Weave the band upwards from `x`, `y`; returns its width."""
    cell = height / (len(DIAMOND) * diamonds + 1)
    canvas.setFillColor(ANIL)
    canvas.rect(x, y, cell * THREADS, height, stroke=0, fill=1)
    for thread, colour in _COLOURS.items():
        canvas.setFillColor(colour)
        _fill(canvas, _thread(thread, x, y, cell, diamonds))
    return cell * THREADS


@lru_cache(maxsize=32)
def _thread(thread: str, x: float, y: float, cell: float, diamonds: int) -> str:
    """The path of one thread: the same on every paper of one size."""
    rows = [row for number in range(diamonds) for row in _picks(number)] + [_picks(0)[0]]
    lows = [y + number * cell for number in range(len(rows))]
    return _path([_stretches(row, thread) for row in rows], x, lows, cell)


def _picks(number: int) -> list[str]:
    return [row.replace("o", "mp"[number % 2]) for row in DIAMOND]


def _stretches(row: str, letter: str) -> list[tuple[int, int]]:
    """Where `letter` lies on top, as (from, to)."""
    return [found.span() for found in re.finditer(f"{letter}+", row)]


def draw_qr(canvas: Canvas, content: str, *, x: float, y: float, side: float) -> None:
    """Draw a QR code (ISO/IEC 18004, correction M or better) as one path, its quiet zone within `side`."""
    rows = qr.rows_of(content)
    cell = side / (len(rows) + 2 * qr.QUIET)
    lows = [y + side - (number + 1) * cell for number in range(qr.QUIET, len(rows) + qr.QUIET)]
    moved = [[(start + qr.QUIET, end + qr.QUIET) for start, end in _stretches(row, "1")] for row in rows]
    canvas.setFillColor(INK)
    _fill(canvas, _path(moved, x, lows, cell))


def _path(rows: list[list[tuple[int, int]]], x: float, lows: list[float], cell: float) -> str:
    """Stretches as rectangles of one path, as reportlab writes them; each number is put into words once."""
    last = max((end for row in rows for _start, end in row), default=0)
    lefts = [fp_str(x + place * cell) for place in range(last)]
    widths = [fp_str(many * cell) for many in range(last + 1)]
    high = fp_str(cell)
    parts = ["n"]
    for row, low in zip(rows, map(fp_str, lows), strict=True):
        parts += [f"{lefts[start]} {low} {widths[end - start]} {high} re" for start, end in row]
    return " ".join(parts)


def _fill(canvas: Canvas, path: str) -> None:
    canvas._code.append(path)
    canvas._strokeAndFill(0, 1)
