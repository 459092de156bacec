"""Prose: HTML of a few elements that no reader can be harmed by. What is asked and what is said back is prose.

`clean` lets through `ELEMENTS` and nothing else; pictures and gaps stand in it by their keys alone.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from html import escape, unescape
from html.parser import HTMLParser

import nh3

TABLE = frozenset({"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"})
ELEMENTS = TABLE | {
    *("p", "br", "strong", "em", "u", "ul", "ol", "li", "sub", "sup", "code", "pre", "blockquote", "a", "img", "span"),
}
ATTRIBUTES = {
    "a": {"href"},
    "img": {"data-picture", "alt"},
    "span": {"data-gap"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
SCHEMES = {"http", "https"}
SAME = {"b": "strong", "i": "em", "ins": "u", "tt": "code", "kbd": "code", "samp": "code", "var": "em", "cite": "em"}
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "dt", "summary", "legend"})
# Left out themselves; what they hold becomes a paragraph.
BLOCKS = HEADINGS | {
    *("div", "section", "article", "main", "header", "footer", "aside", "nav", "address", "center", "dl", "dd"),
    *("figure", "figcaption", "details", "fieldset", "form", "hgroup"),
}
UNWRAPPED = frozenset({"small", "big", "font", "s", "del", "strike", "mark", "abbr", "acronym", "q", "dfn", "label"})
FOREIGN = frozenset(
    {
        *("script", "style", "iframe", "audio", "video", "object", "embed", "applet", "svg", "math", "canvas", "input"),
        *("select", "textarea", "button", "map", "ruby", "noscript", "frameset", "marquee"),
    }
)
INNER = frozenset(
    {
        *(
            "source",
            "track",
            "param",
            "option",
            "optgroup",
            "area",
            "rt",
            "rp",
            "rb",
            "col",
            "colgroup",
            "hr",
            "wbr",
            "bdo",
        ),
        *(
            "bdi",
            "html",
            "head",
            "body",
            "meta",
            "link",
            "title",
            "base",
            "time",
            "template",
            "datalist",
            "output",
            "nobr",
        ),
        *("meter", "progress", "picture", "frame", "noframes", "basefont", "blink", "dir", "menu", "picture", "data"),
    }
)
KNOWN = ELEMENTS | set(SAME) | BLOCKS | UNWRAPPED | FOREIGN | INNER
WITHIN_PARAGRAPH = frozenset({"strong", "em", "u", "sub", "sup", "code", "a", "span", "img", "br"})
# These close themselves when the next begins, so that many of them are not deep.
SHALLOW = frozenset({"p", "li", "td", "th", "tr", "dt", "dd", "option", "br", "img", "hr", "input", "col", "source"})
MOST_CHARACTERS = 200_000
DEEPEST = 100
GAP_IN_PLAIN = "_____"

_MARKED_UP = re.compile(r"[<&\xa0]")
_CARRIAGES = {ord("\r"): "\n", 0: None}
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)(?=[\s/>])")
_ATTRIBUTE = r"""\s++[A-Za-z_:@][-\w:.]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'<>=`]++))?+"""
_WHOLE_TAG = re.compile(rf"</?[A-Za-z]++(?:{_ATTRIBUTE})*+\s*+/?>")
_STYLED = re.compile(
    r"\s(?:style|bgcolor|color|align)\s*=|<(?:font|center|big|small|mark|s|del|strike)[\s>]", re.IGNORECASE
)
_PREFORMATTED = re.compile(r"(<pre>.*?</pre>)", re.DOTALL)
_INDENTED = re.compile(r"(?<![ \t\n])[ \t]*+\n[ \t\n]*+")
_BARE_PARAGRAPH = re.compile(r"<p>((?:(?!</?p>).)*)</p>", re.DOTALL)

PictureOf = Callable[[str, str], str | None]


@dataclass(frozen=True)
class TakenIn:
    """Prose made of somebody else's HTML, and what that had besides: names of elements, `link`, `picture`, `style`."""

    html: str
    lost: tuple[str, ...] = ()


def clean(html: str, *, pictures: Collection[str] = (), gaps: Collection[str] = ()) -> str:
    """Safe prose of any HTML. Of pictures and gaps only those stay whose keys are given, each gap once."""
    return _rewrite(html, lambda key: key if key in pictures else None, None, gaps).html


def take_in(html: str, *, picture: PictureOf, gaps: Collection[str] = ()) -> TakenIn:
    """Prose of another system's HTML. `picture` answers an image's source and alternative text with a key, or None.

    An image without a key leaves its alternative text.
    """
    return _rewrite(html, None, picture, gaps)


def _rewrite(html: str, keep: Callable | None, picture: PictureOf | None, gaps: Collection[str]) -> TakenIn:
    if not _MARKED_UP.search(html):
        return TakenIn(_even(escape(html[:MOST_CHARACTERS].translate(_CARRIAGES), quote=False)).strip())
    tame = _tame(html[:MOST_CHARACTERS])
    lost = ["long"] if len(html) > MOST_CHARACTERS else []
    if _depth(tame) > DEEPEST:
        return TakenIn(from_plain(re.sub(r"\s+", " ", unescape(_TAG_OR_COMMENT.sub(" ", tame))).strip()), ("deep",))
    lost += sorted({name for _slash, name in _names(tame) if name in FOREIGN})
    if _STYLED.search(tame):
        lost.append("style")
    rewriter = _Rewriter(keep, picture, gaps)
    rewriter.feed(_parsed(tame))
    rewriter.close()
    return TakenIn(_even(_strict("".join(rewriter.out))).strip(), tuple(dict.fromkeys([*lost, *rewriter.lost])))


_TAG_OR_COMMENT = re.compile(r"<[^<>]*+>")


def _names(html: str) -> list[tuple[str, str]]:
    return [(slash, name.lower()) for slash, name in _TAG.findall(html)]


def _tame(html: str) -> str:
    """`a<b` and `vector<int>` as text: what begins like no element, or like one of a letter but is not written so."""

    def judge(match: re.Match[str]) -> str:
        start = match.start()
        if html.startswith("<!--", start):
            return "<"
        tag = _TAG.match(html, start)
        if not tag or tag[2].lower() not in KNOWN:
            return "&lt;"
        return "<" if len(tag[2]) > 1 or _WHOLE_TAG.match(html, start) else "&lt;"

    return re.sub("<", judge, html.replace("\r\n", "\n").replace("\r", "\n").replace("\0", ""))


def _depth(html: str) -> int:
    """How deep the elements may lie in one another, at most."""
    still_open: dict[str, int] = {}
    depth = deepest = 0
    for slash, name in _names(html):
        if name in SHALLOW:
            continue
        if not slash:
            still_open[name] = still_open.get(name, 0) + 1
            depth += 1
            deepest = max(deepest, depth)
        elif still_open.get(name):
            still_open[name] -= 1
            depth -= 1
    return deepest


def _parsed(html: str) -> str:
    """The same as browsers understand it, well formed, without what could harm."""
    return nh3.clean(
        html,
        tags=set(KNOWN - FOREIGN - INNER | {"hr"}),
        clean_content_tags={"script", "style", "title", "iframe", "select", "textarea"},
        attributes={**ATTRIBUTES, "img": {"data-picture", "alt", "src"}},
        url_schemes={*SCHEMES, "data", "mailto", "file", "ftp", "tel"},
        link_rel=None,
    )


def _strict(html: str) -> str:
    """The last gate."""
    return nh3.clean(
        html,
        tags=set(ELEMENTS),
        attributes={element: set(names) for element, names in ATTRIBUTES.items()},
        attribute_filter=_filter,
        url_schemes=set(SCHEMES),
        url_relative="deny",
        link_rel=None,
    )


def _even(html: str) -> str:
    """Without the indentation that says nothing, except where every space counts."""
    parts = _PREFORMATTED.split(html)
    return "".join(part if index % 2 else _INDENTED.sub("\n", part) for index, part in enumerate(parts))


def _filter(element: str, attribute: str, value: str) -> str | None:
    if attribute in {"colspan", "rowspan"}:
        return value if re.fullmatch(r"[1-9][0-9]?", value) else None
    return value


class _Rewriter(HTMLParser):
    """Well-formed HTML in, prose out: elements of the same meaning, paragraphs for blocks, keys for sources."""

    def __init__(self, keep: Callable | None, picture: PictureOf | None, gaps: Collection[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.lost: list[str] = []
        self._keep, self._picture = keep, picture
        self._gaps = list(gaps)
        self._links: list[bool] = []
        self._is_loose = False  # beside a block that was left out
        self._in_paragraph = False  # of our own making

    def handle_starttag(self, tag: str, attrs: list) -> None:
        attributes = {name: value or "" for name, value in attrs}
        tag = SAME.get(tag, tag)
        if tag in BLOCKS or tag == "hr":
            self._break()
            if tag in HEADINGS:
                self._open_paragraph()
                self.out.append("<strong>")
        elif tag == "span":
            self._gap(attributes.get("data-gap", ""))
        elif tag == "img":
            self._image(attributes)
        elif tag == "a":
            self._link(attributes.get("href", ""))
        elif tag in ELEMENTS:
            self._element(tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        tag = SAME.get(tag, tag)
        if tag in BLOCKS:
            if tag in HEADINGS:
                self.out.append("</strong>")
            self._break()
        elif tag == "a":
            if self._links and self._links.pop():
                self.out.append("</a>")
        elif tag in ELEMENTS and tag not in {"span", "img", "br"}:
            if tag not in WITHIN_PARAGRAPH:
                self._close_paragraph()
                self._is_loose = False
            self.out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if self._is_loose and not data.isspace():
            self._open_paragraph()
        self.out.append(escape(data, quote=False))

    def close(self) -> None:
        super().close()
        self._close_paragraph()

    def _break(self) -> None:
        self._close_paragraph()
        self._is_loose = True

    def _open_paragraph(self) -> None:
        if self._is_loose and not self._in_paragraph:
            self.out.append("<p>")
            self._in_paragraph = True

    def _close_paragraph(self) -> None:
        if self._in_paragraph:
            self.out.append("</p>")
        self._in_paragraph = False

    def _element(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in WITHIN_PARAGRAPH:
            self._open_paragraph()
        else:
            self._close_paragraph()
            self._is_loose = False
        kept = "".join(f' {name}="{escape(attributes[name])}"' for name in ("colspan", "rowspan") if name in attributes)
        self.out.append(f"<{tag}{kept}>")

    def _gap(self, key: str) -> None:
        if key in self._gaps:
            self._gaps.remove(key)
            self._open_paragraph()
            self.out.append(f'<span data-gap="{escape(key)}"></span>')

    def _image(self, attributes: dict[str, str]) -> None:
        alternative = attributes.get("alt", "")
        if self._keep:
            key = self._keep(attributes.get("data-picture", ""))
        else:
            key = self._picture(attributes.get("src", ""), alternative) if self._picture else None
        self._open_paragraph()
        if key:
            self.out.append(f'<img data-picture="{escape(key)}" alt="{escape(alternative)}">')
        else:
            self.lost.append("picture")
            self.out.append(escape(alternative, quote=False))

    def _link(self, address: str) -> None:
        is_kept = address.startswith(("http://", "https://"))
        if address and not is_kept and not address.startswith("#"):
            self.lost.append("link")
        self._links.append(is_kept)
        self._open_paragraph()
        if is_kept:
            self.out.append(f'<a href="{escape(address)}">')


def from_plain(text: str) -> str:
    """Prose of a plain text: empty lines part paragraphs. A single line stays without one."""
    parts = [part.strip("\n") for part in re.split(r"\n[ \t]*\n", text.strip())]
    lines = ["<br>".join(escape(line.strip(), quote=False) for line in part.split("\n")) for part in parts if part]
    return lines[0] if len(lines) == 1 else "".join(f"<p>{line}</p>" for line in lines)


def without_paragraph(html: str) -> str:
    """What a single paragraph holds, without it; anything else as it is."""
    whole = _BARE_PARAGRAPH.fullmatch(html)
    return whole[1] if whole else html


def is_plain(html: str) -> bool:
    """Whether the prose is one line without any markup."""
    return not re.search(r"[<&\n\xa0]", html)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        attributes = dict(attrs)
        if tag in {"p", "ul", "ol", "pre", "blockquote", "table", "tr", "br"}:
            self.out.append("\n")
        elif tag == "li":
            self.out.append("\n- ")
        elif tag in {"td", "th"}:
            self.out.append(" ")
        elif tag == "img":
            self.out.append(f"[{attributes.get('alt') or ''}]")
        elif tag == "span" and "data-gap" in attributes:
            self.out.append(GAP_IN_PLAIN)

    def handle_endtag(self, tag: str) -> None:
        if tag in {"p", "ul", "ol", "pre", "blockquote", "table"}:
            self.out.append("\n")

    def handle_data(self, data: str) -> None:
        self.out.append(data)


def to_plain(html: str) -> str:
    """Prose as a plain text, for lists and excerpts: a line for each paragraph, pictures by their alternative text."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.out).split("\n"))
    return "\n".join(line for line in lines if line)
