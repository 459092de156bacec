"""Granting and withdrawing roles, and keeping Wagtail's groups in step with them."""

from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path

import yaml
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.models import Collection, GroupCollectionPermission, GroupPagePermission, Page

from lms import permissions
from lms.models import Department, Municipality, Person, RoleGrant

from . import audit
from .errors import RuleBroken


@cache
def groups_table() -> dict[str, dict]:
    """`lms/groups.yaml` as written."""
    return yaml.safe_load((Path(__file__).parents[1] / "groups.yaml").read_text(encoding="utf-8"))


def course_pages() -> QuerySet:
    """Every course that a role may be given over, by title. The kernel knows the page model by its name alone."""
    return apps.get_model(settings.COURSE_PAGE_MODEL)._default_manager.order_by("title")


def grant(
    *,
    person: Person,
    role: str,
    scope: str = RoleGrant.Scope.NATION,
    by: Person | None,
    department: Department | None = None,
    municipality: Municipality | None = None,
    course: Page | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> RoleGrant:
    """Give `person` a role over a scope; a grant that covers what is asked is returned instead of a second one.

    It holds from now, or from the first moment of `starts_on` in Guatemala if that day is yet to come, until the last
    moment of `ends_on`. `by` None is the installation itself (a command), never a request. Raises, in this order,
    `role.not_allowed`, `role.scope_unnamed`, `role.to_oneself`, `role.beyond_granter`, `role.scope_not_allowed`,
    `role.backdated`, `role.ends_before_it_starts` and `role.account_closed`.
    """
    _assert_may_grant_at_all(by)
    asked = RoleGrant(
        person=person,
        role=role,
        scope=scope,
        department=department,
        municipality=municipality,
        course_key=course.translation_key if course else None,
        course_title=course.title if course else "",
        granted_by=by,
        starts_at=_first_moment(starts_on),
        ends_at=_first_moment(ends_on + timedelta(days=1)) if ends_on else None,
    )
    _assert_scope_is_named(asked)
    if by is not None and by == person:
        raise RuleBroken("role.to_oneself", _("Nadie se otorga un rol. Pídalo a otra persona de la administración."))
    _assert_within(by, asked)
    if scope not in permissions.scopes_of(role):
        raise RuleBroken("role.scope_not_allowed", _("Este rol no se otorga con ese alcance."))
    _assert_days(starts_on, ends_on)
    with transaction.atomic():
        if not Person.objects.select_for_update().get(pk=person.pk).is_active:
            raise RuleBroken("role.account_closed", _("La cuenta de esta persona está cerrada. Reábrala primero."))
        if existing := _covering(asked):
            return existing
        asked.save()
        audit.record("role.granted", by=by, subject=f"lms.person:{person.public_id}", facts=_facts(asked))
        sync_groups(person)
    return asked


def withdraw(*, grant: RoleGrant, by: Person | None) -> None:
    """End a grant now, or keep it from beginning.

    Raises `role.not_allowed`, `role.beyond_granter` and `role.not_in_force`.
    """
    _assert_may_grant_at_all(by)
    _assert_within(by, grant, as_long=False)
    with transaction.atomic():
        locked = RoleGrant.objects.not_over().select_for_update(of=("self",)).filter(pk=grant.pk).first()
        if locked is None:
            raise RuleBroken("role.not_in_force", _("Este rol ya no está vigente."))
        locked.ends_at, locked.withdrawn_by = timezone.now(), by
        locked.save(update_fields=["ends_at", "withdrawn_by"])
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
        GroupPagePermission.objects.filter(group=group).delete()
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


def _first_moment(day: date | None) -> datetime:
    """The first moment of a day to come, in Guatemala; now for today, a day gone by, or none."""
    if day is None or day <= timezone.localdate():
        return timezone.now()
    return timezone.make_aware(datetime.combine(day, time.min))


def _covering(asked: RoleGrant) -> RoleGrant | None:
    same = {name: getattr(asked, name) for name in ("role", "scope", "department", "municipality", "course_key")}
    begun = RoleGrant.objects.not_over().filter(person=asked.person, starts_at__lte=asked.starts_at, **same)
    as_long = Q(ends_at=None) if asked.ends_at is None else Q(ends_at=None) | Q(ends_at__gte=asked.ends_at)
    return begun.filter(as_long).first()


def _assert_scope_is_named(asked: RoleGrant) -> None:
    named: dict[str, bool] = {
        RoleGrant.Scope.DEPARTMENT: asked.department is not None,
        RoleGrant.Scope.MUNICIPALITY: asked.municipality is not None,
        RoleGrant.Scope.COURSE: asked.course_key is not None,
    }
    wanted = {scope: scope == asked.scope for scope in named}
    if asked.scope not in RoleGrant.Scope.values or named != wanted:
        raise RuleBroken("role.scope_unnamed", _("Indique lo que abarca el rol, y nada más."))


def _assert_days(starts_on: date | None, ends_on: date | None) -> None:
    today = timezone.localdate()
    if starts_on and starts_on < today:
        raise RuleBroken("role.backdated", _("Un rol se otorga desde hoy o desde un día que viene."))
    if ends_on and ends_on < (starts_on or today):
        raise RuleBroken("role.ends_before_it_starts", _("El último día es anterior al primero."))


def _assert_may_grant_at_all(by: Person | None) -> None:
    if by is not None and not permissions.allows(by, "grant_role"):
        raise RuleBroken("role.not_allowed", _("Usted no puede otorgar ni retirar roles."))


def _assert_within(by: Person | None, asked: RoleGrant, *, as_long: bool = True) -> None:
    """A granter must hold whatever the role carries, over the same places, and as long."""
    if by is not None and not permissions.may_grant(by, asked, as_long=as_long):
        message = _("No puede otorgar ni retirar un rol mayor que el suyo, ni otorgarlo por más tiempo.")
        raise RuleBroken("role.beyond_granter", message)


def _facts(given: RoleGrant) -> dict:
    facts = {"role": given.role, "scope": given.scope, "starts_at": given.starts_at.isoformat()}
    if given.department:
        facts["department"] = given.department.code
    if given.municipality:
        facts["municipality"] = given.municipality.code
    if given.course_key:
        facts |= {"course": str(given.course_key), "course_title": given.course_title}
    if given.ends_at:
        facts["ends_at"] = given.ends_at.isoformat()
    return facts
