"""Questions under a lesson: asked by who takes the course, published only with an answer of who teaches it.

Published ones are read by those in the course alone, whatever pages anybody may open (docs/decisions/0032).
"""

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.domain import marking
from courses.models import Enrolment, LessonPage, LessonQuestion
from courses.models.talk import LONGEST_ANSWER, LONGEST_QUESTION, LONGEST_REASON, LessonQuestionQuerySet
from lms.domain import audit, people
from lms.domain.errors import RuleBroken
from lms.domain.texts import fold
from lms.models import Membership, Municipality, Person

MOST_WAITING = 10
State = LessonQuestion.State


def lessons_of(enrolment: Enrolment) -> QuerySet[LessonPage]:
    """The published lessons under which somebody in the course may ask, in their order."""
    return enrolment.course.lessons() if enrolment.course.live else LessonPage.objects.none()


def of_course(enrolment: Enrolment) -> LessonQuestionQuerySet:
    """What those in the course read, the newest answer first."""
    found = LessonQuestion.objects.published().filter(course_key=enrolment.course_key)
    return found.select_related("person", "municipality").order_by("-answered_at", "-pk")


def own_unpublished(enrolment: Enrolment) -> LessonQuestionQuerySet:
    """What somebody asked in the course and others do not read: it waits, or was refused, with why."""
    own = LessonQuestion.objects.filter(person=enrolment.person_id, course_key=enrolment.course_key)
    return own.exclude(state=State.PUBLISHED).order_by("-asked_at", "-pk")


def answerable(person: Person) -> LessonQuestionQuerySet:
    """Every question in the courses that somebody writes; others do not exist for them."""
    found = LessonQuestion.objects.filter(course__in=marking.courses_of(person))
    return found.select_related("person", "municipality", "course")


@transaction.atomic
def ask(*, enrolment: Enrolment, lesson_key: UUID, text: str) -> LessonQuestion:
    """Put a question under a lesson; the same words sent twice while the first wait are one question.

    Raises `talk.not_enrolled`, `talk.no_lesson`, `talk.empty`, `talk.too_long`, `talk.too_many_waiting`.
    """
    enrolment = Enrolment.objects.select_for_update(of=("self",), no_key=True).get(pk=enrolment.pk)
    if not enrolment.is_active:
        raise RuleBroken("talk.not_enrolled", _("Para preguntar, inscríbase en el curso."))
    lesson = lessons_of(enrolment).filter(translation_key=lesson_key).first()
    if lesson is None:
        raise RuleBroken("talk.no_lesson", _("Elija la lección de la que pregunta."))
    text = _worded(text, LONGEST_QUESTION, "talk.empty", _("Escriba su pregunta."))
    own = LessonQuestion.objects.filter(person=enrolment.person_id, course_key=enrolment.course_key).waiting()
    if same := own.filter(lesson_key=lesson_key, text=text).first():
        return same
    if own.count() >= MOST_WAITING:
        message = _("Ya tiene %(n)d preguntas por responder en este curso. Espere las respuestas.")
        raise RuleBroken("talk.too_many_waiting", message % {"n": MOST_WAITING})
    asked = LessonQuestion.objects.create(
        person=enrolment.person,
        course=enrolment.course,
        course_key=enrolment.course_key,
        lesson_key=lesson_key,
        lesson_title=lesson.title,
        municipality=_municipality_of(enrolment.person),
        text=text,
        search_text=fold(text),
    )
    _record("lesson_question.asked", asked, enrolment.person)
    return asked


@transaction.atomic
def publish(*, question: LessonQuestion, answer: str, by: Person) -> LessonQuestion:
    """Answer a question and let those in the course read both; also one that was taken back or refused.

    Raises `talk.not_allowed`, `talk.answered`, `talk.answer_empty`, `talk.too_long`.
    """
    question = _locked(question, by)
    if question.state == State.PUBLISHED:
        raise RuleBroken("talk.answered", _("Otra persona ya respondió esta pregunta."))
    question.answer = _worded(answer, LONGEST_ANSWER, "talk.answer_empty", _("Escriba la respuesta."))
    question.reason = ""
    question.search_text = fold(f"{question.text} {question.answer}")
    return _settle(question, State.PUBLISHED, by)


@transaction.atomic
def refuse(*, question: LessonQuestion, reason: str, by: Person) -> LessonQuestion:
    """Leave a question unpublished; who asked reads why. Raises `talk.not_allowed`, `talk.answered`, `talk.no_reason`.

    Also `talk.too_long`.
    """
    question = _locked(question, by)
    if question.state != State.WAITING:
        raise RuleBroken("talk.answered", _("Otra persona ya respondió esta pregunta."))
    question.reason = _worded(reason, LONGEST_REASON, "talk.no_reason", _("Escriba por qué: lo lee quien preguntó."))
    return _settle(question, State.REFUSED, by)


@transaction.atomic
def take_back(*, question: LessonQuestion, reason: str, by: Person) -> LessonQuestion:
    """Unpublish a question with its answer; who asked reads why. It may be published again.

    Raises `talk.not_allowed`, `talk.not_published`, `talk.no_reason`, `talk.too_long`.
    """
    question = _locked(question, by)
    if question.state != State.PUBLISHED:
        raise RuleBroken("talk.not_published", _("Esta pregunta no está publicada."))
    question.reason = _worded(reason, LONGEST_REASON, "talk.no_reason", _("Escriba por qué: lo lee quien preguntó."))
    return _settle(question, State.TAKEN_BACK, by)


def _locked(question: LessonQuestion, by: Person) -> LessonQuestion:
    if not answerable(by).filter(pk=question.pk).exists():
        raise RuleBroken("talk.not_allowed", _("Esta pregunta la responde quien imparte el curso."))
    return LessonQuestion.objects.select_for_update(of=("self",), no_key=True).get(pk=question.pk)


def _settle(question: LessonQuestion, state: str, by: Person) -> LessonQuestion:
    question.state, question.answered_by, question.answered_at = state, by, timezone.now()
    question.save(update_fields=["state", "answer", "reason", "answered_by", "answered_at", "search_text"])
    _record(f"lesson_question.{state}", question, by)
    return question


def _worded(text: str, longest: int, code: str, message: str) -> str:
    """Plain text of people: without control characters, line ends as one sign. Raises `code` when nothing is left."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    clean = "\n".join("".join(c for c in line if c.isprintable() or c == "\t") for line in lines).strip()
    if not clean:
        raise RuleBroken(code, message)
    if len(clean) > longest:
        raise RuleBroken("talk.too_long", _("Es demasiado largo: escriba hasta %(n)d letras.") % {"n": longest})
    return clean


def _municipality_of(person: Person) -> Municipality | None:
    """Where somebody works, or takes part in a network; a minor's is not kept."""
    if people.is_minor(person.born_on):
        return None
    if appointment := person.current_appointment():
        return appointment.municipality
    place = Membership.objects.current().filter(person=person).select_related("municipality").first()
    return place.municipality if place else None


def _record(action: str, question: LessonQuestion, by: Person) -> None:
    facts = {"course": str(question.course_key), "lesson": str(question.lesson_key)}
    audit.record(action, by=by, subject=f"courses.lessonquestion:{question.public_id}", facts=facts)
