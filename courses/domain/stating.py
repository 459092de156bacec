"""What a completion says, read by one statement in the moment in which it is made."""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import accumulate
from typing import Any

from django.db import connection
from django.db.models import Model
from wagtail.models import Page

from courses.domain import editions
from courses.models import Activity, Competency, CourseEdition, CoursePage, Enrolment, LessonPage, Quiz
from courses.models.hours import HoursByKind
from lms.models import Appointment, Person, reading

OF_PAGE = ("id", "path", "title", "live")
OF_COURSE = (
    "page_ptr_id",
    "hours",
    "virtual_hours",
    "network_id",
    "certificate_kind",
    "certificate_on_request",
    "certificate_months",
    "grace_days",
    "renews_key",
    "edition",
    "competency_id",
    "competency_level",
)
OF_COMPETENCY = ("id", "key", "name", "level_1", "level_2", "level_3", "level_4")
OF_PERSON = ("id", "public_id")
OF_POST = ("id", "municipality_id", "post_id")
OF_ACTIVITY = ("id", "block_key", "kind", "title", "quiz_id", "hours", "order")
OF_QUIZ = ("id", "pass_percent")
PARTS: tuple[tuple[type[Model], str, tuple[str, ...]], ...] = (
    (CoursePage, "page", OF_PAGE),
    (CoursePage, "course", OF_COURSE),
    (Competency, "able", OF_COMPETENCY),
    (Person, "own", OF_PERSON),
    (Appointment, "held", OF_POST),
    (Activity, "act", OF_ACTIVITY),
    (Quiz, "quiz", OF_QUIZ),
)

_ends = list(accumulate(len(names) for _model, _alias, names in PARTS))
# Where in a row the columns of each part stand.
PLACES = {part[2]: slice(end - len(part[2]), end) for part, end in zip(PARTS, _ends, strict=True)}


@dataclass(frozen=True)
class Stated:
    """A course as it stands, what it requires and teaches, in order, and the post that somebody holds.

    `said` is the course as the completion says it: as it stands, or as an edition stated it when it ended; the same
    holds of `required`, `programme` and `proven` (as `Competency.as_facts` says).
    """

    course: CoursePage
    said: CoursePage
    person: Person
    held: Appointment | None
    """On the day that was asked for; a post that is only declared is none."""
    required: Sequence[Activity]
    programme: Sequence[str]
    proven: Mapping[str, Any]

    @property
    def hours_by_kind(self) -> HoursByKind:
        """As `CoursePage.hours_by_kind`."""
        in_person = sum((one.hours for one in self.required if one.hours), Decimal(0))
        return HoursByKind.of(self.said.hours, in_person, self.said.virtual_hours)


@cache
def _statement() -> str:
    """The course beside each activity that it requires; the titles of its lessons, with their paths; an edition."""
    pages, ended = Page._meta.db_table, CourseEdition._meta.db_table
    columns = ", ".join(reading.columns(model, alias, names) for model, alias, names in PARTS)
    nothing = ", ".join(["NULL"] * sum(len(names) for _model, _alias, names in PARTS))
    held = (
        f"SELECT one.id FROM {Appointment._meta.db_table} one WHERE one.person_id = own.id"  # noqa: S608 own names
        " AND one.starts_on <= %s AND (one.ends_on IS NULL OR one.ends_on >= %s)"
        " AND one.refused_at IS NULL AND one.confirmed_at IS NOT NULL ORDER BY one.starts_on DESC, one.id DESC LIMIT 1"
    )
    return (
        f"SELECT {columns}, NULL, NULL"  # noqa: S608 own names
        f" FROM {CoursePage._meta.db_table} course JOIN {pages} page ON page.id = course.page_ptr_id"
        f" JOIN {Person._meta.db_table} own ON own.id = %s"
        f" LEFT JOIN {Competency._meta.db_table} able ON able.id = course.competency_id"
        f" LEFT JOIN {Appointment._meta.db_table} held ON held.id = ({held})"
        f" LEFT JOIN {Activity._meta.db_table} act"
        " ON act.course_key = %s AND act.retired_at IS NULL AND act.is_required"
        f" LEFT JOIN {Quiz._meta.db_table} quiz ON quiz.id = act.quiz_id WHERE course.page_ptr_id = %s"
        f" UNION ALL SELECT {nothing}, lesson.path, lesson.title"
        f" FROM {pages} page JOIN {pages} lesson ON lesson.depth = page.depth + 1 AND lesson.live"
        " AND lesson.path BETWEEN page.path || '0000' AND page.path || 'ZZZZ'"
        f" JOIN {LessonPage._meta.db_table} known ON known.page_ptr_id = lesson.id WHERE page.id = %s"
        f" UNION ALL SELECT {nothing}, '', CAST(one.said AS text) FROM {ended} one WHERE one.id = (SELECT last.id"
        f" FROM {ended} last WHERE last.course_key = %s AND last.number = %s ORDER BY last.ended_at DESC LIMIT 1)"
    )


def read(enrolment: Enrolment, on: date, ended: int = 0) -> Stated:
    """What stands there now, of an enrolment, or what the edition `ended` stated; the post on the day `on`."""
    day, course, key = connection.ops.adapt_datefield_value(on), enrolment.course_id, reading.key(enrolment.course_key)
    values = [enrolment.person_id, day, day, key, course, course, key, ended]
    first: Any = None
    before: Any = None
    required, lessons = [], []
    for row in reading.ask(_statement(), values):
        path, title = row[-2:]
        if path == "":
            before = json.loads(title)
            continue
        if path is not None:
            lessons.append((path, title))
            continue
        # A course of many lessons comes in as many rows: of all but one only what is new in them is looked at.
        first = first or {names: row[place] for names, place in PLACES.items()}
        if activity := reading.build(Activity, row[PLACES[OF_ACTIVITY]], OF_ACTIVITY):
            activity.quiz = reading.build(Quiz, row[PLACES[OF_QUIZ]], OF_QUIZ)
            required.append(activity)
    made: Any = reading.build(CoursePage, (*first[OF_PAGE], *first[OF_COURSE]), (*OF_PAGE, *OF_COURSE))
    made.competency = reading.build(Competency, first[OF_COMPETENCY], OF_COMPETENCY)
    person: Any = reading.build(Person, first[OF_PERSON], OF_PERSON)
    stated = Stated(
        course=made,
        said=made,
        person=person,
        held=reading.build(Appointment, first[OF_POST], OF_POST),
        required=sorted(required, key=lambda one: (one.order, one.pk)),
        programme=[title for _path, title in sorted(lessons)],
        proven=made.proven,
    )
    return _as_it_ended(stated, ended, before) if before else stated


def _as_it_ended(stated: Stated, number: int, before: Mapping[str, Any]) -> Stated:
    said = copy.copy(stated.course)
    editions.say(said, number, before)
    required = editions.activities_of(before)
    return replace(stated, said=said, required=required, programme=before["programme"], proven=before["competency"])
