"""One thing to do in a course, as one person finds it."""

from dataclasses import dataclass

from courses.domain.coverage import Coverage
from courses.domain.lacking import Lack
from courses.models import Activity, Waiver, WatchProgress


@dataclass(frozen=True)
class ActivityProgress:
    """One thing to do. `lacks` say what is missing, each with its place; none when it is done or excused."""

    activity: Activity
    url: str
    is_done: bool
    percent: int
    lacks: tuple[Lack, ...] = ()
    watch: WatchProgress | None = None
    coverage: Coverage | None = None
    waiver: Waiver | None = None
    best_percent: int | None = None

    @property
    def words(self) -> str:
        """What is missing; empty when nothing is."""
        return "; ".join(one.words for one in self.lacks)

    @property
    def is_missing(self) -> bool:
        """Whether the course still waits for it."""
        return self.activity.is_required and not self.is_done and self.waiver is None
