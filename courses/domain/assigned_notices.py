"""Telling somebody at once that a course was assigned to them with a day: a day counts from when one knows of it.

What is asked of one person within a few minutes is one message. It is a reminder, so whoever wants none gets none. What
was not told here (nobody could be reached, the worker died) stands in the week's message (`entry_sources`).
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import cast
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.domain import digests, notices
from courses.models import AssignedPerson, Enrolment
from courses.models.joining import AssignedPersonQuerySet
from lms.domain import jobs
from lms.models import Person

KIND = "courses.tell_assigned"
GATHERED_FOR = timedelta(minutes=5)
# As long as a text may wait for the morning and be refused after that; what is older is not news.
FRESH = timedelta(days=2)


def ask(people: Iterable[Person]) -> None:
    """Owe each of them the news; whoever it is owed to already gets both in one message."""
    for person in people:
        jobs.request(KIND, person.public_id, max_attempts=notices.TRIES)


@jobs.performs(KIND)
def tell(held: jobs.Claim) -> None:
    """Tell it once, with all that was asked of the person meanwhile."""
    person = Person.objects.select_related("merged_into").get(public_id=held.job.subject).holder
    if not digests.is_wanted(person):
        return
    if not held.job.payload.get("is_out"):
        rows = _untold(person, timezone.now())
        if not rows:
            return
        held.note(rows=[one.pk for one in rows])
        notices.send(held, person, lambda: _notice(person, rows))
        if not held.job.payload.get("is_out"):  # there is no way to them
            return
    told = held.job.payload["rows"]
    with held.publishing():
        AssignedPerson.objects.filter(pk__in=told).update(told_at=timezone.now())
        held.finish()
        if _news(person, timezone.now()).exclude(pk__in=told).exists():  # asked for while this one ran
            ask([person])


def _untold(person: Person, now: datetime) -> list[AssignedPerson]:
    """What to tell. Raises `jobs.NotYet` while more may come."""
    rows = list(_news(person, now).select_related("assignment__course").order_by("due_on", "pk"))
    ready = min((cast(datetime, one.entered_at) for one in rows), default=now) + GATHERED_FOR
    if rows and now < ready:
        raise jobs.NotYet(ready)
    return rows


def _news(person: Person, now: datetime) -> AssignedPersonQuerySet:
    """What binds somebody to a day in a course that they are in, have not completed and have not opened since."""
    mine = Enrolment.objects.unfinished().filter(
        person=OuterRef("person"),
        course_key=OuterRef("assignment__course_key"),
        last_seen_at__lte=OuterRef("entered_at"),
    )
    bound = AssignedPerson.objects.binding().filter(person=person, told_at=None, due_on__isnull=False)
    return bound.filter(Exists(mine), entered_at__gt=now - FRESH)


def _notice(person: Person, rows: list[AssignedPerson]) -> notices.Notice:
    first: dict[UUID, AssignedPerson] = {}
    for one in rows:  # of one course the day that comes first
        first.setdefault(one.assignment.course_key, one)
    lines = [in_words(one.assignment.course.title, cast(date, one.due_on)) for one in first.values()]
    count = len(lines)
    subject = ngettext("Aula Municipal: le asignaron un curso", "Aula Municipal: le asignaron %(n)d cursos", count) % {
        "n": count
    }
    more = ngettext("Y %(n)d curso más.", "Y %(n)d cursos más.", count - 1) % {"n": count - 1} if count > 1 else ""
    return notices.Notice(
        subject,
        [*lines, _("Puede comenzar cuando quiera, y seguir donde se quedó.")],
        f"{lines[0]} {more}".strip(),
        reverse("courses:learning"),
        stop=digests.stop_address(person),
    )


def in_words(title: str, due_on: date) -> str:
    """That a course was assigned, and until when."""
    words = {"title": title, "day": date_format(due_on, "DATE_FORMAT")}
    return _("Le asignaron el curso «%(title)s»: complételo a más tardar el %(day)s.") % words
