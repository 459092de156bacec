"""What devices tell of a person's learning: each thing stored once, answered by itself, whatever comes with it.

When something happened is the moment at which its page was granted plus the page's monotonic clock. Neither can be set
by hand: the grant is signed, and the sum is never before it, never after the receipt, and no longer ago than a token
lasts. What happened while the enrolment was open counts, even if it arrives when it no longer is.

An answer is a last-write-wins register by that moment, so messages may come in any order. Two things may not rest on a
client's word, or it could answer after it has seen the result: an attempt with a time limit takes answers by when they
*arrive*, and one that was handed in takes none. So handing in names the answers that belong to it (`after`), and waits
until they are here: it is `early` before, and asked for again.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.domain import completion, crediting, sent_answers, storing, watch_tokens, watching
from courses.domain.granted import is_open
from courses.domain.watch_claims import Position, Segment, Standing
from courses.models import Activity, Attempt, Enrolment, LearningEvent
from lms.domain.errors import RuleBroken
from lms.models import Person, reading

Kind = LearningEvent.Kind
OF_VIDEOS = {Kind.WATCHED, Kind.POSITION}
TRIES = 3
CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str)


@dataclass(frozen=True)
class Event:
    """One thing as a device tells it: `clock` in seconds since the page was granted, `body` as its kind asks."""

    id: UUID
    kind: str
    token: str
    device: UUID
    clock: float
    course_version: str
    body: dict[str, Any]

    @property
    def digest(self) -> str:
        """Of all that it says but its id, in one canonical form."""
        said = {name: getattr(self, name) for name in ("kind", "token", "device", "clock", "course_version", "body")}
        return hashlib.sha256(CANONICAL.encode(said).encode()).hexdigest()


@dataclass(frozen=True)
class Verdict:
    """What became of an event: `stored` or `refused` (with whether it `is_repeated`), or else not kept.

    `conflict`: another event has this id. `unknown`: its page is not of this person. `early`: send it again later.
    """

    id: UUID
    outcome: str
    code: str = ""
    is_repeated: bool = False
    standing: Standing | None = None


def grant_page(*, enrolment: Enrolment, activity: Activity, at: datetime | None = None) -> str:
    """A signed token for a page with a reading or a quiz. Raises `event.nothing_to_tell`."""
    if activity.course_key != enrolment.course_key or not enrolment.is_active:
        raise RuleBroken("event.nothing_to_tell", _("Inscríbase en el curso para que esto cuente."))
    return watch_tokens.sign(
        person=enrolment.person.public_id,
        enrolment=enrolment.public_id,
        activity=activity.public_id,
        at=at or timezone.now(),
    )


def record(
    *, person: Person, batch: Sequence[Event], at: datetime | None = None, first: reading.First | None = None
) -> list[Verdict]:
    """Keep a batch of events; one verdict for each, in order. May be repeated for ever.

    First all are taken for new, which most are; only when one is not it is asked which. `first` is asked for each time
    before anything else, in one round trip with it (`Granted.first`).
    """
    at = at or timezone.now()
    for _try in range(1, TRIES):
        try:
            return _record(person, batch, at, first, are_new=_try == 1)
        except IntegrityError:
            continue
    return _record(person, batch, at, first, are_new=False)


@transaction.atomic
def _record(
    person: Person, batch: Sequence[Event], at: datetime, first: reading.First | None, *, are_new: bool
) -> list[Verdict]:
    desk = watching.Desk(person, at, first)
    desk.open(_clocks(batch))
    ids = [] if are_new else [event.id for event in batch]
    known = LearningEvent.objects.filter(client_id__in=ids) if ids else []
    return _Ledger(desk, {row.client_id: row for row in known}, are_new=are_new).take(batch)


def _clocks(batch: Sequence[Event]) -> dict[str, float]:
    """As `watching.clocks_of`."""
    clocks: dict[str, float] = {}
    for event in batch:
        clock = event.body["clock_from"] if event.kind == Kind.WATCHED else inf
        clocks[event.token] = min(clock, clocks.get(event.token, inf))
    return clocks


@dataclass
class _Taken:
    """An event on its way into the ledger. `row` is None where nothing of it is kept."""

    event: Event
    outcome: str = ""
    code: str = ""
    row: LearningEvent | None = None
    is_repeated: bool = False
    standing: Standing | None = None

    def drop(self, outcome: str, code: str) -> None:
        """Nothing of it is kept."""
        self.outcome, self.code, self.row = outcome, code, None


@dataclass
class _Ledger:
    """One batch of one person, inside a transaction."""

    desk: watching.Desk
    known: dict[UUID, LearningEvent]
    are_new: bool
    fresh: list[_Taken] = field(default_factory=list)

    def take(self, batch: Sequence[Event]) -> list[Verdict]:
        """Sort out, do what is new in the order in which it happened, store it."""
        taken = [self._look(event) for event in batch]
        others = [one for one in self.fresh if one.event.kind not in OF_VIDEOS]
        self._watch([one for one in self.fresh if one.event.kind in OF_VIDEOS], is_last=not others)
        self._lock_attempts(others)
        for one in sorted(others, key=_when):
            self._do(one)
        storing.store([], [], [one.row for one in others if one.row])
        # Whoever asks again does so because the first answer was lost, and does not know yet where they stand.
        for one in taken:
            if one.is_repeated and one.event.kind == Kind.WATCHED:
                one.standing = self.desk.standing_of(one.event.token)
        first = {one.event.id: one for one in self.fresh}
        return [_verdict(one, first.get(one.event.id)) for one in taken]

    def _lock_attempts(self, taken: list[_Taken]) -> None:
        """All at once and before anything is audited: the head of the trail is locked last."""
        if ids := {one.event.body["attempt"] for one in taken if "attempt" in one.event.body}:
            mine = Attempt.objects.filter(
                public_id__in=ids, enrolment__in={one.row.enrolment for one in taken if one.row}
            )
            list(mine.select_for_update(of=("self",)).order_by("pk").values_list("pk"))

    def _look(self, event: Event) -> _Taken:
        code, enrolment, activity = self.desk.find(event.token)
        if not code and event.kind in OF_VIDEOS:
            code = self.desk.find_video(event.token)[0]
        if enrolment is None or activity is None or code:
            return _Taken(event, "unknown", code)
        row, digest = self.known.get(event.id), event.digest
        if row is not None:
            is_same = row.digest == digest and row.enrolment_id == enrolment.pk
            return _Taken(event, row=row, is_repeated=True) if is_same else _Taken(event, "conflict", "event.conflict")
        one = _Taken(event, row=self._row(event, enrolment, activity, digest))
        self.known[event.id] = one.row  # type: ignore[assignment]
        self.fresh.append(one)
        return one

    def _row(self, event: Event, enrolment: Enrolment, activity: Activity, digest: str) -> LearningEvent:
        granted_at = self.desk.grants[event.token].granted_at
        flaw = "" if event.kind == Kind.WATCHED else self._flaw(event, granted_at)
        return reading.fresh(
            LearningEvent,
            {"enrolment": enrolment, "activity": activity},
            client_id=event.id,
            enrolment_id=enrolment.pk,
            activity_id=activity.pk,
            kind=event.kind,
            device=event.device,
            course_version=event.course_version,
            happened_at=crediting.moment(granted_at.timestamp() + event.clock, self.desk.at),
            received_at=self.desk.at,
            digest=digest,
            outcome=LearningEvent.Outcome.REFUSED if flaw else LearningEvent.Outcome.STORED,
            code=flaw,
        )

    def _flaw(self, event: Event, granted_at: datetime) -> str:
        """Why it cannot have happened when it says. Stretches of video are judged by `crediting`."""
        ahead = granted_at.timestamp() + event.clock - self.desk.at.timestamp()
        if ahead > crediting.CLOCK_TOLERANCE_SECONDS:
            return "clock.ahead"
        return "token.too_old" if self.desk.at - granted_at > crediting.TOKEN_LASTS else ""

    def _watch(self, taken: list[_Taken], *, is_last: bool) -> None:
        """All stretches and places of videos at once, stored together with their events."""
        played = [one for one in taken if one.event.kind == Kind.WATCHED]
        moved = [one for one in taken if one.event.kind == Kind.POSITION and one.row and not one.row.code]
        places = [Position(one.event.token, one.event.body["second"], one.event.clock) for one in moved]

        def note(looked_at: list[watching.Looked]) -> list[LearningEvent]:
            for one, looked in zip(played, looked_at, strict=True):
                _note_watched(one, looked)
            return [one.row for one in taken if one.row]

        segments = [_segment(one.event) for one in played]
        verdicts = self.desk.keep(segments, *places, are_new=self.are_new, beside=note, is_last=is_last)
        for one, verdict in zip(played, verdicts, strict=True):
            one.standing = verdict.standing

    def _do(self, one: _Taken) -> None:
        if one.row is None or one.row.code:
            return
        try:
            one.row.code = self._carry_out(one.event, one.row)
        except sent_answers.Unknown:
            one.drop("unknown", "attempt.unknown")
        except sent_answers.Early:
            one.drop("early", "attempt.answers_missing")
        except RuleBroken as broken:
            one.row.outcome, one.row.code = LearningEvent.Outcome.REFUSED, broken.code

    def _carry_out(self, event: Event, row: LearningEvent) -> str:
        """Let an event do its work; why it does not count although it is kept. Raises `RuleBroken`."""
        if not is_open(row.enrolment, row.happened_at):
            raise RuleBroken("enrolment.withdrawn", _("Pasó después de retirarse del curso."))
        if event.kind == Kind.READ:
            completion.mark_read(enrolment=row.enrolment, activity=row.activity, at=row.happened_at)
            return ""
        if event.kind == Kind.ANSWERED:
            return sent_answers.keep(row, **event.body)
        here = {one.event.id for one in self.fresh if one.row}
        sent_answers.hand_in(row, here=here, **event.body)
        return ""


def _when(one: _Taken) -> tuple[datetime, bool, str]:
    """The order in which things happened; at one instant, answers before what hands them in."""
    happened_at = one.row.happened_at if one.row else datetime.max
    return happened_at, one.event.kind == Kind.HANDED_IN, str(one.event.id)


def _segment(event: Event) -> Segment:
    return Segment(id=event.id, token=event.token, device=event.device, clock_to=event.clock, **event.body)


def _note_watched(one: _Taken, looked: watching.Looked) -> None:
    if looked.outcome == "conflict":
        one.drop("conflict", looked.code)
    elif one.row is not None:
        one.row.code = looked.reason
        if looked.outcome == "refused":
            one.row.outcome = LearningEvent.Outcome.REFUSED


def _verdict(one: _Taken, first: _Taken | None) -> Verdict:
    """What to tell; of an event that came twice in the batch, what became of the first."""
    if one.is_repeated and first and first.row is None:
        return Verdict(one.event.id, first.outcome, first.code)
    if one.row is None:
        return Verdict(one.event.id, one.outcome, one.code, standing=one.standing)
    return Verdict(one.event.id, one.row.outcome, one.row.code, one.is_repeated, one.standing)
