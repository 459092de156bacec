"""The lines to sign on, each with a picture of the signature above it, where there is one, and name and role below."""

from collections.abc import Mapping

from reportlab.pdfgen.canvas import Canvas

from . import lettering, ornament, pictures
from .design import Design
from .lettering import BOLD, REGULAR, Block
from .sheet import Sheet
from .tagging import Tags

SIGNED = 38.0  # how high a picture of a signature is at most
ROOM_BELOW = 30.0  # from the first base line under a line to sign on down to the foot


def draw_signatories(
    canvas: Canvas, tags: Tags, sheet: Sheet, design: Design, unsaved: Mapping[str, bytes] | None = None
) -> None:
    """As many as there are, side by side."""
    if not design.signatories:
        return
    column = sheet.measure / len(design.signatories)
    length = min(column - 24, 190)
    size = 10.5 if design.is_first else min(_size_for(_said(one), length) for one in design.signatories)
    for number, signatory in enumerate(design.signatories):
        x = sheet.left + number * column
        said = _said(signatory)
        if digest := signatory.get("sha256"):
            alt = f"Firma de {' '.join(text for text, _face in said if text)}"
            box = (x, sheet.foot + 44, length, SIGNED)
            pictures.draw(canvas, tags, digest, alt=alt, box=box, unsaved=unsaved)
        with tags.ornament():
            canvas.setStrokeColor(ornament.INK)
            canvas.setLineWidth(0.7)
            canvas.line(x, sheet.foot + 42, x + length, sheet.foot + 42)
        canvas.setFillColor(ornament.INK)
        y = sheet.foot + 30
        for text, face in said:
            if text:
                block = Block(design.wrap(text, face, size, length), face, size, _leading(size), text)
                y = _draw_small(canvas, tags, block, x=x, y=y)


def _said(signatory: dict) -> list[tuple[str, str]]:
    return [(signatory.get("name", ""), BOLD), (signatory.get("role", ""), REGULAR)]


def _size_for(said: list[tuple[str, str]], measure: float) -> float:
    """The largest size at which name and role stay above the foot."""
    for size in (10.5, 9.5, 8.5, 7.5, 6.5):
        lines = sum(len(lettering.wrap(text, face, size, measure)) for text, face in said if text)
        if (lines - 1) * _leading(size) <= ROOM_BELOW:
            return size
    return 5.5


def _leading(size: float) -> float:
    return 12 if size == 10.5 else size * 1.14


def _draw_small(canvas: Canvas, tags: Tags, block: Block, *, x: float, y: float) -> float:
    """A paragraph under a line to sign on, its first base line at `y`; returns that of whatever comes below."""
    with tags.element("P"):
        for line in block.spaced_lines():
            lettering.draw(canvas, x, y, line, face=block.face, size=block.size)
            y -= block.leading
    return y
