"""Who lacks what of the paths of their posts, over the municipalities that somebody follows. Flat in queries."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.utils.translation import gettext as _

from courses.domain import paths
from courses.domain.paths import Route
from courses.models import LearningPath
from lms.domain import audit
from lms.domain.sheets import Cell
from lms.models import Appointment, Department, Municipality, Person, Post

STRETCH = 500
LACKING, COMPLETE = "falta", "completa"


@dataclass(frozen=True)
class Wanted:
    """What is asked for; empty is everything. `state` is asked of the chosen path alone."""

    words: str = ""
    department: Department | None = None
    municipality: Municipality | None = None
    post: Post | None = None
    path: LearningPath | None = None
    state: str = ""


@dataclass(frozen=True)
class Row:
    """Somebody, their posts for which there is a path, and how far they are with each of these."""

    person: Person
    held: list[Appointment]
    routes: list[Route]


class Gaps:
    """The people of some municipalities against the paths of their posts."""

    def __init__(self, places: QuerySet[Municipality], wanted: Wanted) -> None:
        chosen = LearningPath.objects.published().prefetch_related("posts")
        chosen = chosen.filter(pk=wanted.path.pk) if wanted.path else chosen
        self.routes = [route for route in paths.routes(chosen) if route.total]
        self.posts = {route.path.pk: {post.pk for post in route.path.posts.all()} for route in self.routes}
        self.held = self._held(places, wanted)
        self.people = self._people(wanted)

    def _held(self, places: QuerySet[Municipality], wanted: Wanted) -> QuerySet[Appointment]:
        asked: dict[str, Any] = {"post__in": set().union(*self.posts.values())}
        if wanted.municipality:
            asked["municipality"] = wanted.municipality
        elif wanted.department:
            asked["municipality__department"] = wanted.department
        held = Appointment.objects.lasting().filter(municipality__in=places.values("pk"), **asked)
        return held.filter(post=wanted.post) if wanted.post else held

    def _people(self, wanted: Wanted) -> QuerySet[Person]:
        found = Person.objects.filter(Exists(self.held.filter(person=OuterRef("pk"))), merged_into=None, erased_at=None)
        found = found.search_words(wanted.words)
        if wanted.path and wanted.state and self.routes:
            route = self.routes[0]
            found = paths.with_done(found, route)
            is_complete = {"path_done": route.total}
            found = found.filter(**is_complete) if wanted.state == COMPLETE else found.exclude(**is_complete)
        shown = self.held.select_related("post", "municipality__department")
        return found.order_by("surnames", "given_names", "pk").prefetch_related(
            Prefetch("appointments", queryset=shown, to_attr="held")
        )

    def rows(self, people: Iterable[Person]) -> list[Row]:
        """Some of `people` with what they lack; one query."""
        people = list(people)
        done = paths.completed_by([one.pk for one in people])
        return [self._row(one, done.get(one.pk, set())) for one in people]

    def _row(self, person: Person, done: set) -> Row:
        held = person.held  # type: ignore[attr-defined]  # `_people` prefetches it
        posts = {one.post_id for one in held}
        mine = [paths.marked(route, done) for route in self.routes if self.posts[route.path.pk] & posts]
        return Row(person, held, mine)

    def cells(self) -> Iterator[list[Cell]]:
        """One row a person and path, read in stretches so that memory does not grow with them."""
        stretch: list[Person] = []
        for person in self.people.iterator(chunk_size=STRETCH):
            stretch.append(person)
            if len(stretch) == STRETCH:
                yield from _cells(self.rows(stretch))
                stretch = []
        yield from _cells(self.rows(stretch))


def headings() -> list[str]:
    """The first row of the list as a file."""
    return [
        _("Apellidos"),
        _("Nombres"),
        _("Puesto"),
        _("Municipio"),
        _("Departamento"),
        _("Ruta"),
        _("Cursos completados"),
        _("Cursos que pide"),
        _("Le falta"),
    ]


def _cells(rows: Iterable[Row]) -> Iterator[list[Cell]]:
    for row in rows:
        posts = ", ".join(dict.fromkeys(one.post.name for one in row.held))
        towns = ", ".join(dict.fromkeys(one.municipality.name_common for one in row.held))
        departments = ", ".join(dict.fromkeys(one.municipality.department.name for one in row.held))
        for route in row.routes:
            lacking = "; ".join(step.course.title for step in route.lacking)
            names: list[Cell] = [row.person.surnames, row.person.given_names, posts, towns, departments]
            yield [*names, route.path.title, route.done, route.total, lacking]


def record_export(gaps: Gaps, *, by: Person, form: str, filters: Iterable[str]) -> None:
    """Tell the trail who took the list away: of the filters only which were used."""
    facts = {"form": form, "filters": sorted(filters), "people": gaps.people.count()}
    with transaction.atomic():
        audit.record("path_gaps.exported", by=by, facts=facts)
