"""Bytes into text, whatever wrote them: UTF-8 with or without mark, UTF-16, or what Spanish Windows writes."""

import re

from django.utils.translation import gettext_lazy as _

from .reading import Note, Unreadable

MAX_BYTES = 20 * 1024**2
SAMPLE = 4_000
TOO_BIG = _("El archivo es demasiado grande: el máximo es 20 MB. Divídalo en varios.")
NOT_TEXT = _("Este archivo no es de texto. Expórtelo de nuevo como GIFT, Aiken, XML de Moodle o QTI.")
# Kept for the readers' own marks; the standard bars these from texts that are exchanged.
MARKS = "\ufdd0-\ufdef\ufffe\uffff"
_NOT_TEXT = re.compile(rf"[\0{MARKS}]")
_CONTROLS = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def assert_small(content: bytes) -> None:
    """Whether a file is as small as one of questions is. Raises `Unreadable`."""
    if len(content) > MAX_BYTES:
        raise Unreadable(TOO_BIG)


def text_of(content: bytes, encoding: str | None = None) -> tuple[str, list[Note]]:
    r"""The text with lines ended by `\n`, and notes of what had to be guessed. Raises `Unreadable`."""
    assert_small(content)
    text, is_guessed = (content.decode(encoding, errors="replace"), False) if encoding else _decode(content)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if wrong := _NOT_TEXT.search(text):
        raise Unreadable(NOT_TEXT, line=text.count("\n", 0, wrong.start()) + 1)
    notes = [Note(1, "", "text.guessed")] if is_guessed else []
    if control := (_CONTROLS.search(text) or _SURROGATES.search(text)):
        notes.append(Note(text.count("\n", 0, control.start()) + 1, "", "text.controls"))
        text = _SURROGATES.sub("\ufffd", _CONTROLS.sub(" ", text))
    return text, notes


def _decode(content: bytes) -> tuple[str, bool]:
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return content.decode("utf-16", errors="replace"), False
    sample = content[:SAMPLE]
    if sample.count(b"\0") * 4 > len(sample):
        little = sample[1::2].count(0) > sample[0::2].count(0)
        return content.decode("utf-16-le" if little else "utf-16-be", errors="replace"), False
    try:
        return content.decode("utf-8-sig"), False
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace"), True


def writable(text: str) -> str:
    """The text without signs that no file of text may have."""
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub(" ", _NOT_TEXT.sub("\ufffd", text)))
