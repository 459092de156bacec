"""One table of policy (`policy.yaml`), one function that asks it. Views, templates, API and Wagtail all ask here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, wraps
from pathlib import Path

import yaml
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import CharField, QuerySet, Value
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import Page
from wagtail.permissions import policy_registry

from lms.models import Membership, Municipality, RoleGrant
from lms.models.written import Written


@cache
def policy() -> dict:
    """The table as written."""
    return yaml.safe_load((Path(__file__).parent / "policy.yaml").read_text())


@dataclass(frozen=True)
class Rule:
    """A row of `urls:`: the accesses (any will do) to read and to write, and the kind of object the address names."""

    get: tuple[str, ...]
    post: tuple[str, ...]
    of: str = ""

    def access(self, method: str) -> tuple[str, ...]:
        """For an HTTP method."""
        return self.get if method in {"GET", "HEAD", "OPTIONS"} else self.post


def _accesses(said: str | list[str]) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said)


@cache
def rule_key(view_name: str) -> str | None:
    """The row of `urls:` that speaks of this view: its own, else the longest with `*` that fits; None without one."""
    table = policy()["urls"]
    fitting = [key for key in table if key.endswith("*") and view_name.startswith(key[:-1])]
    return view_name if view_name in table else max(fitting, key=len, default=None)


def rule_of(view_name: str) -> Rule | None:
    """Who may open the addresses of a view, as the table says; None when it says nothing."""
    key = rule_key(view_name)
    if key is None:
        return None
    row = policy()["urls"][key]
    if not isinstance(row, dict):
        return Rule(_accesses(row), _accesses(row))
    return Rule(
        _accesses(row.get("get", row.get("both"))), _accesses(row.get("post", row.get("both"))), row.get("of", "")
    )


def opens(person, accesses: Iterable[str]) -> bool:
    """Whether one of these accesses lets somebody who signed in through the door; what lies behind asks again."""
    actions = policy()["actions"]
    for access in accesses:
        if access == "superuser":
            is_open = person.is_active and person.is_superuser
        else:
            is_open = allows(person, access) if access in actions else access != "nobody"
        if is_open:
            return True
    return False


COORDINATOR = "coordinator"  # in the table of actions like a role; what makes one is a membership


@Written
def _what_somebody_is(person: int, at: datetime) -> QuerySet:
    coordinates = Membership.objects.current().filter(person=person, is_coordinator=True).order_by()
    held = RoleGrant.objects.in_force(at).filter(person=person).order_by().values_list("role")
    word = Value(COORDINATOR, output_field=CharField())
    return held.union(coordinates.annotate(word=word).values_list("word"))


def _roles(person) -> set[str]:
    """What somebody is, in one statement."""
    return {role for (role,) in _what_somebody_is(person=person.pk, at=timezone.now())}


def allows(person, action: str) -> bool:
    """Whether `person` may do `action` anywhere at all. Asked anew at every request: a withdrawn role ends at once."""
    return _allows(person, action, lambda: _roles(person))


def _allows(person, action: str, roles: Callable[[], set[str]]) -> bool:
    if person is None or not person.is_authenticated or not person.is_active:
        return False
    if person.is_superuser:
        return True
    wanted = set(policy()["actions"][action])
    return "learner" in wanted or bool(wanted & roles())


def scopes_of(role: str) -> list[str]:
    """Over what a role may be granted, as the table says."""
    return policy()["roles"][role]["scopes"]


def allows_in(person, action: str, municipality: Municipality) -> bool:
    """Whether `person` may do `action` in this municipality."""
    return municipalities_for(person, action).filter(pk=municipality.pk).exists()


def is_staff(person) -> bool:
    """Whether `person` holds any role in force, and so needs a second factor to use it; a superuser always does."""
    if person is None or not person.is_authenticated or not person.is_active:
        return False
    return person.is_superuser or RoleGrant.objects.in_force().filter(person=person).exists()


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


def actions_of(role: str) -> list[str]:
    """What a role carries, as the table says."""
    return [action for action, roles in policy()["actions"].items() if role in roles]


def may_grant(by, asked: RoleGrant, *, as_long: bool = True) -> bool:
    """Whether `by` may grant roles and holds whatever the role of `asked` carries, over the same and for `as_long`.

    `asked` need not be saved. To withdraw a role one need not hold it as long as its holder.
    """
    if by.is_superuser:
        return True
    held = [
        grant
        for grant in RoleGrant.objects.in_force().filter(person=by)
        if _reaches(grant, asked) and (not as_long or _outlasts(grant, asked))
    ]
    roles = {grant.role for grant in held}
    actions = policy()["actions"]
    return all(roles & set(actions[action]) for action in ["grant_role", *actions_of(asked.role)])


def _reaches(held: RoleGrant, asked: RoleGrant) -> bool:
    if held.scope == RoleGrant.Scope.NATION:
        return True
    if held.scope == RoleGrant.Scope.COURSE:
        return asked.course_key == held.course_key
    if held.scope == RoleGrant.Scope.MUNICIPALITY:
        return asked.municipality_id == held.municipality_id
    within = asked.municipality.department_id if asked.municipality else asked.department_id
    return within == held.department_id


def _outlasts(held: RoleGrant, asked: RoleGrant) -> bool:
    return held.ends_at is None or (asked.ends_at is not None and asked.ends_at <= held.ends_at)


def reaches_all(person, keys: Iterable[tuple[str, object]]) -> bool:
    """Whether every page, picture and document that a back-office address names is one that `person` may see there.

    `keys` are pairs of the name of a key and the key; what they name is asked of Wagtail's policies, which ask the
    roles.
    """
    for name, key in keys:
        if name in {"page_id", "parent_page_id", "page_to_move_id", "destination_id"}:
            seen = policy_registry.get_by_type(Page).explorable_instances(person)
        elif name in {"image_id", "document_id", "doc_id"}:
            model = get_image_model() if name == "image_id" else get_document_model()
            seen = policy_registry.get_by_type(model).instances_user_has_any_permission_for(
                person, ["change", "choose"]
            )
        else:
            continue
        if not seen.filter(pk=key).exists():
            return False
    return True


class Abilities:
    """`allows` for templates, by attribute, each asked at most once in a request; the roles once for all."""

    def __init__(self, person) -> None:
        self._person = person
        self._held = cache(lambda: _roles(person))

    def __getattr__(self, action: str) -> bool:
        if action.startswith("_") or action not in policy()["actions"]:
            raise AttributeError(action)
        self.__dict__[action] = answer = _allows(self._person, action, self._held)
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
