"""The duty to train in each semester (Código Municipal, Decreto 12-2002, art. 94): who of the staff was trained.

Trained is who completed a course of ANAM in the semester, was certified of one that ended in it, or ended a training
elsewhere in it that was checked with its original. Of groups of fewer than five only the town hall's own Human
Resources see more than that they are so few; for all others they are joined until nobody can be made out, not even by
subtraction.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from certificates.models import CareerAnnotation, Certificate, CertificateEvent
from courses.models import Completion
from lms.domain import audit
from lms.domain.sheets import Cell
from lms.models import Appointment, Municipality, Person, Role, RoleGrant

FEW = 5
Step = CareerAnnotation.Step


@dataclass(frozen=True)
class Semester:
    """Half a year, `half` 1 or 2."""

    year: int
    half: int

    @classmethod
    def of(cls, day: date) -> "Semester":
        """The one that a day lies in."""
        return cls(day.year, 1 if day.month <= 6 else 2)

    @classmethod
    def parse(cls, text: str) -> "Semester | None":
        """`2026-2`; None for what is none, or has not begun."""
        year, _dash, half = text.partition("-")
        if not (year.isascii() and year.isdigit() and half in {"1", "2"} and 2000 <= int(year) <= 2200):
            return None
        found = cls(int(year), int(half))
        return found if found.first <= timezone.localdate() else None

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, 1 if self.half == 1 else 7, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return date(self.year, 6, 30) if self.half == 1 else date(self.year, 12, 31)

    @property
    def before(self) -> "Semester":
        """The one before."""
        return Semester(self.year, 1) if self.half == 2 else Semester(self.year - 1, 2)

    def __str__(self) -> str:
        return f"{self.year}-{self.half}"

    @property
    def words(self) -> str:
        """`segundo semestre de 2026`."""
        said = _("primer semestre de %(year)s") if self.half == 1 else _("segundo semestre de %(year)s")
        return said % {"year": self.year}


def lately(count: int = 6) -> list[Semester]:
    """The semester of today and those before it."""
    found = [Semester.of(timezone.localdate())]
    while len(found) < count:
        found.append(found[-1].before)
    return found


@dataclass
class Group:
    """People by the keys of their records, how many of them were trained, and for how many hours together."""

    name: str
    people: set[int] = field(default_factory=set)
    trained: int = 0
    hours: Decimal = Decimal(0)
    is_hidden: bool = False

    @property
    def staff(self) -> int:
        """How many there are."""
        return len(self.people)


@dataclass(frozen=True)
class Report:
    """The whole; `posts` in alphabetical order."""

    municipality: Municipality
    semester: Semester
    posts: list[Group]
    total: Group


def build(municipality: Municipality, semester: Semester, *, for_person: Person) -> Report:
    """The report as `for_person` may see it. In queries that do not grow."""
    posts: dict[str, Group] = {}
    total = Group(_("Total"))
    for holder, post in _held(municipality, semester):
        posts.setdefault(post, Group(post)).people.add(holder)
        total.people.add(holder)
    hours = _hours(total.people, semester)
    shown = sorted(posts.values(), key=lambda group: group.name)
    if not is_own(municipality, for_person):
        shown = joined(shown)
        total.is_hidden = total.staff < FEW
    for group in (*shown, total):
        group.trained = sum(1 for one in group.people if one in hours)
        group.hours = sum((hours.get(one, Decimal(0)) for one in group.people), Decimal(0))
    return Report(municipality, semester, shown, total)


def is_own(municipality: Municipality, person: Person) -> bool:
    """Whether somebody is of the town hall's own Human Resources."""
    grants = RoleGrant.objects.in_force().filter(person=person, role=Role.HR_DELEGATE, municipality=municipality)
    return grants.exists()


def _held(municipality: Municipality, semester: Semester) -> list[tuple[int, str]]:
    """(key of the record that stands, name of the post) for each confirmed post held in the semester."""
    held = Appointment.objects.confirmed().filter(
        Q(ends_on=None) | Q(ends_on__gte=semester.first),
        municipality=municipality,
        starts_on__lte=min(semester.last, timezone.localdate()),
        person__erased_at=None,
    )
    rows = held.values_list("person", "person__merged_into", "post__name").order_by("pk")
    return [(root or person, post) for person, root, post in rows]


def _hours(people: set[int], semester: Semester) -> dict[int, Decimal]:
    """Hours by record; whoever was not trained is not in it. Each edition of a course counts once."""
    records = Person.objects.families(list(people)).values("pk")
    columns = ("holder", "course_key", "edition", "hours")
    papers = Certificate.objects.in_force().with_holder().filter(person__in=records)
    in_force = {tuple(key): (hours, day) for *key, hours, day in papers.values_list(*columns, "completed_on")}
    revoked = CertificateEvent.objects.filter(certificate=OuterRef("pk"), kind=CertificateEvent.Kind.REVOKED)
    ended = Certificate.objects.with_holder().filter(Exists(revoked), person__in=records)
    done = {tuple(key): hours for *key, hours in _completed(records, semester).values_list(*columns)}
    # Where there is a paper, by hand or corrected, it is as the paper says.
    for key in {*in_force, *ended.values_list(*columns[:3])}:
        done.pop(key, None)
    done |= {key: hours for key, (hours, day) in in_force.items() if semester.first <= day <= semester.last}
    counted: dict[int, Decimal] = defaultdict(Decimal)
    for key, hours in done.items():
        counted[key[0]] += hours
    for person, root, facts in _checked(records, semester):
        counted[root or person] += Decimal(facts.get("hours", "0"))
    return dict(counted)


def _completed(records: QuerySet, semester: Semester) -> QuerySet:
    since = timezone.make_aware(datetime.combine(semester.first, time.min))
    until = timezone.make_aware(datetime.combine(semester.last + timedelta(days=1), time.min))
    made: QuerySet = Completion.objects.with_holder()
    return made.filter(person__in=records, completed_at__gte=since, completed_at__lt=until).order_by()


def _checked(records: QuerySet, semester: Semester) -> Iterator[tuple[int, int | None, dict]]:
    """Trainings elsewhere that ended in the semester, were compared with the original and still count."""
    taken = CareerAnnotation.objects.filter(about=OuterRef("pk"))
    found = CareerAnnotation.objects.entries().filter(
        Exists(taken.filter(step=Step.CHECKED)),
        ~Exists(taken.filter(step__in=[Step.REFUSED, Step.ANNULLED])),
        person__in=records,
        kind=CareerAnnotation.Kind.TRAINING,
        occurred_on__range=(semester.first, semester.last),
    )
    return found.values_list("person", "person__merged_into", "facts").iterator(chunk_size=2000)


def joined(groups: list[Group]) -> list[Group]:
    """Groups of which each has five people or more: small ones become one, with the next larger where that is few."""
    large = sorted((one for one in groups if one.staff >= FEW), key=lambda one: (one.staff, one.name))
    small = [one for one in groups if one.staff < FEW]
    others: set[int] = set().union(*(one.people for one in small)) if small else set()
    while small and len(others) < FEW and large:
        small.append(large.pop(0))
        others |= small[-1].people
    if not small:
        return groups
    rest = Group(_("Otros puestos"), others, is_hidden=len(others) < FEW)
    return [*sorted(large, key=lambda one: one.name), rest]


# As a list ---------------------------------------------------------------------------------------------------------


def headings() -> list[str]:
    """The first row."""
    return [_("Puesto"), _("Personas en el puesto"), _("Personas formadas"), _("Horas")]


def rows(report: Report) -> Iterator[list[Cell]]:
    """One row for each post, and the total."""
    few = _("menos de %(n)d") % {"n": FEW}
    for group in (*report.posts, report.total):
        yield [group.name, few, "", ""] if group.is_hidden else [group.name, group.staff, group.trained, group.hours]


def record_export(report: Report, *, by: Person, form: str) -> None:
    """Tell the trail who took the report away."""
    facts = {"form": form, "municipality": report.municipality.code, "semester": str(report.semester)}
    with transaction.atomic():
        audit.record("training_duty.exported", by=by, facts=facts)
