"""The demo's people: accounts for every role, and a few dozen others over many municipalities."""

from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import yaml
from django.db import transaction
from django.utils import timezone

from lms.backends import find_person
from lms.domain import guardians, networks, people, roles
from lms.models import Department, GuardianConsent, Language, Municipality, Network, Person, Post, RoleGrant

DATA = Path(__file__).parent / "data"
YEAR = 365.25


@cache
def people_data() -> dict:
    """`people.yaml` as written."""
    return yaml.safe_load((DATA / "people.yaml").read_text(encoding="utf-8"))


def wanted_people(*, is_small: bool = False) -> list[dict]:
    """The accounts, then the others; with `is_small` only those that the tests need."""
    data = people_data()
    others = [spec for spec in data["people"] if not is_small or spec["surnames"] in data["small"]]
    return data["accounts"] + others


def identifier(spec: dict) -> str:
    """What a person signs in with: the CUI or the e-mail, made of the name where none is written."""
    name = f"{spec['given'].split()[0]}.{spec['surnames'].split()[0]}".lower()
    plain = name.translate(str.maketrans("áéíóúüñẍ", "aeiouunx", "ʼ"))
    return spec.get("cui") or spec.get("email") or f"{plain}@demo.aula"


def find(spec: dict) -> Person | None:
    """The person of a row, if they were loaded."""
    return find_person(identifier(spec))


def find_by_key(key: str) -> Person | None:
    """The person another row calls `key`."""
    spec = next(spec for spec in wanted_people() if spec.get("key") == key)
    return find(spec)


def ensure_person(spec: dict, *, by: Person | None) -> Person:
    """The person of a row, registered with post and role unless they are there. `by` gives the role."""
    if person := find(spec):
        return person
    joined_at = timezone.now() - timedelta(days=20 + max((row["days"] for row in _courses(spec)), default=200))
    with transaction.atomic():
        person = people.register(
            given_names=spec["given"],
            surnames=spec["surnames"],
            password=people_data()["password"] if spec.get("what") else "",
            cui=spec.get("cui", ""),
            email="" if spec.get("cui") else identifier(spec),
            born_on=_born_on(spec.get("age")),
            language=None if _is_minor(spec) else Language.objects.get(key=spec.get("language", "es")),
            at=joined_at,
        )
        Person.objects.filter(pk=person.pk).update(is_demo=True)
        person.is_demo = True
        _appoint(person, spec, joined_at)
        if spec.get("role"):
            _grant(person, spec, by)
    return person


def _courses(spec: dict) -> list[dict]:
    return list(spec.get("courses", {}).values())


def _born_on(age: int | None) -> date | None:
    return timezone.localdate() - timedelta(days=round((age + 0.4) * YEAR)) if age else None


def _is_minor(spec: dict) -> bool:
    return people.is_minor(_born_on(spec.get("age")))


def _appoint(person: Person, spec: dict, joined_at: datetime) -> None:
    """The post of a row; whoever is only in the network has the network's, and a minor none.

    A few said it of themselves, and their town hall has not confirmed it or knew nothing of it; one has left.
    """
    municipality = spec.get("municipality") or spec.get("network")
    if municipality and not _is_minor(spec):
        held = people.appoint(
            person=person,
            post=Post.objects.get(code=spec.get("post", "REDJOV")),
            municipality=Municipality.objects.get(code=municipality),
            renglon=spec.get("renglon", ""),
            starts_on=timezone.localdate(joined_at) - timedelta(days=300),
            by=person if spec.get("is_declared") else None,
        )
        if reason := spec.get("refused"):
            people.refuse_appointment(appointment=held, reason=reason, by=None)
        if end := spec.get("ended"):
            last = timezone.localdate() - timedelta(days=end["days"])
            people.end_appointment(
                appointment=held, ends_on=last, end_reason=end["reason"], end_act=end["act"], by=None
            )


def _grant(person: Person, spec: dict, by: Person | None) -> None:
    department, municipality = spec.get("department"), spec.get("role_municipality")
    roles.grant(
        person=person,
        role=spec["role"],
        scope=RoleGrant.Scope.DEPARTMENT
        if department
        else RoleGrant.Scope.MUNICIPALITY
        if municipality
        else RoleGrant.Scope.NATION,
        department=Department.objects.get(code=department) if department else None,
        municipality=Municipality.objects.get(code=municipality) if municipality else None,
        by=by,
    )


def ensure_network(*, by: Person | None) -> Network:
    """The youth network, founded unless it is there."""
    spec = people_data()["network"]
    if network := Network.objects.filter(name=spec["name"]).first():
        return network
    places = Municipality.objects.filter(code__in=spec["municipalities"])
    return networks.found(name=spec["name"], purpose=spec["purpose"], municipalities=places, by=by)


def ensure_consent(person: Person, spec: dict, *, by: Person | None) -> None:
    """Who lets a minor of the demo take part, unless it was written; where a row says so the paper is there."""
    guardian = spec.get("guardian")
    if guardian and not GuardianConsent.objects.filter(person=person).exists():
        guardians.declare(person=person, guardian_name=guardian["name"], relation=guardian["relation"], by=person)
        if guardian.get("has_signed"):
            guardians.confirm(person=person, by=by)


def ensure_request(person: Person, spec: dict, network: Network) -> None:
    """The person's request to join the network, unless they asked or belong to it."""
    if spec.get("asks") and not person.memberships.filter(network=network).exists():
        municipality = Municipality.objects.get(code=spec["asks"])
        networks.ask_to_join(person=person, network=network, municipality=municipality)


def ensure_membership(person: Person, spec: dict, network: Network, *, by: Person | None) -> None:
    """The person's place in the network, unless they have or had one."""
    if spec.get("network") and not person.memberships.filter(network=network).exists():
        networks.join(
            person=person,
            network=network,
            municipality=Municipality.objects.get(code=spec["network"]),
            is_coordinator=spec.get("is_coordinator", False),
            by=by,
        )
