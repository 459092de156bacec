"""What somebody really watched: segments in, a bitmap of seconds out.

The client records *segments*: "from 12.0 s to 27.0 s of the video, while my clock went from 40.0 s to 55.0 s since the
page was granted". A segment never changes once closed, has an id of the client's making, and may arrive twice, late, in
any order, from several devices. Each is judged by itself (`courses.domain.crediting`) and kept for ever:

- it counts (grade A) when its clock moves forward and does not run ahead of the server's (5 s of tolerance, cut to the
  moment it arrived), it plays at most twice as fast as the clock (`to - from <= 2 * clock + 0.5`), lies inside the
  video, was seen or heard, and its token is at most 30 days old;
- otherwise it is kept (grade C) with a reason that is told, and counts for nothing.

Two sets grow from the segments that count, both by union, so order and repetition cannot matter:

- `bitmap`, the whole seconds of the video that were played (`courses.domain.bitmap`);
- `clock_spans`, the instants of the server's clock in which the person was playing it (`courses.domain.spans`).

What is credited is a monotone function of the two: `covered = min(|bitmap|, ceil(2 * |clock_spans|))`. So nobody is
credited more seconds than twice the time that passed, the first half watched twice is one half, and replaying anything
changes nothing. Instants in which the person was already playing *another* video are taken out of a segment's clock
before it is judged (first come, first credited): the spans of one person's videos never overlap, and two videos at once
gain no more than one. The clock a segment was credited is written on its row, so `rewatching` needs but the rows.

The resume position is a last-write-wins register under the corrected client time, never in the future.

A video may get a new cut while somebody is in the middle of it. A token names the cut whose addresses its page has, so
a segment is measured by that cut and counts on the one in use through the edit lists (`courses.domain.by_cut`).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from math import inf
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.domain import bitmap, completion, crediting, rewatching, rules, spans, storing, watch_tokens
from courses.domain.completion import Seen
from courses.domain.coverage import Coverage, coverage_of
from courses.domain.granted import Granted, ended_at
from courses.domain.settling import watched_facts
from courses.domain.watch_claims import Position, Segment, Standing, Verdict
from courses.models import Activity, Enrolment, LearningEvent, WatchProgress, WatchSegment
from lms.domain.errors import RuleBroken
from lms.models import Person, reading
from media.domain.timelines import Timeline, timeline_of
from media.models import Video

__all__ = ["Desk", "Position", "Segment", "Standing", "Verdict", "grant_session", "record"]

Key = tuple[int, int, int]  # enrolment, activity, video
Place = tuple[Key, datetime, float, int]
Beside = Callable[[list["Looked"]], list[LearningEvent]]
DECIDED_HERE = {"id", "client_id", "received_at", "grade", "reason", "credited_clock"}
_body = attrgetter(
    *(column.attname for column in WatchSegment._meta.concrete_fields if column.attname not in DECIDED_HERE)
)
FEW = 20


def grant_session(
    *, enrolment: Enrolment, activity: Activity, cut: int | None = None, at: datetime | None = None
) -> str:
    """A signed token that opens the recording of one video on one page. Raises `watching.nothing_to_watch`.

    `cut` is the one whose addresses the page has; none means the one in use.
    """
    if activity.video is None or activity.course_key != enrolment.course_key or not enrolment.is_active:
        raise RuleBroken("watching.nothing_to_watch", _("Inscríbase en el curso para ver este video."))
    return watch_tokens.sign(
        person=enrolment.person.public_id,
        enrolment=enrolment.public_id,
        activity=activity.public_id,
        video=activity.video.public_id,
        at=at or timezone.now(),
        cut=cut or activity.video.cut,
    )


def record(
    *,
    person: Person,
    batch: Sequence[Segment],
    position: Position | None = None,
    at: datetime | None = None,
    first: reading.First | None = None,
) -> list[Verdict]:
    """Keep a batch of segments and credit what counts; one verdict for each, in order. May be repeated for ever.

    `first` is asked for each time before anything else, in one round trip with it (`Granted.first`).
    """
    once = partial(_record, person, batch, position, at or timezone.now(), first)
    # What a page tells every few seconds is new. Of a long batch the first answer was often lost on the way.
    for are_new in (len(batch) <= FEW, False):
        try:
            return once(are_new=are_new)
        except IntegrityError:
            # One is known; or another person's segment took an id in the same instant, and now it can be seen.
            continue
    return once(are_new=False)


@transaction.atomic
def _record(
    person: Person,
    batch: Sequence[Segment],
    position: Position | None,
    at: datetime,
    first: reading.First | None,
    *,
    are_new: bool,
) -> list[Verdict]:
    desk = Desk(person, at, first)
    desk.open(clocks_of(batch, *([position] if position else [])))
    return desk.keep(batch, *([position] if position else []), are_new=are_new, is_last=True)


def clocks_of(batch: Iterable[Segment], *positions: Position) -> dict[str, float]:
    """The tokens of a batch, each with the least clock at which something was played: infinite for places alone."""
    clocks = {position.token: inf for position in positions}
    for segment in batch:
        clocks[segment.token] = min(segment.clock_from, clocks.get(segment.token, inf))
    return clocks


@dataclass
class Looked:
    """A segment, what became of it, and the row that stands for it."""

    id: UUID
    outcome: str
    code: str = ""
    row: WatchSegment | None = None

    @property
    def reason(self) -> str:
        """Why it does not count."""
        return self.row.reason if self.row else self.code


@dataclass
class Desk(Granted):
    """What was watched in one batch of one person, worked on inside a transaction."""

    timelines: dict[int, Timeline] = field(default_factory=dict)
    progress: dict[Key, WatchProgress] = field(default_factory=dict)
    """Of the videos that the tokens are about, and of others that may have played at the same time."""
    subjects: dict[Key, tuple[Enrolment, Activity, Video]] = field(default_factory=dict)
    reached: dict[Key, Standing] = field(default_factory=dict)
    asked: dict[UUID, rules.History] = field(default_factory=dict)
    earliest: dict[Key, float] = field(default_factory=dict)
    found: dict[str, tuple[str, Key]] = field(default_factory=dict)

    def open(self, clocks: Mapping[str, float]) -> None:
        """Lock and read."""
        super().open(clocks)
        self.progress = {_key(item): item for item in self.opened.progress}

    def find_video(self, token: str) -> tuple[str, Key]:
        """Why a token opens no video for this person (empty when it does), and the progress it opens."""
        if token not in self.found:
            self.found[token] = self._find_video(token)
        return self.found[token]

    def _find_video(self, token: str) -> tuple[str, Key]:
        code, enrolment, activity = self.find(token)
        if enrolment is None or activity is None:
            return code, (0, 0, 0)
        video = self.videos.get(self.grants[token].video)
        if video is None:
            return "token.unknown_activity", (0, 0, 0)
        key = (enrolment.pk, activity.pk, video.pk)
        self.subjects[key] = (enrolment, activity, video)
        return "", key

    def keep(
        self,
        batch: Sequence[Segment],
        *positions: Position,
        are_new: bool = False,
        beside: Beside | None = None,
        is_last: bool = False,
    ) -> list[Verdict]:
        """Judge, credit and store a batch whose tokens are open; one verdict for each segment, in order.

        `are_new`: nobody asks whether a segment is stored already; one that is raises `IntegrityError`. `beside` is
        told what became of the segments and says what else is to be stored. `is_last`: the caller writes nothing else.
        """
        looked_at = self.sort_out(batch, are_new=are_new)
        rows = [item.row for item in looked_at if item.row and item.outcome == "stored"]
        touched = self.credit(rows, [place for one in positions if (place := self.place(one))])
        events = beside(looked_at) if beside else []
        due = [key for key in touched if self._may_be_due(key)]
        verdicts = [self.verdict(item) for item in looked_at]
        if rows or touched or events:
            storing.store(rows, [self.progress[key] for key in touched], events, is_last=is_last and not due)
        for key in due:
            self._complete(key)
        return verdicts

    def standing_of(self, token: str) -> Standing | None:
        """What is credited by now of the video that a token opens, if anything of it was stored."""
        code, key = self.find_video(token)
        return self._reached(key) if not code and key in self.progress else None

    def sort_out(self, batch: Sequence[Segment], *, are_new: bool = False) -> list[Looked]:
        """Tell new segments from repeated, contradicting and unreadable ones."""
        looked_at = [self._look(segment) for segment in batch]
        by_id, by_place = self._known([item.row for item in looked_at if item.row and not are_new])
        for item in looked_at:
            if item.row is None:
                continue
            place = (item.row.device, item.row.session, item.row.sequence)
            known = by_id.get(item.id) or by_place.get(place)
            if known is None:
                by_id[item.id] = by_place[place] = item.row
            elif known.client_id == item.id and _body(known) == _body(item.row):
                item.outcome, item.row = "repeated", known
            else:
                item.outcome, item.code, item.row = "conflict", "segment.conflict", None
        return looked_at

    def _look(self, segment: Segment) -> Looked:
        code, key = self.find_video(segment.token)
        if not code and not 0 <= segment.from_second < segment.to_second:
            code = "segment.backwards"
        if code:
            return Looked(segment.id, "refused", code)
        return Looked(segment.id, "stored", row=self._row(segment, key))

    def _row(self, segment: Segment, key: Key) -> WatchSegment:
        grant = self.grants[segment.token]
        return reading.fresh(
            WatchSegment,
            client_id=segment.id,
            enrolment_id=key[0],
            activity_id=key[1],
            video_id=key[2],
            cut=grant.cut,
            device=segment.device,
            session=grant.session,
            sequence=segment.sequence,
            from_second=segment.from_second,
            to_second=segment.to_second,
            clock_from=segment.clock_from,
            clock_to=segment.clock_to,
            rate=segment.rate,
            is_visible=segment.is_visible,
            is_audio=segment.is_audio,
            is_offline=segment.is_offline,
            granted_at=grant.granted_at,
            received_at=self.at,
            credited_clock=[],
            grade="",
            reason="",
        )

    def _known(self, rows: list[WatchSegment]) -> tuple[dict, dict]:
        if not rows:
            return {}, {}
        known = storing.find_segments(rows)
        return {row.client_id: row for row in known}, {(r.device, r.session, r.sequence): r for r in known}

    def place(self, position: Position) -> Place | None:
        """Whose resume position moves, when and to where; None when there is nothing to move."""
        code, key = self.find_video(position.token)
        if code:
            return None
        grant = self.grants[position.token]
        moment = crediting.moment(grant.granted_at.timestamp() + position.clock, self.at)
        return key, moment, position.second, grant.cut

    def credit(self, rows: list[WatchSegment], places: list[Place]) -> list[Key]:
        """Judge the new segments, and merge those that count into progress, in memory; which progress that is."""
        groups: dict[Key, list[WatchSegment]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: (crediting.clock_span(row), str(row.client_id))):
            groups[_key(row)].append(row)
        touched = sorted({*groups, *(place[0] for place in places)})
        self._begin_progress(touched)
        for key, group in groups.items():
            self.earliest[key] = min(crediting.clock_span(row)[1] for row in group)
            self._judge(key, group)
        for place in places:
            crediting.move(self.progress[place[0]], *place[1:], self._timeline(place[0]))
        return touched

    def _begin_progress(self, touched: Iterable[Key]) -> None:
        """What there is, or is new, of the videos that this batch is about, on the cut in use."""
        for key in touched:
            _enrolment, _activity, video = self.subjects[key]
            if key not in self.progress:
                self.progress[key] = WatchProgress(
                    enrolment_id=key[0],
                    activity_id=key[1],
                    video_id=key[2],
                    length_seconds=video.length_seconds,
                    cut=video.cut,
                )
            if self.progress[key].cut < video.cut:
                crediting.move_on(self.progress[key], video.cut, self._timeline(key))

    def _timeline(self, key: Key) -> Timeline:
        """The cuts of a video: asked for when it has had more than one."""
        video = self.subjects[key][2]
        if video.pk not in self.timelines:
            self.timelines[video.pk] = timeline_of(video)
        return self.timelines[video.pk]

    def _judge(self, key: Key, group: list[WatchSegment]) -> None:
        progress, withdrawn_at = self.progress[key], ended_at(self.subjects[key][0])
        timeline = self._timeline(key)
        others = (item for other, item in self.progress.items() if other != key)
        elsewhere = spans.union(span for item in others for span in item.clock_spans)
        for row in group:
            length = crediting.length_of(progress, row.cut, timeline)
            crediting.judge(row, length=length, withdrawn_at=withdrawn_at, elsewhere=elsewhere)
            moment = crediting.moment(crediting.clock_span(row)[1], self.at)
            crediting.move(progress, moment, row.to_second, row.cut, timeline)
        crediting.grow(progress, group, timeline)

    def _may_be_due(self, key: Key) -> bool:
        """Whether a video is completed, or may be by an earlier rule: for that all that arrived is read anew."""
        is_open = not self.opened.completed.get(key[:2])
        return is_open and (self._reached(key).coverage.is_enough or bool(self._history(self.subjects[key][0]).terms))

    def _complete(self, key: Key) -> None:
        """Complete the video by the rule in force, or by one that was in force when what came late was watched."""
        history, coverage = self._history(self.subjects[key][0]), self._reached(key).coverage
        if coverage.is_enough:
            self._write_down(key, self._seen(key, coverage, self.progress[key], history.since))
        elif found := self._seen_before(key, history.terms):
            self._write_down(key, found)

    def _seen(self, key: Key, coverage: Coverage, progress: WatchProgress, since: datetime | None) -> Seen:
        """How and when it was seen, but not before a rule by which it suffices."""
        progress.video = self.subjects[key][2]
        seen_at = crediting.moment(progress.clock_until, self.at)
        return watched_facts(coverage, progress), max(seen_at, since) if since else seen_at

    def _seen_before(self, key: Key, terms: Iterable[rules.Term]) -> Seen | None:
        found = rewatching.enough_before(self.progress[key], terms, self.earliest.get(key), *self.subjects[key][1:])
        return self._seen(key, *found) if found else None

    def _sooner(self, key: Key, at: datetime, ends: Iterable[datetime]) -> Seen | None:
        """The same where it had sufficed before an edition ended, at one of `ends`, and more was seen afterwards."""
        return self._seen_before(key, self._history(self.subjects[key][0]).cut([one for one in ends if one <= at]))

    def _write_down(self, key: Key, seen: Seen) -> None:
        """That the video was completed. Where there was progress before, it is known that it had not been."""
        enrolment, activity, _video = self.subjects[key]
        if self.opened.completed.get(key[:2]):
            return  # by another video of it, a moment ago
        if key[:2] not in self.opened.completed and completion.is_done(enrolment, activity):
            return
        history, sooner = self._history(enrolment), partial(self._sooner, key, seen[1])
        completion.complete_watched(enrolment=enrolment, activity=activity, seen=seen, history=history, sooner=sooner)
        self.opened.completed[key[:2]] = True

    def _history(self, enrolment: Enrolment) -> rules.History:
        """What the course asks for, and asked for before."""
        key = enrolment.course_key
        if key not in self.asked:
            subjects: Iterable[Any] = (one for one, _activity, _video in self.subjects.values())
            them = {one.course_key: (one.threshold, one.has_rules) for one in subjects}
            self.asked |= {course: rules.History(rules.Asked(percent)) for course, (percent, _any) in them.items()}
            if ruled := {course: percent for course, (percent, has_rules) in them.items() if has_rules}:
                self.asked |= rules.histories(ruled, self.at)
        return self.asked[key]

    def verdict(self, item: Looked) -> Verdict:
        """What to tell the client about a segment."""
        if item.row is None:
            return Verdict(item.id, item.outcome, item.code)
        return Verdict(item.id, item.outcome, item.reason, self._reached(_key(item.row)))

    def _reached(self, key: Key) -> Standing:
        if key not in self.reached:
            enrolment, activity, video = self.subjects[key]
            progress = self.progress[key]
            if progress.cut < video.cut:
                crediting.move_on(progress, video.cut, self._timeline(key))
            self.reached[key] = Standing(
                activity_key=activity.public_id,
                video_key=video.public_id,
                cut=progress.cut,
                coverage=coverage_of(self._history(enrolment).asked, activity, video, progress),
                runs=tuple(bitmap.runs_of(bytes(progress.bitmap))),
                is_sound=video.kind == video.Kind.SOUND,
            )
        return self.reached[key]


def _key(row: WatchSegment | WatchProgress) -> Key:
    return row.enrolment_id, row.activity_id, row.video_id
