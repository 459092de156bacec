"""The formulas, by numbers worked out by hand and by straightforward ones on random marks."""

import random
from math import isclose, nan, sqrt
from statistics import correlation as pearson

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courses.domain import item_statistics as statistics

# Ten attempts: right or wrong in the question, and the marks of the rest and of the whole.
MARKS = [1, 1, 1, 0, 1, 0, 1, 0, 0, 0]
RESTS = [0.9, 0.8, 0.8, 0.7, 0.6, 0.5, 0.4, 0.4, 0.2, 0.1]
TOTALS = [0.92, 0.84, 0.83, 0.6, 0.68, 0.4, 0.52, 0.32, 0.16, 0.08]


def test_by_hand():
    found = statistics.figures(MARKS, RESTS, TOTALS, blanks=2)
    assert (found.n, found.blanks, found.facility) == (10, 2, 50)
    # Means of the rest: right 3.5/5 = 0.7, wrong 1.9/5 = 0.38; all 0.54; their spread (of the population):
    # squares 0.81+0.64+0.64+0.49+0.36+0.25+0.16+0.16+0.04+0.01 = 3.56, 3.56/10 − 0.54² = 0.0644.
    assert isclose(found.rest, (0.7 - 0.38) / sqrt(0.0644) * sqrt(0.5 * 0.5), abs_tol=1e-9)
    # 27 % of ten are three: upper 1, 1, 1; lower 0, 0, 0.
    assert found.upper_lower == 1


def test_at_the_border_of_a_group_equals_share_the_room():
    # Two are of the group of 27 % of six; the first is, three others share what is left for one.
    upper, lower = statistics.groups([0.9, 0.5, 0.5, 0.5, 0.2, 0.1])
    assert upper == pytest.approx([1, 1 / 3, 1 / 3, 1 / 3, 0, 0])
    assert lower == [0, 0, 0, 0, 1, 1]


@pytest.mark.parametrize("n", [0, 1, 4])
def test_of_too_few_nothing_is_told(n):
    found = statistics.figures([1.0] * n, [0.5] * n, [0.5] * n, blanks=0)
    assert (found.n, found.is_told, found.facility, found.rest, found.upper_lower) == (n, False, None, None, None)


def test_what_never_varies_correlates_with_nothing():
    assert statistics.correlation([1] * 6, RESTS[:6]) is None
    assert statistics.correlation(MARKS[:6], [nan] * 6) is None
    assert statistics.difference(MARKS[:6], [0.5] * 6) is None


PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 20)), min_size=5, max_size=60)


def upper_lower(pairs: list[tuple[float, float]]) -> float:
    """By brute force: the mean over many shuffles of the plain upper less the plain lower."""
    size, chance, found = max(1, round(0.27 * len(pairs))), random.Random(7), []  # noqa: S311
    for _round in range(400):
        shuffled = chance.sample(pairs, len(pairs))
        ranked = [mark for mark, _total in sorted(shuffled, key=lambda one: -one[1])]
        found.append((sum(ranked[:size]) - sum(ranked[-size:])) / size)
    return sum(found) / len(found)


@given(PAIRS)
@settings(max_examples=60, deadline=None)
def test_as_the_straightforward_ones_say_on_any_marks(pairs):
    marks, totals = [mark / 4 for mark, _total in pairs], [total / 20 for _mark, total in pairs]
    found = statistics.figures(marks, totals, totals, blanks=0)
    if len(set(marks)) == 1 or len(set(totals)) == 1:
        assert found.rest is None
    else:
        assert isclose(found.rest, pearson(marks, totals), abs_tol=1e-9)
    if found.upper_lower is not None:
        assert abs(found.upper_lower - upper_lower(list(zip(marks, totals, strict=True)))) < 0.12


@given(PAIRS, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_attempts_does_not_matter(pairs, chance):
    shuffled = chance.sample(pairs, len(pairs))
    told = []
    for some in (pairs, shuffled):
        marks, totals = [mark / 4 for mark, _t in some], [total / 20 for _m, total in some]
        told.append(statistics.figures(marks, totals, totals, blanks=0))
    for name in ("facility", "rest", "upper_lower"):
        one, other = (getattr(found, name) for found in told)
        assert (one is None) == (other is None)
        assert one is None or isclose(one, other, abs_tol=1e-9)
