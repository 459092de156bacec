"""What the signed tokens of a batch open for the person who sends it: enrolments, locked, and their activities.

Every batch of a person begins by locking their enrolments, so batches of one person come one after another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from courses.domain import watch_tokens
from courses.domain.watch_tokens import NO_VIDEO, Grant
from courses.models import Activity, Enrolment
from lms.models import Person
from media.models import Video


@dataclass
class Granted:
    """The tokens of one batch of one person, read inside a transaction."""

    person: Person
    at: datetime
    grants: dict[str, Grant] = field(default_factory=dict)
    records: set[UUID] = field(default_factory=set)
    enrolments: dict[UUID, Enrolment] = field(default_factory=dict)
    activities: dict[UUID, Activity] = field(default_factory=dict)
    videos: dict[UUID, Video] = field(default_factory=dict)

    def open(self, tokens: set[str]) -> None:
        """Read the tokens and lock the person's enrolments."""
        self.grants = {token: grant for token in tokens if (grant := watch_tokens.read(token))}
        self.records = self._records({grant.person for grant in self.grants.values()})
        mine = [grant for grant in self.grants.values() if grant.person in self.records]
        if not mine:
            return
        self.enrolments = self._locked_enrolments()
        found = Activity.objects.filter(public_id__in={grant.activity for grant in mine})
        self.activities = {item.public_id: item for item in found.select_related("video", "quiz")}
        self.videos = {video.public_id: video for item in self.activities.values() if (video := item.video)}
        # A trainer may have put another video in the place of the one that was watched.
        if replaced := {grant.video for grant in mine} - self.videos.keys() - {NO_VIDEO}:
            self.videos |= {video.public_id: video for video in Video.objects.filter(public_id__in=replaced)}

    def _records(self, named: set[UUID]) -> set[UUID]:
        """The person's own record; with those merged with it only when a token names another."""
        own = {self.person.public_id}
        if named <= own:
            return own & named
        return set(Person.objects.family(self.person).values_list("public_id", flat=True))

    def _locked_enrolments(self) -> dict[UUID, Enrolment]:
        """By the id that a token may name; one that a merge joined into another leads to that one."""
        locked = Enrolment.objects.select_for_update(of=("self",), no_key=True).order_by("pk").with_network_end()
        locked = locked.annotate(threshold=F("course__watch_threshold_percent"))
        rows = {item.pk: item for item in locked.filter(person__public_id__in=self.records)}
        if any(item.joined_into_id and item.joined_into_id not in rows for item in rows.values()):
            # The record was merged while we waited for its rows.
            self.person.refresh_from_db(fields=["merged_into"])
            self.records = set(Person.objects.family(self.person).values_list("public_id", flat=True))
            rows = {item.pk: item for item in locked.filter(person__public_id__in=self.records)}
        return {item.public_id: _standing(item, rows) for item in rows.values()}

    def find(self, token: str) -> tuple[str, Enrolment | None, Activity | None]:
        """Why a token opens nothing for this person (empty when it does), and what it opens."""
        grant = self.grants.get(token)
        if grant is None:
            return "token.unreadable", None, None
        if grant.person not in self.records:
            return "token.other_person", None, None
        enrolment, activity = self.enrolments.get(grant.enrolment), self.activities.get(grant.activity)
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
