"""Posts and municipalities as lists of staff name them, read once for a whole list."""

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable

from lms import permissions
from lms.domain.texts import fold
from lms.models import Municipality, Person, Post

from .cells import CellFault, quotable, text_of

ACTION = "import_staff"


def _words(text: str) -> str:
    """Folded, without dots and other signs: `D.A.F.I.M.` → `dafim`, `Encargado(a)` → `encargado a`."""
    return " ".join(re.sub(r"[^a-z0-9 ]+", " ", fold(text).replace(".", "")).split())


def _names_of(post: Post) -> Iterable[str]:
    """A post for women and for men, with and without `municipal`: `Secretario o secretaria municipal` has six."""
    name = _words(post.name)
    yield from (_words(post.code), _words(post.abbreviation), name)
    found = re.match(r"(\w+) o (\w+)(.*)", name)
    starts = [found[1] + found[3], found[2] + found[3]] if found else [name]
    for start in starts:
        first, _space, rest = start.partition(" ")
        woman = f"{first[:-1]}a" if first.endswith("o") else f"{first}a" if first.endswith("or") else first
        for whole in (start, f"{woman} {rest}".strip()):
            yield from (whole, whole.removesuffix(" municipal"))
    if post.abbreviation:
        yield f"{name} {_words(post.abbreviation)}"


class Catalogue:
    """What a list handed in by `by` may name; `default` is the municipality of rows that name none."""

    def __init__(self, by: Person, default: Municipality | None) -> None:
        self.default = default
        self.is_nationwide = permissions.nationwide(by, ACTION)
        self.reach = set(permissions.municipalities_for(by, ACTION).values_list("pk", flat=True))
        self._posts: dict[str, set[Post]] = defaultdict(set)
        for post in Post.objects.all():
            for name in filter(None, _names_of(post)):
                self._posts[name].add(post)
        self._post_names = {_words(post.name): post.name for post in Post.objects.filter(is_open=True)}
        self._post_faults: dict[str, CellFault] = {}
        self._found_posts: dict[str, Post] = {}
        self._by_code: dict[str, Municipality] = {}
        self._by_name: dict[str, set[Municipality]] = defaultdict(set)
        for place in Municipality.objects.select_related("department"):
            self._by_code[place.code] = place
            for name in (place.name, place.name_common):
                self._by_name[_words(name)].add(place)
                self._by_name[f"{_words(name)} {_words(place.department.name)}"].add(place)

    def post(self, text: str) -> Post:
        """A post by code, name or abbreviation. Raises `post.unknown`, `post.ambiguous` and `post.closed`."""
        if text not in self._found_posts:
            self._found_posts[text] = self._find_post(text)
        return self._found_posts[text]

    def _find_post(self, text: str) -> Post:
        found = self._posts.get(_words(text), set())
        # A code that is one post's own wins over a name that several share.
        exact = {post for post in found if _words(post.code) == _words(text) or _words(post.name) == _words(text)}
        found = exact if len(exact) == 1 else found
        if len(found) > 1:
            raise CellFault("post.ambiguous", value=quotable(text))
        if not found:
            raise self._unknown_post(text)
        post = next(iter(found))
        if not post.is_open:
            raise CellFault("post.closed", value=quotable(text))
        return post

    def _unknown_post(self, text: str) -> CellFault:
        key = _words(text)[:120]
        if key not in self._post_faults:
            near = difflib.get_close_matches(key, self._post_names, n=1, cutoff=0.7)
            self._post_faults[key] = (
                CellFault("post.unknown_near", value=quotable(text), near=self._post_names[near[0]])
                if near
                else CellFault("post.unknown", value=quotable(text))
            )
        return self._post_faults[key]

    def municipality(self, cell: object, department: object) -> Municipality:
        """A municipality by INE's code or by name. Raises `municipality.unknown`, `.ambiguous` and `.outside`."""
        text = text_of(cell)
        place = self._find(text, text_of(department))
        if place.pk not in self.reach:
            raise CellFault("municipality.outside", value=str(place))
        return place

    def _find(self, text: str, department: str) -> Municipality:
        if re.fullmatch(r"[0-9]{3,4}", text):
            if place := self._by_code.get(text.zfill(4)):
                return place
            raise CellFault("municipality.unknown", value=quotable(text))
        name = re.sub(r"^(municipalidad|municipio|muni) (de )?", "", _words(text))
        found = self._by_name.get(name, set())
        if department and len(found) > 1:
            where = _words(department).zfill(2) if department.isdigit() else _words(department)
            found = {one for one in found if where in {_words(one.department.name), one.department.code}}
        if len(found) > 1:
            found = {one for one in found if one.pk in self.reach} if not self.is_nationwide else found
        if not found:
            raise CellFault("municipality.unknown", value=quotable(text))
        if len(found) > 1:
            raise CellFault("municipality.ambiguous", value=quotable(text))
        return next(iter(found))
