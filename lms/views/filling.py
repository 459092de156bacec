"""Pages that are drawn once in each shape and filled for each that is shown, as statements are written once.

Of most values a template only says where they stand. Such a page is drawn with marks in their place; what was drawn so
is kept, and from then on the values alone are put in. It holds nothing of anything that was shown: what a template asks
about (`branches`), and of a text whether it is empty, is another shape.
"""

import re
import secrets
from collections.abc import Mapping
from copy import copy
from html import escape
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import get_language

from lms.domain import kept

from . import strangers

Texts = Mapping[str, str | list[str]]
_WORD = secrets.token_hex(12)  # nobody who writes a text knows it, and what was put in is not looked at again
_HOLE = re.compile(f"{_WORD}([0-9]+)z")
OF_EVERYBODY = "drawn"


def render_filled(
    request: HttpRequest, template: str, branches: Mapping[str, Any], texts: Texts, *, named_by: str
) -> HttpResponse:
    """The page as `render` makes it of both. Only strangers are shown one that was drawn before.

    The template may print a text and ask whether it is empty, and do nothing else with it. `named_by` is the text that
    stands in the address.
    """
    if settings.KEPT_SECONDS <= 0 or not strangers.is_plain(request):
        return render(request, template, {**branches, **texts})
    values = [one for text in texts.values() for one in ([text] if isinstance(text, str) else text)]
    where = f"{request.scheme}://{request.get_host()}{request.path.replace(str(texts[named_by]), '*')}"
    shape = [bool(text) if isinstance(text, str) else [*map(bool, text)] for text in texts.values()]
    key = f"{template} {get_language()} {where} {sorted(branches.items())} {shape}"
    drawn = kept.drawn.find(key, OF_EVERYBODY)
    if drawn is None:
        drawn = _HOLE.split(_draw(request, template, branches, texts, named_by))
        if not request.META.get("CSRF_COOKIE_NEEDS_UPDATE"):  # or it holds a mark that is this reader's alone
            kept.drawn.keep(key, OF_EVERYBODY, drawn)
    page = drawn.copy()
    page[1::2] = [escape(values[int(place)]) for place in drawn[1::2]]
    return HttpResponse("".join(page))


def _draw(request: HttpRequest, template: str, branches: Mapping[str, Any], texts: Texts, named_by: str) -> str:
    """The page with a mark in the place of each text that is not empty."""
    number = 0

    def mark(text: str) -> str:
        nonlocal number
        number += 1
        return f"{_WORD}{number - 1}z" if text else ""

    marks = {name: mark(text) if isinstance(text, str) else [*map(mark, text)] for name, text in texts.items()}
    seen = copy(request)
    seen.path = request.path.replace(str(texts[named_by]), str(marks[named_by]))
    return render_to_string(template, {**branches, **marks}, seen)
