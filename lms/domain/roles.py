"""Granting and withdrawing roles, and keeping Wagtail's groups in step with them."""

from functools import cache
from pathlib import Path

import yaml
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.models import Collection, GroupCollectionPermission, GroupPagePermission, Page

from lms import permissions
from lms.models import Department, Municipality, Person, Role, RoleGrant

from . import audit
from .errors import RuleBroken

# What they open is not cut by place, so neither is the grant.
NATION_ONLY = frozenset({Role.ADMINISTRATOR, Role.CERTIFIER, Role.AUDITOR})


@cache
def groups_table() -> dict[str, dict]:
    """`lms/groups.yaml` as written."""
    return yaml.safe_load((Path(__file__).parents[1] / "groups.yaml").read_text(encoding="utf-8"))


def grant(
    *,
    person: Person,
    role: str,
    scope: str = RoleGrant.Scope.NATION,
    by: Person | None,
    department: Department | None = None,
    municipality: Municipality | None = None,
) -> RoleGrant:
    """Give `person` a role over a scope; the same grant in force is returned instead of a second one.

    `by` None is the installation itself (a command), never a request. Raises `role.not_allowed`, `role.beyond_granter`,
    `role.scope_unnamed` and `role.nation_only`.
    """
    _assert_scope_is_named(scope, department, municipality)
    if role in NATION_ONLY and scope != RoleGrant.Scope.NATION:
        raise RuleBroken("role.nation_only", _("Este rol solo se otorga para todo el país."))
    _assert_may_grant(by, role, permissions.places_of(scope, department, municipality))
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=person.pk)
        wanted = {"role": role, "scope": scope, "department": department, "municipality": municipality}
        existing = RoleGrant.objects.in_force().filter(person=person, **wanted).first()
        if existing:
            return existing
        given = RoleGrant.objects.create(person=person, granted_by=by, **wanted)
        audit.record("role.granted", by=by, subject=f"lms.person:{person.public_id}", facts=_facts(given))
        sync_groups(person)
    return given


def withdraw(*, grant: RoleGrant, by: Person | None) -> None:
    """End a grant now. Raises `role.not_allowed`, `role.beyond_granter` and `role.not_in_force`."""
    _assert_may_grant(by, grant.role, permissions.places_of(grant.scope, grant.department, grant.municipality))
    with transaction.atomic():
        locked = RoleGrant.objects.in_force().select_for_update().filter(pk=grant.pk).first()
        if locked is None:
            raise RuleBroken("role.not_in_force", _("Este rol ya no está vigente."))
        locked.ends_at = timezone.now()
        locked.save(update_fields=["ends_at"])
        subject = f"lms.person:{locked.person.public_id}"
        audit.record("role.withdrawn", by=by, subject=subject, facts=_facts(locked))
        sync_groups(locked.person)


def sync_groups(person: Person) -> bool:
    """Put `person` in the groups of the roles in force and in no other of ours; True when something changed."""
    held = set(RoleGrant.objects.in_force().filter(person=person).values_list("role", flat=True))
    table = groups_table()
    wanted = {name for name, row in table.items() if held & set(row["roles"])} if person.is_active else set()
    present = set(person.groups.filter(name__in=table).values_list("name", flat=True))
    if wanted == present:
        return False
    person.groups.remove(*Group.objects.filter(name__in=present - wanted))
    person.groups.add(*Group.objects.filter(name__in=wanted - present))
    return True


def ensure_groups() -> list[str]:
    """Make the groups and give each exactly what the table says; returns the permissions that do not exist."""
    missing: list[str] = []
    for name, row in groups_table().items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.set(_permissions(row["permissions"], missing))
        _set_rows(
            GroupPagePermission,
            group,
            page=Page.get_first_root_node(),
            wanted=_permissions([f"wagtailcore.{codename}" for codename in row["pages"]], missing),
        )
        _set_rows(
            GroupCollectionPermission,
            group,
            collection=Collection.get_first_root_node(),
            wanted=_permissions(row["collections"], missing),
        )
    return sorted(set(missing))


def _permissions(names: list[str], missing: list[str]) -> list[Permission]:
    found = []
    for name in names:
        app_label, codename = name.split(".")
        permission = Permission.objects.filter(content_type__app_label=app_label, codename=codename).first()
        found.append(permission) if permission else missing.append(name)
    return found


def _set_rows(model, group: Group, *, wanted: list[Permission], **where: object) -> None:
    model.objects.filter(group=group).exclude(permission__in=wanted, **where).delete()
    for permission in wanted:
        model.objects.get_or_create(group=group, permission=permission, **where)


def _assert_scope_is_named(scope: str, department: Department | None, municipality: Municipality | None) -> None:
    named = (department is not None, municipality is not None)
    wanted: dict[str, tuple[bool, bool]] = {
        RoleGrant.Scope.NATION: (False, False),
        RoleGrant.Scope.DEPARTMENT: (True, False),
        RoleGrant.Scope.MUNICIPALITY: (False, True),
    }
    if wanted.get(scope) != named:
        raise RuleBroken("role.scope_unnamed", _("Indique el departamento o la municipalidad que abarca el rol."))


def _assert_may_grant(by: Person | None, role: str, places) -> None:
    """A granter must be allowed to grant, and must hold whatever the role carries, over the same places."""
    if by is None or by.is_superuser:
        return
    if not permissions.allows(by, "grant_role"):
        raise RuleBroken("role.not_allowed", _("Usted no puede otorgar ni retirar roles."))
    if not permissions.may_grant(by, role, places):
        raise RuleBroken("role.beyond_granter", _("No puede otorgar ni retirar un rol mayor que el suyo."))


def _facts(given: RoleGrant) -> dict:
    facts = {"role": given.role, "scope": given.scope}
    if given.department:
        facts["department"] = given.department.code
    if given.municipality:
        facts["municipality"] = given.municipality.code
    return facts
