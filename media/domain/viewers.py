"""How many people are in the middle of a video: whoever keeps that registers how to count it."""

from collections.abc import Callable

from media.models import Video

_counters: list[Callable[[Video], int]] = []


def register(counter: Callable[[Video], int]) -> None:
    """Add somebody who counts."""
    if counter not in _counters:
        _counters.append(counter)


def in_the_middle(video: Video) -> int:
    """People who have begun the video and are not done with it."""
    return sum(counter(video) for counter in _counters)
