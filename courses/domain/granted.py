"""What the signed tokens of a batch open for the person who sends it: enrolments, locked, and their activities.

Every batch of a person begins by locking their enrolments, so batches of one person come one after another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from uuid import UUID

from django.db.models import prefetch_related_objects
from django.utils import timezone

from courses.domain import opening, watch_tokens
from courses.domain.opening import Opened
from courses.domain.watch_tokens import NO_VIDEO, Grant
from courses.models import Activity, Enrolment
from lms.models import Person, reading
from media.models import Video


@dataclass
class Granted:
    """The tokens of one batch of one person, read inside a transaction."""

    person: Person
    at: datetime
    first: reading.First | None = None
    """What goes out before anything is read: whether it is this person who asks. Then every token must be theirs."""
    grants: dict[str, Grant] = field(default_factory=dict)
    records: dict[UUID, int] = field(default_factory=dict)
    enrolments: dict[UUID, Enrolment] = field(default_factory=dict)
    videos: dict[UUID, Video] = field(default_factory=dict)
    opened: Opened = field(default_factory=Opened)
    known: dict[str, tuple[str, Enrolment | None, Activity | None]] = field(default_factory=dict)

    def open(self, clocks: Mapping[str, float]) -> None:
        """Read the tokens, lock the person's enrolments and read what the tokens are about.

        `clocks` has the least clock of each token, from which on something was played: infinite where nothing was.
        """
        self.grants = {token: grant for token in clocks if (grant := watch_tokens.read(token))}
        self.records = self._records({grant.person for grant in self.grants.values()})
        mine = {token: grant for token, grant in self.grants.items() if grant.person in self.records}
        if not mine:
            return
        begun = (round(grant.granted_at.timestamp() + clocks[token], 3) for token, grant in mine.items())
        since = min(self.at.timestamp(), *begun)
        self._open({grant.activity for grant in mine.values()}, since)
        activities = self.opened.activities.values()
        self.videos = {video.public_id: video for item in activities if (video := item.video)}
        # A trainer may have put another video in the place of the one that was watched.
        if replaced := {grant.video for grant in mine.values()} - self.videos.keys() - {NO_VIDEO}:
            self.videos |= {video.public_id: video for video in Video.objects.filter(public_id__in=replaced)}
        if any(item.quiz_id for item in activities):
            prefetch_related_objects(list(activities), "quiz")

    def _records(self, named: set[UUID]) -> dict[UUID, int]:
        """The person's own record, with its key; with those merged with it only when a token names another."""
        own = {self.person.public_id: self.person.pk}
        if named <= own.keys():
            return own if named else {}
        return dict(Person.objects.family(self.person).values_list("public_id", "pk"))

    def _open(self, activities: set[UUID], since: float) -> None:
        """Lock and read. An enrolment that a merge joined into another leads to that one."""
        opened = opening.open_records(self.records.values(), activities, since, self.at, self.first)
        rows = {item.pk: item for item in opened.enrolments}
        if any(item.joined_into_id and item.joined_into_id not in rows for item in rows.values()):
            # The record was merged while we waited for its rows.
            self.person.refresh_from_db(fields=["merged_into"])
            self.records = dict(Person.objects.family(self.person).values_list("public_id", "pk"))
            opened = opening.open_records(self.records.values(), activities, since, self.at)
            rows = {item.pk: item for item in opened.enrolments}
        self.enrolments = {item.public_id: _standing(item, rows) for item in rows.values()}
        self.opened = opened.within({one.pk for one in self.enrolments.values()})

    def find(self, token: str) -> tuple[str, Enrolment | None, Activity | None]:
        """Why a token opens nothing for this person (empty when it does), and what it opens; looked up once."""
        if token not in self.known:
            self.known[token] = self._find(token)
        return self.known[token]

    def _find(self, token: str) -> tuple[str, Enrolment | None, Activity | None]:
        grant = self.grants.get(token)
        if grant is None:
            return "token.unreadable", None, None
        if grant.person not in self.records:
            return "token.other_person", None, None
        enrolment, activity = self.enrolments.get(grant.enrolment), self.opened.activities.get(grant.activity)
        if not enrolment or not activity or enrolment.course_key != activity.course_key:
            return "token.unknown_activity", None, None
        return "", enrolment, activity


def _standing(enrolment: Enrolment, rows: Mapping[int, Enrolment]) -> Enrolment:
    """The enrolment that one was joined into by a merge; else itself."""
    while (into := rows.get(enrolment.joined_into_id or 0)) is not None:
        enrolment = into
    return enrolment


def ended_at(enrolment: Enrolment) -> datetime | None:
    """Since when nothing counts: the withdrawal, or the day on which the person left the course's network.

    Asks for an enrolment that was read `with_network_end()`.
    """
    if not enrolment.is_outside:  # type: ignore[attr-defined]
        return enrolment.withdrawn_at
    left_on = enrolment.left_on or date.min  # type: ignore[attr-defined]
    left_at = datetime.combine(max(left_on, date(1970, 1, 2)), time.min, timezone.get_current_timezone())
    return min(left_at, enrolment.withdrawn_at or left_at)


def is_open(enrolment: Enrolment, at: datetime) -> bool:
    """Whether the person took part at `at`, by all that is known now."""
    if not hasattr(enrolment, "is_outside"):
        enrolment = Enrolment.objects.with_network_end().get(pk=enrolment.pk)
    end = ended_at(enrolment)
    return enrolment.joined_into_id is None and (end is None or at <= end)
