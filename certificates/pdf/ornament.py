"""The woven band and the QR: everything on the paper that is not type."""

import segno
from reportlab.lib.colors import HexColor
from reportlab.pdfgen.canvas import Canvas

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
    rows = [row for number in range(diamonds) for row in _picks(number)] + [_picks(0)[0]]
    canvas.setFillColor(ANIL)
    canvas.rect(x, y, cell * THREADS, height, stroke=0, fill=1)
    for thread, colour in _COLOURS.items():
        path = canvas.beginPath()
        for number, row in enumerate(rows):
            for start, end in _stretches(row, thread):
                path.rect(x + start * cell, y + number * cell, (end - start) * cell, cell)
        canvas.setFillColor(colour)
        canvas.drawPath(path, stroke=0, fill=1)
    return cell * THREADS


def _picks(number: int) -> list[str]:
    return [row.replace("o", "mp"[number % 2]) for row in DIAMOND]


def _stretches(row: str, thread: str) -> list[tuple[int, int]]:
    """Where `thread` lies on top, as (from, to)."""
    found: list[tuple[int, int]] = []
    for place, letter in enumerate(row):
        if letter != thread:
            continue
        if found and found[-1][1] == place:
            found[-1] = found[-1][0], place + 1
        else:
            found.append((place, place + 1))
    return found


def draw_qr(canvas: Canvas, content: str, *, x: float, y: float, side: float) -> None:
    """Draw a QR code (ISO/IEC 18004, correction M or better) as one path, its quiet zone within `side`."""
    rows = [
        "".join("10"[not module] for module in row) for row in segno.make_qr(content, error="m").matrix_iter(border=4)
    ]
    cell = side / len(rows)
    path = canvas.beginPath()
    for number, row in enumerate(rows):
        for start, end in _stretches(row, "1"):
            path.rect(x + start * cell, y + side - (number + 1) * cell, (end - start) * cell, cell)
    canvas.setFillColor(INK)
    canvas.drawPath(path, stroke=0, fill=1)
