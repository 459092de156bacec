"""The ways in which other systems write texts and paths of categories."""

import re
from enum import StrEnum
from html import escape

from markdown_it import MarkdownIt

from courses.questions import prose

MOST_MARKDOWN = 20_000


class Form(StrEnum):
    """How a text is written."""

    HTML = "html"
    MOODLE = "moodle"
    PLAIN = "plain"
    MARKDOWN = "markdown"


_markdown = MarkdownIt("commonmark", {"html": True, "maxNesting": 20}).enable("table")


def as_html(text: str, form: Form) -> str:
    """A text of some form as HTML, not yet safe."""
    if form == Form.PLAIN:
        return prose.from_plain(text)
    if form == Form.MARKDOWN:
        return _markdown.render(text) if len(text) <= MOST_MARKDOWN else prose.from_plain(text)
    return _moodle_html(text) if form == Form.MOODLE else text


def _moodle_html(text: str) -> str:
    """HTML in which ends of lines count, but not those beside elements."""
    text = re.sub(r"\n[ \t]*+(?=<)|(?<=>)[ \t]*+\n", " ", text.strip())
    if re.search(r"<(?:p|div|table|ul|ol|pre)[\s>]", text, re.IGNORECASE):
        return text.replace("\n", "<br>")
    parts = [part for part in re.split(r"\n[ \t]*+\n", text) if part.strip()]
    lines = ["<br>".join(line.strip() for line in part.strip("\n").split("\n")) for part in parts]
    return lines[0] if len(lines) == 1 else "".join(f"<p>{line}</p>" for line in lines)


ROOTS = {"$course$", "$module$", "$system$", "$cat$", "$category$", ""}


def category_of(path: str) -> tuple[str, ...]:
    """Moodle's `$course$/top/Leyes/IVA//ISR` as names, outermost first; `//` is a slash within a name."""
    names = [name.replace("\0", "/").strip() for name in path.replace("//", "\0").split("/")]
    while names and names[0] in ROOTS:
        names.pop(0)
    return tuple(name for name in (names[1:] if names[:1] == ["top"] else names) if name)


def escaped(text: str) -> str:
    """Plain text as prose on one line."""
    return escape(" ".join(text.split()), quote=False)
