"""Whom an assignment reaches: people by their appointments and memberships, as these stand today.

What is asked of an appointment (municipality, department, post, renglón) is asked of one and the same, held today and
confirmed. A town hall reaches its own staff, a network its members. Minors are reached by their network alone.
"""

from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.models import Assignment, CoursePage
from lms.domain.errors import RuleBroken
from lms.models import Appointment, Department, Membership, Municipality, Network, Person, Post
from lms.models.people import AppointmentQuerySet, PersonQuerySet, youngest_adult_birth


@dataclass(frozen=True)
class Rule:
    """Who asks (`municipality`, `network`, or ANAM for neither) and of whom; what is empty is not asked."""

    municipality: Municipality | None = None
    network: Network | None = None
    posts: list[Post] = field(default_factory=list)
    departments: list[Department] = field(default_factory=list)
    municipalities: list[Municipality] = field(default_factory=list)
    networks: list[Network] = field(default_factory=list)
    renglones: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, assignment: Assignment) -> "Rule":
        """The rule of an assignment; read with a query for each kind of condition."""
        return cls(
            municipality=assignment.municipality,
            network=assignment.network,
            posts=list(assignment.posts.all()),
            departments=list(assignment.departments.all()),
            municipalities=list(assignment.municipalities.all()),
            networks=list(assignment.networks.all()),
            renglones=list(assignment.renglones),
        )

    @property
    def asks_nothing(self) -> bool:
        """Whether it would reach the whole country."""
        asked = (self.posts, self.departments, self.municipalities, self.networks, self.renglones)
        return not (self.municipality or self.network or any(asked))

    def in_words(self) -> list[str]:
        """Each condition as a phrase."""
        posts = ", ".join(post.name for post in self.posts)
        places = ", ".join([str(one) for one in [*self.departments, *self.municipalities]])
        said = [
            posts and _("Puesto: %(names)s") % {"names": posts},
            self.renglones and _("Renglón: %(names)s") % {"names": ", ".join(self.renglones)},
            places and _("Lugar: %(names)s") % {"names": places},
            self.networks and _("Red: %(names)s") % {"names": ", ".join(one.name for one in self.networks)},
        ]
        return [words for words in said if words]


def people(rule: Rule, course: CoursePage) -> PersonQuerySet:
    """Everybody whom a rule reaches today with a course. Raises `assignment.nobody_named`."""
    if rule.asks_nothing:
        raise RuleBroken("assignment.nobody_named", _("Elija al menos un puesto, un lugar, un renglón o una red."))
    found = Person.objects.active().filter(merged_into=None, erased_at=None)
    if rule.network:
        found = found.filter(Exists(_members(rule.network, rule)))
        if rule.posts or rule.renglones:
            found = found.filter(Exists(_held(rule)))
    else:
        found = found.filter(_is_of_age())
        if rule.municipality or rule.posts or rule.renglones or rule.departments or rule.municipalities:
            found = found.filter(Exists(_placed(rule)))
        if rule.networks:
            mine = Membership.objects.current().filter(person=OuterRef("pk"), network__in=rule.networks)
            found = found.filter(Exists(mine))
    if course.network_id and (rule.network is None or rule.network.pk != course.network_id):
        mine = Membership.objects.current().filter(person=OuterRef("pk"), network=course.network_id)
        found = found.filter(Exists(mine))
    return found


def _is_of_age() -> Q:
    return Q(born_on=None) | Q(born_on__lte=youngest_adult_birth(timezone.localdate()))


def _held(rule: Rule) -> AppointmentQuerySet:
    held = Appointment.objects.current().confirmed().filter(person=OuterRef("pk"))
    if rule.posts:
        held = held.filter(post__in=rule.posts)
    return held.filter(renglon__in=rule.renglones) if rule.renglones else held


def _placed(rule: Rule) -> AppointmentQuerySet:
    """Appointments of the town hall that asks, or in any of the departments and municipalities named."""
    held = _held(rule)
    if rule.municipality:
        return held.filter(municipality=rule.municipality)
    if rule.departments or rule.municipalities:
        near = Q(municipality__department__in=rule.departments) | Q(municipality__in=rule.municipalities)
        return held.filter(near)
    return held


def _members(network: Network, rule: Rule):
    mine = Membership.objects.current().filter(person=OuterRef("pk"), network=network)
    if rule.departments or rule.municipalities:
        near = Q(municipality__department__in=rule.departments) | Q(municipality__in=rule.municipalities)
        mine = mine.filter(near)
    return mine
