"""What a course asks for, as values; which version of it is in force at a moment, and which were before."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from courses.models import Activity, CoursePage, CourseRule

Span = tuple[int, int]
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Passages:
    """Stretches of a video [first, after last) that have to be seen, in seconds of one of its cuts."""

    video: str
    cut: int
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Own:
    """What one activity asks for; None: what the course or the quiz says."""

    watch_percent: int | None = None
    pass_percent: int | None = None
    passages: Passages | None = None


NOTHING_OF_ITS_OWN = Own()


@dataclass(frozen=True)
class Asked:
    """What a course asks for. All its required activities always; `own` is by the activities' block keys."""

    watch_percent: int
    optional_count: int = 0
    mean_percent: int | None = None
    own: Mapping[str, Own] = field(default_factory=dict)
    number: int = 0

    def of(self, activity: Activity) -> Own:
        """What an activity asks for by itself."""
        return self.own.get(str(activity.block_key), NOTHING_OF_ITS_OWN)

    def watch_of(self, activity: Activity) -> int:
        """How much of a video has to be seen, in percent."""
        return self.of(activity).watch_percent or self.watch_percent

    def pass_of(self, activity: Activity) -> int:
        """With how much a quiz is passed, in percent; 0 for what is no quiz."""
        return self.of(activity).pass_percent or (activity.quiz.pass_percent if activity.quiz else 0)


@dataclass(frozen=True)
class Term:
    """A rule that applied since a moment (None: always), until another did."""

    asked: Asked
    since: datetime | None
    until: datetime


def read(rule: CourseRule) -> Asked:
    """A row as a value."""
    own = {key: _read_own(said) for key, said in rule.own.items()}
    return Asked(rule.watch_percent, rule.optional_count, rule.mean_percent, own, rule.number)


def _read_own(said: Mapping[str, Any]) -> Own:
    where = said.get("passages")
    passages = Passages(where["video"], where["cut"], tuple((a, b) for a, b in where["spans"])) if where else None
    return Own(said.get("watch_percent"), said.get("pass_percent"), passages)


def write_own(own: Own) -> dict[str, Any]:
    """The same as JSON."""
    said: dict[str, Any] = {"watch_percent": own.watch_percent, "pass_percent": own.pass_percent}
    if own.passages:
        spans = [list(span) for span in own.passages.spans]
        said["passages"] = {"video": own.passages.video, "cut": own.passages.cut, "spans": spans}
    return {name: value for name, value in said.items() if value}


def plain(asked: Asked) -> dict[str, Any]:
    """What is asked, without the number of its version: two that say the same are the same."""
    own = {key: said for key, one in asked.own.items() if (said := write_own(one))}
    return {
        "watch_percent": asked.watch_percent,
        "optional_count": asked.optional_count,
        "mean_percent": asked.mean_percent,
        "own": own,
    }


def of_page(course: CoursePage) -> Asked:
    """What a course asks for before its first rule."""
    return Asked(course.watch_threshold_percent)


def in_force(course: CoursePage, at: datetime | None = None) -> Asked:
    """What a course asks for at a moment."""
    return in_force_each([course], at)[course.translation_key]


def in_force_each(courses: Iterable[CoursePage], at: datetime | None = None) -> dict[UUID, Asked]:
    """The same of many courses, by their keys; one query."""
    thresholds = {course.translation_key: course.watch_threshold_percent for course in courses}
    return {key: history.asked for key, history in histories(thresholds, at).items()}


@dataclass(frozen=True)
class History:
    """The rule in force, since when (None: always), and those that were before it, the oldest first."""

    asked: Asked
    since: datetime | None = None
    terms: tuple[Term, ...] = ()

    def between(self, since: datetime | None, until: datetime | None) -> Iterator[tuple[Asked, datetime | None]]:
        """The rules that applied in a stretch of time, in their order, each with when that ended; None: it did not.

        An edition ends a term as a rule does: what was asked while it lasted is what applied in its stretch.
        """
        for asked, began, ended in self._each():
            if (since and ended and ended <= since) or (until and began and began >= until):
                continue
            yield asked, min((one for one in (ended, until) if one), default=None)

    def cut(self, ends: Collection[datetime]) -> list[Term]:
        """The terms that were over by the last of `ends`, also those of a rule that went on when an edition ended."""
        last, found = max(ends, default=NEVER), []
        for asked, began, ended in self._each():
            within = (one for one in sorted(ends) if not (began and one <= began) and not (ended and one >= ended))
            found += [Term(asked, began, one) for one in (*within, ended) if one and one <= last]
        return found

    def _each(self) -> list[tuple[Asked, datetime | None, datetime | None]]:
        """Every rule, with when it began and ended."""
        return [*((one.asked, one.since, one.until) for one in self.terms), (self.asked, self.since, None)]


def histories(thresholds: Mapping[UUID, int], at: datetime | None = None) -> dict[UUID, History]:
    """By course key. `thresholds` are what the courses' pages say; one query."""
    found = {key: History(Asked(percent)) for key, percent in thresholds.items()}
    for rule in CourseRule.objects.dated(at or timezone.now()).filter(course_key__in=found):
        if rule.applies_from:
            known = found[rule.course_key]
            found[rule.course_key] = History(
                read(rule), rule.applies_from, (*known.terms, Term(known.asked, known.since, rule.applies_from))
            )
    return found


def history(course: CoursePage, at: datetime | None = None) -> History:
    """Of one course."""
    key = course.translation_key
    return histories({key: course.watch_threshold_percent}, at)[key]
