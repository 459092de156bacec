"""What a course requires and what somebody did of it, read by one statement however long the course is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from courses.models import Activity, ActivityCompletion, Completion, CoursePage, Enrolment, Waiver
from lms.models import Person, reading


@dataclass(frozen=True)
class Deeds:
    """By the activities' keys: `required` has since when (None: always), `done` and `waived` when.

    `made` are the completions of the course that this human being has, whatever the record: when, by edition.
    """

    edition: int
    """Of the course, as it is now."""
    required: Mapping[int, datetime | None]
    done: Mapping[int, datetime]
    waived: Mapping[int, datetime]
    made: Mapping[int, datetime]
    last_at: datetime | None
    """When the last of what was done came to be known."""

    def with_one(self, done: ActivityCompletion) -> "Deeds":
        """The same with one more that is not stored yet."""
        at = done.completed_at
        last = max(at, self.last_at or at)
        return replace(self, done={**self.done, done.activity_id: done.earned_at or at}, last_at=last)


@cache
def _statement() -> str:
    """In each row: what it says, a key or an edition, and two moments."""
    person, made = Person._meta.db_table, Completion._meta.db_table
    root = "COALESCE(own.merged_into_id, own.id)"
    return (
        "SELECT 'done', activity_id, completed_at, earned_at"  # noqa: S608 own names
        f" FROM {ActivityCompletion._meta.db_table} WHERE enrolment_id = %s"
        " UNION ALL SELECT 'required', id, required_since, NULL"
        f" FROM {Activity._meta.db_table} WHERE course_key = %s AND retired_at IS NULL AND is_required"
        " UNION ALL SELECT 'waived', activity_id, made_at, NULL"
        f" FROM {Waiver._meta.db_table} WHERE enrolment_id = %s AND withdrawn_at IS NULL"
        " UNION ALL SELECT 'made', made.edition, made.completed_at, NULL"
        f" FROM {person} own JOIN {made} made ON made.person_id = {root} AND made.course_key = %s WHERE own.id = %s"
        " UNION ALL SELECT 'made', made.edition, made.completed_at, NULL"
        f" FROM {person} own JOIN {person} taken_in ON taken_in.merged_into_id = {root}"
        f" JOIN {made} made ON made.person_id = taken_in.id AND made.course_key = %s WHERE own.id = %s"
        f" UNION ALL SELECT 'edition', edition, NULL, NULL FROM {CoursePage._meta.db_table} WHERE page_ptr_id = %s"
    )


def deeds_of(enrolment: Enrolment) -> Deeds:
    """As they stand in this moment. Whoever decides by them holds the enrolment's lock."""
    own, course, person = enrolment.pk, reading.key(enrolment.course_key), enrolment.person_id
    values = [own, course, own, course, person, course, person, enrolment.course_id]
    found: dict[str, dict[int, Any]] = {"done": {}, "required": {}, "waived": {}, "made": {}, "edition": {}}
    last = None
    for what, key, *moments in reading.ask(_statement(), values):
        at, earned_at = (reading.moment(one) for one in moments)
        found[what][key] = max(at, found[what].get(key, at)) if what == "made" else earned_at or at
        if what == "done":
            last = max(at, last or at)
    (edition,) = found.pop("edition")
    return Deeds(**found, edition=edition, last_at=last)
