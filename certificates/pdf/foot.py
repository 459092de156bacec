"""The foot of the paper: place and day, number, code, where to check it, and the QR that says the same."""

from reportlab.pdfgen.canvas import Canvas

from certificates.models import Certificate

from . import lettering, ornament
from .design import Design
from .lettering import BOLD, REGULAR
from .sheet import EDGE, QR_SIDE, Sheet
from .tagging import Tags


def draw_foot(canvas: Canvas, tags: Tags, sheet: Sheet, design: Design, certificate: Certificate, *, qr: str) -> None:
    """Under a thin line."""
    with tags.ornament():
        canvas.setStrokeColor(ornament.QUIET)
        canvas.setLineWidth(0.4)
        canvas.line(sheet.left, sheet.foot - 14, sheet.right - QR_SIDE - 8, sheet.foot - 14)
    values = design.values
    number = f"{design.said('number')} {values['numero']}"
    if design.has_book:
        number = f"{number}   {design.said('book')}"
    lines = [
        (f"{values['lugar']}, {values['fecha']}", REGULAR, 11, ""),
        (number, BOLD, 11, design.tag("number")),
        (f"{design.said('code')} {certificate.grouped_code}", BOLD, 11, design.tag("code")),
        (design.said("check"), REGULAR, 10, design.tag("check")),
    ]
    canvas.setFillColor(ornament.INK)
    y = sheet.foot - 32
    for text, face, size, language in lines:
        block = lettering.fit(
            text,
            face=face,
            sizes=[size * part for part in (1, 0.9, 0.8, 0.7)],
            measure=sheet.foot_measure,
            most_lines=2,
        )
        with tags.element("P", language=language):
            for line_number, line in enumerate(block.spaced_lines()):
                lettering.draw(canvas, sheet.left, y - line_number * 12, line, face=face, size=block.size)
        y -= 15 + 12 * (len(block.lines) - 1)
    _draw_qr(canvas, tags, sheet, certificate.facts["verify_url"], qr)


def _draw_qr(canvas: Canvas, tags: Tags, sheet: Sheet, address: str, qr: str) -> None:
    x, y = sheet.right - QR_SIDE + 9, EDGE - 9
    said = f"Código QR que abre la página para verificar este documento: {address}"
    with tags.element("Figure", alt=said, box=(x, y, x + QR_SIDE, y + QR_SIDE)):
        ornament.draw_qr(canvas, qr or address, x=x, y=y, side=QR_SIDE)
