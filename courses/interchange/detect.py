"""Which format a file has, by what is in it; names prove nothing."""

import re
from collections.abc import Callable
from urllib.parse import unquote

from django.utils.translation import gettext_lazy as _

from . import aiken, gift, moodle_xml, qti
from .archive import Archive, is_archive
from .decoding import SAMPLE, assert_small, text_of
from .drafting import Patience
from .qti.names import PREFIX
from .reading import Reading, Unreadable

UNKNOWN = _("No reconocemos este archivo. Suba preguntas en GIFT, Aiken, XML de Moodle o QTI (XML o paquete .zip).")
EMPTY = _("El archivo no tiene ninguna pregunta.")
BACKUP = _("Es una copia de seguridad de Moodle. Exporte el banco de preguntas como XML de Moodle y suba ese archivo.")
_ROOT = re.compile(
    r"(?>\s*(?:<\?xml[^>]*\?>|<!--.*?-->|<!DOCTYPE[^>]*>))*+\s*<(?:[\w.-]+:)?([A-Za-z][\w.-]*)", re.DOTALL
)
_GIFT = re.compile(r"(?<!\\)\{[^{}]*(?<!\\)\}|^[ \t]*::|^[ \t]*\$CATEGORY:", re.MULTILINE)
# Braces that hold answers, not formulas.
_GIFT_ANSWERS = re.compile(r"(?<!\\)\{\s*+(?:[=~#}]|T(?:RUE)?\s*[}#]|F(?:ALSE)?\s*[}#])")
_AIKEN = re.compile(r"^[ \t]*ANSWER[ \t]*:[ \t]*[A-Z]\b", re.MULTILINE | re.IGNORECASE)
_TEXTS = (".txt", ".gift", ".aiken")
_BACKUPS = {"moodle_backup.xml", "questions.xml"}


def read(content: bytes) -> Reading:
    """All questions of a file in any of the formats. Raises `Unreadable`."""
    reading = _reader(content)(content)
    if not reading.questions and not reading.dropped:
        raise Unreadable(EMPTY)
    return reading


def _reader(content: bytes) -> Callable[[bytes], Reading]:
    if is_archive(content):
        return _read_archive
    if content[:2] == b"\x1f\x8b":
        raise Unreadable(BACKUP)
    assert_small(content)
    text, _notes = text_of(content)
    if text.lstrip()[:1] == "<" and (root := _ROOT.match(text[: SAMPLE * 4])):
        return _of_xml(root[1])
    tests = _AIKEN.findall(text)
    if tests and len(tests) >= len(_GIFT_ANSWERS.findall(text)):
        return aiken.read
    if _GIFT.search(text):
        return gift.read
    raise Unreadable(EMPTY if not text.strip() else UNKNOWN)


def _of_xml(root: str) -> Callable[[bytes], Reading]:
    if root == "quiz":
        return moodle_xml.read
    if root.startswith(PREFIX) or root in QTI_ROOTS:
        return qti.read
    raise Unreadable(UNKNOWN)


QTI_ROOTS = {"assessmentItem", "assessmentTest", "assessmentSection", "manifest", "questestinterop"}


def _read_archive(content: bytes) -> Reading:
    """A content package of QTI; or Moodle's XML, GIFT or Aiken, packed together with images."""
    archive = Archive(content)
    names = {name.rpartition("/")[2] for name in archive.names}
    if "imsmanifest.xml" in names:
        return qti.read_package(archive)
    if names >= _BACKUPS:
        raise Unreadable(BACKUP)
    found = []
    patience = Patience()
    for name in archive.names:
        patience.check()
        if name.lower().endswith((".xml", *_TEXTS)) and (reading := _read_member(archive, name)):
            found.append(reading)
    if not found:
        raise Unreadable(UNKNOWN)
    return Reading.together(found)


def _read_member(archive: Archive, name: str) -> Reading | None:
    """What one file of a package has; None for one in no format that is known."""
    content = archive.read(name) or b""
    try:
        reader = _reader(content)
    except Unreadable:
        return None
    if reader is gift.read:
        return gift.read(content, lambda address: archive.read(_within(name, address))).within(name)
    if reader is qti.read:
        return qti.read_member(archive, name)
    return None if reader is _read_archive else reader(content).within(name)


def _within(name: str, address: str) -> str:
    """An image's name in the package, of the address that a text beside it has."""
    path = unquote(address.removeprefix("@@PLUGINFILE@@/").partition("?")[0]).lstrip("/")
    folder = name.rpartition("/")[0]
    return f"{folder}/{path}" if folder else path
