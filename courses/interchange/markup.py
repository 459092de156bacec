"""XML as a tree that knows its lines. Read through defusedxml: no entity, nothing from elsewhere, nothing too deep."""

import io
import re
from collections.abc import Iterator
from html import escape
from html.entities import html5
from typing import Any
from xml.sax import SAXException
from xml.sax.handler import ContentHandler

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser
from django.utils.translation import gettext_lazy as _

from .decoding import text_of
from .reading import Note, Unreadable

MOST_ELEMENTS = 300_000
DEEPEST = 120
BROKEN = _("El XML está dañado o incompleto. Expórtelo de nuevo desde el otro sistema.")
UNSAFE = _("El archivo declara entidades, que pueden ser peligrosas. Expórtelo de nuevo sin ellas.")
TOO_COMPLEX = _("El archivo tiene demasiados elementos o está demasiado anidado. Divídalo en varios.")
_DECLARATION = re.compile(r"^<\?xml[^>]*\?>")
# One that only names a file, which would not be read anyway.
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[<>]*>")
_REFERENCE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,8}|#x[0-9A-Fa-f]{1,8});)([A-Za-z0-9]{1,40};)?")
_LITERAL = {"<![CDATA[": "]]>", "<!--": "-->"}
_LITERAL_START = re.compile("|".join(map(re.escape, _LITERAL)))


class Broken(Unreadable):
    """What is written is no XML."""


class Node:
    """An element: its name and attributes without prefixes, what it holds in order, and its line."""

    __slots__ = ("attributes", "children", "line", "name")

    def __init__(self, name: str, attributes: dict[str, str], line: int) -> None:
        self.name = name
        self.attributes = attributes
        self.line = line
        self.children: list[Node | str] = []

    def get(self, name: str, otherwise: str = "") -> str:
        """An attribute."""
        return self.attributes.get(name, otherwise)

    def elements(self, *names: str) -> list["Node"]:
        """The elements in it, of some names where those are given."""
        return [one for one in self.children if isinstance(one, Node) and (not names or one.name in names)]

    def find(self, *names: str) -> "Node | None":
        """The first element in it of one of these names."""
        return next(iter(self.elements(*names)), None)

    def walk(self) -> Iterator["Node"]:
        """It and everything below, in the order of the file."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node.elements())

    def within(self, *names: str) -> list["Node"]:
        """Every element below of these names."""
        return [node for node in self.walk() if node is not self and node.name in names]

    @property
    def text(self) -> str:
        """All text in it."""
        pieces: list[str] = []
        waiting: list[Node | str] = [self]
        while waiting:
            one = waiting.pop()
            if isinstance(one, str):
                pieces.append(one)
            else:
                waiting += reversed(one.children)
        return "".join(pieces)


VOID = frozenset({"br", "img", "hr", "input", "col", "source", "track", "wbr", "area", "embed", "param"})


def html_of(node: Node) -> str:
    """What an element holds, as HTML: its text stands for itself, its elements are written out."""
    pieces: list[str] = []
    waiting: list[Node | str | tuple[str]] = list(reversed(node.children))
    while waiting:
        one = waiting.pop()
        if isinstance(one, tuple):
            pieces.append(one[0])
        elif isinstance(one, str):
            pieces.append(escape(one, quote=False))
        else:
            attributes = "".join(f' {name}="{escape(value)}"' for name, value in one.attributes.items())
            pieces.append(f"<{one.name}{attributes}>")
            if one.name not in VOID:
                waiting.append((f"</{one.name}>",))
            waiting += reversed(one.children)
    return "".join(pieces)


class _Builder(ContentHandler):
    def __init__(self, before: int) -> None:
        super().__init__()
        self.root: Node | None = None
        self._open: list[Node] = []
        self._count = 0
        self.place: Any = None
        self._before = before

    def line(self) -> int:
        return (self.place.getLineNumber() or 1) + self._before if self.place else 0

    def setDocumentLocator(self, locator) -> None:  # noqa: N802
        self.place = locator

    def startElement(self, name: str, attrs) -> None:  # noqa: N802 (the parser calls it so)
        self._count += 1
        if self._count > MOST_ELEMENTS or len(self._open) >= DEEPEST:
            raise Unreadable(TOO_COMPLEX, line=self.line())
        attributes = {_local(key): value for key, value in attrs.items()}
        node = Node(_local(name), attributes, self.line())
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)

    def endElement(self, name: str) -> None:  # noqa: N802
        node = self._open.pop()
        if len(node.children) > 1:
            node.children = _joined(node.children)

    def characters(self, content: str) -> None:
        if self._open:
            self._open[-1].children.append(content)


def _joined(children: list[Node | str]) -> list[Node | str]:
    """Texts that follow one another as one: the parser hands them over in pieces."""
    joined: list[Node | str] = []
    texts: list[str] = []
    for child in children:
        if isinstance(child, str):
            texts.append(child)
            continue
        if texts:
            joined.append("".join(texts))
            texts = []
        joined.append(child)
    return [*joined, "".join(texts)] if texts else joined


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def tree_of(content: bytes) -> tuple[Node, list[Note]]:
    """The root of a file of XML, and notes of what had to be mended. Raises `Unreadable`."""
    text, notes = text_of(content, _declared(content))
    root, more = tree_in(text)
    return root, [*notes, *more]


def pieces_in(content: bytes, name: str) -> Iterator[tuple[int, str]]:
    """The elements of one name in XML that is broken somewhere: line and text of each, which may be broken itself."""
    text, _notes = text_of(content, _declared(content))
    line = place = 0
    start_of, end_of = re.compile(rf"<{name}[\s>]"), f"</{name}>"
    while start := start_of.search(text, place):
        end = text.find(end_of, start.end())
        line += text.count("\n", place, start.start())
        yield line + 1, text[start.start() : end + len(end_of)] if end >= 0 else text[start.start() :]
        if end < 0:
            return
        line += text.count("\n", start.start(), end)
        place = end


def tree_in(text: str, line: int = 1) -> tuple[Node, list[Note]]:
    """The root of XML that begins at a line, and notes of what had to be mended. Raises `Unreadable`."""
    notes: list[Note] = []
    bare = text.lstrip()
    before = text.count("\n", 0, len(text) - len(bare)) + line - 1
    for unneeded in (_DECLARATION, _DOCTYPE):
        bare = unneeded.sub(lambda match: "\n" * match[0].count("\n"), bare, count=1)
    try:
        return _parse(bare, before), notes
    except _Broken as broken:
        mended = _mend(bare)
        if mended == bare:
            raise Broken(BROKEN, line=broken.line) from broken
        try:
            return _parse(mended, before), [*notes, Note(broken.line, "", "xml.mended")]
        except _Broken as again:
            raise Broken(BROKEN, line=again.line) from again


def _declared(content: bytes) -> str | None:
    """The encoding that the file itself names, if it is one of those with a byte for each sign."""
    found = re.match(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)""", content[:200])
    name = found[1].decode().lower() if found else ""
    return name if re.fullmatch(r"iso-8859-\d{1,2}|windows-125\d|cp125\d|us-ascii|macintosh|mac-?roman", name) else None


class _Parser(DefusedExpatParser):
    """Hands texts over in larger pieces, not line by line."""

    def reset(self) -> None:
        super().reset()
        self._parser.buffer_text = True


class _Broken(Exception):
    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def _parse(text: str, before: int) -> Node:
    parser = _Parser(forbid_entities=True, forbid_external=True)
    builder = _Builder(before)
    parser.setContentHandler(builder)
    parser.setFeature("http://xml.org/sax/features/external-general-entities", False)
    parser.setFeature("http://xml.org/sax/features/external-parameter-entities", False)
    try:
        parser.parse(io.BytesIO(text.encode()))
    except DefusedXmlException as error:
        raise Unreadable(UNSAFE, line=builder.line()) from error
    except (SAXException, ValueError) as error:
        raise _Broken(builder.line()) from error
    if builder.root is None:
        raise _Broken(1)
    return builder.root


def _mend(text: str) -> str:
    """Names of signs that only HTML knows, and bare `&`, as XML has them."""

    def mend(match: re.Match[str]) -> str:
        sign = html5.get(match[1]) if match[1] else None
        return "".join(f"&#{ord(one)};" for one in sign) if sign else "&amp;" + (match[1] or "")

    pieces, place = [], 0
    while literal := _LITERAL_START.search(text, place):
        end = text.find(_LITERAL[literal[0]], literal.end())
        if end < 0:
            break
        pieces += [_REFERENCE.sub(mend, text[place : literal.start()]), text[literal.start() : end]]
        place = end
    return "".join([*pieces, _REFERENCE.sub(mend, text[place:])])
