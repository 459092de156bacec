"""What a course requires and what somebody did of it, read by one statement however long the course is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from courses.domain import editions
from courses.domain.editions import Ended
from courses.models import Activity, ActivityCompletion, Completion, CourseEdition, CoursePage, Enrolment, Waiver
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
    scores: Mapping[int, int]
    """With which score something was done, where it has one."""
    ended: tuple[Ended, ...] = ()
    """The editions before the one of now, the oldest first."""

    @property
    def edition_since(self) -> datetime | None:
        """When the edition of now began; None: with the course."""
        return self.ended[-1].ended_at if self.ended else None

    @property
    def is_all_made(self) -> bool:
        """Whether there is a completion of every edition."""
        return self.made.keys() >= {self.edition, *(one.number for one in self.ended)}

    def with_one(self, done: ActivityCompletion) -> "Deeds":
        """The same with one more that is not stored yet."""
        at = done.completed_at
        last = max(at, self.last_at or at)
        scores = {} if done.score_percent is None else {done.activity_id: done.score_percent}
        known = {**self.done, done.activity_id: done.earned_at or at}
        return replace(self, done=known, last_at=last, scores={**self.scores, **scores})

    def with_made(self, edition: int, at: datetime) -> "Deeds":
        """The same with a completion that is not stored yet."""
        return replace(self, made={**self.made, edition: at})

    def with_course_of(self, later: "Deeds") -> "Deeds":
        """What was done as it stands here, of the course as it was read later."""
        made = {**later.made, **self.made}
        return replace(later, done=self.done, last_at=self.last_at, scores=self.scores, made=made)


@cache
def _statement() -> str:
    """In each row: what it says, a key or an edition, two moments, and a text."""
    person, made = Person._meta.db_table, Completion._meta.db_table
    root = "COALESCE(own.merged_into_id, own.id)"
    return (
        "SELECT 'done', activity_id, completed_at, earned_at, CAST(score_percent AS text)"  # noqa: S608 own names
        f" FROM {ActivityCompletion._meta.db_table} WHERE enrolment_id = %s"
        " UNION ALL SELECT 'required', id, required_since, NULL, NULL"
        f" FROM {Activity._meta.db_table} WHERE course_key = %s AND retired_at IS NULL AND is_required"
        " UNION ALL SELECT 'waived', activity_id, made_at, NULL, NULL"
        f" FROM {Waiver._meta.db_table} WHERE enrolment_id = %s AND withdrawn_at IS NULL"
        " UNION ALL SELECT 'made', made.edition, made.completed_at, NULL, NULL"
        f" FROM {person} own JOIN {made} made ON made.person_id = {root} AND made.course_key = %s WHERE own.id = %s"
        " UNION ALL SELECT 'made', made.edition, made.completed_at, NULL, NULL"
        f" FROM {person} own JOIN {person} taken_in ON taken_in.merged_into_id = {root}"
        f" JOIN {made} made ON made.person_id = taken_in.id AND made.course_key = %s WHERE own.id = %s"
        " UNION ALL SELECT 'ended', number, ended_at, began_at, CAST(asked AS text)"
        f" FROM {CourseEdition._meta.db_table} WHERE course_key = %s"
        " UNION ALL SELECT 'edition', edition, NULL, NULL, NULL"
        f" FROM {CoursePage._meta.db_table} WHERE page_ptr_id = %s"
    )


def deeds_of(enrolment: Enrolment) -> Deeds:
    """As they stand in this moment. Whoever decides by them holds the enrolment's lock."""
    own, course, person = enrolment.pk, reading.key(enrolment.course_key), enrolment.person_id
    values = [own, course, own, course, person, course, person, course, enrolment.course_id]
    found: dict[str, dict[int, Any]] = {"done": {}, "required": {}, "waived": {}, "made": {}, "edition": {}}
    last = None
    scores: dict[int, int] = {}
    ended: dict[int, Ended] = {}
    for what, key, *moments, text in reading.ask(_statement(), values):
        at, other = (reading.moment(one) for one in moments)
        if what == "ended":
            one = editions.read(key, other, at, json.loads(text))
            ended[key] = max(one, ended.get(key, one), key=_end)
            continue
        found[what][key] = max(at, found[what].get(key, at)) if what == "made" else other or at
        if what == "done":
            last = max(at, last or at)
            scores |= {key: int(text)} if text else {}
    (edition,) = found.pop("edition")
    before = sorted((one for one in ended.values() if one.number != edition), key=_end)
    return Deeds(**found, edition=edition, last_at=last, scores=scores, ended=tuple(before))


def _end(one: Ended) -> datetime:
    return one.ended_at
