"""Who is certified, where: what ANAM and its delegates follow."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Coalesce

from certificates.models import Certificate
from lms import permissions
from lms.models import Municipality, Person

IN_FORCE = Q(state=Certificate.State.ISSUED)
SUSPENDED = Q(state=Certificate.State.SUSPENDED)
# Somebody who was registered twice is one person, whatever record a certificate names.
HOLDER = Coalesce("person__merged_into", "person")


def visible_to(person: Person, action: str) -> QuerySet[Certificate]:
    """The certificates over which somebody may do `action`: those of their municipalities, or all of the country's."""
    certificates = Certificate.objects.with_state()
    if permissions.nationwide(person, action):
        return certificates
    return certificates.filter(municipality__in=permissions.municipalities_for(person, action))


@dataclass(frozen=True)
class Figures:
    """The sentences on top of the list. Only certificates in force count; `revoked` are the others, for good."""

    certificates: int
    people: int
    municipalities: int
    revoked: int
    suspended: int


def figures(certificates: QuerySet[Certificate]) -> Figures:
    """Count a set of certificates that carries `state`."""
    counted = certificates.order_by().aggregate(
        certificates=Count("pk", filter=IN_FORCE),
        people=Count(HOLDER, filter=IN_FORCE, distinct=True),
        municipalities=Count("municipality", filter=IN_FORCE, distinct=True),
        revoked=Count("pk", filter=~IN_FORCE & ~SUSPENDED),
        suspended=Count("pk", filter=SUSPENDED),
    )
    return Figures(**counted)


def by_department(certificates: QuerySet[Certificate], municipalities: QuerySet[Municipality]) -> list[dict]:
    """For each department: how many people, certificates in force and municipalities with at least one, of how many."""
    counted = {
        row["municipality__department"]: dict(row)
        for row in certificates.filter(IN_FORCE, municipality__isnull=False)
        .order_by()
        .values("municipality__department")
        .annotate(
            people=Count(HOLDER, distinct=True),
            certificates=Count("pk"),
            municipalities=Count("municipality", distinct=True),
        )
    }
    nothing = {"people": 0, "certificates": 0, "municipalities": 0}
    departments = (
        municipalities.order_by("department__code")
        .values("department", "department__code", "department__name")
        .annotate(of=Count("pk", distinct=True))
    )
    return [
        {
            "code": row["department__code"],
            "name": row["department__name"],
            "of": row["of"],
            **{key: counted.get(row["department"], nothing)[key] for key in nothing},
        }
        for row in departments
    ]
