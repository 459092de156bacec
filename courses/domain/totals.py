"""What a course asks for beyond its single activities: some of the optional ones, a mean of the quizzes."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.domain.lacking import Lack
from courses.domain.steps import ActivityProgress


@dataclass(frozen=True)
class Optional:
    """How many optional activities were done of how many that have to be; `left` are those one may still do."""

    done: int
    needed: int
    left: Sequence[ActivityProgress]

    @property
    def missing(self) -> int:
        """How many more."""
        return max(0, self.needed - self.done)

    @property
    def offers(self) -> Sequence[ActivityProgress]:
        """Those to choose from, as long as more are asked for; the one that is furthest first."""
        return sorted(self.left, key=lambda item: -item.percent) if self.missing else []

    @property
    def percents(self) -> list[int]:
        """How far each of those that have to be done is."""
        begun = [item.percent for item in self.offers[: self.missing]]
        return [100] * min(self.done, self.needed) + begun

    @property
    def lacks(self) -> list[Lack]:
        """In words, with the place of the first that one may choose."""
        if not self.missing:
            return []
        words = ngettext(
            "Elija %(n)d actividad opcional más: lleva %(done)d de %(needed)d",
            "Elija %(n)d actividades opcionales más: lleva %(done)d de %(needed)d",
            self.missing,
        ) % {"n": self.missing, "done": self.done, "needed": self.needed}
        return [Lack(words, self.offers[0].url, self.offers[0].activity.title)]


@dataclass(frozen=True)
class Mean:
    """The best scores of the required quizzes, and what their mean has to be."""

    quizzes: Sequence[ActivityProgress]
    needed: int | None

    @property
    def percent(self) -> int | None:
        """The mean so far, of those that were answered, rounded half up."""
        return mean_of([item.best_percent for item in self.quizzes if item.best_percent is not None])

    @property
    def is_missing(self) -> bool:
        """Whether every quiz was passed and their mean does not suffice; before that, it is the quizzes that lack."""
        if self.needed is None or not self.quizzes or any(item.is_missing for item in self.quizzes):
            return False
        return (self.percent or 0) < self.needed

    @property
    def offers(self) -> list[ActivityProgress]:
        """The quizzes in which there is most to gain, first."""
        return sorted(self.quizzes, key=lambda item: item.best_percent or 0) if self.is_missing else []

    @property
    def percents(self) -> list[int]:
        """How far the mean is, where one is asked for."""
        if self.needed is None or not self.quizzes:
            return []
        share = min(100, 100 * (self.percent or 0) // self.needed)
        return [min(share, 99) if any(item.is_missing for item in self.quizzes) else share]

    @property
    def lacks(self) -> list[Lack]:
        """In words, with the place of the quiz in which there is most to gain."""
        if not self.is_missing:
            return []
        worst = self.offers[0]
        words = _("Su promedio es %(mean)s %% y necesita %(needed)s %%: mejore su nota en «%(title)s»")
        said = {"mean": self.percent or 0, "needed": self.needed, "title": worst.activity.title}
        return [Lack(words % said, worst.url, worst.activity.title)]


def mean_of(scores: Sequence[int]) -> int | None:
    """The mean of scores, rounded half up; None of none."""
    return int(sum(scores) / len(scores) + 0.5) if scores else None
