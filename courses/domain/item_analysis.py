"""What closed attempts say of the questions that they asked, in the courses that somebody writes.

Three queries for a quiz, however many attempts and questions it has; one number for each answer is kept in memory.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from django.db.models import F, FloatField, QuerySet, Sum
from django.db.models.functions import Cast

from courses.domain import item_statistics as statistics
from courses.domain.item_statistics import LEAST, NAN, Figures
from courses.domain.marking import courses_of
from courses.models import Answer, Attempt, BankQuestion, QuestionVersion, Quiz
from courses.questions import Body, Choices, Kind, TrueFalse
from courses.questions.answers import FALSE, TRUE
from courses.questions.grading import NEARLY
from courses.questions.prose import to_plain
from lms.models import Person


@dataclass
class _Marks:
    """The answers to one version, side by side: its mark, that of all else, that of all, and what was chosen."""

    marks: array = field(default_factory=lambda: array("d"))
    rests: array = field(default_factory=lambda: array("d"))
    totals: array = field(default_factory=lambda: array("d"))
    chosen: list[tuple[str, ...]] = field(default_factory=list)
    blanks: int = 0

    def figures(self) -> Figures:
        """The numbers, where there are enough."""
        return statistics.figures(self.marks, self.rests, self.totals, self.blanks)


@dataclass(frozen=True)
class Row:
    """A question of a quiz in one version."""

    number: int
    question: BankQuestion
    version: QuestionVersion
    figures: Figures


@dataclass(frozen=True)
class Option:
    """One that could be chosen: by how many, and by how much of the strong and the weak 27 % (percent)."""

    text: str
    is_right: bool
    count: int
    percent: float
    strong: float
    weak: float

    @property
    def is_never_taken(self) -> bool:
        """A wrong option that deceives nobody."""
        return not self.is_right and not self.count

    @property
    def deceives_the_strong(self) -> bool:
        """A wrong option that the strong choose more than the weak."""
        return not self.is_right and self.strong > self.weak


def attempts_of(by: Person, *, quiz: Quiz | None = None, is_first: bool = True) -> QuerySet[Attempt]:
    """Attempts that are closed and marked, in the courses that somebody writes."""
    found = Attempt.objects.filter(
        closed_at__isnull=False, score_percent__isnull=False, enrolment__course__in=courses_of(by)
    )
    if quiz:
        found = found.filter(quiz=quiz)
    return found.filter(number=1) if is_first else found


def of_quiz(quiz: Quiz, *, by: Person, is_first: bool = True) -> list[Row]:
    """Each question of a quiz by each version that was seen, in the order of their names."""
    attempts = attempts_of(by, quiz=quiz, is_first=is_first)
    found = _collect(attempts)
    versions = QuestionVersion.objects.filter(pk__in=found).select_related("question").defer("content")
    ordered = sorted(versions, key=lambda one: (one.question.name, one.question_id, one.number))
    return [Row(number, one.question, one, found[one.pk].figures()) for number, one in enumerate(ordered, start=1)]


def of_question(
    version: QuestionVersion, *, by: Person, quiz: Quiz | None = None, is_first: bool = True
) -> tuple[Figures, list[Option]]:
    """One version: its numbers, and what was chosen where there was something to choose."""
    asked = Answer.objects.filter(version=version, points__gt=0)
    attempts = attempts_of(by, quiz=quiz, is_first=is_first).filter(pk__in=asked.values("attempt"))
    marks = _collect(attempts, version).get(version.pk, _Marks())
    told = marks.figures()
    return told, list(_options(version.said.body, marks)) if told.is_told else []


def minutes_of(attempts: QuerySet[Attempt]) -> float | None:
    """The median of what an attempt took, in minutes; None for too few."""
    times = attempts.values_list("started_at", "closed_at").iterator(chunk_size=2000)
    took = [(end - start).total_seconds() / 60 for start, end in times if end]
    return median(took) if len(took) >= LEAST else None


def _collect(attempts: QuerySet[Attempt], version: QuestionVersion | None = None) -> dict[int, _Marks]:
    """The marks by version, or those of one alone, with what was chosen."""
    counted = Answer.objects.filter(attempt__in=attempts, points__gt=0, percent__isnull=False).order_by()
    sums = {
        key: (worth, got)
        for key, worth, got in counted.values_list("attempt").annotate(
            worth=Sum(_number("points")), got=Sum(_number("points") * _number("percent") / 100.0)
        )
    }
    found: dict[int, _Marks] = defaultdict(_Marks)
    columns = ["attempt_id", "version_id", "points", "percent", "answered_at"]
    rows = counted.filter(version=version).values_list(*columns, "given") if version else counted.values_list(*columns)
    for attempt, key, points, percent, answered_at, *given in rows.iterator(chunk_size=2000):
        worth, got = sums[attempt]
        mark, weight, one = float(percent) / 100, float(points), found[key]
        one.marks.append(mark)
        one.rests.append((got - mark * weight) / (worth - weight) if worth - weight > 1e-9 else NAN)
        one.totals.append(got / worth)
        one.blanks += answered_at is None
        if given:
            one.chosen.append(tuple(given[0].get("chosen", ())))
    return found


def _number(column: str):
    return Cast(F(column), FloatField())


def _options(body: Body, found: _Marks) -> Iterator[Option]:
    offered = _offered(body)
    upper, lower = statistics.groups(found.totals)
    for key, text, is_right in offered:
        taken = [key in chosen for chosen in found.chosen]
        shares = [
            100 * sum(weight for weight, is_taken in zip(weights, taken, strict=True) if is_taken) / sum(weights)
            for weights in (upper, lower)
        ]
        yield Option(text, is_right, sum(taken), 100 * sum(taken) / len(taken), *shares)


def _offered(body: Body) -> list[tuple[str, str, bool]]:
    match body:
        case Choices():
            least = 0 if body.kind == Kind.MULTIPLE else NEARLY
            return [(one.key, to_plain(one.text), one.percent > least) for one in body.options]
        case TrueFalse():
            return [(TRUE, "", body.is_true), (FALSE, "", not body.is_true)]
    return []
