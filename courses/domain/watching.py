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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import partial
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.domain import bitmap, completion, crediting, spans, watch_tokens
from courses.domain.progress import needed_seconds
from courses.domain.watch_claims import Position, Segment, Standing, Verdict
from courses.domain.watch_tokens import Grant
from courses.models import Activity, Enrolment, WatchProgress, WatchSegment
from lms.domain.errors import RuleBroken
from lms.models import Person
from media.domain.timelines import Timeline, timeline_of
from media.models import Video

__all__ = ["Position", "Segment", "Standing", "Verdict", "grant_session", "record"]

Key = tuple[int, int, int]  # enrolment, activity, video
DECIDED_HERE = {"id", "client_id", "received_at", "grade", "reason", "credited_clock"}
BODY = [column.attname for column in WatchSegment._meta.concrete_fields if column.attname not in DECIDED_HERE]
GROWN = ["bitmap", "clock_spans", "clock_until", "covered_seconds", "position_seconds", "position_at"]
MOVED = ["cut", "by_cut", "length_seconds"]


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
    *, person: Person, batch: Sequence[Segment], position: Position | None = None, at: datetime | None = None
) -> list[Verdict]:
    """Keep a batch of segments and credit what counts; one verdict for each, in order. May be repeated for ever."""
    once = partial(_record, person, batch, position, at or timezone.now())
    try:
        return once()
    except IntegrityError:
        # Another person's segment took one of these ids in the same instant: now it can be seen.
        return once()


@transaction.atomic
def _record(person: Person, batch: Sequence[Segment], position: Position | None, at: datetime) -> list[Verdict]:
    desk = _Desk(person, at)
    desk.open({segment.token for segment in batch} | ({position.token} if position else set()))
    looked_at = desk.sort_out(batch)
    desk.credit([item.row for item in looked_at if item.row and item.outcome == "stored"], desk.place(position))
    return [desk.verdict(item) for item in looked_at]


@dataclass
class _Looked:
    """A segment, what became of it, and the row that stands for it."""

    id: UUID
    outcome: str
    code: str = ""
    row: WatchSegment | None = None


@dataclass
class _Desk:
    """One batch of one person being worked on, inside a transaction."""

    person: Person
    at: datetime
    grants: dict[str, Grant] = field(default_factory=dict)
    records: set[UUID] = field(default_factory=set)
    enrolments: dict[UUID, Enrolment] = field(default_factory=dict)
    activities: dict[UUID, Activity] = field(default_factory=dict)
    videos: dict[UUID, Video] = field(default_factory=dict)
    timelines: dict[int, Timeline] = field(default_factory=dict)
    progress: dict[Key, WatchProgress] = field(default_factory=dict)
    subjects: dict[Key, tuple[Enrolment, Activity, Video]] = field(default_factory=dict)
    reached: dict[Key, Standing] = field(default_factory=dict)

    def open(self, tokens: set[str]) -> None:
        """Read the tokens and lock the person's enrolments, so that batches of one person come one after another."""
        self.grants = {token: grant for token in tokens if (grant := watch_tokens.read(token))}
        self.records = self._records({grant.person for grant in self.grants.values()})
        mine = [grant for grant in self.grants.values() if grant.person in self.records]
        if not mine:
            return
        self.enrolments = self._locked_enrolments()
        found = Activity.objects.filter(public_id__in={grant.activity for grant in mine}, video__isnull=False)
        self.activities = {item.public_id: item for item in found.select_related("video")}
        self.videos = {video.public_id: video for item in self.activities.values() if (video := item.video)}
        # A trainer may have put another video in the place of the one that was watched.
        if replaced := {grant.video for grant in mine} - self.videos.keys():
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

    def _find(self, token: str) -> tuple[str, Key]:
        """Why a token opens nothing for this person (empty when it does), and the progress it opens."""
        grant = self.grants.get(token)
        if grant is None:
            return "token.unreadable", (0, 0, 0)
        if grant.person not in self.records:
            return "token.other_person", (0, 0, 0)
        enrolment, activity = self.enrolments.get(grant.enrolment), self.activities.get(grant.activity)
        video = self.videos.get(grant.video)
        if not enrolment or not activity or not video or enrolment.course_key != activity.course_key:
            return "token.unknown_activity", (0, 0, 0)
        key = (enrolment.pk, activity.pk, video.pk)
        self.subjects[key] = (enrolment, activity, video)
        return "", key

    def sort_out(self, batch: Sequence[Segment]) -> list[_Looked]:
        """Tell new segments from repeated, contradicting and unreadable ones."""
        looked_at = [self._look(segment) for segment in batch]
        by_id, by_place = self._known([item.row for item in looked_at if item.row])
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

    def _look(self, segment: Segment) -> _Looked:
        code, key = self._find(segment.token)
        if not code and not 0 <= segment.from_second < segment.to_second:
            code = "segment.backwards"
        if code:
            return _Looked(segment.id, "refused", code)
        return _Looked(segment.id, "stored", row=self._row(segment, key))

    def _row(self, segment: Segment, key: Key) -> WatchSegment:
        grant = self.grants[segment.token]
        return WatchSegment(
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
        )

    def _known(self, rows: list[WatchSegment]) -> tuple[dict, dict]:
        if not rows:
            return {}, {}
        same_place = Q(
            device__in={row.device for row in rows},
            session__in={row.session for row in rows},
            sequence__in={row.sequence for row in rows},
        )
        known = list(WatchSegment.objects.filter(Q(client_id__in={row.client_id for row in rows}) | same_place))
        return {row.client_id: row for row in known}, {(r.device, r.session, r.sequence): r for r in known}

    def place(self, position: Position | None) -> tuple[Key, datetime, float, int] | None:
        """Whose resume position moves, when and to where; None when there is nothing to move."""
        if position is None:
            return None
        code, key = self._find(position.token)
        if code:
            return None
        grant = self.grants[position.token]
        moment = crediting.moment(grant.granted_at.timestamp() + position.clock, self.at)
        return key, moment, position.second, grant.cut

    def credit(self, rows: list[WatchSegment], place: tuple[Key, datetime, float, int] | None) -> None:
        """Judge the new segments, store them, merge those that count, and complete what is complete."""
        if not rows and not place:
            return
        groups: dict[Key, list[WatchSegment]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: (crediting.clock_span(row), str(row.client_id))):
            groups[_key(row)].append(row)
        touched = sorted({*groups, *([place[0]] if place else [])})
        self._load_progress(rows, touched)
        for key, group in groups.items():
            self._judge(key, group)
        WatchSegment.objects.bulk_create(rows)
        if place:
            crediting.move(self.progress[place[0]], *place[1:], self._timeline(place[0]))
        WatchProgress.objects.bulk_create(
            [self.progress[key] for key in touched],
            update_conflicts=True,
            unique_fields=["enrolment", "activity", "video"],
            update_fields=[*GROWN, *MOVED],
        )
        for key in touched:
            self._complete(key)

    def _load_progress(self, rows: list[WatchSegment], touched: Iterable[Key]) -> None:
        """The progress rows this batch grows, and those of other videos that may have played at the same time."""
        earliest = min((crediting.clock_span(row)[0] for row in rows), default=self.at.timestamp())
        found = WatchProgress.objects.filter(
            Q(activity__in={key[1] for key in touched}) | Q(clock_until__gt=earliest),
            enrolment__in=[enrolment.pk for enrolment in self.enrolments.values()],
        )
        self.progress = {_key(item): item for item in found}
        for key in touched:
            _enrolment, _activity, video = self.subjects[key]
            fresh = WatchProgress(
                enrolment_id=key[0],
                activity_id=key[1],
                video_id=key[2],
                length_seconds=video.length_seconds,
                cut=video.cut,
            )
            if self.progress.setdefault(key, fresh).cut < video.cut:
                crediting.move_on(self.progress[key], video.cut, self._timeline(key))

    def _timeline(self, key: Key) -> Timeline:
        """The cuts of a video: asked for when it has had more than one."""
        video = self.subjects[key][2]
        if video.pk not in self.timelines:
            self.timelines[video.pk] = timeline_of(video)
        return self.timelines[video.pk]

    def _judge(self, key: Key, group: list[WatchSegment]) -> None:
        progress, withdrawn_at = self.progress[key], _ended_at(self.subjects[key][0])
        timeline = self._timeline(key)
        others = (item for other, item in self.progress.items() if other != key)
        elsewhere = spans.union(span for item in others for span in item.clock_spans)
        for row in group:
            length = crediting.length_of(progress, row.cut, timeline)
            crediting.judge(row, length=length, withdrawn_at=withdrawn_at, elsewhere=elsewhere)
            moment = crediting.moment(crediting.clock_span(row)[1], self.at)
            crediting.move(progress, moment, row.to_second, row.cut, timeline)
        crediting.grow(progress, group, timeline)

    def _complete(self, key: Key) -> None:
        enrolment, activity, video = self.subjects[key]
        reached = self._reached(key)
        if reached.is_done:
            facts = {
                "covered_seconds": reached.covered_seconds,
                "length_seconds": reached.length_seconds,
                "needed_seconds": reached.needed_seconds,
                "video": str(video.public_id),
                "cut": self.progress[key].cut,
            }
            completion.complete_activity(enrolment=enrolment, activity=activity, facts=facts, at=self.at)

    def verdict(self, item: _Looked) -> Verdict:
        """What to tell the client about a segment."""
        if item.row is None:
            return Verdict(item.id, item.outcome, item.code)
        return Verdict(item.id, item.outcome, item.row.reason, self._reached(_key(item.row)))

    def _reached(self, key: Key) -> Standing:
        if key not in self.reached:
            enrolment, activity, video = self.subjects[key]
            progress = self.progress.get(key) or WatchProgress.objects.get(
                enrolment=key[0], activity=key[1], video=key[2]
            )
            if progress.cut < video.cut:
                crediting.move_on(progress, video.cut, self._timeline(key))
            self.reached[key] = Standing(
                activity_key=activity.public_id,
                video_key=video.public_id,
                cut=progress.cut,
                covered_seconds=progress.covered_seconds,
                needed_seconds=needed_seconds(progress.length_seconds, enrolment.threshold),  # type: ignore[attr-defined]
                length_seconds=progress.length_seconds,
                runs=tuple(bitmap.runs_of(bytes(progress.bitmap))),
                is_sound=video.kind == video.Kind.SOUND,
            )
        return self.reached[key]


def _standing(enrolment: Enrolment, rows: Mapping[int, Enrolment]) -> Enrolment:
    """The enrolment that one was joined into by a merge; else itself."""
    while (into := rows.get(enrolment.joined_into_id or 0)) is not None:
        enrolment = into
    return enrolment


def _ended_at(enrolment: Enrolment) -> datetime | None:
    """Since when nothing counts: the withdrawal, or the day on which the person left the course's network."""
    if not enrolment.is_outside:  # type: ignore[attr-defined]
        return enrolment.withdrawn_at
    left_on = enrolment.left_on or date.min  # type: ignore[attr-defined]
    left_at = datetime.combine(max(left_on, date(1970, 1, 2)), time.min, timezone.get_current_timezone())
    return min(left_at, enrolment.withdrawn_at or left_at)


def _key(row: WatchSegment | WatchProgress) -> Key:
    return row.enrolment_id, row.activity_id, row.video_id


def _body(row: WatchSegment) -> tuple:
    return tuple(getattr(row, name) for name in BODY)
