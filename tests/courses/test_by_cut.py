"""What was watched, carried over cuts: compared with the seconds themselves, and the same whatever the order."""

import uuid
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from courses.domain import bitmap, by_cut, crediting
from courses.models import WatchProgress, WatchSegment
from media.domain import edits
from media.domain.timelines import Take, Timeline

DAWN = datetime(2026, 11, 20, 6, tzinfo=UTC)
DURATIONS = st.integers(2_000, 40_000)


def a_take(number, duration, parts=(), source="", starts=0):
    return Take(number, duration, source, starts, tuple(parts))


def bits_of(seconds, length):
    return bitmap.with_runs(b"", [(one, one + 1) for one in seconds], length)


def carried(bits, old, new, parts):
    return {one for first, after in by_cut.carried(bits, old, new, parts) for one in range(first, after)}


@st.composite
def carryings(draw):
    """Two cuts, an edit list between them, and two sets of watched seconds of which one holds the other."""
    old, new = a_take(1, draw(DURATIONS)), a_take(2, draw(DURATIONS))
    parts = edits.shifted(old.duration_ms, new.duration_ms, draw(st.integers(-5_000, 5_000)))
    if parts and draw(st.booleans()):
        start, end, there = parts[0]
        middle = (start + end) // 2
        parts = [(start, middle, there), (middle + (end - middle) // 3, end, there + middle - start)]
    seconds = draw(st.sets(st.integers(0, old.length_seconds - 1)))
    more = draw(st.sets(st.integers(0, old.length_seconds - 1)))
    return old, new, [part for part in parts if part[1] > part[0]], seconds, seconds | more


@given(carryings())
@settings(max_examples=300)
def test_nothing_counts_that_was_not_watched_and_more_watched_never_counts_less(drawn):
    old, new, parts, seconds, more = drawn
    made = carried(bits_of(seconds, old.length_seconds), old, new, parts)
    assert made <= set(range(new.length_seconds))
    assert made <= carried(bits_of(more, old.length_seconds), old, new, parts)
    last = old.length_seconds - 1
    for second in made:
        end = new.duration_ms if second == new.length_seconds - 1 else 1000 * (second + 1)
        unseen = 0
        for moment in range(1000 * second, end):
            before = next(
                (moment - there + start for start, stop, there in parts if 0 <= moment - there < stop - start), None
            )
            unseen += before is None or min(before // 1000, last) not in seconds
        assert unseen <= 2 * by_cut.SLACK_MS


@given(DURATIONS, st.data())
def test_the_same_film_again_is_the_same_seconds(duration, data):
    old, new = a_take(1, duration), a_take(2, duration)
    seconds = data.draw(st.sets(st.integers(0, old.length_seconds - 1)))
    assert carried(bits_of(seconds, old.length_seconds), old, new, edits.shifted(duration, duration)) == seconds


@given(DURATIONS, st.data())
def test_whoever_saw_all_has_seen_all_that_a_trim_leaves(duration, data):
    start = data.draw(st.integers(0, duration - 1_000))
    end = data.draw(st.integers(start + 1_000, duration))
    old, new = a_take(1, duration), a_take(2, end - start)
    parts = edits.kept((0, duration), (start, end))
    everything = bits_of(range(old.length_seconds), old.length_seconds)
    assert carried(everything, old, new, parts) == set(range(new.length_seconds))


def test_other_content_keeps_nothing():
    old, new = a_take(1, 10_000), a_take(2, 10_000)
    assert carried(bits_of(range(10), 10), old, new, []) == set()


# Order ----------------------------------------------------------------------------------------------------------------
TIMELINE = Timeline(
    [
        Take(1, 20_000, "a", 0),
        Take(2, 14_600, "a", 2_700, ((2_700, 17_300, 0),)),
        Take(3, 16_000, "b", 0, ((0, 14_600, 1_000),)),
        Take(4, 20_000, "a", 0, ((1_000, 15_600, 2_700),)),
    ]
)


def a_progress():
    return WatchProgress(length_seconds=20)


def a_segment(cut, start, length, clock):
    end = min(start + length, TIMELINE[cut].duration_ms / 1000)
    return WatchSegment(
        client_id=uuid.uuid4(),
        cut=cut,
        from_second=start,
        to_second=end,
        grade=WatchSegment.Grade.CREDITED,
        credited_clock=[[clock, clock + end - start]],
    )


SEGMENTS = st.builds(
    a_segment, st.integers(1, 4), st.floats(0, 13), st.floats(0.5, 9), st.integers(0, 4).map(lambda one: 30.0 * one)
)


def play(events):
    """Segments as they arrive; a cut is in use at the latest when the first segment of it arrives."""
    progress = a_progress()
    for event in events:
        if isinstance(event, int):
            crediting.move_on(progress, event, TIMELINE)
            continue
        crediting.move_on(progress, event.cut, TIMELINE)
        at = DAWN + timedelta(seconds=event.credited_clock[0][0])
        crediting.move(progress, at, event.to_second, event.cut, TIMELINE)
        crediting.grow(progress, [event], TIMELINE)
    crediting.move_on(progress, 4, TIMELINE)
    return {
        name: getattr(progress, name) for name in ("cut", "length_seconds", "covered_seconds", "position_seconds")
    } | {
        "bitmap": bytes(progress.bitmap),
        "by_cut": progress.by_cut,
        "clock": progress.clock_spans,
        "at": progress.position_at,
    }


@given(st.lists(SEGMENTS, max_size=6), st.data())
@settings(max_examples=200)
def test_trims_and_late_segments_of_any_cut_end_alike_in_any_order(segments, data):
    events = [*segments, *data.draw(st.lists(st.sampled_from(segments), max_size=3) if segments else st.just([]))]
    first = data.draw(st.permutations([2, 3, 4, *events]))
    second = data.draw(st.permutations([4, 2, *events]))
    assert play(first) == play(second) == play([4, *events])


def test_a_trim_that_is_undone_gives_back_what_was_watched():
    progress = a_progress()
    crediting.grow(progress, [a_segment(1, 0, 5, 0.0)], TIMELINE)
    crediting.move(progress, DAWN, 1.5, 1, TIMELINE)
    assert progress.covered_seconds == 5
    crediting.move_on(progress, 2, TIMELINE)
    assert (progress.length_seconds, bitmap.runs_of(progress.bitmap), progress.position_seconds) == (15, [(0, 2)], 0)
    crediting.move_on(progress, 4, TIMELINE)
    assert (progress.length_seconds, bitmap.runs_of(progress.bitmap), progress.position_seconds) == (20, [(0, 5)], 1.5)


def test_nobody_goes_back_to_an_earlier_cut():
    progress = a_progress()
    crediting.move_on(progress, 3, TIMELINE)
    crediting.move_on(progress, 2, TIMELINE)
    assert (progress.cut, progress.length_seconds) == (3, 16)
