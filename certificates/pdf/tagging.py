"""Marked content: what each stretch of a page is, for readers that cannot see it (ISO 32000-1 §14.6 to §14.8).

Everything on a page is drawn inside `Tags.element` or `Tags.ornament`; the order of the elements is the order of
reading. `certificates.pdf.finishing` makes the structure tree of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from reportlab.pdfgen.canvas import Canvas


@dataclass(frozen=True)
class Element:
    """A paragraph, heading or figure of the page; its place in the list is its number in the marked content.

    `alt` says a figure in words, `box` is where it stands (left, bottom, right, top in points), `language` is its own
    where that is not the language of the file.
    """

    tag: str
    alt: str = ""
    box: tuple[float, float, float, float] | None = None
    language: str = ""


class Tags:
    """The elements of the one page of a canvas, collected while it is drawn."""

    def __init__(self, canvas: Canvas):
        self._canvas = canvas
        self.elements: list[Element] = []

    @contextmanager
    def element(
        self,
        tag: str,
        *,
        alt: str = "",
        box: tuple[float, float, float, float] | None = None,
        language: str = "",
    ) -> Iterator:
        """What is drawn inside is one element: `P`, `H1`, `Figure` …"""
        self._canvas._code.append(f"/{tag} <</MCID {len(self.elements)}>> BDC")
        self.elements.append(Element(tag, alt, box, language))
        yield
        self._canvas._code.append("EMC")

    @contextmanager
    def ornament(self) -> Iterator:
        """What is drawn inside says nothing, and is passed over."""
        self._canvas._code.append("/Artifact BMC")
        yield
        self._canvas._code.append("EMC")
