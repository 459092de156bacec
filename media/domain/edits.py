"""Edit lists: where the moments of one cut of a video went in the next. Pure, and in whole milliseconds.

A list is [[from, to, new from], …]: the stretch `from`–`to` of the old timeline begins at `new from` of the new one.
What is in no part is gone, or is new. Parts follow one another on both timelines, so that no later moment ever comes
before an earlier one.
"""

from bisect import bisect_right
from collections.abc import Sequence

Part = tuple[int, int, int]
Stretch = tuple[int, int]


def milliseconds(seconds: float) -> int:
    """Seconds as the lists count them."""
    return round(seconds * 1000)


def checked(parts: Sequence[Sequence[int]]) -> list[Part]:
    """The parts as tuples. Raises `ValueError` unless they are whole, not empty, and in order on both timelines."""
    found: list[Part] = []
    end, new_end = 0, 0
    for part in parts:
        start, after, new_start = part
        if not all(type(one) is int for one in part) or start < end or after <= start or new_start < new_end:
            raise ValueError(parts)
        found.append((start, after, new_start))
        end, new_end = after, new_start + after - start
    return found


def shifted(old_ms: int, new_ms: int, by_ms: int = 0) -> list[Part]:
    """The same content, `by_ms` later in the new cut (earlier when negative), as far as both of them go."""
    start, end = max(0, -by_ms), min(old_ms, new_ms - by_ms)
    return [(start, end, start + by_ms)] if end > start else []


def kept(old: Stretch, new: Stretch) -> list[Part]:
    """Between two cuts of one and the same source, each given as the stretch of the source that it shows."""
    start, end = max(old[0], new[0]), min(old[1], new[1])
    return [(start - old[0], end - old[0], start - new[0])] if end > start else []


def back(parts: Sequence[Part]) -> list[Part]:
    """The list that undoes another."""
    return [(new_start, new_start + end - start, start) for start, end, new_start in parts]


def chained(first: Sequence[Part], then: Sequence[Part]) -> list[Part]:
    """One list for two that follow each other."""
    made = []
    for start, end, middle in first:
        for other_start, other_end, new_start in then:
            low, high = max(middle, other_start), min(middle + end - start, other_end)
            if high > low:
                made.append((start + low - middle, start + high - middle, new_start + low - other_start))
    return made


def moved(stretches: Sequence[Stretch], parts: Sequence[Part]) -> list[Stretch]:
    """What became of stretches of the old timeline, on the new one: in order, and joined where they touch."""
    made = [
        (max(low, start) - start + new_start, min(high, end) - start + new_start)
        for start, end, new_start in parts
        for low, high in stretches
        if min(high, end) > max(low, start)
    ]
    joined: list[Stretch] = []
    for low, high in sorted(made):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return joined


def place(moment: int, parts: Sequence[Part], new_ms: int) -> int:
    """Where one finds oneself who was at `moment`: there, else at the next that is left, else at the end."""
    index = bisect_right(parts, moment, key=lambda part: part[0]) - 1
    if index >= 0:
        start, end, new_start = parts[index]
        if moment < end:
            return min(new_ms, new_start + moment - start)
    return min(new_ms, parts[index + 1][2]) if index + 1 < len(parts) else new_ms
