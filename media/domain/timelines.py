"""The cuts that a video had, one after another, and how a moment of one is found in a later one.

Two cuts of one and the same source are compared by what each shows of it; others by the edit lists of the cuts between
them. So what a trim took away is there again when the trim is undone.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from media.models import Cut, Video

from . import edits
from .edits import Part


@dataclass(frozen=True)
class Take:
    """One cut that is or was in use; `parts` says where the moments of the one before went."""

    number: int
    duration_ms: int
    source: str
    starts_ms: int
    parts: tuple[Part, ...] = ()

    @property
    def length_seconds(self) -> int:
        """Whole seconds of its progress bitmaps, as `Video.length_seconds`."""
        return max(1, round(self.duration_ms / 1000))

    @property
    def stretch(self) -> edits.Stretch:
        """What it shows of its source."""
        return self.starts_ms, self.starts_ms + self.duration_ms


class Timeline:
    """All cuts of one video that are or were in use."""

    def __init__(self, takes: Iterable[Take]) -> None:
        self.takes = {take.number: take for take in sorted(takes, key=lambda take: take.number)}

    def __contains__(self, number: int) -> bool:
        return number in self.takes

    def __getitem__(self, number: int) -> Take:
        return self.takes[number]

    def parts(self, old: int, new: int) -> list[Part]:
        """Where the moments of the cut `old` are in the later (or same) cut `new`."""
        order = [number for number in self.takes if number <= new]
        here = self.takes[old]
        found: list[Part] = [(0, here.duration_ms, 0)]
        while here.number < new:
            there = self._latest_of_source(here, order)
            if there.number > here.number:
                found = edits.chained(found, edits.kept(here.stretch, there.stretch))
            else:
                there = self.takes[order[order.index(here.number) + 1]]
                found = edits.chained(found, there.parts)
            here = there
        return found

    def _latest_of_source(self, take: Take, order: list[int]) -> Take:
        same = [number for number in order if take.source and self.takes[number].source == take.source]
        return self.takes[max([take.number, *same])]


def timeline_of(video: Video) -> Timeline:
    """The timeline of a video. No query as long as it has its first cut."""
    return timeline_of_key(video.pk) if video.cut > 1 else Timeline([])


def timeline_of_key(video_id: int) -> Timeline:
    """The same by the video's key, whatever cut it has."""
    used = Cut.objects.filter(video=video_id, state__in=[Cut.State.IN_USE, Cut.State.REPLACED])
    return Timeline(
        Take(
            number=cut.number,
            duration_ms=edits.milliseconds(cut.duration_seconds),
            source=cut.source_sha256,
            starts_ms=edits.milliseconds(cut.trim_start_seconds),
            parts=tuple(edits.checked(cut.edit_list)),
        )
        for cut in used
    )
