"""The sheet of a session: No., nombre, DPI, municipalidad, firma, as it is customary here. Letter paper, upright.

The DPI is left blank: whoever signs writes it. Twenty-five rows a page, with blank ones for who came without a seat.
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from reportlab.lib.pagesizes import letter
from reportlab.pdfgen.canvas import Canvas

from . import lettering, ornament
from .lettering import BOLD, REGULAR

WIDTH, HEIGHT = letter
EDGE, LEFT, RIGHT = 22.0, 54.0, WIDTH - 34.0
ROWS, ROW = 25, 23.2
LEAST_BLANK = 5
HEAD = 15.0
COLUMNS = (("No.", 28.0), ("Nombre", 184.0), ("DPI", 104.0), ("Municipalidad", 92.0), ("Firma", 0.0))


@dataclass(frozen=True)
class Sheet:
    """What stands on every page. `facts` are (label, value)."""

    issuer: str
    title: str
    part: str
    code: str
    facts: tuple[tuple[str, str], ...]


def page_count(people: int) -> int:
    """The pages that so many people take, with room for more."""
    return ceil((people + LEAST_BLANK) / ROWS)


def render_sheet(sheet: Sheet, people: Iterable[tuple[int, str, str]]) -> bytes:
    """The PDF. `people` are (number, name, municipality) in the order of the numbers."""
    lettering.register_faces()
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=letter, pdfVersion=(1, 7), initialFontName=REGULAR, pageCompression=1, lang="es-GT")
    canvas.setTitle(f"Hoja de asistencia {sheet.code}")
    canvas.setAuthor(sheet.issuer)
    canvas.setCreator("Aula Municipal")
    listed = list(people)
    total = page_count(len(listed))
    for page in range(total):
        top = _draw_head(canvas, sheet)
        _draw_rows(canvas, top, listed[page * ROWS : (page + 1) * ROWS])
        _draw_foot(canvas, sheet, page + 1, total)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _draw_head(canvas: Canvas, sheet: Sheet) -> float:
    """Who invites, to what, when and where; the same on each page. Returns where the table begins."""
    ornament.draw_band(canvas, x=EDGE, y=EDGE, height=HEIGHT - 2 * EDGE, diamonds=40)
    y = HEIGHT - 36
    canvas.setFillColor(ornament.QUIET)
    lettering.draw(canvas, LEFT, y, sheet.issuer, face=REGULAR, size=9)
    code = f"Hoja {sheet.code}"
    canvas.setFillColor(ornament.ANIL)
    lettering.draw(canvas, RIGHT - lettering.width(code, BOLD, 11), y, code, face=BOLD, size=11)
    y -= 20
    title = lettering.fit(sheet.title, face=BOLD, sizes=[15, 13, 11.5], measure=RIGHT - LEFT, most_lines=1)
    for line in title.lines[:2]:
        lettering.draw(canvas, LEFT, y, line, face=BOLD, size=title.size)
        y -= title.leading
    canvas.setFillColor(ornament.INK)
    lettering.draw(canvas, LEFT, y, f"Hoja de asistencia · {_one_line(sheet.part, 10.5, 380)}", face=REGULAR, size=10.5)
    y -= 15
    for label, value in sheet.facts:
        canvas.setFillColor(ornament.QUIET)
        lettering.draw(canvas, LEFT, y, label, face=REGULAR, size=9)
        canvas.setFillColor(ornament.INK)
        lettering.draw(canvas, LEFT + 62, y, _one_line(value, 9.5, RIGHT - LEFT - 62), face=REGULAR, size=9.5)
        y -= 12.5
    return y - 2


def _draw_rows(canvas: Canvas, top: float, people: list[tuple[int, str, str]]) -> None:
    """The heading and twenty-five rows; those beyond the list are blank."""
    bottom = top - HEAD - ROWS * ROW
    canvas.setStrokeColor(ornament.QUIET)
    canvas.setLineWidth(0.5)
    for number in range(ROWS + 1):
        canvas.line(LEFT, bottom + number * ROW, RIGHT, bottom + number * ROW)
    canvas.line(LEFT, top, RIGHT, top)
    x = LEFT
    for name, width in COLUMNS:
        canvas.line(x, bottom, x, top)
        canvas.setFillColor(ornament.ANIL)
        lettering.draw(canvas, x + 4, top - HEAD + 4, name, face=BOLD, size=9)
        x += width
    canvas.line(RIGHT, bottom, RIGHT, top)
    canvas.setFillColor(ornament.INK)
    for place, (number, name, municipality) in enumerate(people):
        y = top - HEAD - (place + 1) * ROW
        lettering.draw(canvas, LEFT + 4, y + 8, str(number), face=REGULAR, size=9.5)
        _draw_cell(canvas, LEFT + COLUMNS[0][1], y, COLUMNS[1][1], name)
        _draw_cell(canvas, LEFT + sum(width for _name, width in COLUMNS[:3]), y, COLUMNS[3][1], municipality)


def _draw_cell(canvas: Canvas, x: float, y: float, width: float, text: str) -> None:
    block = lettering.fit(text, face=REGULAR, sizes=[10, 9, 8, 7], measure=width - 8, most_lines=1)
    lines = block.lines[:2]
    base = y + (8 if len(lines) == 1 else 12.5)
    for number, line in enumerate(lines):
        lettering.draw(canvas, x + 4, base - number * 8, line, face=REGULAR, size=block.size)


def _draw_foot(canvas: Canvas, sheet: Sheet, page: int, total: int) -> None:
    canvas.setFillColor(ornament.QUIET)
    said = f"Hoja {sheet.code} · página {page} de {total}"
    lettering.draw(canvas, LEFT, 30, "Firma de quien facilita: ______________________________", face=REGULAR, size=9)
    lettering.draw(canvas, RIGHT - lettering.width(said, REGULAR, 9), 30, said, face=REGULAR, size=9)


def _one_line(text: str, size: float, measure: float) -> str:
    lines = lettering.wrap(text, REGULAR, size, measure)
    return lines[0] if len(lines) == 1 else f"{lines[0]}…"
