"""What posts ask their holders to be able to do, against what is proven today. Flat in queries."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from certificates.models import Certificate
from courses.domain.competencies import asked_of, courses_that_prove
from courses.models import AskedLevel, Competency, CoursePage
from lms.domain import staff
from lms.domain.sheets import Cell
from lms.models import Appointment, Municipality, Person, Post

from .competencies import Held, fold


class State(models.TextChoices):
    """How somebody stands to what a post asks for, today."""

    LACKING = "falta", gettext_lazy("Falta")
    BELOW = "nivel-menor", gettext_lazy("Nivel menor")
    EXPIRED = "vencida", pgettext_lazy("competency", "Vencida")
    MET = "cumple", pgettext_lazy("competency", "Cumple")


@dataclass(frozen=True)
class Need:
    """What is asked of somebody, what they are proven able to do, and the course that proves what is lacking."""

    asked: AskedLevel
    held: Held | None
    course: CoursePage | None

    @property
    def competency(self) -> Competency:
        """What is asked for."""
        return self.asked.competency

    @property
    def level_name(self) -> str:
        """At least which level."""
        return self.competency.levels.get(self.asked.level, str(self.asked.level))

    @property
    def state(self) -> State:
        """What has expired is told only where it would be enough."""
        if self.held is None:
            return State.LACKING
        if self.held.level >= self.asked.level:
            return State.MET
        if self.held.lapsed and self.held.lapsed.level >= self.asked.level:
            return State.EXPIRED
        return State.BELOW if self.held.proof else State.LACKING

    @property
    def is_met(self) -> bool:
        """Whether nothing is lacking."""
        return self.state == State.MET

    @property
    def held_level(self) -> str:
        """The level that counts today, in its word; empty where none does."""
        return self.held.proof.level_name if self.held and self.held.proof else ""


@dataclass(frozen=True)
class Row:
    """Somebody of the staff, their posts here, and what is asked of those."""

    person: Person
    posts: list[Post]
    needs: list[Need]


@dataclass(frozen=True)
class Wanted:
    """What is asked for of the list; empty is everything."""

    words: str = ""
    post: Post | None = None
    competency: Competency | None = None
    state: str = ""

    def keeps(self, need: Need) -> bool:
        """Whether this need is among what is asked for."""
        is_asked = self.competency is None or need.asked.competency_id == self.competency.pk
        return is_asked and self.state in {"", need.state}


def compare(asked: Iterable[AskedLevel], held: Iterable[Held], courses: Mapping[str, list[CoursePage]]) -> list[Need]:
    """Of what several posts ask the highest level of each competency, in the order of names."""
    highest: dict[str, AskedLevel] = {}
    for row in asked:
        known = highest.get(row.competency.key)
        if known is None or row.level > known.level:
            highest[row.competency.key] = row
    able = {one.key: one for one in held}
    found = sorted(highest.items(), key=lambda pair: (pair[1].competency.name, pair[0]))
    return [Need(row, able.get(key), _proving(row, courses.get(key, []))) for key, row in found]


def _proving(row: AskedLevel, courses: Iterable[CoursePage]) -> CoursePage | None:
    """The first course whose certificate is enough; they come with the lowest level first."""
    return next((course for course in courses if (course.competency_level or 0) >= row.level), None)


def find_one(held: Iterable[Held], appointments: QuerySet[Appointment]) -> list[Need]:
    """What some appointments ask of somebody who is able to do so much."""
    asked = asked_of(appointments.values_list("post", flat=True))
    rows = [row for rows in asked.values() for row in rows]
    return compare(rows, held, courses_that_prove()) if rows else []


def able_in(person: Person) -> list[Held]:
    """The competencies of one person, by whatever record; one query."""
    return fold(Certificate.objects.for_person(person).with_state().filter(facts__has_key="competency"))


def find(municipality: Municipality, wanted: Wanted) -> list[Row]:
    """The people of a town hall with what is asked for; those of whose posts nothing is asked are left out."""
    about: dict[str, Any] = {"post": wanted.post} if wanted.post else {}
    found = staff.people_of(municipality, **about).search_words(wanted.words)
    listed = list(found.only("public_id", "given_names", "surnames"))
    posts = {one.pk: list({held.post_id: held.post for held in one.held}.values()) for one in listed}  # type: ignore[attr-defined]
    asked = asked_of(post.pk for of_one in posts.values() for post in of_one)
    able, courses = _able([one.pk for one in listed]), courses_that_prove()
    rows = []
    for one in listed:
        of_posts = [row for post in posts[one.pk] for row in asked.get(post.pk, [])]
        needs = compare(of_posts, able.get(one.pk, []), courses)
        if kept := [need for need in needs if wanted.keeps(need)]:
            rows.append(Row(one, posts[one.pk], kept))
    return rows


def _able(people: list[int]) -> dict[int, list[Held]]:
    """The competencies of each of some people, by the key of the record that stands for them; one query."""
    certificates: dict[int, list[Certificate]] = defaultdict(list)
    issued: QuerySet[Any] = Certificate.objects.with_state().with_holder()
    records = Person.objects.families(people).values("pk")
    proving = issued.filter(person__in=records, facts__has_key="competency").order_by()
    for one in proving.only("facts", "expires_on"):
        certificates[one.holder].append(one)
    return {person: fold(papers) for person, papers in certificates.items()}


def count(rows: Iterable[Row]) -> dict[str, int]:
    """How often each state occurs."""
    counts = dict.fromkeys(State.values, 0)
    for row in rows:
        for need in row.needs:
            counts[need.state] += 1
    return counts


def headings() -> list[str]:
    """The first row of the list as a file."""
    first = [_("Apellidos"), _("Nombres"), _("Puesto"), _("Competencia"), _("Nivel que pide"), _("Nivel que tiene")]
    return [*first, _("Hasta"), _("Estado"), _("Curso que la demuestra")]


def cells(rows: Iterable[Row]) -> Iterator[list[Cell]]:
    """One row a person and competency."""
    for row in rows:
        posts = ", ".join(post.name for post in row.posts)
        for need in row.needs:
            proof = need.held.proof if need.held else None
            names: list[Cell] = [row.person.surnames, row.person.given_names, posts]
            levels: list[Cell] = [need.competency.name, need.level_name, need.held_level]
            course = need.course.title if need.course and not need.is_met else ""
            yield [*names, *levels, proof.until if proof else None, str(need.state.label), course]
