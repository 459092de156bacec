"""The table itself: a row for every address, an address for every row, and a net that tears when a guard is gone."""

from dataclasses import replace
from pathlib import Path

import pytest

from lms import permissions
from lms.domain import networks, roles
from lms.models import Appointment, Membership, Person, RoleGrant
from lms.permissions import policy, rule_key, rule_of
from lms.views import account

from .addresses import ALL, Address, groups, part_of
from .cells import ALLOWED, FORBIDDEN, SIGN_IN, Cell, Outcome, ask, cells_of, differences, expected, judge, thrown_away
from .things import MAKERS, OWN
from .world import QUIET, Walker

pytestmark = QUIET
TABLE = policy()["urls"]
RULED = [address for address in ALL if address.rule]
WITH_A_ROLE = [
    "coordinator",
    "trainer",
    "trainer of a course",
    "HR delegate",
    "departmental delegate",
    "certifier",
    "administrator",
    "auditor",
    "superuser",
]


def named(view_name: str) -> Address:
    return next(address for address in ALL if address.name == view_name)


def test_every_address_has_a_row_and_every_row_an_address():
    """By the name of the view that really answers there, and by the name of what Wagtail keeps behind it."""
    names = {address.view_name for address in ALL} | {address.name for address in ALL if address.name}
    assert {name for name in names if rule_key(name) is None} == set()
    assert set(TABLE) - {rule_key(name) for name in names} == set()


def test_every_access_and_every_kind_of_thing_is_known():
    known = {"public", "signed_in", "owner", "token", "closed", "superuser", "nobody", *policy()["actions"]}
    rules = [rule_of(key) for key in TABLE]
    assert {access for rule in rules for access in (*rule.get, *rule.post)} - known == set()
    assert {rule.of for rule in rules} - {""} == set(policy()["objects"])
    assert set(policy()["objects"].values()) <= {"person", "municipality", "network", "all", *policy()["actions"]}
    assert {*MAKERS, *OWN} == set(policy()["objects"])


def test_every_address_is_walked_and_there_are_thousands_of_cells(world):
    parts = {part_of(address) for address in ALL}
    assert {path.stem for path in Path(__file__).parent.glob("test_*.py")} >= {f"test_{part}" for part in parts}
    assert all(groups(part) for part in parts)
    cells = [cell for address in RULED for cell in cells_of(address, address.rule, world)]
    assert len(cells) > 8000
    assert {cell.walker.role for cell in cells} >= set(policy()["roles"])


def withdraw(walker: Walker) -> None:
    """Take the role away, as whoever gave it would."""
    for grant in RoleGrant.objects.in_force().filter(person=walker.person):
        roles.withdraw(grant=grant, by=None)
    for membership in Membership.objects.current().filter(person=walker.person, is_coordinator=True):
        networks.leave(membership=membership, by=None)
    Person.objects.filter(pk=walker.person.pk).update(is_superuser=False)


def only_with_the_role(walker: Walker) -> list[Cell]:
    """A dozen of the doors that are open to the walker and would not be to somebody without the role."""
    found = []
    for address in RULED:
        side = {"kind": address.rule.of, "side": "home"} if address.rule.of and address.names else {}
        cell = Cell(walker, "GET", address, **side)
        bare = replace(cell, walker=replace(walker, role="", scope=""))
        if ALLOWED in expected(cell, address.rule) and ALLOWED not in expected(bare, address.rule):
            found.append(cell)
    return found[:: max(1, len(found) // 12)]


@pytest.mark.parametrize("name", WITH_A_ROLE)
def test_a_role_withdrawn_in_mid_session_is_gone_with_the_next_request(world, name):
    walker = world.walkers[name]
    doors = [cell for cell in only_with_the_role(walker) if ask(world, cell).verdict == ALLOWED]
    assert doors
    with thrown_away():
        withdraw(walker)
        bare = [(replace(cell, walker=replace(walker, role="", scope="")), ask(world, cell)) for cell in doors]
    assert [line for cell, outcome in bare for line in judge(cell, cell.address.rule, outcome, {"GET": set()})] == []


@pytest.mark.parametrize("name", ["learner", *WITH_A_ROLE])
def test_an_account_closed_in_mid_session_is_out_with_the_next_request(world, name):
    walker = world.walkers[name]
    cell = Cell(walker, "GET", named("lms:account"))
    assert ask(world, cell).verdict == ALLOWED
    with thrown_away():
        Person.objects.filter(pk=walker.person.pk).update(is_active=False)
        assert ask(world, cell).verdict == SIGN_IN


# The net tears where a guard is taken out ---------------------------------------------------------------------------


def test_it_tears_when_the_one_function_allows_everything(world, monkeypatch):
    watched = [named("certificates:tracking"), named("lms_people:index"), named("wagtailimages:index")]
    assert differences(world, watched) == []
    monkeypatch.setattr(permissions, "allows", lambda person, action: person.is_authenticated)
    torn = differences(world, watched)
    for address in watched:
        assert any(line.startswith(f"learner · GET {address.name} ") for line in torn), torn


def test_it_tears_when_a_view_no_longer_asks_whose_a_thing_is(world, monkeypatch):
    watched = [named("lms:appointment_end")]
    assert differences(world, watched) == []
    anybodys = Appointment.objects.select_related("post", "municipality__department", "person")
    monkeypatch.setattr(account, "appointment_or_404", lambda request, public_id: anybodys.get(public_id=public_id))
    torn = differences(world, watched)
    assert any(
        line.startswith("learner · GET") and "appointment abroad: allowed, expected 404" in line for line in torn
    )


def test_it_tears_when_a_scope_is_no_longer_asked(world, monkeypatch):
    watched = [named("courses:network")]
    assert differences(world, watched) == []
    monkeypatch.setattr(permissions, "nationwide", permissions.allows)
    assert [line for line in differences(world, watched) if line.startswith("coordinator · GET")]


def test_it_tears_when_an_address_has_no_row_or_a_row_no_thing(world, monkeypatch):
    monkeypatch.setitem(TABLE, "lms:appointment_end", "signed_in")
    assert "no kind of object with {'public_id'}" in differences(world, [named("lms:appointment_end")])[0]
    monkeypatch.delitem(TABLE, "lms:appointment_end")
    rule_key.cache_clear()
    assert "no row in policy.yaml" in differences(world, [named("lms:appointment_end")])[0]
    rule_key.cache_clear()


def test_it_tears_when_a_refusal_has_written_something(world):
    cell = Cell(world.walkers["learner"], "POST", named("lms_people:add"))
    outcome = Outcome(FORBIDDEN, 403, ("INSERT INTO lms_person",))
    assert "refused, but wrote INSERT" in judge(cell, cell.address.rule, outcome, {"POST": set()})[0]
    assert judge(cell, cell.address.rule, Outcome(FORBIDDEN), {"POST": set()}) == []
    with thrown_away() as writes:
        Person.objects.filter(pk=cell.walker.person.pk).update(given_names="Otra")
        assert len(writes.seen) == 1
    assert Person.objects.get(pk=cell.walker.person.pk).given_names != "Otra"
