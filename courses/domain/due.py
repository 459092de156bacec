"""What was assigned to somebody and until when, in words."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.models import AssignedPerson
from lms.models import Person

SOON_DAYS = 7


@dataclass(frozen=True)
class Asked:
    """A course that was assigned: by whom and why (`said`), the day it is due, if there is one, and that in words."""

    said: str
    due_on: date | None
    when: str

    @property
    def days_left(self) -> int | None:
        """Days until the due date, negative once it is over; None without one."""
        return (self.due_on - timezone.localdate()).days if self.due_on else None

    @property
    def is_pressing(self) -> bool:
        """Whether it is overdue or due within a week."""
        return self.days_left is not None and self.days_left <= SOON_DAYS

    @property
    def mark(self) -> str:
        """The class of the sign before it."""
        return "no" if self.days_left is not None and self.days_left < 0 else "wait" if self.is_pressing else ""


def in_words(due_on: date | None) -> str:
    """`Vence en 3 días`, `Vence hoy`, `Venció hace 2 días`; empty without a day, or more than two weeks before it."""
    if due_on is None:
        return ""
    days = (due_on - timezone.localdate()).days
    if days < 0:
        return ngettext("Venció hace %(n)d día", "Venció hace %(n)d días", -days) % {"n": -days}
    if days == 0:
        return _("Vence hoy")
    if days == 1:
        return _("Vence mañana")
    if days > 2 * SOON_DAYS:
        return ""
    return ngettext("Vence en %(n)d día", "Vence en %(n)d días", days) % {"n": days}


def said_of(row: AssignedPerson) -> str:
    """The sentence that the person reads."""
    assignment = row.assignment
    words = {"issuer": assignment.issuer_in_words, "day": row.due_on and date_format(row.due_on, "DATE_FORMAT")}
    if row.due_on:
        said = _("Se lo asignó %(issuer)s, hasta el %(day)s.") % words
    else:
        said = _("Se lo asignó %(issuer)s.") % words
    return f"{said} {assignment.reason}".strip()


def all_asked_of(person: Person) -> dict[UUID, list[Asked]]:
    """What binds somebody, by course, the first that is due before the others; one query."""
    rows = AssignedPerson.objects.binding().filter(person=person)
    found: dict[UUID, list[Asked]] = defaultdict(list)
    for row in rows.select_related("assignment__municipality", "assignment__network").order_by("reached_at", "pk"):
        found[row.assignment.course_key].append(Asked(said_of(row), row.due_on, in_words(row.due_on)))
    return {key: _first_due_first(asked) for key, asked in found.items()}


def asked_of(person: Person, course_key: UUID) -> list[Asked]:
    """What binds somebody to one course."""
    return all_asked_of(person).get(course_key, [])


def _first_due_first(asked: Iterable[Asked]) -> list[Asked]:
    return sorted(asked, key=lambda one: (one.due_on is None, one.due_on or date.max))
