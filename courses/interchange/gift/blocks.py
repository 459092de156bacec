"""A GIFT file in pieces: questions, categories, comments. Empty lines part them; braces keep together."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

CATEGORY = re.compile(r"\$CATEGORY:\s*(.*)", re.IGNORECASE)
DIRECTIVE = re.compile(r"\$[A-Z_]{3,40}:")
_TAG = re.compile(r"\[tag:((?:\\\]|[^\]]){1,120}+)\]", re.IGNORECASE)
_ID = re.compile(r"\[id:((?:\\\]|[^\]]){1,120}+)\]", re.IGNORECASE)
_ESCAPED = re.compile(r"\\.")
_WITHIN_ANSWER = "=~#}"


@dataclass
class Block:
    """Lines that belong together, without comments; tags and identifiers are told in comments above them."""

    line: int
    text: str
    tags: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)


@dataclass
class _Line:
    number: int
    text: str
    opened: int
    """How many braces it opens, less those it closes."""

    @property
    def is_empty(self) -> bool:
        return not self.text.strip()


def blocks(text: str) -> Iterator[Block]:
    """The pieces of a file."""
    lines = [_Line(number, line, _opened(line)) for number, line in enumerate(text.split("\n"), start=1)]
    for group in _groups(lines):
        comments = [line.text for line in group if _is_comment(line.text)]
        rest = [line for line in group if not _is_comment(line.text)]
        tags, ids = _told(comments, _TAG), _told(comments, _ID)
        if not any(not line.is_empty for line in rest):
            if tags or ids:
                yield Block(group[0].number, "", tags, ids)
            continue
        for part in _parts(rest):
            yield Block(part[0].number, "\n".join(line.text for line in part).strip(), tags, ids)
            tags, ids = [], []


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("//")


def _told(comments: list[str], pattern: re.Pattern[str]) -> list[str]:
    return [told.replace("\\]", "]").strip() for comment in comments for told in pattern.findall(comment)]


def _opened(line: str) -> int:
    if _is_comment(line):
        return 0
    bare = _ESCAPED.sub("", line)
    return bare.count("{") - bare.count("}")


def _groups(lines: list[_Line]) -> Iterator[list[_Line]]:
    """Lines up to an empty one that is not within an answer."""
    following = _following(lines)
    group: list[_Line] = []
    depth, in_code = 0, False
    for index, line in enumerate(lines):
        if not line.is_empty:
            group.append(line)
            depth = max(0, depth + line.opened)
            in_code = _in_code(line.text, in_code)
        elif group and (in_code or (depth and _goes_on(following[index]))):
            group.append(line)
        elif group:
            yield group
            group, depth, in_code = [], 0, False
    if group:
        yield group


def _in_code(line: str, before: bool) -> bool:
    """Whether a `<pre>` is open after a line: what it holds may have empty lines."""
    opened, closed = line.lower().rfind("<pre"), line.lower().rfind("</pre")
    return opened > closed if max(opened, closed) >= 0 else before


def _following(lines: list[_Line]) -> list[str]:
    """For each line the next one that says something."""
    following, last = [""] * len(lines), ""
    for index in range(len(lines) - 1, -1, -1):
        following[index] = last
        if not lines[index].is_empty and not _is_comment(lines[index].text):
            last = lines[index].text.strip()
    return following


def _goes_on(line: str) -> bool:
    bare = _ESCAPED.sub("", line)
    closes = bare.find("}")
    return (line[:1] in _WITHIN_ANSWER and bool(line)) or (closes >= 0 and "{" not in bare[:closes])


def _parts(lines: list[_Line]) -> Iterator[list[_Line]]:
    """Questions that follow one another without an empty line, and categories."""
    begins = _begins_another(lines)
    part: list[_Line] = []
    depth = 0
    for index, line in enumerate(lines):
        if not part and line.is_empty:
            continue
        if depth == 0 and CATEGORY.match(line.text.strip()):
            if part:
                yield part
            yield [line]
            part = []
            continue
        part.append(line)
        depth = max(0, depth + line.opened)
        if depth == 0 and line.text.rstrip().endswith("}") and begins[index]:
            yield part
            part = []
    if part:
        yield part


def _begins_another(lines: list[_Line]) -> list[bool]:
    """Whether after each line another question begins: one with a name, or with an answer of its own."""
    begins = [False] * len(lines)
    has_answer, starts_named = False, False
    for index in range(len(lines) - 1, -1, -1):
        begins[index] = has_answer or starts_named
        if not lines[index].is_empty:
            has_answer = has_answer or "{" in _ESCAPED.sub("", lines[index].text)
            starts_named = lines[index].text.lstrip().startswith("::")
    return begins
