"""Prose as one types it into a box: plain text, an empty line between paragraphs; or HTML where it has elements.

`[[1]]` stands for the first gap, `[[imagen 1]]` for the first picture.
"""

import re
from collections.abc import Sequence
from html import escape, unescape

from . import prose
from .kinds import Picture

MARKUP = re.compile(
    rf"</?(?:{'|'.join(sorted({*prose.ELEMENTS, *prose.SAME} - {'img', 'span'}))})\b[^<>]*>", re.IGNORECASE
)
GAP = re.compile(r"\[\[\s*(\d{1,3})\s*\]\]")
PICTURE = re.compile(r"\[\[\s*imagen\s+(\d{1,2})\s*\]\]", re.IGNORECASE)
_SPAN = re.compile(r'<span data-gap="([A-Za-z0-9_-]{1,40})"></span>')
_IMAGE = re.compile(r"<img\b[^>]*>")
_KEY = re.compile(r'data-picture="([^"]*)"')


def to_prose(text: str, *, gaps: Sequence[str] = (), pictures: Sequence[Picture] = ()) -> str:
    """Safe prose of what was typed. A mark without a gap or picture stays as it was typed."""
    html = text if MARKUP.search(text) else prose.from_plain(text)

    def gap(found: re.Match[str]) -> str:
        number = int(found[1])
        return f'<span data-gap="{gaps[number - 1]}"></span>' if 0 < number <= len(gaps) else found[0]

    def picture(found: re.Match[str]) -> str:
        number = int(found[1])
        return image_of(pictures[number - 1]) if 0 < number <= len(pictures) else found[0]

    html = PICTURE.sub(picture, GAP.sub(gap, html))
    return prose.clean(html, pictures=[one.key for one in pictures], gaps=list(gaps))


def image_of(picture: Picture) -> str:
    """The element that shows a picture."""
    return f'<img data-picture="{picture.key}" alt="{escape(picture.alt)}">'


def to_typed(html: str, *, gaps: Sequence[str] = (), pictures: Sequence[Picture] = ()) -> str:
    """What to show in the box: plain text where that comes back as the same prose, else the HTML.

    A single paragraph comes back without its element.
    """
    numbers = {key: number for number, key in enumerate(gaps, start=1)}
    places = {one.key: number for number, one in enumerate(pictures, start=1)}

    def image(found: re.Match[str]) -> str:
        key = _KEY.search(found[0])
        return f"[[imagen {places[key[1]]}]]" if key and key[1] in places else ""

    marked = _SPAN.sub(lambda found: f"[[{numbers[found[1]]}]]" if found[1] in numbers else "", html)
    marked = _IMAGE.sub(image, marked)
    bare = marked.removeprefix("<p>").removesuffix("</p>").replace("</p><p>", "\n\n").replace("<br>", "\n")
    plain = unescape(bare)
    meant = prose.clean(html, pictures=list(places), gaps=list(gaps))
    if to_prose(plain, gaps=gaps, pictures=pictures) in {meant, prose.without_paragraph(meant)}:
        return plain
    return marked if MARKUP.search(marked) else f"<p>{marked}</p>"


def numbers_in(text: str) -> list[int]:
    """The numbers of the gaps that a typed text names, in its order."""
    return [int(found[1]) for found in GAP.finditer(text)]


def shown_in(html: str) -> set[str]:
    """The keys of the pictures that prose shows."""
    return {found[1] for image in _IMAGE.finditer(html) if (found := _KEY.search(image[0]))}
