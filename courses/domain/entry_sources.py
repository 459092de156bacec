"""What tells of courses in which somebody else put a person: by an assignment, or all members of a network at once.

Told in the week after, once, since there is one message a week; not to whoever has opened the course meanwhile, or was
told at once of the day it is due by (`assigned_notices`).
"""

from collections.abc import Iterable
from datetime import date, datetime
from functools import partial

from django.db.models import Exists, F, Min, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from courses.domain import assigned_notices
from courses.domain.digests import AT_MOST_EVERY, Line, source
from courses.models import AssignedPerson, Enrolment

Told = Iterable[tuple[int, Line]]


@source("entered")
def entered(at: datetime) -> Told:
    """Courses that were given to somebody within the week and not opened yet, with the day they are due by."""
    asked = AssignedPerson.objects.binding().filter(
        person=OuterRef("person"), assignment__course_key=OuterRef("course_key"), entered_at__isnull=False
    )
    first = asked.order_by().values("person").annotate(day=Min("due_on")).values("day")
    fresh = Enrolment.objects.unfinished().filter(enrolled_at__gt=at - AT_MOST_EVERY, last_seen_at=F("enrolled_at"))
    given = fresh.filter(Q(Exists(asked)) | Q(course__network__isnull=False)).annotate(due_on=Subquery(first))
    given = given.exclude(Exists(asked.filter(told_at__isnull=False)))
    for one in given.select_related("course").order_by("enrolled_at", "pk").iterator():
        words = partial(_words, one.course.title, one.due_on)
        yield one.person_id, Line(words, reverse("courses:learning"), about=one.course_key)


def _words(title: str, due_on: date | None) -> str:
    if due_on is None:
        return _("Ya está en el curso «%(title)s». Puede comenzar cuando quiera.") % {"title": title}
    return assigned_notices.in_words(title, due_on)
