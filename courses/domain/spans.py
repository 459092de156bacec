"""Sets of stretches of time [[from, to], …]: sorted, apart from each other, half open. Union is a join."""

from collections.abc import Iterable, Sequence

Span = tuple[float, float]


def union(spans: Iterable[Sequence[float]]) -> list[Span]:
    """The same instants as sorted stretches that neither touch nor overlap."""
    joined: list[Span] = []
    for start, end in sorted((start, end) for start, end in spans if end > start):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def without(span: Sequence[float], taken: Iterable[Sequence[float]]) -> list[Span]:
    """What is left of `span` outside `taken` (a union)."""
    start, end = span
    left: list[Span] = []
    for taken_from, taken_to in taken:
        if taken_to <= start or taken_from >= end:
            continue
        if taken_from > start:
            left.append((start, taken_from))
        start = max(start, taken_to)
    if end > start:
        left.append((start, end))
    return left


def length(spans: Iterable[Sequence[float]]) -> float:
    """Seconds in a union."""
    return sum(end - start for start, end in spans)
