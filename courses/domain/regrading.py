"""Grading closed attempts again by a corrected version of a question: first a look at who gains and loses, then a job.

What somebody earned stays: a lower mark takes back neither a completed activity nor a completed course. A mark that a
person gave is that person's, and nobody grades their own attempts again.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.domain import grading, tongues
from courses.domain.marking import courses_of
from courses.models import Answer, Attempt, BankQuestion, Enrolment, MarkChange, QuestionVersion, Quiz, Regrading
from courses.questions import Question, mapping
from courses.questions import grading as engine
from courses.questions.grading import Mark
from lms.domain import audit, job_words, jobs
from lms.domain.errors import RuleBroken
from lms.models import Job, Person

KIND = "courses.regrade"
BATCH = 50
LOOKED_AT_ONCE = 500
GAINS, LOSES, SAME, CANNOT = "gains", "loses", "same", "cannot"
WHY_NOT = {
    "kind": gettext_lazy("La pregunta cambió de clase."),
    "parts": gettext_lazy("La versión que vio tenía otras partes."),
    "unseen": gettext_lazy("Lo que hoy es correcto no estaba entre lo que podía elegir."),
    "gone": gettext_lazy("Lo que eligió ya no está en la pregunta."),
    "person": gettext_lazy("La califica una persona."),
}


@dataclass(frozen=True)
class Outcome:
    """What grading an attempt again would do. `why` is a key of `WHY_NOT`, empty where it can be done.

    Percents are of the question, scores of the attempt; `marks` are by the answer's key.
    """

    attempt_id: int
    percent_before: Decimal | None
    percent_after: Decimal | None
    score_before: int | None
    score_after: int | None
    was_passed: bool
    is_passed: bool
    marks: dict[int, Mark]
    why: str = ""

    @property
    def kind(self) -> str:
        """Gains, loses, stays the same, or cannot be graded by that version."""
        if self.why:
            return CANNOT
        before, after = self.percent_before or 0, self.percent_after or 0
        return GAINS if after > before else LOSES if after < before else SAME

    @property
    def why_in_words(self) -> str:
        """Why it cannot be graded again."""
        return str(WHY_NOT[self.why]) if self.why else ""


@dataclass(frozen=True)
class Look:
    """What it would do to everybody: how many of each kind, and those whom it changes or cannot reach."""

    counts: Counter[str]
    outcomes: list[Outcome]
    passes: int
    course_keys: list[str]


# Looking ------------------------------------------------------------------------------------------------------------


def outdated(question: BankQuestion, version: QuestionVersion, quiz: Quiz | None = None) -> QuerySet[Answer]:
    """Answers of closed attempts that were graded by the system, by an older version than `version`."""
    found = Answer.objects.annotate(by_number=Coalesce("graded_by__number", "version__number")).filter(
        version__question=question,
        by_number__lt=version.number,
        attempt__closed_at__isnull=False,
        marked_at=None,
        points__gt=0,
    )
    return found.filter(attempt__quiz=quiz) if quiz else found


def within_reach(question: BankQuestion, quiz: Quiz | None, by: Person) -> QuerySet[Answer]:
    """Those in the courses that somebody writes, but for their own."""
    if question.latest is None:
        return Answer.objects.none()
    found = outdated(question, question.latest, quiz).filter(attempt__enrolment__course__in=courses_of(by))
    return found.exclude(attempt__enrolment__person__in=Person.objects.family(by))


def look(question: BankQuestion, *, by: Person, quiz: Quiz | None = None) -> Look:
    """The dry run. The queries grow by a few for each 500 attempts, the memory with those whom it changes."""
    counts: Counter[str] = Counter()
    kept, passes, last = [], 0, 0
    found = within_reach(question, quiz, by)
    if question.latest is None:
        return Look(counts, [], 0, [])
    while keys := _next(found, last, LOOKED_AT_ONCE):
        last = keys[-1]
        for outcome in outcomes_of(keys, question, question.latest):
            counts[outcome.kind] += 1
            passes += outcome.is_passed and not outcome.was_passed
            if outcome.kind != SAME:
                kept.append(outcome)
    courses = found.order_by().values_list("attempt__enrolment__course_key", flat=True).distinct()
    order = {LOSES: 0, GAINS: 1, CANNOT: 2}
    kept.sort(key=lambda one: (order[one.kind], one.attempt_id))
    return Look(counts, kept, passes, sorted(str(key) for key in courses))


def _next(found: QuerySet[Answer], last: int, most: int) -> list[int]:
    """The keys of the next attempts in which some of the answers found stand."""
    after = found.filter(attempt__gt=last).order_by("attempt").values_list("attempt", flat=True)
    return list(after.distinct()[:most])


def outcomes_of(keys: Iterable[int], question: BankQuestion, version: QuestionVersion) -> Iterator[Outcome]:
    """What grading these attempts again would do to each."""
    attempts = Attempt.objects.in_bulk(list(keys))
    every: dict[int, list[Answer]] = defaultdict(list)
    wanted = outdated(question, version).filter(attempt__in=attempts).select_related("version")
    again = {one.pk: one for one in wanted}
    plain = Answer.objects.filter(attempt__in=attempts).only("attempt_id", "points", "percent").order_by("order")
    for row in plain:
        every[row.attempt_id].append(row)
    versions: dict[int, QuestionVersion] = {}
    spoken = tongues.Tongues.of([version])
    for key, attempt in sorted(attempts.items()):
        asked = [again[row.pk] for row in every[key] if row.pk in again]
        for one in asked:  # each version is read once, not once for each answer
            one.version = versions.setdefault(one.version_id, one.version)
        if asked:
            said = spoken.to_grade(version, code=attempt.language)
            yield _outcome(attempt, every[key], asked, version, said)


def _outcome(
    attempt: Attempt, every: list[Answer], asked: list[Answer], version: QuestionVersion, said: Question
) -> Outcome:
    marks: dict[int, Mark] = {}
    why = ""
    for one in asked:
        try:
            marks[one.pk] = regraded(one, version, said)
        except mapping.Unmappable as unmappable:
            why = unmappable.code
    if why:
        marks = {}
    after = [(row.points, marks[row.pk].percent if row.pk in marks else row.percent) for row in every]
    score = grading.score(after)
    return Outcome(
        attempt_id=attempt.pk,
        percent_before=_mean((one.points, one.percent) for one in asked),
        percent_after=_mean((one.points, marks[one.pk].percent) for one in asked if one.pk in marks),
        score_before=attempt.score_percent,
        score_after=score,
        was_passed=attempt.is_passed,
        is_passed=score is not None and score >= attempt.pass_percent and not attempt.is_entry,
        marks=marks,
        why=why,
    )


def regraded(answer: Answer, version: QuestionVersion, said: Question) -> Mark:
    """What an answer is worth by another version, `said` in the language of the attempt. Raises `Unmappable`."""
    given = mapping.carry(answer.version.said.body, version.said.body, answer.given)
    return engine.grade(said, given)


def _mean(marks: Iterable[tuple[Decimal, Decimal | None]]) -> Decimal | None:
    """Of a question that was asked twice, the mean."""
    known = [(points, percent) for points, percent in marks if percent is not None]
    worth = sum((points for points, _percent in known), Decimal(0))
    return sum((points * percent for points, percent in known), Decimal(0)) / worth if worth else None


# Doing --------------------------------------------------------------------------------------------------------------


@transaction.atomic
def ask(
    *, question: BankQuestion, number: int, takes: str, reason: str, by: Person, quiz: Quiz | None = None
) -> Regrading:
    """Order what was looked at, by the version `number` that was looked at, in the courses that `by` writes.

    Raises `regrade.changed`, `regrade.no_reason`, `regrade.takes`, `regrade.running`, `regrade.nothing`.
    """
    question = BankQuestion.objects.select_for_update(of=("self",)).select_related("latest").get(pk=question.pk)
    if question.latest is None or question.latest.number != number:
        raise RuleBroken("regrade.changed", _("La pregunta cambió mientras usted miraba. Mire de nuevo qué pasaría."))
    if not reason.strip():
        raise RuleBroken("regrade.no_reason", _("Escriba el motivo: las personas lo leen junto a su nota."))
    if takes not in Regrading.Takes.values:
        raise RuleBroken("regrade.takes", _("Elija a quiénes se les cambia la nota."))
    if running(question):
        raise RuleBroken("regrade.running", _("Ya se está recalificando esta pregunta. Espere a que termine."))
    found = look(question, by=by, quiz=quiz)
    changed = found.counts[GAINS] + (found.counts[LOSES] if takes == Regrading.Takes.BOTH else 0)
    if not changed:
        raise RuleBroken("regrade.nothing", _("No hay ninguna nota que cambiar."))
    order = Regrading.objects.create(
        question=question,
        version=question.latest,
        quiz=quiz,
        course_keys=found.course_keys,
        takes=takes,
        reason=reason.strip()[:2000],
        asked_by=by,
    )
    jobs.request(KIND, order.public_id, by=by)
    facts = {"version": number, "takes": takes, "regrading": str(order.public_id), "attempts": changed}
    audit.record("question.regraded", by=by, subject=f"courses.bankquestion:{question.public_id}", facts=facts)
    return order


def running(question: BankQuestion) -> bool:
    """Whether an order about it has not ended."""
    orders = [str(key) for key in question.regradings.values_list("public_id", flat=True)]
    return Job.objects.unfinished().filter(kind=KIND, subject__in=orders).exists()


@job_words.names(KIND)
def titles_of(subjects: Iterable[str]) -> dict[str, str]:
    """How the questions of jobs are called."""
    found = Regrading.objects.filter(public_id__in=subjects).values_list("public_id", "question__name")
    return {str(key): name for key, name in found}


def left(order: Regrading) -> QuerySet[Answer]:
    """What an order has yet to look at; those that it leaves as they are stay among them."""
    found = outdated(order.question, order.version, order.quiz).filter(
        attempt__enrolment__course_key__in=[UUID(key) for key in order.course_keys],
        attempt__closed_at__lte=order.asked_at,
    )
    if order.asked_by:
        found = found.exclude(attempt__enrolment__person__in=Person.objects.family(order.asked_by))
    return found


@jobs.performs(KIND)
def perform(claim: jobs.Claim) -> None:
    """Do the job `courses.regrade`; its subject is the order. Done twice, it changes nothing the second time."""
    orders = Regrading.objects.select_related("question", "version", "quiz", "asked_by")
    order = orders.filter(public_id=claim.job.subject).first()
    if order is None:
        return
    found, last, done = left(order), 0, 0
    total = found.order_by().values("attempt").distinct().count()
    while keys := _next(found, last, BATCH):
        with claim.publishing(gets_on=True):
            _regrade(order, keys)
        last, done = keys[-1], done + len(keys)
        claim.progress(done, max(done, total))


def _regrade(order: Regrading, keys: list[int]) -> None:
    """Under the lock of each enrolment: marks that somebody changes at this moment are read after them."""
    enrolments = Enrolment.objects.filter(attempts__in=keys).values("pk")
    locked = Enrolment.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=enrolments).order_by("pk")
    by_key = {one.pk: one for one in locked.select_related("person", "course")}
    attempts = Attempt.objects.select_for_update(of=("self",)).filter(pk__in=keys).select_related("activity")
    of_attempt = {one.pk: one for one in attempts.order_by("pk")}
    for outcome in outcomes_of(keys, order.question, order.version):
        attempt = of_attempt[outcome.attempt_id]
        if attempt.enrolment_id in by_key and _applies(order, outcome):
            _write(order, outcome, attempt, by_key[attempt.enrolment_id])


def _applies(order: Regrading, outcome: Outcome) -> bool:
    return outcome.kind in {GAINS, SAME} or (outcome.kind == LOSES and order.takes == Regrading.Takes.BOTH)


def _write(order: Regrading, outcome: Outcome, attempt: Attempt, enrolment: Enrolment) -> None:
    rows = list(Answer.objects.filter(pk__in=outcome.marks))
    before = {row.pk: row.percent for row in rows}
    for row in rows:
        mark = outcome.marks[row.pk]
        row.percent, row.said, row.graded_by = mark.percent, list(mark.said), order.version
        row.save(update_fields=["percent", "said", "graded_by"])
    grading.settle(attempt, enrolment, at=order.asked_at)
    for row in rows:
        if before[row.pk] == row.percent:
            continue
        MarkChange.objects.create(
            answer=row,
            regrading=order,
            version=order.version,
            percent_before=before[row.pk],
            percent_after=row.percent,
            score_before=outcome.score_before,
            score_after=attempt.score_percent,
            was_passed=outcome.was_passed,
            is_passed=attempt.is_passed,
            reason=order.reason,
            made_by=order.asked_by,
            made_at=order.asked_at,
        )
