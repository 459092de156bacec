"""How hard a question is, and how well it tells those who know from those who do not: formulas alone, no database.

Facility is the mean mark. Discrimination is said in two ways: the correlation of the question's mark with the mark of
all the others in the same attempt (corrected item–rest, for right and wrong the point-biserial), and the difference of
the mean marks of the upper and the lower 27 % by the whole attempt's mark (Kelley 1939). Where several attempts stand
at the border of a group with the same mark, each is of the group by the share that has room; so order does not matter.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, sqrt

LEAST = 5
"""With fewer attempts nothing is told: it would say more of people than of the question."""
SHARE = 0.27
NAN = float("nan")


@dataclass(frozen=True)
class Figures:
    """What is told of a question. `n` attempts; percents are 0 to 100, correlations −1 to 1, empty where undefined."""

    n: int
    blanks: int
    facility: float | None = None
    rest: float | None = None
    upper_lower: float | None = None

    @property
    def is_told(self) -> bool:
        """Whether there were enough attempts."""
        return self.facility is not None


def figures(marks: Sequence[float], rests: Sequence[float], totals: Sequence[float], blanks: int) -> Figures:
    """Of one question: its marks (0 to 1), and of each attempt the mark of all else (NaN: nothing else), and of all."""
    if len(marks) < LEAST:
        return Figures(len(marks), blanks)
    mean = 100 * sum(marks) / len(marks)
    return Figures(len(marks), blanks, mean, correlation(marks, rests), difference(marks, totals))


def correlation(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Pearson's; pairs whose right side is NaN do not count. None where one side never varies."""
    pairs = [(x, y) for x, y in zip(left, right, strict=True) if not isnan(y)]
    if len(pairs) < LEAST:
        return None
    mean_x, mean_y = (sum(side) / len(pairs) for side in zip(*pairs, strict=True))
    xx = sum((x - mean_x) ** 2 for x, _y in pairs)
    yy = sum((y - mean_y) ** 2 for _x, y in pairs)
    xy = sum((x - mean_x) * (y - mean_y) for x, y in pairs)
    if xx < 1e-12 or yy < 1e-12:
        return None
    return max(-1.0, min(1.0, xy / sqrt(xx * yy)))


def difference(marks: Sequence[float], totals: Sequence[float]) -> float | None:
    """The mean mark of the upper 27 % less that of the lower 27 %; None where all attempts are worth the same."""
    if max(totals) - min(totals) < 1e-12:
        return None
    upper, lower = groups(totals)
    return _mean(marks, upper) - _mean(marks, lower)


def _mean(marks: Sequence[float], weights: Sequence[float]) -> float:
    return sum(mark * weight for mark, weight in zip(marks, weights, strict=True)) / sum(weights)


def groups(totals: Sequence[float]) -> tuple[list[float], list[float]]:
    """How much each attempt is of the upper and of the lower group: 0, 1, or a share at the border."""
    size = max(1.0, float(round(SHARE * len(totals))))
    places: dict[float, list[int]] = defaultdict(list)
    for place, total in enumerate(totals):
        places[round(total, 9)].append(place)
    return tuple(_fill(places, size, len(totals), from_top) for from_top in (True, False))  # type: ignore[return-value]


def _fill(places: dict[float, list[int]], size: float, n: int, from_top: bool) -> list[float]:
    weights, room = [0.0] * n, size
    for total in sorted(places, reverse=from_top):
        if room <= 0:
            break
        for place in places[total]:
            weights[place] = min(1.0, room / len(places[total]))
        room -= len(places[total])
    return weights
