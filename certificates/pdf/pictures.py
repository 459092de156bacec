"""Logos and signatures on the paper: PNG files of ours, put into the PDF as they are.

What `certificates.domain.pictures` keeps is a PNG in grey of eight bits or with a palette, not interlaced and without
transparency. PDF packs pictures as PNG does (ISO 32000-1 §7.4.4.4), so the packed lines go over unopened.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFStream
from reportlab.pdfgen.canvas import Canvas

from certificates.models import TemplatePicture

from .tagging import Tags

_HEAD = b"\x89PNG\r\n\x1a\n"
PALETTE = 3
KINDS = {(8, 0), (1, PALETTE), (2, PALETTE), (4, PALETTE), (8, PALETTE)}


@dataclass(frozen=True)
class Picture:
    """A PNG, taken apart: size in its own points, bits a point, palette (red, green, blue …) or none, packed lines."""

    width: int
    height: int
    bits: int
    palette: bytes
    packed: bytes


def parse(content: bytes) -> Picture:
    """Take a PNG of ours apart. Raises ValueError for any other."""
    if not content.startswith(_HEAD):
        raise ValueError("no PNG")
    chunks = _chunks(content)
    width, height, bits, colour, _packing, _filter, interlaced = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    if (bits, colour) not in KINDS or interlaced or b"tRNS" in chunks:
        raise ValueError("no PNG of ours")
    return Picture(width, height, bits, chunks.get(b"PLTE", b"") if colour == PALETTE else b"", chunks[b"IDAT"])


def _chunks(content: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    place = len(_HEAD)
    while place < len(content):
        length, name = struct.unpack(">I4s", content[place : place + 8])
        found[name] = found.get(name, b"") + content[place + 8 : place + 8 + length]
        place += length + 12
    return found


@lru_cache(maxsize=64)
def _kept(digest: str) -> Picture:
    """Read and taken apart once in a process; a digest never means other bytes."""
    return parse(bytes(TemplatePicture.objects.get(sha256=digest).content))


def find(digest: str, unsaved: Mapping[str, bytes] | None = None) -> Picture:
    """The picture of a digest. `unsaved` are those of a sample, which may not be kept yet."""
    return parse(unsaved[digest]) if unsaved and digest in unsaved else _kept(digest)


def draw(
    canvas: Canvas,
    tags: Tags,
    digest: str,
    *,
    alt: str,
    box: tuple[float, float, float, float],
    unsaved: Mapping[str, bytes] | None = None,
) -> float:
    """As large as fits into `box` (left, bottom, width, height), at its left, on its ground; returns its width."""
    picture = find(digest, unsaved)
    left, bottom, most_width, most_height = box
    scale = min(most_width / picture.width, most_height / picture.height)
    width, height = picture.width * scale, picture.height * scale
    name = _ensure_object(canvas, digest, picture)
    with tags.element("Figure", alt=alt, box=(left, bottom, left + width, bottom + height)):
        canvas.saveState()
        canvas.transform(width, 0, 0, height, left, bottom)
        canvas._code.append(f"/{name} Do")
        canvas.restoreState()
    return width


def _ensure_object(canvas: Canvas, digest: str, picture: Picture) -> str:
    """The name of the picture in the file; there it stands once, however often it is drawn."""
    document = canvas._doc
    name = document.getXObjectName(digest)
    if name not in document.idToObject:
        stream = _Image(picture)
        canvas._setXObjects(stream)
        document.Reference(stream, name)
        document.addForm(digest, stream)
    canvas._formsinuse.append(digest)
    canvas._currentPageHasImages = 1
    return name


class _Image(PDFStream):
    """The picture as reportlab writes it."""

    def __init__(self, picture: Picture) -> None:
        packing = {"Predictor": 15, "Colors": 1, "BitsPerComponent": picture.bits, "Columns": picture.width}
        said = {
            "Type": PDFName("XObject"),
            "Subtype": PDFName("Image"),
            "Width": picture.width,
            "Height": picture.height,
            "BitsPerComponent": picture.bits,
            "ColorSpace": self._colours(picture),
            "Filter": PDFName("FlateDecode"),
            "DecodeParms": PDFDictionary(packing),
        }
        super().__init__(PDFDictionary(said), picture.packed)

    @staticmethod
    def _colours(picture: Picture) -> object:
        if not picture.palette:
            return PDFName("DeviceGray")
        last = len(picture.palette) // 3 - 1
        return PDFArray([PDFName("Indexed"), PDFName("DeviceRGB"), last, f"<{picture.palette.hex()}>"])
