"""One table of policy (`policy.yaml`), one function that asks it. Views, templates, API and Wagtail all ask here."""

from functools import cache, wraps
from pathlib import Path

import yaml
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from lms.models import Department, Membership, Municipality, RoleGrant


@cache
def policy() -> dict:
    """The table as written."""
    return yaml.safe_load((Path(__file__).parent / "policy.yaml").read_text())


def _roles(person) -> set[str]:
    return set(RoleGrant.objects.in_force().filter(person=person).values_list("role", flat=True))


def allows(person, action: str) -> bool:
    """Whether `person` may do `action` anywhere at all. Asked anew at every request: a withdrawn role ends at once."""
    if person is None or not person.is_authenticated or not person.is_active:
        return False
    if person.is_superuser:
        return True
    wanted = set(policy()["actions"][action])
    if "learner" in wanted or wanted & _roles(person):
        return True
    return "coordinator" in wanted and Membership.objects.current().filter(person=person, is_coordinator=True).exists()


def municipalities_for(person, action: str):
    """The municipalities over which `person` may do `action`, as a queryset."""
    everywhere = Municipality.objects.all()
    if person is None or not person.is_authenticated or not person.is_active:
        return everywhere.none()
    if person.is_superuser:
        return everywhere
    grants = list(RoleGrant.objects.in_force().filter(person=person, role__in=policy()["actions"][action]))
    if any(grant.scope == RoleGrant.Scope.NATION for grant in grants):
        return everywhere
    departments = [grant.department_id for grant in grants if grant.department_id]
    places = [grant.municipality_id for grant in grants if grant.municipality_id]
    return everywhere.filter(department__in=departments) | everywhere.filter(pk__in=places)


def nationwide(person, action: str) -> bool:
    """Whether `person` may do `action` over the whole country, and so also over what belongs to no municipality."""
    if person is None or not person.is_authenticated or not person.is_active:
        return False
    wanted = policy()["actions"][action]
    grants = RoleGrant.objects.in_force().filter(person=person, role__in=wanted, scope=RoleGrant.Scope.NATION)
    return person.is_superuser or grants.exists()


def places_of(scope: str, department: Department | None, municipality: Municipality | None):
    """The municipalities that a role over this scope reaches, as a queryset."""
    places = Municipality.objects.all()
    if scope == RoleGrant.Scope.DEPARTMENT:
        return places.filter(department=department)
    return places.filter(pk=municipality.pk) if municipality else places


def may_grant(by, role: str, places) -> bool:
    """Whether `by` may grant roles and holds whatever `role` carries, over all of `places`."""
    if by.is_superuser:
        return True
    carried = [action for action, roles in policy()["actions"].items() if role in roles]
    return allows(by, "grant_role") and not any(
        places.exclude(pk__in=municipalities_for(by, action).values("pk")).exists()
        for action in ["grant_role", *carried]
    )


class Abilities:
    """`allows` for templates, by attribute, each asked at most once in a request."""

    def __init__(self, person) -> None:
        self._person = person

    def __getattr__(self, action: str) -> bool:
        if action.startswith("_") or action not in policy()["actions"]:
            raise AttributeError(action)
        self.__dict__[action] = answer = allows(self._person, action)
        return answer


def needs(action: str):
    """A view only for those who may do `action`: sign-in for the anonymous, 403 for the rest."""

    def decorate(view):
        @wraps(view)
        def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not allows(request.user, action):
                raise PermissionDenied(action)
            return view(request, *args, **kwargs)

        return guarded

    return decorate
