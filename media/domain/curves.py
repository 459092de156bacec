"""Where one sees how far a video is watched: whoever draws that registers how to find it."""

from collections.abc import Callable
from dataclasses import dataclass

from lms.models import Person
from media.models import Video


@dataclass(frozen=True)
class Curve:
    """One page about one video, by the name of what it stands in, and the place of that."""

    title: str
    place: str
    url: str


Finder = Callable[[Video, Person], list[Curve]]
_finders: list[Finder] = []


def register(finder: Finder) -> None:
    """Add somebody who knows of such pages. Those that a person may not open are not to be found."""
    if finder not in _finders:
        _finders.append(finder)


def of(video: Video, person: Person) -> list[Curve]:
    """The pages about a video that somebody may open."""
    return [curve for finder in _finders for curve in finder(video, person)]
