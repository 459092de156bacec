"""What learning knows about a person, for the person."""

from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext_lazy, ngettext

from courses.models import (
    ActivityCompletion,
    Answer,
    Attempt,
    Completion,
    DigestChoice,
    Enrolment,
    Evaluation,
    LessonQuestion,
    WatchProgress,
    WatchSegment,
)
from courses.models.evaluation import SCORES
from courses.questions import prose, wording
from lms.domain import own_data
from lms.domain.telling import moment
from lms.models import Person

ANSWERS = Prefetch("answers", Answer.objects.select_related("version"))


def tell(person: Person) -> dict[str, Any]:
    """Enrolments with all that was done in each, and what was completed. The queries do not grow with the rows."""
    enrolments = (
        Enrolment.objects.for_person(person)
        .select_related("course")
        .prefetch_related(
            Prefetch("activity_completions", ActivityCompletion.objects.select_related("activity").order_by("pk")),
            Prefetch("watch_progress", WatchProgress.objects.select_related("video").order_by("pk")),
            Prefetch("watch_segments", WatchSegment.objects.select_related("video")),
            Prefetch("attempts", Attempt.objects.select_related("quiz").prefetch_related(ANSWERS)),
        )
    )
    completions = Completion.objects.filter(person=person).select_related("municipality__department", "post")
    return {
        "enrolments": [_enrolment(one) for one in enrolments],
        "completions": [_completion(one) for one in completions],
        "lesson_questions": [_asked(one) for one in person.lesson_questions.select_related("course", "municipality")],
        "evaluations": [_evaluation(one) for one in person.evaluations.select_related("enrolment__course")],
        "reminders": [
            {"day": str(one.day), "way": str(one.get_channel_display()), "sent_at": moment(one.sent_at)}
            for one in person.digests.all()
        ],
        "reminder_setting": {"is_wanted": not DigestChoice.objects.filter(person=person, is_wanted=False).exists()},
    }


def _enrolment(one: Enrolment) -> dict:
    return {
        "course": one.course.title,
        "enrolled_at": moment(one.enrolled_at),
        "withdrawn_at": moment(one.withdrawn_at),
        "last_seen_at": moment(one.last_seen_at),
        "activities": [_activity(done) for done in one.activity_completions.all()],
        "watching": [_watching(seen) for seen in one.watch_progress.all()],
        "segments": [_segment(played) for played in one.watch_segments.all()],
        "attempts": [_attempt(attempt) for attempt in one.attempts.all()],
    }


def _activity(done: ActivityCompletion) -> dict:
    return {
        "activity": done.activity.title,
        "kind": str(done.activity.get_kind_display()),
        "completed_at": moment(done.completed_at),
        "score_percent": done.score_percent,
    }


def _watching(seen: WatchProgress) -> dict:
    return {
        "video": seen.video.title,
        "covered_seconds": seen.covered_seconds,
        "length_seconds": seen.length_seconds,
        "position_seconds": round(seen.position_seconds, 1),
    }


def _segment(played: WatchSegment) -> dict:
    return {
        "video": played.video.title,
        "from_second": round(played.from_second, 1),
        "to_second": round(played.to_second, 1),
        "speed": played.rate,
        "is_offline": played.is_offline,
        "is_counted": played.grade == WatchSegment.Grade.CREDITED,
        "device": str(played.device),
        "received_at": moment(played.received_at),
    }


def _attempt(attempt: Attempt) -> dict:
    return {
        "quiz": attempt.quiz.title,
        "number": attempt.number,
        "started_at": moment(attempt.started_at),
        "closed_at": moment(attempt.closed_at),
        "score_percent": attempt.score_percent,
        "is_passed": attempt.is_passed if attempt.closed_at else None,
        "answers": [_answer(answer) for answer in attempt.answers.all()],
    }


def _answer(answer) -> dict:
    """What was asked and what the person answered; what it is worth only once the attempt is closed."""
    return {
        "question": prose.to_plain(answer.version.said.text),
        "answer": wording.in_words(answer.version.said, answer.given),
        "answered_at": moment(answer.answered_at),
        "is_right": answer.is_right,
        "percent": None if answer.percent is None else float(answer.percent),
        "remark": answer.remark,
    }


def _completion(one: Completion) -> dict:
    return {
        "course": one.course_title,
        "edition": one.edition,
        "hours": float(one.hours),
        "score_percent": one.score_percent,
        "started_at": moment(one.started_at),
        "completed_at": moment(one.completed_at),
        "municipality": str(one.municipality) if one.municipality else None,
        "post": one.post.name if one.post else None,
        "programme": one.programme,
    }


def _asked(one: LessonQuestion) -> dict:
    return {
        "question": one.text,
        "course": one.course.title,
        "lesson": one.lesson_title,
        "municipality": str(one.municipality) if one.municipality else None,
        "asked_at": moment(one.asked_at),
        "state": str(one.get_state_display()),
        "answer": one.answer,
        "reason": one.reason,
        "answered_at": moment(one.answered_at),
    }


def _evaluation(one: Evaluation) -> dict:
    return {
        "course": one.enrolment.course.title if one.enrolment else None,
        "edition": one.edition,
        **{f"said_{name}": getattr(one, name) for name in SCORES},
        "sentence": one.sentence,
        "given_at": moment(one.given_at),
    }


def held(people: list[Person]) -> list[str]:
    """What there is, in sentences."""
    of_people = {"enrolment__person__in": people}
    counts = [
        (Enrolment.objects.filter(person__in=people).count(), _enrolments),
        (WatchProgress.objects.filter(**of_people).count(), _videos),
        (Attempt.objects.filter(**of_people).count(), _attempts),
        (Completion.objects.filter(person__in=people).count(), _completions),
        (LessonQuestion.objects.filter(person__in=people).count(), _questions),
        (Evaluation.objects.filter(person__in=people).count(), _evaluations),
    ]
    return [words(count) % {"n": count} for count, words in counts if count]


def _enrolments(n: int) -> str:
    return ngettext("%(n)d inscripción en cursos", "%(n)d inscripciones en cursos", n)


def _videos(n: int) -> str:
    return ngettext(
        "%(n)d video, con los minutos que usted vio", "%(n)d videos, con los minutos que usted vio de cada uno", n
    )


def _attempts(n: int) -> str:
    return ngettext(
        "%(n)d intento de cuestionario, con sus respuestas y su nota",
        "%(n)d intentos de cuestionario, con sus respuestas y sus notas",
        n,
    )


def _completions(n: int) -> str:
    return ngettext("%(n)d curso completado", "%(n)d cursos completados", n)


def _questions(n: int) -> str:
    return ngettext("%(n)d pregunta que hizo en una lección", "%(n)d preguntas que hizo en las lecciones", n)


def _evaluations(n: int) -> str:
    return ngettext("%(n)d evaluación de un curso", "%(n)d evaluaciones de cursos", n)


own_data.describe(
    own_data.Part(
        name="courses",
        title=gettext_lazy("Su aprendizaje"),
        why=gettext_lazy("Para que siga donde se quedó, en cualquier teléfono, y para saber qué cursos completó."),
        held=held,
    )
)
