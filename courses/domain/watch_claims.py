"""What a client claims to have watched, and what it is told."""

from dataclasses import dataclass
from uuid import UUID

from courses.domain import bitmap
from courses.domain.coverage import Coverage


@dataclass(frozen=True)
class Segment:
    """A stretch as the client sends it. Seconds of the video, and seconds of the client's clock since the grant."""

    id: UUID
    token: str
    device: UUID
    sequence: int
    from_second: float
    to_second: float
    clock_from: float
    clock_to: float
    rate: float = 1
    is_visible: bool = True
    is_audio: bool = False
    is_offline: bool = False


@dataclass(frozen=True)
class Position:
    """Where the person is in the video, at `clock` seconds since the grant."""

    token: str
    second: float
    clock: float


@dataclass(frozen=True)
class Standing:
    """What is credited to somebody in one video; `runs` are seconds of its cut in use."""

    activity_key: UUID
    video_key: UUID
    cut: int
    coverage: Coverage
    runs: tuple[bitmap.Run, ...]
    is_sound: bool = False

    @property
    def is_done(self) -> bool:
        """Whether enough of the video was watched."""
        return self.coverage.is_enough

    @property
    def percent(self) -> int:
        """Whole percent of the video that is covered, rounded down."""
        return 100 * self.coverage.covered_seconds // self.coverage.length_seconds


@dataclass(frozen=True)
class Verdict:
    """What became of a segment: `stored`, `repeated`, `refused` or `conflict`; `code` says why it does not count."""

    id: UUID
    outcome: str
    code: str = ""
    standing: Standing | None = None
