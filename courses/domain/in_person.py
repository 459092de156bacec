"""A part held in person as one learner finds it: its sessions, their seat, what they attended. Flat in queries."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from courses.domain import attended, sessions
from courses.models import Activity, Attendance, Enrolment, InPersonSession, Registration


@dataclass(frozen=True)
class Offer:
    """A session for one person: `registered_at` if they have a seat, `is_present` None where nothing was noted."""

    session: InPersonSession
    left: int
    registered_at: datetime | None
    is_present: bool | None
    has_begun: bool

    @property
    def is_mine(self) -> bool:
        """Whether they have a seat."""
        return self.registered_at is not None

    @property
    def is_changed(self) -> bool:
        """Whether it is not any more what they took a seat in."""
        return bool(self.registered_at and self.session.sequence and self.session.changed_at > self.registered_at)

    @property
    def may_register(self) -> bool:
        """Whether there is a seat to take."""
        return not (self.is_mine or self.has_begun or self.session.cancelled_at or self.left < 1)


@dataclass(frozen=True)
class Meeting:
    """The parallel sessions of one meeting."""

    number: int
    offers: list[Offer]

    @property
    def mine(self) -> Offer | None:
        """Where the person has a seat that is worth something."""
        return next((one for one in self.offers if one.is_mine and not one.session.cancelled_at), None)


@dataclass(frozen=True)
class Outlook:
    """The whole part."""

    meetings: list[Meeting]
    attended: Decimal
    needed: Decimal
    total: Decimal


def outlook(activity: Activity, enrolment: Enrolment, *, at: datetime | None = None) -> Outlook:
    """What a person sees; a session that was cancelled is told to those who had a seat in it alone."""
    at = at or timezone.now()
    every = sessions.with_taken(activity.sessions.select_related("municipality__department", "trainer"))
    mine = dict(Registration.objects.active().filter(enrolment=enrolment).values_list("session", "registered_at"))
    rows = Attendance.objects.filter(enrolment=enrolment, session__activity=activity).order_by("pk")
    newest = dict(rows.values_list("session", "is_present"))
    meetings: dict[int, list[Offer]] = defaultdict(list)
    for one in every.order_by("meeting", "starts_at", "pk"):
        offer = Offer(one, max(0, one.seats - one.taken), mine.get(one.pk), newest.get(one.pk), one.starts_at <= at)
        if _concerns(offer):
            meetings[one.meeting].append(offer)
    return Outlook(
        meetings=[Meeting(number, offers) for number, offers in meetings.items()],
        attended=attended.hours_of([enrolment.pk]).get((enrolment.pk, activity.pk), Decimal(0)),
        needed=attended.needed_hours(activity),
        total=activity.hours or Decimal(0),
    )


def _concerns(offer: Offer) -> bool:
    """What is past and was never theirs does not."""
    if offer.is_mine or offer.is_present is not None:
        return True
    return not (offer.has_begun or offer.session.cancelled_at)
