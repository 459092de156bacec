"""Lists of a network's members as those see them who look after them: of a minor little is shown."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from lms.models import GuardianConsent, Membership, Network

from . import people


@dataclass(frozen=True)
class Member:
    """A row: the membership, and for a minor where their guardian's consent stands (None for a grown-up)."""

    membership: Membership
    consent: str | None


def of(network: Network) -> "Rows":
    """The current members with an open record, those who coordinate first, then by name."""
    current = Membership.objects.current().filter(network=network, person__is_active=True)
    return Rows(current.order_by("-is_coordinator", "person__surnames", "person__given_names", "pk"))


def requests_of(network: Network, *, most: int = 100) -> list[Member]:
    """Those who ask to join and have an open record, the longest waiting first; at most `most`."""
    awaiting = Membership.objects.awaiting().filter(network=network, person__is_active=True)
    return Rows(awaiting.order_by("joined_on", "pk"))[:most]


def waiting_count(networks: Iterable[Network]) -> int:
    """How many requests wait in these networks."""
    return Membership.objects.awaiting().filter(network__in=networks, person__is_active=True).count()


class Rows:
    """A queryset of memberships that gives `Member` rows; what a paginator needs, in queries that do not grow."""

    def __init__(self, memberships: QuerySet[Membership]) -> None:
        self._memberships = memberships.select_related("person__guardian_consent", "municipality__department")

    def __len__(self) -> int:
        return self._memberships.count()

    def __getitem__(self, part: slice) -> list[Member]:
        return [Member(one, consent_state(one)) for one in self._memberships[part]]


def consent_state(membership: Membership) -> str | None:
    """`missing`, `declared`, `confirmed`, `withdrawn`, or None for somebody who is of age."""
    if not people.is_minor(membership.person.born_on):
        return None
    consent: GuardianConsent | None = getattr(membership.person, "guardian_consent", None)
    if consent is None:
        return "missing"
    if consent.withdrawn_at:
        return "withdrawn"
    return "confirmed" if consent.confirmed_at else "declared"
