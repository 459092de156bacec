"""Plain text files into rich text: paragraphs, lists and bold, nothing else."""

import re
from html import escape

BULLET = re.compile(r"^- +")
NUMBER = re.compile(r"^\d+[.)] +")


def _inline(text: str) -> str:
    joined = " ".join(text.split())
    return re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(joined, quote=False))


def render_list(items: list[str], *, tag: str = "ul") -> str:
    """A list of rich text items; `**words**` become bold."""
    return f"<{tag}>" + "".join(f"<li>{_inline(item)}</li>" for item in items) + f"</{tag}>"


def _render_part(part: str) -> str:
    for marker, tag in ((BULLET, "ul"), (NUMBER, "ol")):
        if marker.match(part):
            items = re.split(rf"\n(?={marker.pattern[1:]})", part)
            return render_list([marker.sub("", item) for item in items], tag=tag)
    return f"<p>{_inline(part)}</p>"


def render_prose(text: str) -> str:
    """Rich text of paragraphs parted by empty lines; a part whose lines begin with `- ` or `1. ` is a list."""
    parts = (part.strip() for part in re.split(r"\n\s*\n", text.strip()))
    return "".join(_render_part(part) for part in parts if part)
