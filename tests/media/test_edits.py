"""Edit lists, compared millisecond by millisecond with what they say."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.domain import edits
from media.domain.timelines import Take, Timeline

LENGTH = st.integers(1, 60)


@st.composite
def lists(draw):
    """Any edit list: parts in order on both timelines."""
    parts, old, new = [], 0, 0
    for _part in range(draw(st.integers(0, 4))):
        start, after, new_start = old + draw(st.integers(0, 9)), draw(LENGTH), new + draw(st.integers(0, 9))
        parts.append((start, start + after, new_start))
        old, new = start + after, new_start + after
    return parts


def where(moment, parts):
    """The new place of one millisecond, found by looking."""
    return next((moment - start + new for start, end, new in parts if start <= moment < end), None)


@given(lists(), lists(), st.integers(0, 400))
def test_two_lists_in_one_are_the_two_one_after_the_other(first, then, moment):
    middle = where(moment, first)
    assert where(moment, edits.chained(first, then)) == (None if middle is None else where(middle, then))


@given(lists(), st.integers(0, 400))
def test_what_is_undone_is_where_it_was(parts, moment):
    there = where(moment, parts)
    assert there is None or where(there, edits.back(parts)) == moment


@given(lists(), st.lists(st.tuples(st.integers(0, 200), LENGTH), max_size=5))
def test_stretches_become_what_their_milliseconds_become(parts, drawn):
    stretches = [(start, start + length) for start, length in drawn]
    expected = {where(one, parts) for low, high in stretches for one in range(low, high)} - {None}
    made = edits.moved(stretches, parts)
    assert {one for low, high in made for one in range(low, high)} == expected
    assert all(end < start for (_low, end), (start, _high) in pairwise(made))


@given(lists(), st.integers(0, 300), st.integers(0, 300))
def test_whoever_was_farther_is_not_behind(parts, one, other):
    low, high = sorted((one, other))
    assert edits.place(low, parts, 1000) <= edits.place(high, parts, 1000)
    assert where(low, parts) in {None, edits.place(low, parts, 1000)}


@given(LENGTH, LENGTH, st.integers(-70, 70))
def test_the_same_content_later_or_earlier(old, new, by):
    parts = edits.shifted(old, new, by)
    assert parts == edits.checked(parts)
    for moment in range(old):
        there = moment + by
        assert where(moment, parts) == (there if 0 <= there < new else None)


@pytest.mark.parametrize(
    "broken", [[[5, 5, 0]], [[0, 5, 0], [4, 9, 5]], [[0, 5, 5], [6, 9, 9]], [[0, 1.5, 0]], [[-1, 4, 0]], [[0, 4, -1]]]
)
def test_a_list_out_of_order_is_refused(broken):
    with pytest.raises(ValueError, match=r"\["):
        edits.checked(broken)


def a_timeline():
    """As it came, without its first two seconds, another file, and that trim undone and done again."""
    whole = Take(1, 10_000, "a", 0)
    trimmed = Take(2, 7_000, "a", 2_000, ((2_000, 9_000, 0),))
    other = Take(3, 8_000, "b", 0, ((0, 7_000, 1_000),))
    back = Take(4, 10_000, "a", 0, ((1_000, 8_000, 2_000),))
    return Timeline([back, other, trimmed, whole])


def test_cuts_of_one_source_are_compared_by_what_they_show_of_it():
    timeline = a_timeline()
    assert timeline.parts(1, 1) == [(0, 10_000, 0)]
    assert timeline.parts(1, 2) == [(2_000, 9_000, 0)]
    assert timeline.parts(1, 3) == [(2_000, 9_000, 1_000)]
    # What the trim took away is there again.
    assert timeline.parts(1, 4) == [(0, 10_000, 0)]
    assert timeline.parts(2, 4) == [(0, 7_000, 2_000)]
    assert timeline.parts(3, 4) == [(1_000, 8_000, 2_000)]
