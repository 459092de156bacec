"""What was learnt between the quizzes of entry and the final ones of a course (Kirkpatrick's level 2).

Only what can be compared is: of each person, the questions of the bank that they were asked both times, weighted as the
final quiz weights them, in the first final attempt that began after the one of entry was handed in. Who teaches the
course reads sums, as of evaluations: of five people or more, in steps of five, in the order in which they came.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from statistics import mean, median

from django.db.models import QuerySet

from courses.blocks import Stage
from courses.domain.evaluation import FEWEST
from courses.models import Activity, Answer, Attempt, CoursePage

BANDS = ((0, 20), (20, 40), (40, 60), (60, 80), (80, 101))  # percent, from the first to before the second


@dataclass(frozen=True)
class Change:
    """What one person knew of the same questions before and after, in percent of their points."""

    before: Decimal
    after: Decimal
    questions: int

    @property
    def points(self) -> int:
        """By how much, in points of 100; below 0 for less than before."""
        return round(self.after) - round(self.before)


@dataclass(frozen=True)
class Side:
    """Before or after: mean and median in percent, and how many people are in each of `BANDS`."""

    mean: Decimal
    median: Decimal
    counts: list[int]


@dataclass(frozen=True)
class Gain:
    """Of `count` people. `normalised`: the part of what they lacked that they gained; None where nothing lacked."""

    count: int
    before: Side
    after: Side
    mean: Decimal
    normalised: Decimal | None


@dataclass(frozen=True)
class Marked:
    """Which quizzes of a course are marked today, and what they say; no gain for fewer than five people."""

    has_entry: bool
    has_final: bool
    gain: Gain | None = None

    @property
    def is_whole(self) -> bool:
        """Whether there is something to compare with something."""
        return self.has_entry and self.has_final


@dataclass
class _Try:
    """A closed attempt: when, and of each question its points, its percent, and when a person marked it."""

    activity: int
    stage: str
    started_at: datetime
    closed_at: datetime
    answers: dict[int, tuple[Decimal, Decimal, datetime | None]] = field(default_factory=dict)


def of_course(course: CoursePage) -> Marked:
    """What a course's quizzes of entry and final ones say together; three queries, however many people."""
    current = Activity.objects.current().filter(course_key=course.translation_key).exclude(stage=Stage.ORDINARY)
    stages = set(current.values_list("stage", flat=True))
    marked = Marked(Stage.ENTRY in stages, Stage.FINAL in stages)
    if not marked.is_whole:
        return marked
    attempts = Attempt.objects.filter(activity__course_key=course.translation_key)
    came = []
    for enrolment, tries in _read(attempts).items():
        if found := _compare(tries):
            change, at = found
            came.append((at, enrolment, change))
    came.sort(key=lambda one: one[:2])
    changes = [change for _at, _enrolment, change in came[: len(came) - len(came) % FEWEST]]
    return Marked(True, True, _sum(changes) if changes else None)


def of_attempt(attempt: Attempt) -> Change | None:
    """What the person of a final attempt knew of its questions on entry, and knows now; None without either."""
    if attempt.stage != Stage.FINAL or attempt.score_percent is None:
        return None
    mine = Attempt.objects.filter(enrolment=attempt.enrolment_id, activity__course_key=attempt.activity.course_key)
    tries = _read(mine.filter(stage=Stage.ENTRY) | mine.filter(pk=attempt.pk))
    found = _compare(tries[attempt.enrolment_id])
    return found[0] if found else None


def _read(attempts: QuerySet[Attempt]) -> dict[int, list[_Try]]:
    """The marked attempts of entry and final ones by enrolment, the oldest first."""
    marked = attempts.exclude(stage=Stage.ORDINARY).filter(closed_at__isnull=False, score_percent__isnull=False)
    tries: dict[int, _Try] = {}
    by_enrolment: dict[int, list[_Try]] = defaultdict(list)
    columns = ("pk", "enrolment", "activity", "stage", "started_at", "closed_at")
    for key, enrolment, *said in marked.order_by("closed_at", "pk").values_list(*columns):
        tries[key] = _Try(*said)
        by_enrolment[enrolment].append(tries[key])
    answers = Answer.objects.filter(attempt__in=marked, points__gt=0).order_by("order")
    told = answers.values_list("attempt", "version__question", "points", "percent", "marked_at")
    for key, question, points, percent, marked_at in told.iterator(chunk_size=2000):
        # One that was handed in between the two queries is not among them.
        if key in tries and percent is not None:
            tries[key].answers.setdefault(question, (points, percent, marked_at))
    return by_enrolment


def _compare(tries: list[_Try]) -> tuple[Change, datetime] | None:
    """What one person's attempts say, and since when all of it is known; None where nothing was asked twice."""
    known: list[tuple[Decimal, Decimal, Decimal]] = []
    times: list[datetime] = []
    entries = [one for one in tries if one.stage == Stage.ENTRY]
    for final in _first_of_each(one for one in tries if one.stage == Stage.FINAL):
        before = _answered(one for one in entries if one.closed_at <= final.started_at)
        for question, (points, percent, marked_at) in final.answers.items():
            if question in before:
                percent_before, marked_before = before[question]
                known.append((points, percent_before, percent))
                times += [final.closed_at, *(at for at in (marked_at, marked_before) if at)]
    worth = sum((points for points, _before, _after in known), Decimal(0))
    if not worth:
        return None
    first = sum((points * one for points, one, _after in known), Decimal(0)) / worth
    last = sum((points * one for points, _before, one in known), Decimal(0)) / worth
    return Change(first, last, len(known)), max(times)


def _first_of_each(finals: Iterable[_Try]) -> Iterator[_Try]:
    """A second attempt at the same quiz says how well one remembers the first."""
    seen: set[int] = set()
    for one in finals:
        if one.activity not in seen:
            seen.add(one.activity)
            yield one


def _answered(entries: Iterable[_Try]) -> dict[int, tuple[Decimal, datetime | None]]:
    """What each question was worth the first time, and when a person marked it."""
    found: dict[int, tuple[Decimal, datetime | None]] = {}
    for one in entries:
        for question, (_points, percent, marked_at) in one.answers.items():
            found.setdefault(question, (percent, marked_at))
    return found


def _sum(changes: list[Change]) -> Gain:
    before, after = _side([one.before for one in changes]), _side([one.after for one in changes])
    start = mean(one.before for one in changes)
    gained = mean(one.after for one in changes) - start
    normalised = (gained / (100 - start)).quantize(Decimal("0.01")) if start < 100 else None
    return Gain(len(changes), before, after, _tenths(gained), normalised)


def _side(percents: list[Decimal]) -> Side:
    counts = [sum(first <= one < after for one in percents) for first, after in BANDS]
    return Side(_tenths(mean(percents)), _tenths(median(percents)), counts)


def _tenths(number: Decimal) -> Decimal:
    return number.quantize(Decimal("0.1"))
