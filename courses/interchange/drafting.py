"""A question on its way in: its texts are made safe, its pictures taken, and what cannot come along is noted."""

import base64
import binascii
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sized
from types import MappingProxyType
from urllib.parse import unquote

from pydantic import ValidationError

from courses.questions import Picture, Question, prose
from courses.questions.kinds import MOST_PARTS

from .forms import Form, as_html
from .reading import MOST_NOTES, MOST_QUESTIONS, Found, Note, Reading, Unreadable, excerpt_of
from .sayings import TOO_MANY, TOO_SLOW

NAME_LENGTH = 255
ALT_LENGTH = 1_000
MOST_PICTURES = 50
MOST_SECONDS = 120
PICTURE_BYTES = 10 * 1024**2
MAGIC = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg", b"GIF87a": "gif", b"GIF89a": "gif"}
DATA_ADDRESS = re.compile(r"data:image/[\w.+-]+;base64,", re.IGNORECASE)

# An image's address answered with its bytes, or None.
Files = Callable[[str], bytes | None]


class NotUnderstood(Exception):
    """This question cannot come in; `code` and `facts` say why, as in a note."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = {name: str(value) for name, value in facts.items()}


def assert_few(parts: Sized) -> None:
    """Whether a question has no more parts than one may have, before any is looked at. Raises `NotUnderstood`."""
    if len(parts) > MOST_PARTS:
        raise NotUnderstood("question.too_many")


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
    packed = "".join(text.split()).rstrip("=")
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def kind_of_picture(content: bytes) -> str | None:
    """`png`, `jpg`, `gif` or `webp` by its own bytes; None for anything else, SVG too: it may carry programs."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    return next((kind for magic, kind in MAGIC.items() if content.startswith(magic)), None)


class Patience:
    """How long a file is read before it is given up: what some files ask for grows out of all proportion."""

    def __init__(self) -> None:
        self._until = time.monotonic() + MOST_SECONDS

    def check(self) -> None:
        """Raises `Unreadable` once it is over."""
        if time.monotonic() > self._until:
            raise Unreadable(TOO_SLOW)


class Notebook:
    """What was read so far. Files of one package are read with one `patience`."""

    def __init__(self, notes: Iterable[Note] = (), patience: Patience | None = None) -> None:
        self._patience = patience or Patience()
        self._questions: list[Found] = []
        self._notes: list[Note] = list(notes)

    def note(self, line: int, code: str, excerpt: str = "", **facts: object) -> None:
        """Say what was not understood outside of any question, or that something is none."""
        told = MappingProxyType({name: str(value) for name, value in facts.items()})
        self._notes.append(Note(line, excerpt_of(excerpt), code, told))
        self._check()

    def add(self, notes: Iterable[Note]) -> None:
        """Take over notes that were made elsewhere."""
        self._notes += notes

    def take(self, draft: Draft, make: Callable[[Draft], Question], category: tuple[str, ...] = ()) -> None:
        """Make the question of a draft, or note why there is none. Raises `Unreadable` when it takes too long."""
        self._patience.check()
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
