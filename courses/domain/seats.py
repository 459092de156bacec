"""Seats of a course and the list of those who wait for one.

A seat is taken by everybody who is in the course, except those who completed an earlier edition: a new edition has its
seats to give anew. Whoever changes who is in a course with seats locks the course first (`lock`) and only then an
enrolment, so that there are never more people than seats, and whoever waits longest moves up, once.
The page that was written first says how many there are, for its translations too.
"""

from uuid import UUID

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.utils import timezone

from courses.domain import completion, notices, settling
from courses.models import Completion, CoursePage, Enrolment
from courses.models.enrolment import EnrolmentQuerySet
from lms.domain import audit
from lms.models import Membership


def original_of(course_key: UUID) -> CoursePage:
    """The page that was written first of a course and its translations; the one that rules on entering."""
    return CoursePage.objects.filter(translation_key=course_key).order_by("pk")[0]


def lock(course_key: UUID) -> CoursePage:
    """The course, locked until the transaction ends if it has seats to share out."""
    found = original_of(course_key)
    if found.seats is None:
        return found
    return CoursePage.objects.select_for_update(of=("self",), no_key=True).get(pk=found.pk)


def taken(course: CoursePage) -> int:
    """How many seats of the course's edition are taken."""
    earlier = Completion.objects.filter(
        Q(person=OuterRef("person")) | Q(person__merged_into=OuterRef("person")),
        course_key=course.translation_key,
        edition__lt=course.edition,
    )
    seated = Enrolment.objects.seated().filter(course_key=course.translation_key)
    return seated.exclude(Exists(earlier)).count()


def has_room(course: CoursePage) -> bool:
    """Whether somebody more may enter now. Ask it under `lock`, after `fill`."""
    return course.seats is None or taken(course) < course.seats


def fill(course: CoursePage, at=None) -> list[Enrolment]:
    """Let those who wait longest move up while there is room. The course must be locked."""
    moved = move_up(course, at)
    tell(moved, at)
    return moved


def move_up(course: CoursePage, at=None) -> list[Enrolment]:
    """As `fill`, without `tell`, which has to follow: the trail is locked last."""
    waiting = _waiting(course)
    if not waiting.exists():
        return []
    room = None if course.seats is None else max(0, course.seats - taken(course))
    moved = list(waiting.select_for_update(of=("self",))[:room])
    for enrolment in moved:
        enrolment.waiting_since = enrolment.withdrawn_at = None
        enrolment.seated_at = at or timezone.now()
        enrolment.save(update_fields=["waiting_since", "withdrawn_at", "seated_at"])
        notices.ask_seated(enrolment)
    return moved


def tell(moved: list[Enrolment], at=None) -> None:
    """Write into the trail who moved up, and complete what whoever was in it before does not lack any more."""
    if moved:
        audit.record_all(
            "enrolment.seated", by=None, about=[(f"courses.enrolment:{one.public_id}", _facts(one)) for one in moved]
        )
    for enrolment in moved:
        settling.settle(enrolments=[enrolment.pk], at=at)
        completion.judge(enrolment=enrolment, at=at)


def _waiting(course: CoursePage):
    found = Enrolment.objects.waiting().filter(
        course_key=course.translation_key, person__is_active=True, person__merged_into=None
    )
    if course.network_id:
        members = Membership.objects.current().filter(person=OuterRef("person"), network=course.network_id)
        found = found.filter(Exists(members))
    return found.select_related("person")


@transaction.atomic
def fill_course(course_key: UUID) -> int:
    """Share out what is free in one course; returns how many moved up. For whoever freed a seat in another way."""
    if not CoursePage.objects.live().filter(translation_key=course_key).exists():
        return 0
    return len(fill(lock(course_key)))


def fill_all() -> int:
    """Share out whatever is free anywhere (more seats, a closed account, a new edition); returns how many moved up."""
    keys = Enrolment.objects.waiting().order_by().values_list("course_key", flat=True).distinct()
    return sum(fill_course(key) for key in list(keys))


def place_of(enrolment: Enrolment) -> int:
    """Which number somebody has on the list, from 1."""
    since = enrolment.waiting_since
    before = Q(waiting_since__lt=since) | Q(waiting_since=since, pk__lt=enrolment.pk)
    return Enrolment.objects.waiting().filter(before, course_key=enrolment.course_key).count() + 1


def with_place(enrolments: EnrolmentQuerySet) -> EnrolmentQuerySet:
    """Enrolments with `place`: which number each has on its list, from 1; None for those that wait for nothing."""
    since, key = OuterRef("waiting_since"), OuterRef("course_key")
    listed = Enrolment.objects.waiting().order_by()
    before = listed.filter(Q(waiting_since__lt=since) | Q(waiting_since=since, pk__lte=OuterRef("pk")), course_key=key)
    return enrolments.annotate(place=Subquery(before.values("course_key").annotate(n=Count("pk")).values("n")))


def find_waiting(person, course_key: UUID) -> Enrolment | None:
    """The person's place on a course's list, if they wait there."""
    if not person.is_authenticated:
        return None
    return Enrolment.objects.waiting().for_person(person).filter(course_key=course_key).first()


def _facts(enrolment: Enrolment) -> dict:
    return {"course": str(enrolment.course_key), "person": str(enrolment.person.public_id)}
