"""The text of the paper, hung from the top: who certifies, what, to whom, for what, in which sentences."""

from dataclasses import dataclass, replace

from reportlab.pdfgen.canvas import Canvas

from certificates.models import Certificate

from . import lettering, ornament
from .design import Design
from .lettering import BOLD, ITALIC, REGULAR, Block
from .sheet import Sheet
from .tagging import Tags

UNDER_NAME = 11.0
ABOVE_BASE = 0.8  # of the size: from the top of a line to its base line
# A paper with much on it is set smaller, step by step; the first that has room is taken.
LEAST_WHITE = 3.5
SCALES = (1, 0.92, 0.84, 0.76, 0.68, 0.6, 0.52, 0.45)


@dataclass(frozen=True)
class Piece:
    """A block with its colour, the white above it, and what it is for a reader; `language` where it is another one."""

    block: Block
    colour: object
    gap: float
    tag: str = "P"
    language: str = ""
    is_name: bool = False


@dataclass(frozen=True)
class Stack:
    """All of the text at one scale, and how high it is without the white that is shared out."""

    pieces: list[Piece]
    details: list[Piece]
    height: float


def draw_text(
    canvas: Canvas, tags: Tags, sheet: Sheet, design: Design, certificate: Certificate, *, top: float
) -> None:
    """From `top` down to the lines to sign on, the room between shared out evenly."""
    bottom = sheet.foot + (84 if design.signatories or design.is_first else 12)
    for scale in SCALES:
        stack = _stack(sheet, design, certificate, scale)
        room = top - bottom - stack.height - UNDER_NAME
        if room >= LEAST_WHITE * len(stack.pieces) or design.is_first:
            break
    spread = min(max(room / (len(stack.pieces) + 1), 0), sheet.most_spread)
    y = top + spread
    for piece in stack.pieces:
        with tags.element(piece.tag, language=piece.language):
            y = _draw_block(canvas, piece, sheet.left, y - piece.gap - spread)
        if piece.is_name:
            with tags.ornament():
                y = _underline(canvas, sheet, y - UNDER_NAME)
    y -= 5 + spread
    for piece in stack.details:
        block = piece.block
        with tags.element("P", language=piece.language):
            y = _draw_block(canvas, piece, sheet.left, y) + block.size * ABOVE_BASE - block.leading


def _stack(sheet: Sheet, design: Design, certificate: Certificate, scale: float) -> Stack:
    pieces = [piece for piece in _pieces(sheet, design, certificate, scale) if piece.block.text or design.is_first]
    tag = design.tag("body")
    details = [Piece(_sentence(text, sheet, design, scale), ornament.INK, 0, "P", tag) for text in design.sentences()]
    height = sum(piece.block.height + piece.gap for piece in pieces) + _height_together(details) + 5
    return Stack(pieces, details, height)


def _pieces(sheet: Sheet, design: Design, certificate: Certificate, scale: float) -> list[Piece]:
    measure = sheet.measure
    name = lettering.fit(
        certificate.person_name,
        face=BOLD,
        sizes=[size * scale for size in (34, 31, 28, 25, 23, 21, 19, 17, 15)],
        measure=measure,
        most_lines=2,
    )
    course = lettering.fit(
        certificate.course_title,
        face=REGULAR,
        sizes=[size * scale for size in (22, 20, 18, 16, 14, 12)],
        measure=measure,
        most_lines=3,
    )

    def quiet(key: str, gap: float) -> Piece:
        block = _line(design.said(key), ITALIC, 13 * scale, measure)
        return Piece(block, ornament.QUIET, gap * scale, "P", design.tag(key))

    title = _line(design.said("title"), REGULAR, 46 * scale, measure)
    intro = [
        Piece(_sentence(text, sheet, design, 0.92 * scale), ornament.INK, 6 * scale, "P", design.tag("intro"))
        for text in design.lines("intro")
    ]
    return [
        Piece(_line(certificate.issuer, BOLD, 14.5 * scale, measure), ornament.ANIL, 0),
        *intro,
        quiet("grants", 8),
        Piece(title, ornament.ANIL, 2 * scale, "H1", design.tag("title")),
        quiet("to", 10),
        Piece(name, ornament.INK, 1 * scale, is_name=True),
        quiet("reason", 10),
        Piece(course, ornament.INK, 2 * scale),
    ]


def _line(text: str, face: str, size: float, measure: float) -> Block:
    return lettering.fit(text, face=face, sizes=[size, size * 0.85, size * 0.7], measure=measure, most_lines=1)


def _sentence(text: str, sheet: Sheet, design: Design, scale: float) -> Block:
    """A sentence on a line of its own, or more."""
    size = 12.5 * scale
    return Block(design.wrap(text, REGULAR, size, sheet.measure), REGULAR, size, size * 1.45, text)


def _height_together(pieces: list[Piece]) -> float:
    """That of blocks of one leading under each other, from the top of the first line to the base line of the last."""
    lines = sum(len(piece.block.lines) for piece in pieces)
    return replace(pieces[0].block, lines=("",) * lines).height if pieces else 0


def _draw_block(canvas: Canvas, piece: Piece, left: float, top: float) -> float:
    """Draw a block hanging from `top`; returns the base line of its last line."""
    block = piece.block
    canvas.setFillColor(piece.colour)
    y = top - block.size * ABOVE_BASE
    for number, line in enumerate(block.spaced_lines()):
        lettering.draw(canvas, left, y - number * block.leading, line, face=block.face, size=block.size)
    return y - (len(block.lines) - 1) * block.leading


def _underline(canvas: Canvas, sheet: Sheet, y: float) -> float:
    """The thread under the name: red, with a knot of maíz at its beginning."""
    canvas.setFillColor(ornament.COCHINILLA)
    canvas.rect(sheet.left, y, sheet.measure, 1.2, stroke=0, fill=1)
    canvas.setFillColor(ornament.MAIZ)
    canvas.rect(sheet.left, y - 0.9, 36, 3, stroke=0, fill=1)
    return y
