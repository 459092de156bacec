"""People for tests, made as rows; the verbs that make them in life have tests of their own."""

import itertools
from datetime import date, timedelta

from django.utils import timezone

from lms.domain import identity
from lms.models import Appointment, GuardianConsent, Membership, Municipality, Network, Person, Post, RoleGrant
from tests.canaries import hand_out

_serial = itertools.count(1)
PASSWORD = "maíz-y-frijol-2026"


def a_cui(*, place: str = "1401") -> str:
    """A well-formed CUI that nobody has, the check digit holds: a canary, for which the whole suite is watched."""
    return hand_out(place)


def a_person(*, cui: str = "", password: str = "", **fields) -> Person:
    """Somebody without appointment or role."""
    number = next(_serial)
    fields.setdefault("given_names", "Persona")
    fields.setdefault("surnames", f"De Prueba {number}")
    person = Person(**fields)
    if cui:
        person.cui_digest = identity.cui_digest(cui)
        person.cui_encrypted = identity.encrypt_cui(cui)
    if password:
        person.set_password(password)
    else:
        person.set_unusable_password()
    person.save()
    return person


def an_employee(municipality: str = "1413", post: str = "RECEP", *, is_confirmed: bool = True, **fields) -> Person:
    """Somebody with an appointment since January (1413 is Nebaj; RECEP a cashier), which HR has confirmed."""
    person = a_person(**fields)
    Appointment.objects.create(
        person=person,
        municipality=Municipality.objects.get(code=municipality),
        post=Post.objects.get(code=post),
        starts_on=timezone.localdate().replace(month=1, day=1),
        is_declared=not is_confirmed,
        confirmed_at=timezone.now() if is_confirmed else None,
    )
    return person


def somebody_with_role(role: str, *, municipality: str = "", department: str = "", **fields) -> Person:
    """Somebody who holds `role` over a municipality, a department, or (neither) the nation; no policy is asked."""
    person = a_person(**fields)
    scope = "municipality" if municipality else "department" if department else "nation"
    RoleGrant.objects.create(
        person=person,
        role=role,
        scope=scope,
        municipality=Municipality.objects.get(code=municipality) if municipality else None,
        department_id=Municipality.objects.filter(department__code=department).first().department_id
        if department
        else None,
    )
    return person


def a_network(name: str = "Red de prueba", municipalities: tuple[str, ...] = ("1413", "1401")) -> Network:
    """A network over some municipalities."""
    network = Network.objects.create(name=name)
    network.municipalities.set(Municipality.objects.filter(code__in=municipalities))
    return network


def a_member(network: Network, *, municipality: str = "1413", is_coordinator: bool = False, **fields) -> Person:
    """A member of a network."""
    person = a_person(**fields)
    Membership.objects.create(
        person=person,
        network=network,
        municipality=Municipality.objects.get(code=municipality),
        is_coordinator=is_coordinator,
    )
    return person


def born(years: int, *, days: int = 0) -> date:
    """The birth date of somebody who is so many years and days old today."""
    today = timezone.localdate()
    day = min(today.day, 28)
    return today.replace(year=today.year - years, day=day) - timedelta(days=days)


def a_consent(person: Person, *, is_confirmed: bool = True, **fields) -> GuardianConsent:
    """The consent of a minor's mother; with the paper in somebody's hands unless told otherwise."""
    fields.setdefault("guardian_name", "Encargada De Prueba")
    fields.setdefault("relation", GuardianConsent.Relation.MOTHER)
    confirmed_at = timezone.now() if is_confirmed else None
    return GuardianConsent.objects.create(person=person, confirmed_at=confirmed_at, **fields)
