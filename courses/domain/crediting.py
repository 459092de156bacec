"""The arithmetic of watching: does a segment count, and what do all of them add up to.

Pure: rows in, rows changed in memory. The reasons behind each rule stand in `courses.domain.watching`.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from math import ceil

from courses.domain import bitmap, by_cut, spans
from courses.models import WatchProgress, WatchSegment
from media.domain.timelines import Timeline

CLOCK_TOLERANCE_SECONDS = 5
MAX_SPEED = 2
SEGMENT_SLACK_SECONDS = 0.5
LENGTH_SLACK_SECONDS = 1
TOKEN_LASTS = timedelta(days=30)
ONE_CUT = Timeline([])


def clock_span(row: WatchSegment) -> spans.Span:
    """When a segment was played, by the server's clock, in epoch seconds to the millisecond."""
    granted = row.granted_at.timestamp()
    return round(granted + row.clock_from, 3), round(granted + row.clock_to, 3)


def moment(epoch_seconds: float, at: datetime) -> datetime:
    """An instant of the server's clock, never later than `at`."""
    return datetime.fromtimestamp(max(0.0, min(epoch_seconds, at.timestamp())), UTC)


def judge(row: WatchSegment, *, length: int, withdrawn_at: datetime | None, elsewhere: list[spans.Span]) -> None:
    """Write the grade, the reason and the credited clock of a new segment on its row.

    `elsewhere` is the union of the instants in which the person was already credited for other videos.
    """
    row.reason = _flaw(row, length, withdrawn_at)
    free: list[spans.Span] = []
    if not row.reason:
        row.reason, free = _pace(row, elsewhere)
    row.grade = WatchSegment.Grade.KEPT if row.reason else WatchSegment.Grade.CREDITED
    row.credited_clock = [list(span) for span in free]


def _flaw(row: WatchSegment, length: int, withdrawn_at: datetime | None) -> str:
    start, end = clock_span(row)
    checks = (
        ("clock.stopped", row.clock_from < 0 or end <= start),
        ("clock.ahead", end > row.received_at.timestamp() + CLOCK_TOLERANCE_SECONDS),
        ("token.too_old", row.received_at - row.granted_at > TOKEN_LASTS),
        ("segment.past_the_end", row.to_second > length + LENGTH_SLACK_SECONDS),
        ("segment.not_visible", not (row.is_visible or row.is_audio)),
        ("enrolment.withdrawn", withdrawn_at is not None and end > withdrawn_at.timestamp()),
    )
    return next((code for code, holds in checks if holds), "")


def _pace(row: WatchSegment, elsewhere: list[spans.Span]) -> tuple[str, list[spans.Span]]:
    """Compare what was played with the clock claimed, then with what of it had passed, then with what was free."""
    played = row.to_second - row.from_second
    start, end = clock_span(row)
    past = (start, min(end, row.received_at.timestamp()))
    free = spans.without(past, elsewhere)
    clocks = (
        ("segment.too_fast", end - start),
        ("clock.ahead", max(0.0, past[1] - past[0])),
        ("segment.elsewhere", spans.length(free)),
    )
    for code, clock in clocks:
        if played > MAX_SPEED * clock + SEGMENT_SLACK_SECONDS:
            return code, []
    return "", free


def grow(progress: WatchProgress, rows: Iterable[WatchSegment], timeline: Timeline = ONE_CUT) -> None:
    """Merge the segments that count into `progress`, each on the cut that it was played on."""
    counted = [row for row in rows if row.grade == WatchSegment.Grade.CREDITED]
    record = by_cut.read(progress)
    for number in {progress.cut, *(row.cut for row in counted)}:
        length = length_of(progress, number, timeline)
        played = (row for row in counted if row.cut == number)
        runs = (bitmap.seconds_of(row.from_second, row.to_second, length) for row in played)
        record.seconds[number] = bitmap.with_runs(record.seconds.get(number, b""), runs, length)
    by_cut.write(progress, record, timeline)
    tally(progress, (span for row in counted for span in row.credited_clock))


def tally(progress: WatchProgress, clock: Iterable[Sequence[float]] = ()) -> None:
    """Add to the clock, and say what is credited."""
    progress.clock_spans = [list(span) for span in spans.union([*progress.clock_spans, *clock])]
    progress.clock_until = progress.clock_spans[-1][1] if progress.clock_spans else 0
    time_allows = ceil(MAX_SPEED * round(spans.length(progress.clock_spans), 3))
    progress.covered_seconds = min(bitmap.count(bytes(progress.bitmap)), time_allows)


def length_of(progress: WatchProgress, cut: int, timeline: Timeline) -> int:
    """Whole seconds of one cut of the video that `progress` is about."""
    if cut == progress.cut or cut not in timeline:
        return progress.length_seconds
    return timeline[cut].length_seconds


def move_on(progress: WatchProgress, cut: int, timeline: Timeline) -> None:
    """Move `progress` to a later cut; never back."""
    by_cut.bring_up(progress, cut, timeline)
    tally(progress)


def move(
    progress: WatchProgress, at: datetime, second: float, cut: int | None = None, timeline: Timeline = ONE_CUT
) -> None:
    """Move the resume position if `at` is the newest; of two at the same instant the farther one stays."""
    cut = cut or progress.cut
    place = min(max(0.0, second), float(length_of(progress, cut, timeline)))
    record = by_cut.read(progress)
    if cut not in record.places or (at, place) > record.places[cut]:
        record.places[cut] = (at, place)
        by_cut.write(progress, record, timeline)
