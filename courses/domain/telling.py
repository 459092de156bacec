"""What learning knows about a person, for the person."""

from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext_lazy, ngettext

from courses.domain import competencies, tongues
from courses.models import (
    ActivityCompletion,
    Answer,
    AssignedPerson,
    Attempt,
    Attendance,
    Completion,
    DigestChoice,
    Enrolment,
    Evaluation,
    FilledWorksheet,
    InPersonSession,
    InvitationUse,
    LearningEvent,
    LessonQuestion,
    MarkChange,
    Registration,
    Waiver,
    WatchProgress,
    WatchSegment,
)
from courses.models.evaluation import SCORES
from courses.questions import Kind, prose, wording
from lms.domain import own_data
from lms.domain.telling import moment
from lms.models import Person

HELD = ("session__municipality__department",)
ASKED = Answer.objects.select_related("version", "translation")
ANSWERS = Prefetch("answers", ASKED.prefetch_related("changes", "handed"))


def tell(person: Person) -> dict[str, Any]:
    """Enrolments with all that was done in each, and what was completed. The queries do not grow with the rows."""
    enrolments = (
        Enrolment.objects.for_person(person)
        .select_related("course")
        .prefetch_related(
            Prefetch("activity_completions", ActivityCompletion.objects.select_related("activity").order_by("pk")),
            Prefetch("watch_progress", WatchProgress.objects.select_related("video").order_by("pk")),
            Prefetch("watch_segments", WatchSegment.objects.select_related("video")),
            Prefetch("waivers", Waiver.objects.select_related("activity", "made_by", "withdrawn_by")),
            Prefetch("registrations", Registration.objects.select_related(*HELD)),
            Prefetch("attendance", Attendance.objects.select_related(*HELD).order_by("pk")),
            Prefetch("learning_events", LearningEvent.objects.select_related("activity")),
            "worksheets",
            Prefetch("attempts", Attempt.objects.select_related("quiz").prefetch_related(ANSWERS)),
        )
    )
    completions = Completion.objects.filter(person=person).select_related("municipality__department", "post")
    return {
        "enrolments": [_enrolment(one) for one in enrolments],
        "completions": [_completion(one) for one in completions],
        "assignments": [_assigned(one) for one in _assigned_to(person)],
        "invitations": [_invited(one) for one in _invited_by(person)],
        "lesson_questions": [_asked(one) for one in person.lesson_questions.select_related("course", "municipality")],
        "evaluations": [_evaluation(one) for one in person.evaluations.select_related("enrolment__course")],
        "reminders": [
            {"day": str(one.day), "way": str(one.get_channel_display()), "sent_at": moment(one.sent_at)}
            for one in person.digests.all()
        ],
        "reminder_setting": {"is_wanted": not DigestChoice.objects.filter(person=person, is_wanted=False).exists()},
    }


def _assigned_to(person: Person):
    found = AssignedPerson.objects.filter(person=person).order_by("pk")
    return found.select_related("assignment__course", "assignment__municipality", "assignment__network")


def _assigned(one: AssignedPerson) -> dict:
    return {
        "course": one.assignment.course.title,
        "assigned_by": one.assignment.issuer_in_words,
        "assigned_at": moment(one.reached_at),
        "due_on": one.due_on.isoformat() if one.due_on else None,
        "reason": one.assignment.reason,
        "declined_at": moment(one.declined_at),
        "decline_reason": one.decline_reason,
    }


def _invited_by(person: Person):
    return InvitationUse.objects.filter(person=person).select_related("invitation__course").order_by("pk")


def _invited(one: InvitationUse) -> dict:
    return {"course": one.invitation.course.title, "used_at": moment(one.used_at)}


def _enrolment(one: Enrolment) -> dict:
    return {
        "course": one.course.title,
        "enrolled_at": moment(one.enrolled_at),
        "withdrawn_at": moment(one.withdrawn_at),
        "waiting_since": moment(one.waiting_since),
        "seated_at": moment(one.seated_at),
        "last_seen_at": moment(one.last_seen_at),
        "activities": [_activity(done) for done in one.activity_completions.all()],
        "watching": [_watching(seen) for seen in one.watch_progress.all()],
        "segments": [_segment(played) for played in one.watch_segments.all()],
        "learning_events": [_event(told) for told in one.learning_events.all()],
        "attempts": [_attempt(attempt) for attempt in one.attempts.all()],
        "exceptions": [_exception(waiver) for waiver in one.waivers.all()],
        "seats": [_seat(seat) for seat in one.registrations.all()],
        "attendance": [_attendance(there) for there in one.attendance.all()],
        "worksheets": [_worksheet(sheet) for sheet in one.worksheets.all()],
    }


def _activity(done: ActivityCompletion) -> dict:
    return {
        "activity": done.activity.title,
        "kind": str(done.activity.get_kind_display()),
        "completed_at": moment(done.completed_at),
        "score_percent": done.score_percent,
    }


def _exception(waiver: Waiver) -> dict:
    return {
        "activity": waiver.activity.title,
        "kind": str(waiver.get_kind_display()),
        "reason": waiver.reason,
        "made_by": waiver.made_by.full_name if waiver.made_by else None,
        "made_at": moment(waiver.made_at),
        "withdrawn_by": waiver.withdrawn_by.full_name if waiver.withdrawn_by else None,
        "withdrawn_at": moment(waiver.withdrawn_at),
        "withdrawn_reason": waiver.withdrawn_reason or None,
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


def _session(session: InPersonSession) -> dict:
    return {"session_at": moment(session.starts_at), "municipality": str(session.municipality), "room": session.room}


def _seat(seat: Registration) -> dict:
    times = {"seat_taken_at": moment(seat.registered_at), "seat_given_back_at": moment(seat.cancelled_at)}
    return _session(seat.session) | {"seat_number": seat.number} | times


def _attendance(there: Attendance) -> dict:
    return _session(there.session) | {
        "is_present": there.is_present,
        "way": str(there.get_way_display()),
        "is_late": there.is_late,
        "happened_at": moment(there.happened_at),
        "received_at": moment(there.received_at),
        "reason": there.reason,
    }


def _worksheet(sheet: FilledWorksheet) -> dict:
    return {
        "worksheet": sheet.title,
        "lesson": sheet.lesson_title,
        "written": [{"prompt": one["prompt"], "answer": one["text"]} for one in sheet.written],
        "saved_at": moment(sheet.saved_at),
        "handed_in_at": moment(sheet.handed_in_at),
    }


def _event(told: LearningEvent) -> dict:
    return {
        "kind": str(told.get_kind_display()),
        "activity": told.activity.title,
        "device": str(told.device),
        "course_version": told.course_version,
        "happened_at": moment(told.happened_at),
        "received_at": moment(told.received_at),
        "outcome": str(told.get_outcome_display()),
    }


def _attempt(attempt: Attempt) -> dict:
    return {
        "quiz": attempt.quiz.title,
        "number": attempt.number,
        "language": tongues.languages().get(attempt.language, ""),
        "started_at": moment(attempt.started_at),
        "closed_at": moment(attempt.closed_at),
        "score_percent": attempt.score_percent,
        "is_passed": attempt.is_passed if attempt.closed_at else None,
        "answers": [_answer(answer) for answer in attempt.answers.all()],
    }


def _answer(answer) -> dict:
    """What was asked and what the person answered; what it is worth only once the attempt is closed."""
    return {
        "question": prose.to_plain(answer.asked.text),
        "answer": [] if answer.version.said.kind == Kind.FILES else wording.in_words(answer.asked, answer.given),
        "handed_files": [
            {"file_name": one.name, "size_bytes": one.bytes, "handed_at": moment(one.handed_at)}
            for one in answer.handed.all()
        ],
        "answered_at": moment(answer.answered_at),
        "is_right": answer.is_right,
        "percent": None if answer.percent is None else float(answer.percent),
        "remark": answer.remark,
        "mark_changes": [_change(one) for one in answer.changes.all()],
    }


def _change(one: MarkChange) -> dict:
    """What the answer and its attempt were worth before, and why that changed."""
    return {
        "percent_before": None if one.percent_before is None else float(one.percent_before),
        "score_before": one.score_before,
        "was_passed": one.was_passed,
        "remark_before": one.remark,
        "reason": one.reason,
        "changed_at": moment(one.made_at),
    }


def _completion(one: Completion) -> dict:
    return {
        "course": one.course_title,
        "edition": one.edition,
        "hours": float(one.hours),
        "hours_by_kind": {kind: float(hours) for kind, hours in one.hours_by_kind.items()},
        "score_percent": one.score_percent,
        "started_at": moment(one.started_at),
        "completed_at": moment(one.completed_at),
        "municipality": str(one.municipality) if one.municipality else None,
        "post": one.post.name if one.post else None,
        "programme": one.programme,
        "competency": competencies.in_words(one.competency) if one.competency else None,
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
        (Attendance.objects.filter(**of_people).count(), _attendances),
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


def _attendances(n: int) -> str:
    return ngettext("%(n)d anotación de asistencia", "%(n)d anotaciones de asistencia", n)


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
