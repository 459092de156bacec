"""A worksheet to print and fill in by hand: a title, questions, and lines to write on. Letter paper."""

from io import BytesIO

from reportlab.lib.pagesizes import LETTER
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

MARGIN = 20 * mm
LINE = 8 * mm


def render_worksheet(*, title: str, lead: str, questions: list[tuple[str, int]], foot: str) -> bytes:
    """One page of PDF. Each question comes with its number of empty lines; all must fit the page."""
    buffer = BytesIO()
    width, height = LETTER
    canvas = Canvas(buffer, pagesize=LETTER, lang="es")
    canvas.setTitle(title)
    canvas.setAuthor("Aula Municipal")
    canvas.setFont("Helvetica-Bold", 18)
    canvas.drawString(MARGIN, height - MARGIN - 4 * mm, title)
    canvas.setFont("Helvetica", 10)
    canvas.drawString(MARGIN, height - MARGIN - 11 * mm, lead)
    y = height - MARGIN - 24 * mm
    for number, (question, lines) in enumerate(questions, start=1):
        canvas.setFont("Helvetica-Bold", 11.5)
        canvas.drawString(MARGIN, y, f"{number}. {question}")
        canvas.setLineWidth(0.4)
        for _line in range(lines):
            y -= LINE
            canvas.line(MARGIN, y, width - MARGIN, y)
        y -= LINE
    canvas.setFont("Helvetica", 9)
    canvas.drawString(MARGIN, MARGIN - 5 * mm, foot)
    canvas.save()
    return buffer.getvalue()
