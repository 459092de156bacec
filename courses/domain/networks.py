"""How the members of a network, over several municipalities, are getting on in its courses. Flat in queries."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from courses.domain.progress import CourseProgress, build_each
from courses.models import Completion, CoursePage, Enrolment
from lms import permissions
from lms.models import Membership, Municipality, Network, Person

ACTION = "read_network_progress"


@dataclass(frozen=True)
class CourseCount:
    """A course of the network in two numbers."""

    course: CoursePage
    enrolled: int
    completed: int


@dataclass(frozen=True)
class Summary:
    """A network in a sentence; `enrolled` and `completed` count people with at least one of its courses."""

    members: int
    municipalities: int
    enrolled: int
    completed: int
    courses: list[CourseCount]


@dataclass(frozen=True)
class MemberRow:
    """One member and where they stand in each course; None where they are not enrolled."""

    membership: Membership
    progress: list[tuple[CoursePage, CourseProgress | None]]
    last_seen_at: datetime | None


def networks_for(person: Person):
    """The networks whose progress `person` may read: those they coordinate, or all for a national role."""
    belongs = Q(memberships__left_on=None, memberships__confirmed_at__isnull=False)
    everyone = belongs & Q(memberships__person__is_active=True)
    networks = Network.objects.annotate(
        member_count=Count("memberships", filter=everyone, distinct=True),
        municipality_count=Count("memberships__municipality", filter=everyone, distinct=True),
    )
    if permissions.nationwide(person, ACTION):
        return networks
    coordinated = Membership.objects.current().filter(person=person, is_coordinator=True)
    return networks.filter(pk__in=coordinated.values("network_id"))


def members_of(network: Network):
    """Current members with an open record, by municipality and name."""
    members = Membership.objects.current().filter(network=network, person__is_active=True)
    return members.select_related("person", "municipality__department").order_by(
        "municipality__name_common", "person__surnames", "person__given_names", "pk"
    )


def municipalities_of(network: Network):
    """The municipalities that have members."""
    return Municipality.objects.filter(pk__in=members_of(network).values("municipality")).select_related("department")


def courses_of(network: Network):
    """The published courses made for the network."""
    return CoursePage.objects.live().sources().filter(network=network).order_by("path")


def summarise(members, courses: Iterable[CoursePage]) -> Summary:
    """`members` (a queryset of memberships) and `courses` in numbers."""
    editions = {course.translation_key: course.edition for course in courses}
    people = members.order_by().values("person")
    enrolled, completed = defaultdict(set), defaultdict(set)
    active = Enrolment.objects.active().filter(course_key__in=editions, person__in=people)
    for person_id, key in active.values_list("person_id", "course_key"):
        enrolled[key].add(person_id)
    made = Completion.objects.with_holder().filter(course_key__in=editions, holder__in=people)
    for person_id, key, edition in made.values_list("holder", "course_key", "edition"):
        if edition == editions[key]:
            completed[key].add(person_id)
    numbers = members.order_by().aggregate(members=Count("pk"), municipalities=Count("municipality", distinct=True))
    return Summary(
        **numbers,
        enrolled=len(set().union(*enrolled.values(), *completed.values())),
        completed=len(set().union(*completed.values())),
        courses=[
            CourseCount(one, len(enrolled[one.translation_key]), len(completed[one.translation_key])) for one in courses
        ],
    )


def member_rows(members: Iterable[Membership], courses: list[CoursePage]) -> list[MemberRow]:
    """Where each member stands in each course."""
    members = list(members)
    taken = list(
        Enrolment.objects.active()
        .filter(person__in=[one.person_id for one in members], course_key__in=[c.translation_key for c in courses])
        .select_related("course")
    )
    by_person: dict[int, dict] = defaultdict(dict)
    for enrolment, progress in zip(taken, build_each(taken), strict=True):
        by_person[enrolment.person_id][enrolment.course_key] = progress
    return [_row(member, courses, by_person[member.person_id]) for member in members]


def _row(member: Membership, courses: list[CoursePage], mine: dict) -> MemberRow:
    seen = [progress.enrolment.last_seen_at for progress in mine.values()]
    return MemberRow(
        membership=member,
        progress=[(course, mine.get(course.translation_key)) for course in courses],
        last_seen_at=max(seen, default=None),
    )
