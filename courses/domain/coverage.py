"""Whether enough of a video was watched: its share, and the passages that have to be seen. Pure."""

from dataclasses import dataclass
from math import ceil

from courses.domain.rules import Asked, Passages, Span
from courses.models import Activity, WatchProgress
from media.domain import edits
from media.domain.timelines import timeline_of
from media.models import Video


def needed_seconds(length_seconds: int, threshold_percent: int) -> int:
    """How many seconds of a video must be watched, rounded up."""
    return ceil(length_seconds * threshold_percent / 100)


@dataclass(frozen=True)
class Passage:
    """A stretch that has to be seen, with how much of it is missing and where the first of that is."""

    first: int
    after: int
    missing_seconds: int
    next_second: int


@dataclass(frozen=True)
class Coverage:
    """What was watched of a video, and what has to be."""

    covered_seconds: int
    needed_seconds: int
    length_seconds: int
    passages: tuple[Passage, ...] = ()

    @property
    def missing_seconds(self) -> int:
        """How much of the share is missing."""
        return max(0, self.needed_seconds - self.covered_seconds)

    @property
    def missing_passages(self) -> list[Passage]:
        """Those of which something is missing."""
        return [one for one in self.passages if one.missing_seconds]

    @property
    def is_enough(self) -> bool:
        """Whether nothing is missing, and something was watched."""
        return self.covered_seconds > 0 and not self.missing_seconds and not self.missing_passages

    @property
    def percent(self) -> int:
        """How far it is, from 0 to 99: 100 is said of what was completed."""
        seen = sum(one.after - one.first - one.missing_seconds for one in self.passages)
        every = sum(one.after - one.first for one in self.passages)
        done = min(self.covered_seconds, self.needed_seconds) + seen
        return min(99, 100 * done // max(1, self.needed_seconds + every))


def coverage_of(asked: Asked, activity: Activity, video: Video, progress: WatchProgress | None) -> Coverage:
    """What `progress` amounts to by a rule. No query, unless passages were chosen on another cut."""
    length = progress.length_seconds if progress else video.length_seconds
    passages = asked.of(activity).passages
    # Seconds of an earlier cut than the passages' say nothing of them: they are moved to the later one first.
    is_readable = progress and not (passages and progress.cut < passages.cut)
    bits = bytes(progress.bitmap) if progress and is_readable else b""
    needed = needed_seconds(length, asked.watch_of(activity))
    spans = spans_on(passages, video, progress.cut if progress else video.cut, length) if passages else ()
    return Coverage(
        covered_seconds=progress.covered_seconds if progress else 0,
        needed_seconds=needed,
        length_seconds=length,
        passages=tuple(_passage(span, bits) for span in spans),
    )


def spans_on(passages: Passages, video: Video, cut: int, length: int) -> tuple[Span, ...]:
    """The passages in seconds of another cut of the video; of another video, none.

    What a later cut left out need not be seen any more.
    """
    if passages.video != str(video.public_id):
        return ()
    spans = passages.spans
    if cut > passages.cut:
        timeline = timeline_of(video)
        if cut in timeline and passages.cut in timeline:
            old = [(1000 * first, 1000 * after) for first, after in spans]
            kept = edits.moved(old, timeline.parts(passages.cut, cut))
            # Whole seconds, as those that were watched are carried over (`by_cut.carried`).
            spans = tuple((-(-low // 1000), high // 1000) for low, high in kept)
    cropped = ((first, min(after, length)) for first, after in spans)
    return tuple((first, after) for first, after in cropped if after > first)


def _passage(span: Span, bits: bytes) -> Passage:
    first, after = span
    here = (int.from_bytes(bits, "little") >> first) & ((1 << (after - first)) - 1)
    gap = (~here) & (here + 1)
    missing = after - first - here.bit_count()
    return Passage(first, after, missing, first + gap.bit_length() - 1 if missing else after)
