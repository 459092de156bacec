"""What a batch of progress reads, by two statements however long it is: who takes part, then what they did.

The first locks. The second must come after it: what it says of progress is only then the last word, for a row that was
waited for is read anew, but not the rows that were joined to it. They go out together, and are carried out in turn.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection

from courses.models import Activity, ActivityCompletion, CoursePage, CourseRule, Enrolment, WatchProgress
from lms.models import reading
from media.models import Video

OF_VIDEO = (
    "id",
    "public_id",
    "kind",
    "cut",
    "duration_seconds",
)  # its descriptions and storyboards stay where they are


@cache
def _of_enrolments(vendor: str) -> str:
    """Every enrolment of somebody, in the order in which all lock them."""
    lock = " FOR NO KEY UPDATE OF own" if vendor == "postgresql" else ""
    return (
        f"SELECT {reading.columns(Enrolment, 'own')}, page.watch_threshold_percent, page.network_id, "  # noqa: S608 own names
        f"EXISTS (SELECT 1 FROM {CourseRule._meta.db_table} said WHERE said.course_key = own.course_key"
        " AND said.applies_from <= %s AND said.withdrawn_at IS NULL)"
        f" FROM {Enrolment._meta.db_table} own"
        f" JOIN {CoursePage._meta.db_table} page ON page.page_ptr_id = own.course_id"
        f" WHERE {reading.among('own.person_id', 'bigint')} ORDER BY own.id{lock}"
    )


def open_records(
    people: Iterable[int],
    activities: Iterable[UUID],
    since: float,
    at: datetime,
    first: reading.First | None = None,
) -> "Opened":
    """Lock all enrolments of some records of one person, and read what stands in them and in some activities.

    Each enrolment has its course's `threshold`, whether the course `has_rules` by `at`, and `is_outside` and `left_on`
    as `with_network_end` says; that is asked for only where a course is a network's. Progress in other activities comes
    along where its clock reaches beyond `since` (epoch seconds). `first` goes out before all that.
    """
    them, vendor = reading.keys(people), "postgresql" if reading.is_postgresql() else connection.vendor
    lock = (_of_enrolments(vendor), [reading.at(at), them])
    read = (_of_activities(vendor), [them, reading.keys(activities), them, since])
    locked, found = reading.ask_together(lock, read, first=first)
    opened = Opened(enrolments=_enrolments(locked))
    opened.take(found)
    return opened


def _enrolments(rows: Iterable[tuple]) -> list[Enrolment]:
    found: list[Any] = []
    for row in rows:
        *columns, threshold, network, has_rules = row
        one: Any = reading.build(Enrolment, columns)
        one.threshold, one.has_rules = threshold, bool(has_rules)
        one.is_outside, one.left_on, one.network = False, None, network
        found.append(one)
    if of_networks := [one.pk for one in found if one.network is not None]:
        ends: Any = Enrolment.objects.order_by().with_network_end().filter(pk__in=of_networks)
        known = {pk: end for pk, *end in ends.values_list("pk", "is_outside", "left_on")}
        for one in found:
            one.is_outside, one.left_on = known.get(one.pk, (one.is_outside, one.left_on))
    return found


@dataclass
class Opened:
    """Activities by their public id, progress in them and in what played at the same time, and what was completed."""

    enrolments: list[Enrolment] = field(default_factory=list)
    """All of the person, locked, in the order of their keys."""
    activities: dict[UUID, Activity] = field(default_factory=dict)
    progress: list[WatchProgress] = field(default_factory=list)
    completed: dict[tuple[int, int], bool] = field(default_factory=dict)
    """By enrolment and activity, where there is progress."""

    def within(self, enrolments: Collection[int]) -> "Opened":
        """The same without progress in other enrolments: in those that were joined into another by a merge."""
        if len(enrolments) < len(self.enrolments):
            self.progress = [one for one in self.progress if one.enrolment_id in enrolments]
        return self

    def take(self, rows: Iterable[tuple]) -> None:
        """Take in what was read of activities and progress."""
        split = reading.width(WatchProgress)
        after = split + 1 + reading.width(Activity)
        for row in rows:
            if (progress := reading.build(WatchProgress, row[:split])) is not None:
                self.progress.append(progress)
                if row[split] is not None:
                    self.completed[progress.enrolment_id, progress.activity_id] = bool(row[split])
            activity = reading.build(Activity, row[split + 1 : after])
            if activity is not None and activity.public_id not in self.activities:
                activity.video = reading.build(Video, row[after:], OF_VIDEO)
                self.activities[activity.public_id] = activity


@cache
def _of_activities(vendor: str) -> str:
    """Activities with the progress in each; then the other progress that reaches beyond a moment."""
    width = reading.width(Activity) + len(OF_VIDEO)
    theirs = reading.among_those(
        "theirs.enrolment_id",
        f"SELECT own.id FROM {Enrolment._meta.db_table} own WHERE {reading.among('own.person_id', 'bigint')}",  # noqa: S608 own names
    )
    progress = WatchProgress._meta.db_table
    return (
        f"SELECT {reading.columns(WatchProgress, 'theirs')}, EXISTS (SELECT 1 FROM"  # noqa: S608 own names
        f" {ActivityCompletion._meta.db_table} done WHERE done.enrolment_id = theirs.enrolment_id"
        " AND done.activity_id = theirs.activity_id), "
        f"{reading.columns(Activity, 'act')}, {reading.columns(Video, 'film', OF_VIDEO)}"
        f" FROM {Activity._meta.db_table} act LEFT JOIN {Video._meta.db_table} film ON film.id = act.video_id"
        f" LEFT JOIN {progress} theirs ON theirs.activity_id = act.id AND {theirs}"
        f" WHERE {reading.among('act.public_id', 'uuid')}"
        f" UNION ALL SELECT {reading.columns(WatchProgress, 'theirs')}{', NULL' * (1 + width)}"
        f" FROM {progress} theirs WHERE {theirs} AND theirs.clock_until > %s"
    )
