"""The foot of the paper: place and day, number, code, where to check it, and the QR that says the same."""

from datetime import date

from reportlab.pdfgen.canvas import Canvas

from certificates.models import Certificate

from . import lettering, ornament, wording, words, words_english
from .design import Design, tag_of
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
    if said := _of_the_log(certificate, design):
        line, language = said
        with tags.element("P", language=language):
            block = lettering.fit(line, face=REGULAR, sizes=[8, 7, 6], measure=sheet.foot_measure, most_lines=1)
            lettering.draw(canvas, sheet.left, y + 3, line, face=REGULAR, size=block.size)
    _draw_qr(canvas, tags, sheet, certificate.facts["verify_url"], qr)


def _of_the_log(certificate: Certificate, design: Design) -> tuple[str, str] | None:
    """The newest checkpoint when it was issued, short, and its language where it is not that of the paper.

    None on papers from before: what was issued stays as it was issued.
    """
    if not (said := certificate.facts.get("log")):
        return None
    short = f"{said['root'][:4]}-{said['root'][4:8]}".upper()
    day, size = date.fromisoformat(said["day"]), said["size"]
    if design.language == wording.ENGLISH:
        leaves = "leaf" if size == 1 else "leaves"
        return f"Public register on {words_english.day(day)}: {size} {leaves} · {short}", ""
    leaves = "hoja" if size == 1 else "hojas"
    spanish = "" if design.language == wording.SPANISH else tag_of(wording.SPANISH)
    return f"Registro público al {words.day(day)}: {size} {leaves} · {short}", spanish


def _draw_qr(canvas: Canvas, tags: Tags, sheet: Sheet, address: str, qr: str) -> None:
    x, y = sheet.right - QR_SIDE + 9, EDGE - 9
    said = f"Código QR que abre la página para verificar este documento: {address}"
    with tags.element("Figure", alt=said, box=(x, y, x + QR_SIDE, y + QR_SIDE)):
        ornament.draw_qr(canvas, qr or address, x=x, y=y, side=QR_SIDE)
