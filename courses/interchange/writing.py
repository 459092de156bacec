"""A question on its way out: what its file cannot carry is noted."""

import re
from collections.abc import Iterable, Iterator
from html import escape
from types import MappingProxyType

from courses.questions import Question

from .reading import Found, Note, excerpt_of

IMAGE = re.compile(r'<img((?:\s[a-z-]+="[^"]*")*)\s*/?>')
GAP = re.compile(r'<span data-gap="([A-Za-z0-9_-]+)"></span>')
_KEY = re.compile(r'\sdata-picture="([^"]*)"')
_ALT = re.compile(r'\salt="([^"]*)"')


class NotCarried(Exception):
    """The format has no way to say this question; `code` and `facts` say why, as in a note."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = {name: str(value) for name, value in facts.items()}


class Leaving:
    """A question while it is written. `number` is its place among those that are."""

    def __init__(self, number: int, found: Found) -> None:
        self.number = number
        self.found = found
        self.question: Question = found.question
        self.notes: dict[tuple, Note] = {}

    def note(self, code: str, **facts: object) -> None:
        """Say that something of the question stays behind; the same is said once."""
        told = {name: str(value) for name, value in facts.items()}
        note = Note(self.number, excerpt_of(self.question.name), code, MappingProxyType(told))
        self.notes.setdefault((code, *sorted(told.items())), note)

    def leave(self, name: str, is_said: object) -> None:
        """Note that something the question says has no place in the format."""
        if is_said:
            self.note("option.not_written", name=name)

    def without_pictures(self, html: str) -> str:
        """Prose with the alternative texts of its pictures."""
        if not IMAGE.search(html):
            return html
        self.note("picture.not_written")
        return IMAGE.sub(lambda match: alt_of(match[1]), html)


def all_of(questions: Iterable[Found | Question]) -> Iterator[tuple[int, Found]]:
    """Questions with their numbers; those without category and pictures, too."""
    for number, one in enumerate(questions, start=1):
        yield number, one if isinstance(one, Found) else Found(one)


def key_of(attributes: str) -> str:
    """The key of a picture, of its element's attributes."""
    found = _KEY.search(attributes)
    return found[1] if found else ""


def alt_of(attributes: str) -> str:
    """The alternative text of a picture, of its element's attributes, as HTML."""
    found = _ALT.search(attributes)
    return found[1].replace("<", "&lt;") if found else ""


def quoted(text: str) -> str:
    """Plain text as HTML."""
    return escape(text, quote=False)
