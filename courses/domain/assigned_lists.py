"""What an assignment came to, person by person, and whom a rule would reach. Flat in queries."""

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from courses.domain import audience
from courses.domain.audience import Rule
from courses.models import AssignedPerson, Assignment, Completion, CoursePage, Enrolment
from lms.models import Appointment, Membership
from lms.models.people import PersonQuerySet


def _completed(course: CoursePage, person: str) -> Exists:
    made = Completion.objects.filter(course_key=course.translation_key, edition=course.edition)
    return Exists(made.annotate(holder=Coalesce("person__merged_into", "person")).filter(holder=OuterRef(person)))


def listed(rule: Rule, course: CoursePage, words: str = "") -> PersonQuerySet:
    """Whom a rule reaches, by name, each with `held`, `places`, `is_in` and `is_done`."""
    inside = Enrolment.objects.active().filter(course_key=course.translation_key, person=OuterRef("pk"))
    held = Appointment.objects.current().confirmed().select_related("post", "municipality")
    if rule.municipality:
        held = held.filter(municipality=rule.municipality)
    members = Membership.objects.current().select_related("municipality", "network")
    if rule.network:
        members = members.filter(network=rule.network)
    found = audience.people(rule, course).search_words(words).order_by("surnames", "given_names", "pk")
    return found.annotate(is_in=Exists(inside), is_done=_completed(course, "pk")).prefetch_related(
        Prefetch("appointments", queryset=held, to_attr="held"),
        Prefetch("memberships", queryset=members, to_attr="places"),
    )


def of_issuer(rule: Rule) -> QuerySet[Assignment]:
    """The assignments of a town hall, a network or ANAM, the newest first, each with `reached` people."""
    found = Assignment.objects.filter(municipality=rule.municipality, network=rule.network)
    bound = Q(people__released_at=None, people__declined_at=None)
    shown = found.select_related("course", "municipality", "network")
    return shown.annotate(reached=Count("people", filter=bound)).order_by("-made_at", "-pk")


def people_of(assignment: Assignment) -> QuerySet[AssignedPerson]:
    """Everybody whom it reached, by name, each with `is_done`, `is_in` and `is_listed`."""
    rows = Enrolment.objects.filter(course_key=assignment.course_key, person=OuterRef("person"))
    found = assignment.people.filter(person__merged_into=None, person__erased_at=None).select_related("person")
    return found.annotate(
        is_done=_completed(assignment.course, "person"),
        is_in=Exists(rows.active()),
        is_listed=Exists(rows.waiting().order_by()),
    ).order_by("person__surnames", "person__given_names", "pk")


@dataclass(frozen=True)
class Figures:
    """An assignment in numbers of people."""

    reached: int
    done: int
    inside: int
    listed: int
    declined: int


def figures(assignment: Assignment) -> Figures:
    """Count whom it binds, and who declined."""
    binding = people_of(assignment).filter(released_at=None).order_by()
    held = Q(declined_at=None)
    counts = binding.aggregate(
        reached=Count("pk", filter=held),
        done=Count("pk", filter=held & Q(is_done=True)),
        inside=Count("pk", filter=held & Q(is_done=False, is_in=True)),
        listed=Count("pk", filter=held & Q(is_done=False, is_listed=True)),
        declined=Count("pk", filter=~held),
    )
    return Figures(**counts)


def state_of(row) -> tuple[str, str]:
    """(class of the sign, words) for one person of `people_of`."""
    if row.is_done:
        return "ok", _("Completado")
    if row.declined_at:
        return "no", _("Se retiró: %(reason)s") % {"reason": row.decline_reason}
    if row.released_at:
        return "", _("Ya no le corresponde")
    if row.is_listed:
        return "wait", _("En lista de espera")
    return ("wait", _("En curso")) if row.is_in else ("", _("Por inscribir"))
