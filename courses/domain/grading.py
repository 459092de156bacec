"""Attempts at a quiz: started, answered one question at a time, handed in, graded on the server.

Until an attempt is handed in, no row of it says which option is right, nor why.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.domain import completion
from courses.models import Activity, Answer, Attempt, Choice, Enrolment, Question
from lms.domain import audit
from lms.domain.errors import RuleBroken


@dataclass(frozen=True)
class Standing:
    """How a person stands in one quiz. `attempts_left` is None when the quiz has no limit."""

    attempts: tuple[Attempt, ...]
    max_attempts: int

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
        """Whether some attempt passed."""
        return any(attempt.is_passed for attempt in self.attempts)

    @property
    def best_percent(self) -> int | None:
        """The best score so far."""
        return max((a.score_percent for a in self.attempts if a.score_percent is not None), default=None)

    @property
    def attempts_left(self) -> int | None:
        """Attempts that may still be started."""
        return max(0, self.max_attempts - len(self.attempts)) if self.max_attempts else None

    @property
    def may_start(self) -> bool:
        """Whether another attempt may be started now."""
        return not self.is_passed and self.open_attempt is None and self.attempts_left != 0

    @property
    def shows_right_options(self) -> bool:
        """Right options are told only when they can no longer be used: after passing, or with no attempts left."""
        return self.is_passed or (self.attempts_left == 0 and self.open_attempt is None)


def standing(*, enrolment: Enrolment, activity: Activity) -> Standing:
    """All attempts of an enrolment at one quiz, oldest first."""
    attempts = tuple(Attempt.objects.filter(enrolment=enrolment, activity=activity).order_by("number"))
    return Standing(attempts, activity.quiz.max_attempts if activity.quiz else 0)


@transaction.atomic
def start(*, enrolment: Enrolment, activity: Activity, attempt_id: UUID, at=None) -> Attempt:
    """Begin an attempt, or return the one that is open or already bears this id.

    Raises `attempt.not_enrolled`, `attempt.not_a_quiz`, `attempt.foreign`, `attempt.passed`, `attempt.none_left`,
    `attempt.no_questions`.
    """
    enrolment = _locked_enrolment(enrolment.pk)
    if activity.quiz is None or activity.retired_at or activity.course_key != enrolment.course_key:
        raise RuleBroken("attempt.not_a_quiz", _("Este cuestionario ya no está en el curso."))
    if same := Attempt.objects.filter(public_id=attempt_id).first():
        if (same.enrolment_id, same.activity_id) != (enrolment.pk, activity.pk):
            raise RuleBroken("attempt.foreign", _("Vuelva a la lección y comience el cuestionario de nuevo."))
        return same
    state = standing(enrolment=enrolment, activity=activity)
    if state.open_attempt:
        return state.open_attempt
    if state.is_passed:
        raise RuleBroken("attempt.passed", _("Usted ya aprobó este cuestionario."))
    if not state.may_start:
        raise RuleBroken("attempt.none_left", _("Ya usó todos los intentos de este cuestionario."))
    attempt = Attempt.objects.create(
        public_id=attempt_id,
        enrolment=enrolment,
        activity=activity,
        quiz=activity.quiz,
        number=len(state.attempts) + 1,
        pass_percent=activity.quiz.pass_percent,
        started_at=at or timezone.now(),
    )
    _copy_questions(attempt)
    audit.record("attempt.started", by=enrolment.person, subject=f"courses.attempt:{attempt.public_id}")
    return attempt


@transaction.atomic
def answer(*, attempt: Attempt, question_key: UUID | str, chosen: Iterable[str], at=None) -> Answer:
    """Keep the answer to one question; no options means not answered. May be repeated and changed until it closes.

    Raises `attempt.closed`, `attempt.not_enrolled`, `answer.unknown_question`, `answer.unknown_choice`,
    `answer.one_choice_only`.
    """
    attempt = Attempt.objects.select_for_update().get(pk=attempt.pk)
    if attempt.closed_at:
        raise RuleBroken("attempt.closed", _("Este intento ya se envió. Sus respuestas no se pueden cambiar."))
    _assert_active(attempt.enrolment)
    given = attempt.answers.filter(question_key=question_key).first()
    if given is None:
        raise RuleBroken("answer.unknown_question", _("Esa pregunta no es de este cuestionario."))
    wanted = {str(key) for key in chosen}
    shown = [choice["key"] for choice in given.choices]
    if not wanted <= set(shown):
        raise RuleBroken("answer.unknown_choice", _("Elija una de las opciones que se muestran."))
    if len(wanted) > 1 and not given.is_multiple:
        raise RuleBroken("answer.one_choice_only", _("Elija una sola opción."))
    given.chosen = [key for key in shown if key in wanted]
    given.answered_at = (at or timezone.now()) if wanted else None
    given.save(update_fields=["chosen", "answered_at"])
    return given


def hand_in(*, attempt: Attempt, at=None) -> Attempt:
    """Grade and close an attempt; what was not answered is wrong. Repeating it changes nothing.

    A passed attempt completes the activity. One of which no question is left is thrown away.
    Raises `attempt.not_enrolled`, `attempt.quiz_changed`.
    """
    closed = _close(attempt, at or timezone.now())
    if closed is None:
        raise RuleBroken(
            "attempt.quiz_changed",
            _("El cuestionario cambió mientras usted respondía. Comience de nuevo: este intento no cuenta."),
        )
    return closed


@transaction.atomic
def _close(attempt: Attempt, at) -> Attempt | None:
    enrolment = _locked_enrolment(attempt.enrolment_id)
    attempt = Attempt.objects.select_for_update().get(pk=attempt.pk)
    if attempt.closed_at:
        return attempt
    subject = f"courses.attempt:{attempt.public_id}"
    attempt.score_percent = _grade(attempt)
    if attempt.score_percent is None:
        attempt.delete()
        audit.record("attempt.thrown_away", by=enrolment.person, subject=subject)
        return None
    attempt.is_passed = attempt.score_percent >= attempt.pass_percent
    attempt.closed_at = at
    attempt.save(update_fields=["score_percent", "is_passed", "closed_at"])
    if attempt.is_passed:
        completion.complete_activity(
            enrolment=enrolment,
            activity=attempt.activity,
            score_percent=attempt.score_percent,
            facts={"attempt": attempt.number, "pass_percent": attempt.pass_percent},
            at=at,
        )
    audit.record(
        "attempt.handed_in",
        by=enrolment.person,
        subject=subject,
        facts={"score_percent": attempt.score_percent, "is_passed": attempt.is_passed},
    )
    return attempt


def _locked_enrolment(enrolment_id: int) -> Enrolment:
    """The enrolment's row, locked: attempts of one person at one course are started and closed one after another."""
    enrolment = Enrolment.objects.select_for_update().get(pk=enrolment_id)
    _assert_active(enrolment)
    return enrolment


def _assert_active(enrolment: Enrolment) -> None:
    if not enrolment.is_active:
        raise RuleBroken("attempt.not_enrolled", _("Inscríbase de nuevo en el curso para responder."))


def _copy_questions(attempt: Attempt) -> None:
    questions = list(attempt.quiz.questions.prefetch_related("choices"))
    if not questions:
        raise RuleBroken("attempt.no_questions", _("Este cuestionario aún no tiene preguntas."))
    Answer.objects.bulk_create(
        Answer(
            attempt=attempt,
            question=question,
            question_key=question.key,
            order=number,
            question_text=question.text,
            is_multiple=question.kind == Question.Kind.MULTIPLE,
            choices=[
                {"key": str(choice.key), "text": choice.text}
                for choice in sorted(question.choices.all(), key=lambda choice: _shuffle_key(attempt, choice))
            ],
        )
        for number, question in enumerate(questions, start=1)
    )


def _shuffle_key(attempt: Attempt, choice: Choice) -> str:
    """An order of the options that is another in each attempt and the same each time it is looked at."""
    return hashlib.sha256(f"{attempt.public_id}{choice.key}".encode()).hexdigest()


def _grade(attempt: Attempt) -> int | None:
    """Write what is right into the answers and give the score, in whole percent rounded down.

    A question whose right options were taken out of the quiz while the person answered does not count, nor does the
    choice of an option that was taken out. None when no question is left.
    """
    answers = list(attempt.answers.select_related("question").prefetch_related("question__choices"))
    for given in answers:
        shown = [choice["key"] for choice in given.choices]
        choices = given.question.choices.all() if given.question else []
        right = {str(choice.key) for choice in choices if choice.is_right}
        standing = {str(choice.key) for choice in choices}
        given.right = [key for key in shown if key in right]
        given.explanation = given.question.explanation if given.question else ""
        given.is_right = set(given.chosen) & standing == set(given.right) if given.right else None
    Answer.objects.bulk_update(answers, ["right", "explanation", "is_right"])
    counted = [given for given in answers if given.right]
    right_count = sum(1 for given in counted if given.is_right)
    return 100 * right_count // len(counted) if counted else None
