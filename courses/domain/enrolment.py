"""Entering a course or its list, leaving it, coming back."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.domain import completion, progress, seats, sessions, settling
from courses.models import Activity, AssignedPerson, CoursePage, Enrolment, LessonPage
from courses.models.enrolment import EnrolmentQuerySet
from courses.models.joining import AssignedPersonQuerySet
from lms.domain import audit, networks
from lms.domain.errors import RuleBroken
from lms.models import Membership, Network, Person
from lms.models.written import Written

SEEN_EVERY = timedelta(minutes=1)


@transaction.atomic
def enrol(*, person: Person, course: CoursePage, by: Person | None, at=None) -> Enrolment:
    """Put a person in a course, or on its list when it is full; repeating it gives the same row.

    Coming back finds everything that was learnt, and takes a seat anew. Raises `enrolment.course_not_published`,
    `enrolment.not_a_member`, `enrolment.record_merged`, `enrolment.invitation_needed`, `enrolment.assigned_only`.
    """
    enrolment, action = let_in(person=person, course=course, at=at)
    if action:
        record(action, enrolment, by)
    return enrolment


@transaction.atomic
def let_in(*, person: Person, course: CoursePage, at=None) -> tuple[Enrolment, str]:
    """As `enrol`, without `record`, which has to follow if something happened: the trail is locked last."""
    course = course.source  # in whichever language somebody enters, they are in one course
    _assert_open(person, course)
    _assert_lets_in(person, course)
    return enter(person=person, course=course, at=at)


@transaction.atomic
def enter(*, person: Person, course: CoursePage, at=None) -> tuple[Enrolment, str]:
    """As `enrol`, for whoever was let in already; also what happened, for the trail: empty when nothing did.

    Raises `enrolment.course_not_published`, `enrolment.not_a_member` and `enrolment.record_merged`.
    """
    at = at or timezone.now()
    _assert_open(person, course)
    door = seats.lock(course.translation_key)
    # Where seats are shared out, whoever is new stands outside while it is decided.
    outside = at if door.seats is not None else None
    found, created = Enrolment.objects.get_or_create(
        person=person,
        course_key=course.translation_key,
        defaults={"course": course, "enrolled_at": at, "last_seen_at": at, "withdrawn_at": outside},
    )
    enrolment = Enrolment.objects.select_for_update().get(pk=found.pk)
    if enrolment.joined_into_id or (created and _is_merged(person)):
        raise RuleBroken("enrolment.record_merged", _("Su registro se unió a otro. Salga y vuelva a entrar."))
    action = "enrolment.made" if created else ""
    if enrolment.withdrawn_at and not enrolment.waiting_since:
        action = _take_a_seat(enrolment, door, at, is_new=created)
    # The course may ask for less than when the person was last here.
    settling.settle(enrolments=[enrolment.pk], at=at)
    completion.judge(enrolment=enrolment, at=at)
    return enrolment, action


def _take_a_seat(enrolment: Enrolment, door: CoursePage, at, *, is_new: bool) -> str:
    """A seat, or the last place of the list when there is none; says which, as the trail calls it."""
    AssignedPerson.objects.filter(person=enrolment.person_id, assignment__course_key=enrolment.course_key).update(
        declined_at=None, decline_reason=""
    )
    seats.fill(door, at)
    if not seats.has_room(door):
        enrolment.waiting_since = at
        enrolment.save(update_fields=["waiting_since"])
        return "enrolment.listed"
    enrolment.withdrawn_at = None
    enrolment.last_seen_at = at
    enrolment.save(update_fields=["withdrawn_at", "last_seen_at"])
    return "enrolment.made" if is_new else "enrolment.resumed"


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
    if course.seats is not None:
        for one in wanted:
            enter(person=one, course=course, at=at)
        return _tell_members(course, network, wanted, by)
    rows = [
        Enrolment(person=one, course=course, course_key=course.translation_key, enrolled_at=at, last_seen_at=at)
        for one in wanted
    ]
    # Whoever enrolled themselves at this moment is in it all the same.
    Enrolment.objects.bulk_create(rows, ignore_conflicts=True, batch_size=200)
    return _tell_members(course, network, wanted, by)


def _tell_members(course: CoursePage, network: Network, entered: list[Person], by: Person | None) -> int:
    if entered:
        facts = {"course": str(course.translation_key), "persons": [str(one.public_id) for one in entered]}
        audit.record("enrolment.members_made", by=by, subject=f"lms.network:{network.public_id}", facts=facts)
    return len(entered)


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


def _assert_lets_in(person: Person, course: CoursePage) -> None:
    """The course is open, the person was in it before, or it was assigned to them."""
    door = seats.original_of(course.translation_key)
    if door.entry == CoursePage.Entry.OPEN or knows(person, course.translation_key):
        return
    if door.entry == CoursePage.Entry.INVITED:
        message = _(
            "Para este curso hace falta una invitación. Si le dieron un código, escríbalo en «Tengo un código»."
        )
        raise RuleBroken("enrolment.invitation_needed", message)
    raise RuleBroken("enrolment.assigned_only", _("A este curso entra solo quien lo tiene asignado."))


def knows(person: Person, course_key: UUID) -> bool:
    """Whether a course that is not open lets somebody in: it did before, or it was assigned to them."""
    return (
        Enrolment.objects.for_person(person).filter(course_key=course_key).exists()
        or assigned_to(person.pk, course_key).exists()
    )


def _is_merged(person: Person) -> bool:
    """Asked after the row was written, which waits for a merge that is under way."""
    return Person.objects.filter(pk=person.pk, merged_into__isnull=False).exists()


def _is_member(person: Person, course: CoursePage) -> bool:
    return Membership.objects.current().filter(person=person, network_id=course.network_id).exists()


@transaction.atomic
def withdraw(*, enrolment: Enrolment, by: Person | None, reason: str = "", at=None) -> Enrolment:
    """Leave a course, or its list; what was learnt stays, and the seat goes to whoever waits longest.

    Repeating it changes nothing. Whoever leaves a course that was assigned to them says why; raises
    `enrolment.reason_missing` otherwise.
    """
    at = at or timezone.now()
    door = seats.lock(enrolment.course_key)
    enrolment = Enrolment.objects.select_for_update().get(pk=enrolment.pk)
    if enrolment.withdrawn_at and not enrolment.waiting_since:
        return enrolment
    _decline(enrolment, reason, at)
    enrolment.withdrawn_at = enrolment.withdrawn_at or at
    enrolment.waiting_since = None
    enrolment.save(update_fields=["withdrawn_at", "waiting_since"])
    sessions.give_back_all(enrolment=enrolment, at=enrolment.withdrawn_at)
    moved = seats.move_up(door, at) if door.seats is not None and door.live else []
    record("enrolment.withdrawn", enrolment, by)
    seats.tell(moved, at)
    return enrolment


def _decline(enrolment: Enrolment, reason: str, at) -> None:
    """What was assigned does not bind whoever left with a reason."""
    bound = assigned_to(enrolment.person_id, enrolment.course_key)
    reason = " ".join(reason.split())[:200]
    if not reason and bound.exists():
        message = _("Este curso le fue asignado. Para retirarse, escriba por qué.")
        raise RuleBroken("enrolment.reason_missing", message)
    AssignedPerson.objects.filter(pk__in=list(bound.values_list("pk", flat=True))).update(
        declined_at=at, decline_reason=reason
    )


def assigned_to(person_id: int, course_key: UUID) -> AssignedPersonQuerySet:
    """What binds somebody to a course."""
    return AssignedPerson.objects.binding().filter(person=person_id, assignment__course_key=course_key)


def find_active(person, course: CoursePage) -> Enrolment | None:
    """The person's enrolment in the course, in whatever language; None for somebody anonymous or withdrawn."""
    if not person.is_authenticated:
        return None
    enrolments = Enrolment.objects.active().for_person(person).select_related("course")
    return enrolments.filter(course_key=course.translation_key).first()


@Written
def _shown(person: int, course: UUID) -> EnrolmentQuerySet:
    mine = Enrolment.objects.seated().filter(person=person, course_key=course)
    return progress.with_signs(mine.order_by())


def find_shown(person, course: CoursePage) -> Enrolment | None:
    """The same for a page of the course: with the signs of `progress.with_signs`, and without reading it again."""
    if not person.is_authenticated:
        return None
    found = _shown(person=person.pk, course=course.translation_key)
    if not found:
        return None
    enrolment = found[0]
    enrolment.person = person
    if enrolment.course_id == course.pk:
        enrolment.course = course
    return enrolment if enrolment.is_active else None


def note_visit(*, person: Person, lesson: LessonPage, at=None) -> None:
    """Remember where somebody was last, at most once a minute for the same lesson. One statement, reads nothing."""
    at = at or timezone.now()
    elsewhere = Q(last_lesson_key=None) | ~Q(last_lesson_key=lesson.translation_key)
    course_keys = Activity.objects.filter(lesson_key=lesson.translation_key).values("course_key")
    Enrolment.objects.active().for_person(person).filter(
        elsewhere | Q(last_seen_at__lt=at - SEEN_EVERY), course_key__in=course_keys
    ).update(last_seen_at=at, last_lesson_key=lesson.translation_key)


def record(action: str, enrolment: Enrolment, by: Person | None) -> None:
    """Tell the trail what `enter` says happened."""
    audit.record(
        action,
        by=by,
        subject=f"courses.enrolment:{enrolment.public_id}",
        facts={"course": str(enrolment.course_key), "person": str(enrolment.person.public_id)},
    )
