"""Sets of whole seconds, one bit each, least significant bit first: 450 bytes for an hour.

Merging is OR, so it is commutative, associative and idempotent: segments may come twice, late and in any order.
"""

import re
from collections.abc import Iterable

Run = tuple[int, int]


def seconds_of(from_second: float, to_second: float, length: int) -> Run:
    """The whole seconds [first, after last) of a stretch: both ends rounded half up, cut to the video's length.

    Rounding both ends alike makes stretches that touch tile without gap or overlap.
    """
    return min(int(from_second + 0.5), length), min(int(to_second + 0.5), length)


def with_runs(bitmap: bytes, runs: Iterable[Run], length: int) -> bytes:
    """`bitmap` with the seconds of all `runs` set; always `length` bits, rounded up to bytes."""
    bits = int.from_bytes(bitmap, "little")
    for first, after in runs:
        if after > first:
            bits |= ((1 << (after - first)) - 1) << first
    return bits.to_bytes((length + 7) // 8, "little")


def count(bitmap: bytes) -> int:
    """How many seconds are set."""
    return int.from_bytes(bitmap, "little").bit_count()


def runs_of(bitmap: bytes) -> list[Run]:
    """The unbroken stretches [first, after last), in order."""
    digits = bin(int.from_bytes(bitmap, "little"))[:1:-1]
    return [match.span() for match in re.finditer("1+", digits)]
