"""What hides in a PDF (ISO 32000): scripts, programs to start, files within, forms with a program of their own.

A reader finds an object wherever the file's own table says, inside what looks like a picture too. So nothing of its
structure is believed: all bytes are searched, and all that any stream unpacks to.
"""

import contextlib
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from lms.domain.errors import RuleBroken

PIECE, BLOCK = 16 * 1024, 1024**2
OVERLAP = 256  # longer than any name below with all its letters written as #41
MAX_STREAMS = 200_000
DICTIONARY_BYTES = 2048
STREAM = re.compile(rb"(?<!end)stream\r?\n")
REGULAR = rb"[^\0\t\n\f\r ()<>\[\]{}/%]"


def _name(*names: str) -> re.Pattern[bytes]:
    """Any of these names, letters written as #41 too; not as the beginning of a longer name."""
    spelt = ("".join(f"(?:{letter}|#{ord(letter):02x}|#{ord(letter):02X})" for letter in name) for name in names)
    return re.compile(rb"/(?:" + "|".join(spelt).encode() + rb")(?!" + REGULAR + rb")")


ACTION = _name("JavaScript", "Launch", "ImportData", "GoToE")
# A text says "HTML5/JavaScript", too. A name of an action stands after a blank or a bracket, or one of these.
BEFORE_ACTION = re.compile(rb"(?:[\0\t\n\f\r ()<>\[\]{}/%]|/S|/Type|[0-9]\s+R|obj)$")
CARRIED = _name("EmbeddedFile", "EmbeddedFiles", "FileAttachment", "RichMedia", "XFA")
ENCRYPTED, OBJECTS = _name("Encrypt"), _name("ObjStm")
# Streams of objects are packed with Flate alone by everything that writes them; otherwise packed, nobody sees inside.
UNUSUAL = _name("LZWDecode", "ASCII85Decode", "ASCIIHexDecode", "RunLengthDecode", "Crypt", "Predictor")


def _refuse(code: str, message: str) -> RuleBroken:
    return RuleBroken(f"document.{code}", message)


def _active() -> RuleBroken:
    return _refuse(
        "macros",
        _("El PDF trae programas o archivos adentro. Ábralo, elija Imprimir → Guardar como PDF y suba ese archivo."),
    )


def _closed() -> RuleBroken:
    return _refuse(
        "locked",
        _("El PDF está protegido y no podemos revisarlo. Ábralo, elija Imprimir → Guardar como PDF y súbalo."),
    )


def _bomb() -> RuleBroken:
    return _refuse("bomb", _("El PDF crece demasiado al abrirse. Guárdelo de nuevo con menos imágenes."))


def check(path: Path, *, most_unpacked: int) -> None:
    """Search a PDF. Raises `document.macros`, `document.locked`, and `document.bomb` past `most_unpacked` bytes."""
    content = path.read_bytes()
    _look_at(content)
    streams = [match.end() for match in STREAM.finditer(content)]
    if len(streams) > MAX_STREAMS:
        raise _bomb()
    if OBJECTS.search(content):
        _check_objects(content, streams)
    _unpack(content, streams, most_unpacked)


def _look_at(text: bytes) -> None:
    actions = ACTION.finditer(text)
    is_active = any(BEFORE_ACTION.search(text[max(0, one.start() - 8) : one.start()]) for one in actions)
    if is_active or CARRIED.search(text):
        raise _active()


def _check_objects(content: bytes, streams: list[int]) -> None:
    """Whether what streams of objects hold will be seen when they are unpacked."""
    if ENCRYPTED.search(content):
        raise _closed()
    for start in streams:
        about = content[max(0, start - DICTIONARY_BYTES) : start]
        own = about[max(about.rfind(b"endobj"), about.rfind(b"endstream"), 0) :]
        if OBJECTS.search(own) and UNUSUAL.search(own):
            raise _closed()


def _unpack(content: bytes, streams: list[int], left: int) -> None:
    for start in streams:
        before = b""
        for consumed, block in _unpacked(content, start):
            left -= max(consumed, len(block))  # streams that lie over one another may be read a thousand times
            if left < 0:
                raise _bomb()
            _look_at(before + block)
            before = block[-OVERLAP:]


def _unpacked(content: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """What the stream at `start` unpacks to, as far as it does: (bytes consumed, block). Nothing if it is not Flate."""
    unpacker, at = zlib.decompressobj(), start
    while not unpacker.eof:
        rest = unpacker.unconsumed_tail
        piece = rest or content[at : at + PIECE]
        if not piece:
            return
        at += 0 if rest else len(piece)
        spare = unpacker.copy()
        try:
            block = unpacker.decompress(piece, BLOCK)
        except zlib.error:
            yield len(piece), _until_it_breaks(spare, piece)
            return
        yield len(piece) - len(unpacker.unconsumed_tail) - len(unpacker.unused_data), block


def _until_it_breaks(unpacker, piece: bytes) -> bytes:
    """Readers take what came before the fault."""
    found = bytearray()
    with contextlib.suppress(zlib.error):
        for number in range(len(piece)):
            found += unpacker.decompress(piece[number : number + 1])
    return bytes(found)
