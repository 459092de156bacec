"""What learning reminds of: courses that were left lying, quizzes that wait, answers; and for others, counts alone."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Count, F
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.domain import marking, talk
from courses.domain.digests import Line, source
from courses.models import Attempt, Enrolment, LessonQuestion
from courses.models.reach import EDIT
from lms import permissions
from lms.models import Appointment, Person, RoleGrant

# Idle for a week, and once more for two: with one message a week, those are two reminders, and then silence.
IDLE_FROM, IDLE_UNTIL = timedelta(days=7), timedelta(days=21)
STAFF_ACTION = "read_staff"
Told = Iterable[tuple[int, Line]]


def _idle(at: datetime):
    return Enrolment.objects.unfinished().filter(last_seen_at__lte=at - IDLE_FROM, last_seen_at__gt=at - IDLE_UNTIL)


@source("idle")
def idle(at: datetime) -> Told:
    """Courses that nobody opened for a week or two."""
    for one in _idle(at).select_related("course").order_by("-last_seen_at").iterator():
        words = partial(_idle_words, one.course.title)
        yield one.person_id, Line(words, reverse("courses:learning"), about=one.course_key)


def _idle_words(title: str) -> str:
    return _("Su curso «%(title)s» le espera donde lo dejó.") % {"title": title}


@source("open_quizzes")
def open_quizzes(at: datetime) -> Told:
    """Attempts that were begun a day ago or earlier and not handed in."""
    running = Enrolment.objects.unfinished().values("pk")
    begun = Attempt.objects.open().filter(started_at__lt=at - timedelta(days=1), enrolment__in=running)
    for one in begun.select_related("quiz", "enrolment").order_by("started_at").iterator():
        yield one.enrolment.person_id, Line(partial(_quiz_words, one.quiz.title), reverse("courses:learning"))


def _quiz_words(title: str) -> str:
    return _("Empezó el cuestionario «%(title)s» y no lo ha enviado.") % {"title": title}


@source("answered")
def answered(at: datetime) -> Told:
    """What somebody asked under a lesson and was answered, or refused, in the last week."""
    found = LessonQuestion.objects.exclude(state=LessonQuestion.State.WAITING).exclude(answered_by=F("person"))
    for one in found.filter(answered_at__gt=at - timedelta(days=7)).order_by("answered_at").iterator():
        yield one.person_id, Line(partial(_answered_words, one.lesson_title), reverse("courses:learning"))


def _answered_words(title: str) -> str:
    return _("Hay respuesta a su pregunta en la lección «%(title)s».") % {"title": title}


@source("staff")
def staff(at: datetime) -> Told:
    """For delegates of a town hall: how many of its people left a course lying. No names leave the house."""
    roles = permissions.policy()["actions"][STAFF_ACTION]
    grants = RoleGrant.objects.in_force().filter(role__in=roles, scope=RoleGrant.Scope.MUNICIPALITY)
    idle_people = _idle(at).values("person")
    present = Appointment.objects.current().confirmed().filter(person__in=idle_people)
    counts = dict(
        present.filter(municipality__in=grants.values("municipality"))
        .order_by()
        .values_list("municipality")
        .annotate(n=Count("person", distinct=True))
    )
    for person, municipality, name in grants.values_list("person", "municipality", "municipality__name_common"):
        if n := counts.get(municipality):
            yield person, Line(partial(_staff_words, n, name), reverse("lms:staff_index"))


def _staff_words(n: int, name: str) -> str:
    words = ngettext(
        "%(n)d persona de %(name)s lleva una semana o más sin abrir su curso.",
        "%(n)d personas de %(name)s llevan una semana o más sin abrir su curso.",
        n,
    )
    return words % {"n": n, "name": name}


@source("teaching")
def teaching(at: datetime) -> Told:
    """For those who write courses: how many questions and answers wait for them in their own."""
    held = RoleGrant.objects.in_force().filter(role__in=permissions.policy()["actions"][EDIT])
    for person in Person.objects.active().filter(pk__in=held.values("person")).order_by("pk"):
        if permissions.nationwide(person, "edit_every_course"):
            continue  # everything waits for them, and so nothing in particular
        if n := talk.answerable(person).waiting().count():
            yield person.pk, Line(partial(_asked_words, n), reverse("courses_talk:index"))
        if n := marking.to_mark(person).count():
            yield person.pk, Line(partial(_mark_words, n), reverse("courses_marking:index"))


def _asked_words(n: int) -> str:
    words = ngettext("%(n)d pregunta espera su respuesta.", "%(n)d preguntas esperan su respuesta.", n)
    return words % {"n": n}


def _mark_words(n: int) -> str:
    words = ngettext("%(n)d respuesta espera su calificación.", "%(n)d respuestas esperan su calificación.", n)
    return words % {"n": n}
