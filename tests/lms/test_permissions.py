"""The table of policy, asked for every action and every role; granting and withdrawing."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from lms import permissions
from lms.domain import networks, roles
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Department, Membership, Municipality, Role, RoleGrant
from tests.factories.people import a_member, a_network, a_person, somebody_with_role

pytestmark = pytest.mark.django_db
ACTIONS = permissions.policy()["actions"]


@pytest.mark.parametrize("role", Role.values)
def test_each_role_may_do_what_the_table_says_and_nothing_else(role):
    person = somebody_with_role(role)
    allowed = {action for action in ACTIONS if permissions.allows(person, action)}
    assert allowed == {action for action, wanted in ACTIONS.items() if role in wanted or "learner" in wanted}


def test_those_without_a_role():
    coordinator = a_member(a_network(), is_coordinator=True)
    superuser, closed = a_person(is_superuser=True), a_person(is_superuser=True, is_active=False)
    former = somebody_with_role("administrator")
    RoleGrant.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    allowed = {
        name: {action for action in ACTIONS if permissions.allows(person, action)}
        for name, person in {
            "anonymous": AnonymousUser(),
            "nobody": None,
            "learner": a_person(),
            "coordinator": coordinator,
            "superuser": superuser,
            "closed": closed,
            "former": former,
        }.items()
    }
    for_all = {action for action, wanted in ACTIONS.items() if "learner" in wanted}
    assert allowed == {
        "anonymous": set(),
        "nobody": set(),
        "learner": for_all,
        "coordinator": for_all | {action for action, wanted in ACTIONS.items() if "coordinator" in wanted},
        "superuser": set(ACTIONS),
        "closed": set(),
        "former": for_all,
    }


def test_only_administrators_manage_people_and_roles():
    sensitive = {"manage_people", "grant_role", "read_audit", "read_jobs", "manage_networks"}
    assert {action: ACTIONS[action] for action in sensitive} == {action: ["administrator"] for action in sensitive}


def test_a_scope_reaches_as_far_as_it_says():
    quiche = set(Municipality.objects.filter(department__code="14"))
    of_department = somebody_with_role("department_delegate", department="14")
    of_municipality = somebody_with_role("hr_delegate", municipality="1413")
    assert set(permissions.municipalities_for(of_department, "read_tracking")) == quiche
    assert [place.code for place in permissions.municipalities_for(of_municipality, "read_tracking")] == ["1413"]
    assert permissions.municipalities_for(somebody_with_role("auditor"), "read_tracking").count() == 340
    assert not permissions.municipalities_for(of_municipality, "manage_people").exists()


def code_of(verb, **arguments) -> str:
    with pytest.raises(RuleBroken) as caught:
        verb(**arguments)
    return caught.value.code


def test_a_role_is_granted_once_recorded_and_withdrawn():
    administrator, person = somebody_with_role("administrator"), a_person()
    grant = roles.grant(person=person, role="trainer", by=administrator)
    assert roles.grant(person=person, role="trainer", by=administrator) == grant
    assert list(person.groups.values_list("name", flat=True)) == ["Facilitadores"]
    roles.withdraw(grant=grant, by=administrator)
    assert not person.groups.exists()
    assert not permissions.allows(person, "edit_course")
    assert code_of(roles.withdraw, grant=grant, by=administrator) == "role.not_in_force"
    assert list(AuditEvent.objects.values_list("action", flat=True)) == ["role.granted", "role.withdrawn"]


@pytest.mark.parametrize("role", [role for role in Role.values if role != "administrator"])
def test_nobody_else_grants(role):
    granter, person = somebody_with_role(role), a_person()
    assert code_of(roles.grant, person=person, role=role, by=granter) == "role.not_allowed"
    assert code_of(roles.grant, person=granter, role="administrator", by=granter) == "role.not_allowed"
    grant = RoleGrant.objects.create(person=person, role="trainer")
    assert code_of(roles.withdraw, grant=grant, by=granter) == "role.not_allowed"


def test_an_administrator_may_grant_every_role():
    administrator = somebody_with_role("administrator")
    for role in Role.values:
        roles.grant(person=a_person(), role=role, by=administrator)


def test_nobody_grants_beyond_their_own_places():
    granter, person = somebody_with_role("administrator", department="14"), a_person()
    inside, outside = Municipality.objects.get(code="1413"), Municipality.objects.get(code="0101")
    arguments = {"person": person, "role": "hr_delegate", "by": granter}
    roles.grant(scope="municipality", municipality=inside, **arguments)
    roles.grant(scope="department", department=inside.department, **arguments)
    beyond = [
        code_of(roles.grant, scope="municipality", municipality=outside, **arguments),
        code_of(roles.grant, scope="department", department=outside.department, **arguments),
        code_of(roles.grant, **arguments),
    ]
    assert set(beyond) == {"role.beyond_granter"}
    assert person.role_grants.count() == 2


def test_a_scope_must_be_named():
    arguments = {"person": a_person(), "role": "trainer", "by": None}
    department = Department.objects.first()
    assert code_of(roles.grant, scope="department", **arguments) == "role.scope_unnamed"
    assert code_of(roles.grant, scope="municipality", department=department, **arguments) == "role.scope_unnamed"
    assert code_of(roles.grant, scope="nation", department=department, **arguments) == "role.scope_unnamed"
    assert code_of(roles.grant, scope="moon", **arguments) == "role.scope_unnamed"
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleGrant.objects.create(person=arguments["person"], role="trainer", scope="department")


def test_who_founds_a_network_and_who_joins_it():
    administrator, person = somebody_with_role("administrator"), a_person()
    places = Municipality.objects.filter(code__in=["1413", "1401"])
    assert code_of(networks.found, name="Red", municipalities=places, by=person) == "network.not_allowed"
    network = networks.found(name=" Red  de prueba ", municipalities=places, by=administrator)
    assert network.name == "Red de prueba"
    assert code_of(networks.found, name="Red de prueba", municipalities=[], by=None) == "network.name_taken"
    home, far = places[0], Municipality.objects.get(code="0101")
    join = {"person": person, "network": network}
    assert code_of(networks.join, municipality=home, by=person, **join) == "network.not_allowed"
    assert code_of(networks.join, municipality=far, by=administrator, **join) == "network.municipality_outside"
    membership = networks.join(municipality=home, by=administrator, is_coordinator=True, **join)
    assert code_of(networks.join, municipality=home, by=administrator, **join) == "network.already_member"
    other = a_person()
    networks.join(person=other, network=network, municipality=home, by=person)
    arguments = {"network": network, "municipality": home, "is_coordinator": True, "by": person}
    assert code_of(networks.join, person=a_person(), **arguments) == "network.not_allowed"
    assert code_of(networks.leave, membership=membership, by=other) == "network.not_allowed"
    networks.leave(membership=membership, by=person)
    assert code_of(networks.leave, membership=membership, by=person) == "network.not_member"
    assert list(Membership.objects.current().values_list("person", flat=True)) == [other.pk]
    assert networks.join(municipality=home, by=administrator, **join) != membership


def test_a_coordinator_of_one_network_has_no_say_in_another():
    mine, foreign = a_network("Mía"), a_network("Ajena")
    coordinator = a_member(mine, is_coordinator=True)
    member = a_member(foreign)
    assert code_of(networks.leave, membership=member.memberships.get(), by=coordinator) == "network.not_allowed"


@pytest.mark.parametrize("role", ["administrator", "certifier", "auditor"])
def test_roles_that_open_pages_of_the_whole_country_are_granted_for_it_alone(role):
    place = Municipality.objects.get(code="1413")
    arguments = {"person": a_person(), "role": role, "by": None}
    assert code_of(roles.grant, scope="municipality", municipality=place, **arguments) == "role.nation_only"
    assert code_of(roles.grant, scope="department", department=place.department, **arguments) == "role.nation_only"
    assert not RoleGrant.objects.exists()
