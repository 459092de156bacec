"""The table of policy, asked for every action and every role; granting and withdrawing."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from lms import permissions
from lms.domain import networks, roles
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Membership, Municipality, Role, RoleGrant
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


def test_only_administrators_change_people_and_roles_and_auditors_only_read():
    sensitive = {"manage_people", "merge_people", "answer_requests", "grant_role", "manage_networks", "read_jobs"}
    assert {action: ACTIONS[action] for action in sensitive} == {action: ["administrator"] for action in sensitive}
    of_auditors = {action for action, wanted in ACTIONS.items() if "auditor" in wanted}
    changing = {action for action in of_auditors if not action.startswith(("read_", "export_", "open_"))}
    assert changing == set()
    assert {action: set(ACTIONS[action]) for action in ("read_people", "read_grants", "read_audit")} == {
        action: {"administrator", "auditor"} for action in ("read_people", "read_grants", "read_audit")
    }


def test_what_delegates_may_do_ends_at_their_places():
    """No action that reaches the whole country at once is a delegate's."""
    of_delegates = {
        action for action, wanted in ACTIONS.items() if {"hr_delegate", "department_delegate"} & set(wanted)
    }
    assert of_delegates == {
        "assign_to_staff",
        "read_tracking",
        "read_staff",
        "manage_staff",
        "import_staff",
        "reveal_cui",
        "recover_access",
        "hand_over",
        "ask_certificate_act",
        "check_career",
    }
    assert {action for action in of_delegates if "department_delegate" in ACTIONS[action]} == {
        "read_tracking",
        "read_staff",
    }


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
    by_number = {"person": other, "network": network, "municipality": home}
    assert code_of(networks.join, by=person, **by_number) == "network.not_allowed"
    networks.invite(by=person, **by_number)
    assert networks.ask_to_join(**by_number).confirmed_at
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
