"""Elements on their way out: built with the names of version 2, written with those of the version that is asked for."""

from collections.abc import Iterator
from decimal import Decimal
from html import escape
from html.parser import HTMLParser

from ..markup import VOID
from ..writing import IMAGE, Leaving, alt_of, key_of
from .body import BARE, UNDERLINE
from .names import PREFIX, kebab

# These are HTML's own and keep their names in every version.
HTML = frozenset(
    {
        *(
            "p",
            "br",
            "strong",
            "em",
            "ul",
            "ol",
            "li",
            "sub",
            "sup",
            "code",
            "pre",
            "blockquote",
            "a",
            "img",
            "span",
            "div",
        ),
        *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
    }
)
BLOCKS = ("<p>", "<ul>", "<ol>", "<pre>", "<blockquote>", "<table>")


class Element:
    """An element of XML; attributes without a value are left out."""

    def __init__(self, name: str, /, *children: "Element | str", **attributes: object) -> None:
        self.name = name
        self.children: list[Element | str] = list(children)
        self.attributes = {key.rstrip("_"): str(value) for key, value in attributes.items() if value is not None}

    def add(self, *children: "Element | str") -> "Element":
        """Put more into it."""
        self.children += children
        return self

    def xml(self, is_version_3: bool) -> str:
        """The element as it is written."""
        return "".join(self._pieces(is_version_3))

    def _pieces(self, is_version_3: bool) -> Iterator[str]:
        if self.name == "contentBody" and not is_version_3:
            yield from self._inner(is_version_3)
            return
        is_renamed = is_version_3 and self.name not in HTML
        name = PREFIX + kebab(self.name) if is_renamed else self.name
        attributes = "".join(
            f' {kebab(key) if is_renamed else key}="{_quoted(value)}"' for key, value in self.attributes.items()
        )
        if not self.children:
            yield f"<{name}{attributes}/>"
            return
        yield f"<{name}{attributes}>"
        yield from self._inner(is_version_3)
        yield f"</{name}>"

    def _inner(self, is_version_3: bool) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield escape(child, quote=False)
            else:
                yield from child._pieces(is_version_3)


def _quoted(value: str) -> str:
    return escape(value).replace("\n", "&#10;").replace("\t", "&#9;")


def number(value: Decimal) -> str:
    """A number as XML Schema has it."""
    return format(value.normalize(), "f")


class _Builder(HTMLParser):
    """Prose as elements; gaps give way to what stands for them."""

    def __init__(self, gaps: dict[str, Element]) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("div")
        self._open = [self.root]
        self._gaps = gaps

    def handle_starttag(self, tag: str, attrs: list) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if "data-gap" in attributes:
            self._open[-1].add(self._gaps[attributes["data-gap"]])
            self._open.append(Element("span"))
            return
        element = Element("span", class_=UNDERLINE) if tag == "u" else Element(tag, **attributes)
        self._open[-1].add(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].add(data)


def elements_of(leaving: Leaving, html: str, gaps: dict[str, Element] | None = None) -> list[Element | str]:
    """Prose as what an element may hold; its pictures by the names that they have in the package."""
    builder = _Builder(gaps or {})
    builder.feed(IMAGE.sub(lambda match: _image(leaving, match[1]), html))
    builder.close()
    return builder.root.children


def _image(leaving: Leaving, attributes: str) -> str:
    key, alternative = key_of(attributes), alt_of(attributes)
    if key not in leaving.found.pictures:
        leaving.note("picture.not_written")
        return alternative
    return f'<img src="{picture_name(leaving, key)}" alt="{alternative}">'


def picture_name(leaving: Leaving, key: str) -> str:
    """A picture's name beside the item's file."""
    return f"pictures/{leaving.number}-{key}"


def in_blocks(children: list[Element | str]) -> list[Element | str]:
    """The same where only blocks may stand."""
    is_bare = any(isinstance(child, str) and child.strip() for child in children) or any(
        isinstance(child, Element) and f"<{child.name}>" not in BLOCKS for child in children
    )
    return [Element("div", *children, class_=BARE)] if is_bare or not children else children
