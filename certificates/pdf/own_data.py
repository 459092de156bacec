"""Everything kept about a person, to read and to print: letter paper, upright, as many pages as it takes.

Drawn from the document of `lms.domain.own_data` as it stands: what has a value is told by its label, lists of things
one thing after the other. `LABELS` names every key that may occur; a test holds it against a full document.
"""

import io
from datetime import date, datetime
from typing import Any

from reportlab.lib.pagesizes import letter
from reportlab.pdfgen.canvas import Canvas

from . import lettering, ornament, words
from .lettering import BOLD, ITALIC, REGULAR
from .own_labels import LABELS

WIDTH, HEIGHT = letter
EDGE, LEFT, RIGHT = 27.0, 72.0, WIDTH - 54.0
TOP, BOTTOM = HEIGHT - 54.0, 60.0
SIZE, LEADING, LABEL_WIDTH = 10.0, 13.5, 150.0
# Long lists of small steps: whole in the JSON file, counted here.
COUNTED = frozenset({"segments", "learning_events", "acts"})


def render_own_data(document: dict) -> bytes:
    """The PDF of a document of version 1."""
    sheet = _Sheet()
    record = document["record"]
    who = record["kernel"]["identity"]
    sheet.title("Mis datos en Aula Municipal", f"{who['given_names']} {who['surnames']}".strip())
    sheet.paragraph(
        f"Todo lo que el sistema guarda de usted, hecho el {_moment(document['made_at'])}. Lleva su CUI completo: "
        "guárdelo como guarda su DPI. El archivo JSON dice lo mismo con cada detalle.",
        ITALIC,
    )
    _tell_record(sheet, record)
    for number, joined in enumerate(document["joined_records"], start=1):
        sheet.heading(f"Registro que se unió al suyo ({number})", 16)
        _tell_record(sheet, joined)
    return sheet.finish()


def _tell_record(sheet: "_Sheet", record: dict) -> None:
    for name, part in record.items():
        if _says_something(part):
            sheet.heading(LABELS[name], 16)
            for key, value in part.items():
                _tell(sheet, key, value)


def _says_something(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_says_something, value.values()))
    return value is not None and value not in ([], "")


def _tell(sheet: "_Sheet", key: str, value: Any) -> None:
    """A heading, and what stands under it."""
    if not _says_something(value):
        return
    sheet.heading(LABELS[key], 12)
    if key in COUNTED:
        sheet.paragraph(f"{len(value)} anotaciones. Están completas en el archivo JSON.", REGULAR)
    elif isinstance(value, dict):
        _pairs(sheet, value, 0)
    else:
        for one in value:
            _thing(sheet, one, 0)


def _thing(sheet: "_Sheet", one: dict, depth: int) -> None:
    """One of a list: its first datum as its name, the others below."""
    (first, name), *rest = one.items()
    sheet.entry(_in_words(first, name) or "—", depth)
    _pairs(sheet, dict(rest), depth + 1)
    sheet.gap(4)


def _pairs(sheet: "_Sheet", data: dict, depth: int) -> None:
    for key, value in data.items():
        if not _says_something(value):
            continue
        if key in COUNTED:
            sheet.pair(LABELS[key], f"{len(value)}, completos en el archivo JSON", depth)
        elif isinstance(value, list) and isinstance(value[0], dict):
            sheet.pair(LABELS[key], str(len(value)), depth)
            for one in value:
                _thing(sheet, one, depth + 1)
        elif isinstance(value, dict):
            sheet.pair(LABELS[key], "", depth)
            _pairs(sheet, value, depth + 1)
        else:
            sheet.pair(LABELS[key], _in_words(key, value), depth)


def _in_words(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "Sí" if value else "No"
    if isinstance(value, list):
        return "; ".join(map(str, value))
    if key.endswith("_at") or key == "at":
        return _moment(value)
    if key.endswith("_on"):
        return words.day(date.fromisoformat(value))
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


def _moment(text: str) -> str:
    at = datetime.fromisoformat(text)
    return f"{words.day(at.date())}, {at:%H:%M}"


class _Sheet:
    """A canvas that goes on to the next page by itself. `y` is the base line of what was drawn last."""

    def __init__(self) -> None:
        lettering.register_faces()
        self.out = io.BytesIO()
        self.canvas = Canvas(
            self.out, pagesize=letter, pdfVersion=(1, 7), initialFontName=REGULAR, pageCompression=1, lang="es-GT"
        )
        self.canvas.setTitle("Mis datos")
        self.canvas.setAuthor("Aula Municipal")
        self.canvas.beginForm("band")
        ornament.draw_band(self.canvas, x=EDGE, y=EDGE, height=HEIGHT - 2 * EDGE, diamonds=40)
        self.canvas.endForm()
        self.page = 0
        self._begin_page()

    def title(self, text: str, name: str) -> None:
        """The head of the first page."""
        self._lines(text, BOLD, 22, ornament.ANIL, LEFT)
        self.gap(4)
        self._lines(name, REGULAR, 15, ornament.INK, LEFT)
        self.gap(8)

    def heading(self, text: str, size: float) -> None:
        """A heading is never the last line of a page."""
        self.gap(size * 0.7)
        self._make_room(size + 3 * LEADING)
        self._lines(text, BOLD, size, ornament.ANIL, LEFT)
        if size > 14:
            self.y -= 8
            self.canvas.setFillColor(ornament.COCHINILLA)
            self.canvas.rect(LEFT, self.y, RIGHT - LEFT, 1, stroke=0, fill=1)
        self.gap(4)

    def paragraph(self, text: str, face: str) -> None:
        """A text over the whole width."""
        self._lines(text, face, SIZE, ornament.INK, LEFT)

    def entry(self, text: str, depth: int) -> None:
        """The name of one thing of a list."""
        self._make_room(2 * LEADING)
        self._lines(text, BOLD, SIZE, ornament.INK, LEFT + 12 * depth)

    def pair(self, label: str, value: str, depth: int) -> None:
        """A label, and beside it what it says."""
        x = LEFT + 12 * depth
        at = x + LABEL_WIDTH - 12 * min(depth, 3)
        lines = lettering.wrap(value, REGULAR, SIZE, RIGHT - at) if value else ("",)
        self._make_room(LEADING)
        for number, line in enumerate(lines):
            self._down(LEADING)
            if not number:
                self.canvas.setFillColor(ornament.QUIET)
                lettering.draw(self.canvas, x, self.y, label, face=REGULAR, size=SIZE)
            self.canvas.setFillColor(ornament.INK)
            lettering.draw(self.canvas, at, self.y, line, face=REGULAR, size=SIZE)

    def gap(self, points: float) -> None:
        """Some air."""
        self.y -= points

    def finish(self) -> bytes:
        """The bytes."""
        self._end_page()
        self.canvas.save()
        return self.out.getvalue()

    def _lines(self, text: str, face: str, size: float, colour: object, x: float) -> None:
        for line in lettering.wrap(" ".join(text.split()), face, size, RIGHT - x):
            self._down(size * 1.35)
            self.canvas.setFillColor(colour)
            lettering.draw(self.canvas, x, self.y, line, face=face, size=size)

    def _down(self, points: float) -> None:
        self._make_room(points)
        self.y -= points

    def _make_room(self, points: float) -> None:
        if self.y - points < BOTTOM:
            self._end_page()
            self._begin_page()

    def _begin_page(self) -> None:
        self.page += 1
        self.y = TOP
        self.canvas.doForm("band")

    def _end_page(self) -> None:
        self.canvas.setFillColor(ornament.QUIET)
        foot = f"Aula Municipal · Mis datos · página {self.page}"
        lettering.draw(self.canvas, LEFT, EDGE + 6, foot, face=REGULAR, size=8.5)
        self.canvas.showPage()
