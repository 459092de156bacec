"""Entering a course, leaving it, coming back."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.domain import completion, settling
from courses.models import Activity, CoursePage, Enrolment, LessonPage
from lms.domain import audit, networks
from lms.domain.errors import RuleBroken
from lms.models import Membership, Person

SEEN_EVERY = timedelta(minutes=1)


@transaction.atomic
def enrol(*, person: Person, course: CoursePage, by: Person | None, at=None) -> Enrolment:
    """Put a person in a course; repeating it gives the same row. Coming back finds everything that was learnt.

    Raises `enrolment.course_not_published`, `enrolment.not_a_member`, `enrolment.record_merged`.
    """
    at = at or timezone.now()
    course = course.source  # in whichever language somebody enters, they are in one course
    _assert_open(person, course)
    found, created = Enrolment.objects.get_or_create(
        person=person,
        course_key=course.translation_key,
        defaults={"course": course, "enrolled_at": at, "last_seen_at": at},
    )
    enrolment = Enrolment.objects.select_for_update().get(pk=found.pk)
    if enrolment.joined_into_id or (created and _is_merged(person)):
        raise RuleBroken("enrolment.record_merged", _("Su registro se unió a otro. Salga y vuelva a entrar."))
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


@transaction.atomic
def enrol_members(*, course: CoursePage, by: Person | None, at=None) -> int:
    """Put every current member of the course's network in it who never was; returns how many.

    Whoever left it stays outside: that was their own doing. Raises `enrolment.not_a_network_course`,
    `enrolment.not_allowed` and `enrolment.course_not_published`.
    """
    network = course.network
    if network is None:
        raise RuleBroken("enrolment.not_a_network_course", _("Este curso no es de una red."))
    if not networks.looks_after(by, network):
        raise RuleBroken("enrolment.not_allowed", _("Usted no puede inscribir a integrantes de esta red."))
    if not course.live:
        raise _not_published()
    at = at or timezone.now()
    members = Membership.objects.current().filter(network=network, person__is_active=True, person__merged_into=None)
    entered = Enrolment.objects.filter(course_key=course.translation_key).values("person")
    wanted = list(Person.objects.filter(pk__in=members.values("person")).exclude(pk__in=entered).order_by("pk"))
    rows = [
        Enrolment(person=one, course=course, course_key=course.translation_key, enrolled_at=at, last_seen_at=at)
        for one in wanted
    ]
    # Whoever enrolled themselves at this moment is in it all the same.
    Enrolment.objects.bulk_create(rows, ignore_conflicts=True, batch_size=200)
    if wanted:
        facts = {"course": str(course.translation_key), "persons": [str(one.public_id) for one in wanted]}
        audit.record("enrolment.members_made", by=by, subject=f"lms.network:{network.public_id}", facts=facts)
    return len(wanted)


def _not_published() -> RuleBroken:
    return RuleBroken("enrolment.course_not_published", _("Este curso no está publicado por ahora."))


def _assert_open(person: Person, course: CoursePage) -> None:
    if not course.live:
        raise _not_published()
    if course.network_id and not _is_member(person, course):
        raise RuleBroken(
            "enrolment.not_a_member",
            _("Este curso es para integrantes de una red. Pida unirse a ella, y cuando le acepten podrá inscribirse."),
        )


def _is_merged(person: Person) -> bool:
    """Asked after the row was written, which waits for a merge that is under way."""
    return Person.objects.filter(pk=person.pk, merged_into__isnull=False).exists()


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
