"""People for tests, made as rows; the verbs that make them in life have tests of their own."""

import itertools

from django.utils import timezone

from lms.domain import identity
from lms.models import Appointment, Membership, Municipality, Network, Person, Post, RoleGrant

_serial = itertools.count(1)
PASSWORD = "maíz-y-frijol-2026"


def a_cui(*, place: str = "1401") -> str:
    """A well-formed CUI that nobody has: the check digit holds."""
    while True:
        serial = f"{next(_serial):08d}"
        check = sum(int(d) * w for d, w in zip(serial, range(2, 10), strict=True)) % 11
        if check < 10:
            return f"{serial}{check}{place}"


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


def an_employee(municipality: str = "1413", post: str = "RECEP", **fields) -> Person:
    """Somebody with an appointment since January (1413 is Nebaj; RECEP a cashier)."""
    person = a_person(**fields)
    Appointment.objects.create(
        person=person,
        municipality=Municipality.objects.get(code=municipality),
        post=Post.objects.get(code=post),
        starts_on=timezone.localdate().replace(month=1, day=1),
    )
    return person


def somebody_with_role(role: str, *, municipality: str = "", department: str = "", **fields) -> Person:
    """Somebody who holds `role` over a municipality, a department, or (neither given) the nation."""
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
