"""Who lacks what: the staff of a town hall against the courses that are meant for their posts. Flat in queries."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from certificates.models import Certificate
from courses.models import Completion, CoursePage, Enrolment
from lms.domain import staff
from lms.domain.sheets import Cell
from lms.models import Appointment, Municipality, Person, Post

from .coverage import IN_FORCE


class State(models.TextChoices):
    """How far somebody is with a course that is meant for their post; of its edition of today."""

    LACKING = "falta", gettext_lazy("Falta")
    RUNNING = "en-curso", gettext_lazy("En curso")
    COMPLETED = "completado", gettext_lazy("Completado")
    REVOKED = "revocado", gettext_lazy("Certificado revocado")
    EXPIRED = "vencido", gettext_lazy("Certificado vencido")
    SUSPENDED = "suspendido", gettext_lazy("Certificado suspendido")
    CERTIFIED = "certificado", gettext_lazy("Certificado vigente")


# What a certificate that is not in force leaves of it; where there are several, the first of these is told.
ENDED = {
    State.SUSPENDED: Certificate.State.SUSPENDED,
    State.EXPIRED: Certificate.State.EXPIRED,
    State.REVOKED: Certificate.State.REVOKED,
}


@dataclass(frozen=True)
class Need:
    """A course that is meant for a person's post, and how far they are."""

    course: CoursePage
    state: State


@dataclass(frozen=True)
class Row:
    """Somebody of the staff, their posts here, and what is meant for those."""

    person: Person
    posts: list[Post]
    needs: list[Need]


@dataclass(frozen=True)
class Wanted:
    """What is asked for; empty is everything."""

    words: str = ""
    post: Post | None = None
    course: CoursePage | None = None
    state: str = ""

    def keeps(self, need: Need) -> bool:
        """Whether this need is among what is asked for."""
        is_course = self.course is None or need.course.translation_key == self.course.translation_key
        return is_course and self.state in {"", need.state}


def courses_for_posts() -> dict[int, list[CoursePage]]:
    """The published courses open to all, by the post that they are meant for; one for each translation key."""
    found: dict[int, dict[UUID, CoursePage]] = defaultdict(dict)
    pages = CoursePage.objects.live().public().sources().filter(network=None).order_by("path").prefetch_related("posts")
    for course in pages:
        for post in course.posts.all():
            found[post.pk].setdefault(course.translation_key, course)
    return {post: list(courses.values()) for post, courses in found.items()}


def find(municipality: Municipality, wanted: Wanted) -> list[Row]:
    """The people of a town hall with what is asked for; people for whose posts there is nothing are left out."""
    about: dict[str, Any] = {"post": wanted.post} if wanted.post else {}
    found = staff.people_of(municipality, **about).search_words(wanted.words)
    listed = list(found.only("public_id", "given_names", "surnames"))
    meant, facts = courses_for_posts(), _Facts([person.pk for person in listed])
    rows = []
    for person in listed:
        posts = list({held.post_id: held.post for held in person.held}.values())  # type: ignore[attr-defined]
        courses = {course.pk: course for post in posts for course in meant.get(post.pk, [])}
        needs = [Need(course, facts.state(person.pk, course)) for course in courses.values()]
        if kept := [need for need in needs if wanted.keeps(need)]:
            rows.append(Row(person, posts, kept))
    return rows


def find_one(person: Person, municipalities: QuerySet[Municipality]) -> list[Need]:
    """What is meant for the posts that somebody holds in some municipalities."""
    held = Appointment.objects.lasting().filter(person=person, municipality__in=municipalities.values("pk"))
    meant, facts = courses_for_posts(), _Facts([person.pk])
    courses = {course.pk: course for post in held.values_list("post", flat=True) for course in meant.get(post, [])}
    return [Need(course, facts.state(person.pk, course)) for course in courses.values()]


def count(rows: Iterable[Row]) -> dict[str, int]:
    """How often each state occurs."""
    counts = dict.fromkeys(State.values, 0)
    for row in rows:
        for need in row.needs:
            counts[need.state] += 1
    return counts


class _Facts:
    """What some people did, in six queries."""

    def __init__(self, people: list[int]) -> None:
        # The register names the record of the day; `holder` is the one that stands for the person today.
        issued: QuerySet[Any] = Certificate.objects.with_state().with_holder()
        made: QuerySet[Any] = Completion.objects.with_holder()
        records = Person.objects.families(people).values("pk")
        issued = issued.filter(person__in=records).order_by()
        completed = made.filter(person__in=records).order_by()
        running = Enrolment.objects.active().filter(person__in=people).order_by()
        self.certified = set(issued.filter(IN_FORCE).values_list("holder", "course_key", "edition"))
        self.ended = {
            state: set(issued.filter(state=said).values_list("holder", "course_key", "edition"))
            for state, said in ENDED.items()
        }
        self.completed = set(completed.values_list("holder", "course_key", "edition"))
        self.running = set(running.values_list("person_id", "course_key"))

    def state(self, person: int, course: CoursePage) -> State:
        """The furthest that holds."""
        of_today = (person, course.translation_key, course.edition)
        if of_today in self.certified:
            return State.CERTIFIED
        for state, people in self.ended.items():
            if of_today in people:
                return state
        if of_today in self.completed:
            return State.COMPLETED
        return State.RUNNING if (person, course.translation_key) in self.running else State.LACKING


def headings() -> list[str]:
    """The first row of the list as a file."""
    return [_("Apellidos"), _("Nombres"), _("Puesto"), _("Curso"), _("Horas"), _("Estado")]


def cells(rows: Iterable[Row]) -> Iterator[list[Cell]]:
    """One row a person and course."""
    for row in rows:
        posts = ", ".join(post.name for post in row.posts)
        for need in row.needs:
            names: list[Cell] = [row.person.surnames, row.person.given_names, posts]
            yield [*names, need.course.title, need.course.hours, str(need.state.label)]


def by_municipality(places: QuerySet[Municipality]) -> QuerySet[Municipality]:
    """Municipalities with `present`, `waiting` and `trained`: of those present, who has a certificate in force."""
    in_force = Certificate.objects.with_state().filter(IN_FORCE)
    # Two searches: for either column there is an index, and for the one or the other of them there is none.
    under_the_standing_record = Exists(in_force.filter(person=OuterRef("person")))
    under_one_taken_in = Exists(in_force.filter(person__merged_into=OuterRef("person")))
    trained = Appointment.objects.lasting().filter(under_the_standing_record | under_one_taken_in)
    return staff.with_counts(places).annotate(
        trained=Count("appointments__person", filter=Q(appointments__in=trained), distinct=True)
    )
