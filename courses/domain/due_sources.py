"""What reminds of what was assigned: to whoever has to complete it, and for their town hall how many have to.

Each due date is told once before it and once after it. There is one message a week, so "before" is a week; "after" is
told unless a message went out since, within three weeks, so that days without a worker lose nobody.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import partial
from typing import cast

from django.db.models import Exists, Max, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.domain.digests import AT_MOST_EVERY, Line, source
from courses.models import AssignedPerson, Digest, Enrolment
from courses.models.joining import AssignedPersonQuerySet
from lms import permissions
from lms.models import Appointment, RoleGrant

SOON = AT_MOST_EVERY
LATE = timedelta(days=21)
STAFF_ACTION = "read_staff"
Told = Iterable[tuple[int, Line]]


def _asked(today: date) -> AssignedPersonQuerySet:
    """What binds people who are in the course and have not completed it, due soon or not long ago."""
    mine = Enrolment.objects.filter(person=OuterRef("person"), course_key=OuterRef("assignment__course_key"))
    bound = AssignedPerson.objects.binding().filter(Exists(mine.unfinished()))
    return bound.filter(due_on__gte=today - LATE, due_on__lt=today + SOON).order_by("due_on", "pk")


@source("due")
def due(at: datetime) -> Told:
    """What somebody has to complete within the week, or had to; of one course what is due first."""
    today = timezone.localdate(at)
    told = Digest.objects.filter(person=OuterRef("person"), day__gt=OuterRef("due_on"), has_failed=False)
    rows = _asked(today).exclude(Exists(told)).select_related("assignment__course")
    for one in rows.iterator():
        course, day = one.assignment.course, cast(date, one.due_on)  # whoever has none is not asked
        words = partial(_late_words if day < today else _soon_words, course.title, day)
        yield one.person_id, Line(words, reverse("courses:learning"), about=one.assignment.course_key)


def _soon_words(title: str, day: date) -> str:
    return _("Complete el curso «%(title)s» a más tardar el %(day)s.") % {"title": title, "day": _written(day)}


def _late_words(title: str, day: date) -> str:
    words = _("El curso «%(title)s» venció el %(day)s. Todavía puede completarlo.")
    return words % {"title": title, "day": _written(day)}


def _written(day: date) -> str:
    return date_format(day, "DATE_FORMAT")


@source("due_staff")
def staff(at: datetime) -> Told:
    """For delegates of a town hall: how many of its people have something due, or had. No names leave the house."""
    today = timezone.localdate(at)
    asked = _asked(today)
    days: dict[int, list[date]] = defaultdict(list)
    for key, day in asked.values_list("person", "due_on"):
        days[key].append(cast(date, day))
    roles = permissions.policy()["actions"][STAFF_ACTION]
    grants = RoleGrant.objects.in_force().filter(role__in=roles, scope=RoleGrant.Scope.MUNICIPALITY)
    present = Appointment.objects.current().confirmed().filter(person__in=asked.order_by().values("person"))
    at_work: dict[int, set[int]] = defaultdict(set)
    for key, municipality in present.values_list("person", "municipality"):
        at_work[municipality].add(key)
    told = Digest.objects.filter(person__in=grants.values("person"), has_failed=False).order_by()
    last = dict(told.values_list("person").annotate(Max("day")))
    for person, municipality, name in grants.values_list("person", "municipality", "municipality__name_common"):
        since = max(today - LATE, last.get(person, date.min))
        of_each = [days[key] for key in at_work[municipality]]
        for kind, words, first, end in (
            ("late", _late_staff_words, since, today),
            ("soon", _soon_staff_words, today, today + SOON),
        ):
            if n := sum(any(first <= day < end for day in some) for some in of_each):
                yield person, Line(partial(words, n, name), reverse("lms:staff_index"), about=(kind, municipality))


def _soon_staff_words(n: int, name: str) -> str:
    words = ngettext(
        "%(n)d persona de %(name)s tiene un curso asignado que vence dentro de una semana.",
        "%(n)d personas de %(name)s tienen un curso asignado que vence dentro de una semana.",
        n,
    )
    return words % {"n": n, "name": name}


def _late_staff_words(n: int, name: str) -> str:
    words = ngettext(
        "A %(n)d persona de %(name)s se le venció un curso asignado.",
        "A %(n)d personas de %(name)s se les venció un curso asignado.",
        n,
    )
    return words % {"n": n, "name": name}
