"""A document of plain text: letter paper, upright, as many pages as it takes; archivable, accessible, ready for a seal.

What it says comes as pieces, in the order of reading. The same pieces and description give the same bytes.
"""

import io
from calendar import timegm
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reportlab.lib.pagesizes import letter
from reportlab.pdfgen.canvas import Canvas

from . import lettering, ornament
from .finishing import Attachment, finish_pages
from .lettering import BOLD, ITALIC, REGULAR
from .metadata import Description
from .tagging import Element, Tags

WIDTH, HEIGHT = letter
EDGE, LEFT, RIGHT = 27.0, 72.0, WIDTH - 54.0
TOP, BOTTOM = HEIGHT - 54.0, 60.0


class Piece(StrEnum):
    """What a stretch of text is: it decides its look and its tag."""

    TITLE = "H1"
    HEADING = "H2"
    NAME = "H3"
    TEXT = "P"
    QUIET = "P quiet"


@dataclass(frozen=True)
class _Look:
    face: str
    size: float
    colour: object
    above: float
    room: float
    """How much has to fit below its first line, so that no heading is the last of a page."""


_LOOKS = {
    Piece.TITLE: _Look(BOLD, 22, ornament.ANIL, 0, 60),
    Piece.HEADING: _Look(BOLD, 14, ornament.ANIL, 12, 48),
    Piece.NAME: _Look(BOLD, 10.5, ornament.INK, 7, 28),
    Piece.TEXT: _Look(REGULAR, 10, ornament.INK, 1.5, 0),
    Piece.QUIET: _Look(ITALIC, 9.5, ornament.QUIET, 3, 0),
}


def render(
    described: Description, pieces: Iterable[tuple[Piece, str]], attachments: Sequence[Attachment] = ()
) -> bytes:
    """The unsigned file."""
    sheet = _Sheet(described)
    for piece, text in pieces:
        sheet.write(piece, text)
    return finish_pages(sheet.finish(), sheet.pages, described, attachments)


class _Sheet:
    """A canvas that goes on to the next page by itself. `y` is the base line of what was drawn last."""

    def __init__(self, described: Description) -> None:
        lettering.register_faces()
        self._out, self._title = io.BytesIO(), described.title
        self._canvas = Canvas(
            self._out,
            pagesize=letter,
            invariant=1,
            pdfVersion=(1, 7),
            initialFontName=REGULAR,
            pageCompression=1,
            lang="es-GT",
        )
        self._describe(described)
        self.pages: list[list[Element]] = []
        self._begin_page()

    def write(self, piece: Piece, text: str) -> None:
        """Draw one piece; where it goes on over a page it is an element of each."""
        look = _LOOKS[piece]
        lines = lettering.wrap(" ".join(text.split()), look.face, look.size, RIGHT - LEFT)
        self._y -= look.above
        self._make_room(look.size * 1.35 + look.room)
        rest = list(lines)
        while rest:
            fits = max(1, int((self._y - BOTTOM) / (look.size * 1.35)))
            now, rest = rest[:fits], rest[fits:]
            with self._tags.element(piece.value.partition(" ")[0]):
                for line in now:
                    self._y -= look.size * 1.35
                    self._canvas.setFillColor(look.colour)
                    lettering.draw(self._canvas, LEFT, self._y, line, face=look.face, size=look.size)
            if rest:
                self._turn()

    def finish(self) -> bytes:
        """What reportlab wrote."""
        self._end_page()
        self._canvas.save()
        return self._out.getvalue()

    def _make_room(self, points: float) -> None:
        if self._y - points < BOTTOM:
            self._turn()

    def _turn(self) -> None:
        self._end_page()
        self._begin_page()

    def _begin_page(self) -> None:
        self._tags = Tags(self._canvas)
        self._y = TOP
        with self._tags.ornament():
            ornament.draw_band(self._canvas, x=EDGE, y=EDGE, height=HEIGHT - 2 * EDGE, diamonds=40)

    def _end_page(self) -> None:
        self.pages.append(self._tags.elements)
        foot = f"Aula Municipal · {self._title} · página {len(self.pages)}"
        with self._tags.ornament():
            self._canvas.setFillColor(ornament.QUIET)
            lettering.draw(self._canvas, LEFT, EDGE + 6, foot, face=REGULAR, size=8.5)
        self._canvas.showPage()

    def _describe(self, described: Description) -> None:
        canvas = self._canvas
        canvas.setTitle(described.title)
        canvas.setAuthor(described.author)
        canvas.setSubject(described.subject)
        canvas.setCreator("Aula Municipal")
        canvas.setKeywords([described.keyword])
        stamp, offset = canvas._doc._timeStamp, described.at.utcoffset()
        stamp.t = timegm(described.at.utctimetuple())
        stamp.lt = described.at.timetuple()
        stamp.YMDhms = tuple(stamp.lt)[:6]
        stamp.dhh = int(offset.total_seconds() // 3600) if offset else 0
