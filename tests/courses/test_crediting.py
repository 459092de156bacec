"""Each check on what a device claims, alone: a segment that only this one stops. None leans on another."""

from datetime import UTC, datetime, timedelta

import pytest

from courses.domain import crediting
from courses.models import WatchSegment

GRANTED = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
ZERO = GRANTED.timestamp()
LENGTH = 600


def judged(*, withdrawn: float | None = None, elsewhere=(), received: float = 100, **fields) -> WatchSegment:
    """A segment of ten seconds played in ten, received 100 seconds after the grant; all times are since the grant."""
    said = {"from_second": 0, "to_second": 10, "clock_from": 20, "clock_to": 30, "is_visible": True, "is_audio": False}
    row = WatchSegment(granted_at=GRANTED, received_at=GRANTED + timedelta(seconds=received), **(said | fields))
    left = None if withdrawn is None else GRANTED + timedelta(seconds=withdrawn)
    taken = [(ZERO + first, ZERO + after) for first, after in elsewhere]
    crediting.judge(row, length=LENGTH, withdrawn_at=left, elsewhere=taken)
    return row


@pytest.mark.parametrize(
    ("why", "claim"),
    [
        # Half a second in no time is within the slack of the speed.
        ("clock.stopped", {"clock_from": 20, "clock_to": 20, "to_second": 0.4}),
        # Nothing is played before the page was granted, however slowly.
        ("clock.stopped", {"clock_from": -1, "clock_to": 30}),
        # Enough of it had passed; it still tells of a time that had not come.
        ("clock.ahead", {"clock_from": 20, "clock_to": 105.1}),
        # Within the tolerance of clocks, but hardly anything of it had passed.
        ("clock.ahead", {"clock_from": 99, "clock_to": 104.5}),
        ("segment.too_fast", {"to_second": 20.6}),
        ("segment.elsewhere", {"elsewhere": [(0, 26)]}),
        ("segment.past_the_end", {"from_second": 595, "to_second": 601.1}),
        ("segment.not_visible", {"is_visible": False}),
        ("enrolment.withdrawn", {"withdrawn": 29.9}),
        ("token.too_old", {"received": 30 * 86400 + 1}),
    ],
)
def test_each_check_stops_what_no_other_does(why, claim):
    row = judged(**claim)
    assert (row.reason, row.grade, row.credited_clock) == (why, WatchSegment.Grade.KEPT, [])


@pytest.mark.parametrize(
    ("claim", "clock"),
    [
        ({}, [[20, 30]]),
        ({"to_second": 20.5}, [[20, 30]]),
        ({"clock_from": 0, "clock_to": 0.001, "to_second": 0.4}, [[0, 0.001]]),
        ({"clock_from": 90, "clock_to": 105}, [[90, 100]]),  # what had not passed is not credited
        ({"elsewhere": [(0, 25)]}, [[25, 30]]),
        ({"from_second": 595, "to_second": 601}, [[20, 30]]),
        ({"is_visible": False, "is_audio": True}, [[20, 30]]),
        ({"withdrawn": 30}, [[20, 30]]),
        ({"received": 30 * 86400}, [[20, 30]]),
    ],
)
def test_what_is_just_within_counts(claim, clock):
    row = judged(**claim)
    assert (row.reason, row.grade) == ("", WatchSegment.Grade.CREDITED)
    spans = [[round(first - ZERO, 3), round(after - ZERO, 3)] for first, after in row.credited_clock]
    assert spans == clock
