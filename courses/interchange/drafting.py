"""A question on its way in: its texts are made safe, its pictures taken, and what cannot come along is noted."""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from html import escape
from types import MappingProxyType
from urllib.parse import unquote

from markdown_it import MarkdownIt
from pydantic import ValidationError

from courses.questions import Picture, Question, prose

from .reading import MOST_NOTES, MOST_QUESTIONS, Found, Note, Reading, Unreadable, excerpt_of
from .sayings import TOO_MANY

NAME_LENGTH = 255
ALT_LENGTH = 1_000
MOST_PICTURES = 50
PICTURE_BYTES = 10 * 1024**2
MOST_MARKDOWN = 20_000
MAGIC = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg", b"GIF87a": "gif", b"GIF89a": "gif"}
DATA_ADDRESS = re.compile(r"data:image/[\w.+-]+;base64,", re.IGNORECASE)

# An image's address answered with its bytes, or None.
Files = Callable[[str], bytes | None]


class Form(StrEnum):
    """How a text is written."""

    HTML = "html"
    MOODLE = "moodle"
    PLAIN = "plain"
    MARKDOWN = "markdown"


class NotUnderstood(Exception):
    """This question cannot come in; `code` and `facts` say why, as in a note."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = {name: str(value) for name, value in facts.items()}


def no_files(address: str) -> bytes | None:
    """Of a file that has nothing beside it."""
    return None


class Draft:
    """One question while it is read. `line` is where it begins."""

    def __init__(self, line: int, excerpt: str, files: Files = no_files) -> None:
        self.line = line
        self.excerpt = excerpt_of(excerpt)
        self.files = files
        self.notes: dict[tuple, Note] = {}
        self.pictures: dict[str, bytes] = {}
        self.shown: dict[str, Picture] = {}

    def note(self, code: str, excerpt: str = "", line: int = 0, **facts: object) -> None:
        """Say that something of the question stays behind; the same is said once."""
        told = {name: str(value) for name, value in facts.items()}
        note = Note(line or self.line, excerpt_of(excerpt) or self.excerpt, code, MappingProxyType(told))
        self.notes.setdefault((note.line, code, *sorted(told.items())), note)

    def prose(self, text: str, form: Form = Form.HTML, gaps: Mapping[str, str] = MappingProxyType({})) -> str:
        """Safe prose of a text; `gaps` are the marks that stand in it, with the key of each gap."""
        html = as_html(text, form)
        for mark, key in gaps.items():
            html = html.replace(mark, f'<span data-gap="{key}"></span>')
        taken = prose.take_in(html, picture=self._picture, gaps=gaps.values())
        for what in taken.lost:
            code = f"prose.{what}" if what in {"link", "style", "deep", "long"} else "prose.element"
            if what != "picture":  # said where it was looked for
                self.note(code, element=what) if code == "prose.element" else self.note(code)
        return prose.without_paragraph(taken.html) if form == Form.MARKDOWN else taken.html

    def plain(self, html: str) -> str:
        """A text of another system's HTML where ours is plain; markup is noted."""
        if prose.is_plain(html):
            return html.strip()
        made = self.prose(html)
        if re.search(r"<(?!/?p>|br>)", made):
            self.note("text.became_plain", excerpt=html)
        return prose.to_plain(made).replace("\n", " ")

    def name(self, given: str, text: str, otherwise: str = "") -> str:
        """A name for the bank's list: the given one, else the beginning of the text."""
        name = given.strip() or excerpt_of(prose.to_plain(text)) or otherwise or self.excerpt or "?"
        if len(name) > NAME_LENGTH:
            self.note("name.cut")
            name = name[: NAME_LENGTH - 1] + "…"
        return name

    def _picture(self, address: str, alternative: str) -> str | None:
        content = self._content_of(address)
        if content is None:
            self.note("picture.missing", file=excerpt_of(address)[:80])
            return None
        if kind_of_picture(content) is None or len(content) > PICTURE_BYTES:
            self.note("picture.kind", file=excerpt_of(address)[:80])
            return None
        for key, known in self.pictures.items():
            if known == content:
                return key
        if len(self.pictures) >= MOST_PICTURES:
            self.note("picture.many")
            return None
        key = f"f{len(self.pictures) + 1}"
        name = "" if DATA_ADDRESS.match(address) else unquote(address).rpartition("/")[2][:200]
        self.pictures[key] = content
        self.shown[key] = Picture(key=key, alt=alternative[:ALT_LENGTH], name=name)
        return key

    def _content_of(self, address: str) -> bytes | None:
        if head := DATA_ADDRESS.match(address):
            return decoded(address[head.end() :])
        return self.files(address)


def decoded(text: str) -> bytes | None:
    """The bytes of a text in base64, or None."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def kind_of_picture(content: bytes) -> str | None:
    """`png`, `jpg`, `gif` or `webp` by its own bytes; None for anything else, SVG too: it may carry programs."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    return next((kind for magic, kind in MAGIC.items() if content.startswith(magic)), None)


# Texts --------------------------------------------------------------------------------------------------------------

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


def escaped(text: str) -> str:
    """Plain text as prose on one line."""
    return escape(" ".join(text.split()), quote=False)


# Numbers ------------------------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][-+]?[0-9]{1,3})?")
LONGEST_NUMBER = 100
FIVE_PLACES = Decimal("0.00001")


def number_of(text: str) -> Decimal:
    """A number as people and systems write it, with point or comma. Raises `NotUnderstood`."""
    text = text.strip().replace("\u2212", "-")
    if len(text) > LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        raise NotUnderstood("number.unclear", number=text[:40])
    return Decimal(text.replace(",", "."))


def percent_of(text: str) -> Decimal:
    """A percentage, to five places. Raises `NotUnderstood`."""
    try:
        percent = number_of(text).quantize(FIVE_PLACES)
    except InvalidOperation as error:
        raise NotUnderstood("number.unclear", number=text[:40]) from error
    if abs(percent) > 100:
        raise NotUnderstood("percent.beyond", number=text[:40])
    return percent


def of_one(draft: Draft, percents: list[Decimal]) -> list[Decimal]:
    """Percentages of answers of which the best must be worth all. Raises `NotUnderstood` where none is right."""
    best = max(percents, default=Decimal(0))
    if best <= 0:
        raise NotUnderstood("answers.none_right")
    if best == 100:
        return percents
    draft.note("percent.raised", best=best.normalize())
    return [(percent * 100 / best).quantize(FIVE_PLACES) if percent > 0 else percent for percent in percents]


def of_several(draft: Draft, percents: list[Decimal]) -> list[Decimal]:
    """Percentages of options that are right together. Raises `NotUnderstood` where none is right."""
    whole = sum((percent for percent in percents if percent > 0), Decimal(0))
    if whole <= 0:
        raise NotUnderstood("answers.none_right")
    if abs(whole - 100) <= Decimal("0.1"):
        return percents
    draft.note("percent.shared", whole=whole.normalize())
    return [(percent * 100 / whole).quantize(FIVE_PLACES) if percent > 0 else percent for percent in percents]


def equal_shares(count: int) -> Decimal:
    """What each of several right options is worth."""
    return (Decimal(100) / count).quantize(FIVE_PLACES)


# All of a file ------------------------------------------------------------------------------------------------------


class Notebook:
    """What was read so far."""

    def __init__(self, notes: Iterable[Note] = ()) -> None:
        self._questions: list[Found] = []
        self._notes: list[Note] = list(notes)

    def note(self, line: int, code: str, excerpt: str = "", **facts: object) -> None:
        """Say what was not understood outside of any question, or that something is none."""
        told = MappingProxyType({name: str(value) for name, value in facts.items()})
        self._notes.append(Note(line, excerpt_of(excerpt), code, told))
        self._check()

    def take(self, draft: Draft, make: Callable[[Draft], Question], category: tuple[str, ...] = ()) -> None:
        """Make the question of a draft, or note why there is none."""
        try:
            question = make(draft)
        except NotUnderstood as reason:
            self.note(draft.line, reason.code, draft.excerpt, **reason.facts)
        except ValidationError as error:
            self.note(draft.line, _reason(error), draft.excerpt)
        else:
            used = {key: draft.pictures[key] for key in draft.pictures}
            self._questions.append(Found(question, draft.line, category, MappingProxyType(used)))
            self._notes += draft.notes.values()
            self._check()

    def reading(self) -> Reading:
        """All of it, by line."""
        return Reading(tuple(self._questions), tuple(sorted(self._notes, key=lambda note: note.line)))

    def _check(self) -> None:
        if len(self._questions) > MOST_QUESTIONS or len(self._notes) > MOST_NOTES:
            raise Unreadable(TOO_MANY)


def _reason(error: ValidationError) -> str:
    kinds = {detail["type"] for detail in error.errors(include_url=False, include_context=False, include_input=False)}
    if "string_too_long" in kinds:
        return "question.too_long"
    if "too_long" in kinds:
        return "question.too_many"
    if kinds & {"too_short", "string_too_short"}:
        return "question.too_few"
    return "question.unfit"
