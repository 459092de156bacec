"""Entering a course, leaving it, coming back."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.domain import completion, settling
from courses.models import Activity, CoursePage, Enrolment, LessonPage
from lms.domain import audit
from lms.domain.errors import RuleBroken
from lms.models import Membership, Person

SEEN_EVERY = timedelta(minutes=1)


@transaction.atomic
def enrol(*, person: Person, course: CoursePage, by: Person | None, at=None) -> Enrolment:
    """Put a person in a course; repeating it gives the same row. Coming back finds everything that was learnt.

    Raises `enrolment.course_not_published`, `enrolment.not_a_member`.
    """
    at = at or timezone.now()
    course = CoursePage.objects.get(pk=course.pk)
    _assert_open(person, course)
    found, created = Enrolment.objects.get_or_create(
        person=person,
        course_key=course.translation_key,
        defaults={"course": course, "enrolled_at": at, "last_seen_at": at},
    )
    enrolment = Enrolment.objects.select_for_update().get(pk=found.pk)
    if created:
        _record("enrolment.made", enrolment, by)
    elif enrolment.withdrawn_at:
        enrolment.withdrawn_at = None
        enrolment.last_seen_at = at
        enrolment.save(update_fields=["withdrawn_at", "last_seen_at"])
        _record("enrolment.resumed", enrolment, by)
    # The course may ask for less than when the person was last here.
    settling.settle(enrolments=[enrolment.pk], at=at)
    completion.judge(enrolment=enrolment, at=at)
    return enrolment


def _assert_open(person: Person, course: CoursePage) -> None:
    if not course.live:
        raise RuleBroken("enrolment.course_not_published", _("Este curso no está publicado por ahora."))
    if course.network_id and not _is_member(person, course):
        raise RuleBroken(
            "enrolment.not_a_member",
            _("Este curso es para integrantes de una red. Pida a quien la coordina que agregue su nombre."),
        )


def _is_member(person: Person, course: CoursePage) -> bool:
    return Membership.objects.current().filter(person=person, network_id=course.network_id).exists()


@transaction.atomic
def withdraw(*, enrolment: Enrolment, by: Person | None, at=None) -> Enrolment:
    """Leave a course; what was learnt stays. Repeating it changes nothing."""
    enrolment = Enrolment.objects.select_for_update().get(pk=enrolment.pk)
    if enrolment.withdrawn_at is None:
        enrolment.withdrawn_at = at or timezone.now()
        enrolment.save(update_fields=["withdrawn_at"])
        _record("enrolment.withdrawn", enrolment, by)
    return enrolment


def find_active(person, course: CoursePage) -> Enrolment | None:
    """The person's enrolment in the course, in whatever language; None for somebody anonymous or withdrawn."""
    if not person.is_authenticated:
        return None
    enrolments = Enrolment.objects.active().for_person(person).select_related("course")
    return enrolments.filter(course_key=course.translation_key).first()


def note_visit(*, person: Person, lesson: LessonPage, at=None) -> None:
    """Remember where somebody was last, at most once a minute for the same lesson. One statement, reads nothing."""
    at = at or timezone.now()
    elsewhere = Q(last_lesson_key=None) | ~Q(last_lesson_key=lesson.translation_key)
    course_keys = Activity.objects.filter(lesson_key=lesson.translation_key).values("course_key")
    Enrolment.objects.active().for_person(person).filter(
        elsewhere | Q(last_seen_at__lt=at - SEEN_EVERY), course_key__in=course_keys
    ).update(last_seen_at=at, last_lesson_key=lesson.translation_key)


def _record(action: str, enrolment: Enrolment, by: Person | None) -> None:
    audit.record(
        action,
        by=by,
        subject=f"courses.enrolment:{enrolment.public_id}",
        facts={"course": str(enrolment.course_key), "person": str(enrolment.person.public_id)},
    )
