"""Attempts at a quiz: started, answered one question at a time, handed in, graded on the server.

An attempt keeps the version of each question that it saw. Until it is handed in, nothing that is shown of it says what
is right, nor why.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from courses.domain import completion, judging, rules, tongues
from courses.domain.granted import is_open
from courses.models import (
    Activity,
    Answer,
    Attempt,
    BankQuestion,
    Enrolment,
    HandedFile,
    Quiz,
    QuizItem,
)
from courses.questions import Files, answers, grading
from lms.domain import audit
from lms.domain.errors import RuleBroken

GRACE = timedelta(seconds=30)  # a last answer that was on its way when the time ended
UNFIT = {
    "answer.unknown_choice": gettext_lazy("Elija una de las opciones que se muestran."),
    "answer.one_choice_only": gettext_lazy("Elija una sola opción."),
    "answer.too_long": gettext_lazy("Es demasiado largo. Acórtelo y guarde de nuevo."),
    "answer.too_many_files": gettext_lazy("Son demasiados archivos. Quite alguno."),
}


@dataclass(frozen=True)
class Standing:
    """How a person stands in one quiz at `at`. `attempts_left` is None when the quiz has no limit.

    `was_completed`: by whatever rule applied. `may_improve`: it was, and the course waits for a better mean.
    `is_entry`: it is answered once, before the course, and nothing depends on it. `made_count`: attempts at whatever
    stage the quiz had.
    """

    attempts: tuple[Attempt, ...]
    quiz: Quiz | None
    at: datetime
    pass_percent: int = 0
    was_completed: bool = False
    may_improve: bool = False
    is_entry: bool = False
    made_count: int = 0

    @property
    def open_attempt(self) -> Attempt | None:
        """The attempt that was not handed in yet."""
        return next((attempt for attempt in self.attempts if attempt.closed_at is None), None)

    @property
    def last_closed(self) -> Attempt | None:
        """The newest attempt that was handed in."""
        return next((attempt for attempt in reversed(self.attempts) if attempt.closed_at), None)

    @property
    def is_passed(self) -> bool:
        """Whether some attempt passed, or came to suffice."""
        return self.was_completed or any(attempt.is_passed for attempt in self.attempts)

    @property
    def awaits_marking(self) -> bool:
        """Whether a person still has to mark an attempt."""
        return any(attempt.awaits_marking for attempt in self.attempts)

    @property
    def best_percent(self) -> int | None:
        """The best score so far."""
        return max((a.score_percent for a in self.attempts if a.score_percent is not None), default=None)

    @property
    def attempts_left(self) -> int | None:
        """Attempts that may still be started."""
        most = 1 if self.is_entry else self.quiz.max_attempts if self.quiz else 0
        return max(0, most - len(self.attempts)) if most else None

    @property
    def waits_until(self) -> datetime | None:
        """When another attempt may be started, as long as that is not now."""
        if not self.quiz or not self.quiz.wait_minutes or not self.last_closed or not self.last_closed.closed_at:
            return None
        until = self.last_closed.closed_at + timedelta(minutes=self.quiz.wait_minutes)
        return until if until > self.at else None

    @property
    def may_start(self) -> bool:
        """Whether another attempt may be started now."""
        is_wanted = self.may_improve or not self.is_passed
        has_reason = is_wanted and not self.awaits_marking and self.open_attempt is None
        return has_reason and self.attempts_left != 0 and self.waits_until is None

    @property
    def shows_right_options(self) -> bool:
        """Whether right answers are told, of attempts that are closed: by default only when they are of no use now.

        Those of a quiz of entry are of use until the end.
        """
        shows = self.quiz.shows if self.quiz else Quiz.Shows.NEVER
        if shows != Quiz.Shows.SPENT or self.is_entry or self.open_attempt is not None:
            return shows == Quiz.Shows.EACH and self.open_attempt is None
        is_spent = self.attempts_left == 0 and not self.awaits_marking
        return is_spent or (self.is_passed and not self.may_improve)


def standing(*, enrolment: Enrolment, activity: Activity, at: datetime | None = None) -> Standing:
    """All attempts of an enrolment at one quiz, oldest first."""
    at = at or timezone.now()
    every = Attempt.objects.filter(enrolment=enrolment, activity=activity).order_by("number")
    # One that is open stays open, whatever the quiz became meanwhile.
    attempts = tuple(one for one in every if one.is_entry == activity.is_entry or one.closed_at is None)
    asked = rules.in_force(enrolment.course, at)
    was_completed = not activity.is_entry and enrolment.activity_completions.filter(activity=activity).exists()
    may_improve = was_completed and judging.lacks_mean(enrolment, asked)
    return Standing(
        attempts=attempts,
        quiz=activity.quiz,
        at=at,
        pass_percent=asked.pass_of(activity),
        was_completed=was_completed,
        may_improve=may_improve,
        is_entry=activity.is_entry,
        made_count=len(every),
    )


@transaction.atomic
def start(
    *, enrolment: Enrolment, activity: Activity, attempt_id: UUID, language: str = "", at: datetime | None = None
) -> Attempt:
    """Begin an attempt, or return the one that is open or already bears this id. It is read in `language`, if known.

    Raises `attempt.not_enrolled`, `attempt.not_a_quiz`, `attempt.foreign`, `attempt.passed`, `attempt.to_mark`,
    `attempt.none_left`, `attempt.wait`, `attempt.no_questions`.
    """
    at = at or timezone.now()
    enrolment = _locked_enrolment(enrolment.pk)
    if activity.quiz is None or activity.retired_at or activity.course_key != enrolment.course_key:
        raise RuleBroken("attempt.not_a_quiz", _("Este cuestionario ya no está en el curso."))
    if same := Attempt.objects.filter(public_id=attempt_id).first():
        if (same.enrolment_id, same.activity_id) != (enrolment.pk, activity.pk):
            raise RuleBroken("attempt.foreign", _("Vuelva a la lección y comience el cuestionario de nuevo."))
        return _read_in(same, language)
    state = standing(enrolment=enrolment, activity=activity, at=at)
    if state.open_attempt:
        return _read_in(state.open_attempt, language)
    _assert_may_start(state)
    attempt = Attempt.objects.create(
        public_id=attempt_id,
        enrolment=enrolment,
        activity=activity,
        quiz=activity.quiz,
        number=state.made_count + 1,
        stage=activity.stage,
        pass_percent=state.pass_percent,
        language=language if language in tongues.languages() else "",
        started_at=at,
        ends_at=at + timedelta(minutes=activity.quiz.minutes) if activity.quiz.minutes else None,
    )
    _ask(attempt)
    audit.record("attempt.started", by=enrolment.person, subject=_subject(attempt))
    return attempt


def _read_in(attempt: Attempt, language: str) -> Attempt:
    return tongues.read_in(attempt, language) if language and language != attempt.language else attempt


def _assert_may_start(state: Standing) -> None:
    if state.is_passed and not state.may_improve:
        raise RuleBroken("attempt.passed", _("Usted ya aprobó este cuestionario."))
    if state.awaits_marking:
        raise RuleBroken("attempt.to_mark", _("Su intento espera que lo califiquen. Vuelva cuando tenga su nota."))
    if state.attempts_left == 0:
        raise RuleBroken("attempt.none_left", _("Ya usó todos los intentos de este cuestionario."))
    if state.waits_until:
        minutes = -(-int((state.waits_until - state.at).total_seconds()) // 60)
        words = ngettext(
            "Podrá intentarlo de nuevo dentro de %(n)d minuto.",
            "Podrá intentarlo de nuevo dentro de %(n)d minutos.",
            minutes,
        )
        raise RuleBroken("attempt.wait", words % {"n": minutes})


@transaction.atomic
def answer(*, attempt: Attempt, order: int, given: answers.Answer, at: datetime | None = None) -> Answer:
    """Keep the answer to one question; an empty one means not answered. May be repeated and changed until it closes.

    Raises `attempt.closed`, `attempt.time_over`, `attempt.not_enrolled`, `answer.unknown_question`, and what
    `answers.fit` says.
    """
    at = at or timezone.now()
    attempt = Attempt.objects.select_for_update(of=("self",)).get(pk=attempt.pk)
    if attempt.closed_at:
        raise RuleBroken("attempt.closed", _("Este intento ya se envió. Sus respuestas no se pueden cambiar."))
    if attempt.ends_at and at > attempt.ends_at + GRACE:
        raise RuleBroken("attempt.time_over", _("Se terminó el tiempo. Cuenta lo que usted guardó antes."))
    _assert_active(attempt.enrolment)
    asked = find_asked(attempt, order)
    body = asked.version.said.body
    try:
        fit = answers.fit(body, given)
        if isinstance(body, Files) and not set(fit["files"]) <= _handed(asked):
            raise answers.UnfitAnswer("answer.unknown_choice")
    except answers.UnfitAnswer as unfit:
        raise RuleBroken(unfit.code, str(UNFIT[unfit.code])) from unfit
    write(asked, fit, at=at)
    return asked


def _handed(asked: Answer) -> set[str]:
    """The files that were taken in for this answer: no other can be named as one."""
    return {str(key) for key in HandedFile.objects.filter(answer=asked).values_list("public_id", flat=True)}


def find_asked(attempt: Attempt, order: int) -> Answer:
    """The answer to one question of an attempt, with what was asked. Raises `answer.unknown_question`."""
    asked = attempt.answers.select_related("version").filter(order=order).first()
    if asked is None:
        raise RuleBroken("answer.unknown_question", _("Esa pregunta no es de este cuestionario."))
    return asked


def write(asked: Answer, given: answers.Answer, *, at: datetime, by: UUID | None = None) -> None:
    """Store what was given, when, and by which event (none: by a form)."""
    asked.given, asked.written_at, asked.written_by = given, at, by
    asked.answered_at = None if answers.is_empty(asked.version.said.body, given) else at
    asked.save(update_fields=["given", "answered_at", "written_at", "written_by"])


@transaction.atomic
def hand_in(*, attempt: Attempt, at: datetime | None = None, happened_at: datetime | None = None) -> Attempt:
    """Grade and close an attempt; what was not answered is wrong. Repeating it changes nothing.

    A passed attempt completes the activity; one in which a person has to mark something waits for that.
    `happened_at`: when it was done, where the server heard of it later; the enrolment has to have been open then.
    Raises `attempt.not_enrolled`.
    """
    enrolment = _locked_enrolment(attempt.enrolment_id, happened_at)
    attempt = Attempt.objects.select_for_update(of=("self",)).get(pk=attempt.pk)
    if attempt.closed_at:
        return attempt
    at = at or timezone.now()
    _grade(attempt)
    attempt.closed_at = min(at, attempt.ends_at) if attempt.ends_at else at
    settle(attempt, enrolment, at=max(attempt.started_at, happened_at) if happened_at else attempt.closed_at)
    audit.record(
        "attempt.handed_in",
        by=enrolment.person,
        subject=_subject(attempt),
        facts={"score_percent": attempt.score_percent, "is_passed": attempt.is_passed},
    )
    return attempt


def close_overdue(*, at: datetime | None = None) -> int:
    """Hand in, with what was saved, attempts whose time is over; returns how many. A sweeper's work."""
    at = at or timezone.now()
    count = 0
    for attempt in Attempt.objects.overdue(at - GRACE).select_related("enrolment").order_by("pk"):
        try:
            hand_in(attempt=attempt, at=at)
        except RuleBroken:
            continue  # somebody who left the course: it is closed when they come back
        count += 1
    return count


def score(marks: Iterable[tuple[Decimal, Decimal | None]]) -> int | None:
    """What answers of so many points, worth so many percent, add up to: whole percent, rounded down.

    None as long as one that counts has no mark.
    """
    every = list(marks)
    worth = sum((points for points, _percent in every), Decimal(0))
    got = sum((points * percent for points, percent in every if percent is not None), Decimal(0))
    is_marked = all(percent is not None or not points for points, percent in every)
    return int(min(got / worth, Decimal(100))) if is_marked and worth else None


def settle(attempt: Attempt, enrolment: Enrolment, *, at: datetime) -> None:
    """Write what the answers add up to, once each is marked; a passed attempt completes the activity.

    What it takes to pass is what was said when it began, or less if less is asked for by now. One of entry has a score
    and completes nothing.
    """
    attempt.score_percent = score((given.points, given.percent) for given in attempt.answers.all())
    said = attempt.pass_percent
    attempt.pass_percent = min(attempt.pass_percent, rules.in_force(enrolment.course).pass_of(attempt.activity))
    is_enough = attempt.score_percent is not None and attempt.score_percent >= attempt.pass_percent
    attempt.is_passed = is_enough and not attempt.is_entry
    attempt.save(update_fields=["score_percent", "pass_percent", "is_passed", "closed_at"])
    if attempt.is_passed:
        completion.complete_activity(
            enrolment=enrolment,
            activity=attempt.activity,
            score_percent=attempt.score_percent,
            facts={"attempt": attempt.number, "pass_percent": attempt.pass_percent},
            at=at,
            earned_at=attempt.closed_at if (attempt.score_percent or 0) >= said else None,
        )
        # A better score may be all that the mean was waiting for.
        completion.judge(enrolment=enrolment, at=at)


def _subject(attempt: Attempt) -> str:
    return f"courses.attempt:{attempt.public_id}"


def _locked_enrolment(enrolment_id: int, at: datetime | None = None) -> Enrolment:
    """The enrolment's row, locked: attempts of one person at one course are started and closed one after another."""
    enrolment = Enrolment.objects.select_for_update(of=("self",)).get(pk=enrolment_id)
    _assert_active(enrolment, at)
    return enrolment


def _assert_active(enrolment: Enrolment, at: datetime | None = None) -> None:
    if not (is_open(enrolment, at) if at else enrolment.is_active):
        raise RuleBroken("attempt.not_enrolled", _("Inscríbase de nuevo en el curso para responder."))


def _ask(attempt: Attempt) -> None:
    """Write down which questions the attempt asks, in which order, each as it stands now."""
    chance = random.Random(str(attempt.public_id))  # noqa: S311 (an order to look at; nothing secret)
    items = attempt.quiz.items.order_by(F("sort_order").asc(nulls_first=True), "pk")
    drawn = _draw(attempt, list(items.select_related("question__latest", "topic")), chance)
    if not drawn:
        raise RuleBroken("attempt.no_questions", _("Este cuestionario aún no tiene preguntas."))
    if attempt.quiz.is_shuffled:
        chance.shuffle(drawn)
    keys = [question.latest_id for question, _points in drawn if question.latest_id]
    said = tongues.newest(keys, attempt.language) if attempt.language else {}
    Answer.objects.bulk_create(
        Answer(
            attempt=attempt,
            version=question.latest,
            translation=said.get(question.latest_id or 0),
            order=order,
            points=points,
        )
        for order, (question, points) in enumerate(drawn, start=1)
    )


def _draw(attempt: Attempt, items: list[QuizItem], chance: random.Random) -> list[tuple[BankQuestion, Decimal]]:
    """No question twice; of a topic first those that the person has not seen in this quiz."""
    fixed = {item.question_id for item in items if item.question_id}
    taken = set(fixed)
    seen = set(
        Answer.objects.filter(attempt__enrolment=attempt.enrolment_id, attempt__quiz=attempt.quiz_id)
        .exclude(attempt=attempt)
        .values_list("version__question_id", flat=True)
    )
    drawn: list[tuple[BankQuestion, Decimal]] = []
    for item in items:
        if item.question:
            if item.question.latest_id and not item.question.archived_at:
                drawn.append((item.question, item.points))
            continue
        pool = list(
            BankQuestion.objects.in_use().filter(topic=item.topic_id, latest__isnull=False).select_related("latest")
        )
        pool = [question for question in pool if question.pk not in taken]
        chance.shuffle(pool)
        pool.sort(key=lambda question: question.pk in seen)
        for question in pool[: item.draws]:
            taken.add(question.pk)
            drawn.append((question, item.points))
    return drawn


def _grade(attempt: Attempt) -> None:
    """Write into the answers what each is worth and what is said of it."""
    every = list(attempt.answers.select_related("version", "translation"))
    for given, asked in zip(every, tongues.questions_to_grade(every), strict=True):
        mark = grading.grade(asked, given.given)
        given.percent, given.said = mark.percent, list(mark.said)
    Answer.objects.bulk_update(every, ["percent", "said"])
