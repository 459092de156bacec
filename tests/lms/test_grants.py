"""Granting roles: who may give what to whom, over what, from when until when. The cases come from the table itself."""

import itertools
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from lms import permissions
from lms.domain import people, roles
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Department, Municipality, Role, RoleGrant
from tests.factories.courses import a_course
from tests.factories.people import a_person, somebody_with_role

pytestmark = pytest.mark.django_db
TABLE = permissions.policy()["roles"]
SCOPES = RoleGrant.Scope.values
GUATEMALA = ZoneInfo("America/Guatemala")
HOME, FOREIGN = "1413", "0101"


def code_of(verb, **arguments) -> str:
    """The rule that a verb found broken; nothing if it did what was asked."""
    try:
        with transaction.atomic():
            verb(**arguments)
    except RuleBroken as broken:
        return broken.code
    return ""


@pytest.fixture
def courses() -> dict:
    return {HOME: a_course(title="Curso propio"), FOREIGN: a_course(title="Curso ajeno")}


def place(scope: str, code: str, courses: dict) -> dict:
    """What names a scope, at home or elsewhere."""
    municipality = Municipality.objects.select_related("department").get(code=code)
    return {
        "nation": {},
        "department": {"department": municipality.department},
        "municipality": {"municipality": municipality},
        "course": {"course": courses[code]},
    }[scope]


def a_granter(role: str, scope: str, courses: dict):
    """Somebody with a role over their home; rows alone, so that no rule stands in the way."""
    person = a_person()
    named = place(scope, HOME, courses)
    course = named.pop("course", None)
    key = {"course_key": course.translation_key, "course_title": course.title} if course else {}
    RoleGrant.objects.create(person=person, role=role, scope=scope, **named, **key)
    return person


def carries_all(granter_role: str, role: str) -> bool:
    """Whether the first role may do whatever the second may, granting besides."""
    actions = permissions.policy()["actions"]
    needed = {action for action, holders in actions.items() if role in holders} | {"grant_role"}
    return needed <= {action for action, holders in actions.items() if granter_role in holders}


def lies_within(granter_scope: str, scope: str, code: str) -> bool:
    """Whether a scope at `code` lies in the granter's, at home."""
    if granter_scope == "nation":
        return True
    inside = {"department": {"department", "municipality"}, "municipality": {"municipality"}, "course": {"course"}}
    return code == HOME and scope in inside[granter_scope]


def expected(granter_role: str, granter_scope: str, role: str, scope: str, code: str) -> str:
    """What `policy.yaml` says of one cell."""
    if "grant_role" not in permissions.actions_of(granter_role):
        return "role.not_allowed"
    if not carries_all(granter_role, role) or not lies_within(granter_scope, scope, code):
        return "role.beyond_granter"
    return "" if scope in TABLE[role]["scopes"] else "role.scope_not_allowed"


@pytest.mark.parametrize("granter_scope", SCOPES)
@pytest.mark.parametrize("granter_role", Role.values)
def test_every_role_tries_to_grant_every_role_over_every_scope_at_home_and_elsewhere(
    courses, granter_role, granter_scope
):
    granter, person = a_granter(granter_role, granter_scope, courses), a_person()
    cells = list(itertools.product(Role.values, SCOPES, (HOME, FOREIGN)))
    found = {
        (role, scope, code): code_of(
            roles.grant, person=person, role=role, scope=scope, by=granter, **place(scope, code, courses)
        )
        for role, scope, code in cells
    }
    wanted = {cell: expected(granter_role, granter_scope, *cell) for cell in cells}
    assert found == wanted
    granted = [cell for cell in cells if not wanted[cell] and (cell[1] != "nation" or cell[2] == HOME)]
    assert person.role_grants.count() == len(granted)


@pytest.mark.parametrize("granter_role", Role.values)
def test_every_role_tries_to_grant_every_role_by_posting_the_form(client, courses, granter_role):
    """As written by hand: also what the form does not offer."""
    granter, person = a_granter(granter_role, "nation", courses), a_person()
    client.force_login(granter)
    for role, scope, code in itertools.product(Role.values, SCOPES, (HOME, FOREIGN)):
        before = person.role_grants.count()
        named = {name: one.pk for name, one in place(scope, code, courses).items()}
        answer = client.post(
            reverse("lms_grants:add"), {"person": person.pk, "role": f"{role}.{scope}", "scope": scope, **named}
        )
        again = scope == "nation" and code == FOREIGN
        rule = expected(granter_role, "nation", role, scope, code)
        status = {"": 302, "role.not_allowed": 403}.get(rule, 422)
        assert (answer.status_code, person.role_grants.count()) == (status, before + (not rule and not again)), (
            role,
            scope,
            code,
        )


def test_the_form_offers_what_the_table_accepts_and_no_more(client, courses):
    client.force_login(somebody_with_role("administrator"))
    form = client.get(reverse("lms_grants:add")).context["form"]
    offered = {value for value, _label in form.fields["role"].choices if value}
    assert offered == {f"{role}.{scope}" for role, row in TABLE.items() for scope in row["scopes"]}
    assert list(form.fields) == ["person", "role", "department", "municipality", "course", "starts_on", "ends_on"]


@pytest.mark.parametrize(
    ("role", "given", "field"),
    [
        ("hr_delegate.municipality", {}, "municipality"),
        ("trainer.course", {}, "course"),
        ("auditor.nation", {"municipality": HOME}, "municipality"),
        ("hr_delegate.municipality", {"municipality": HOME, "department": HOME[:2]}, "department"),
        ("auditor.nation", {"starts_on": "2020-01-01"}, "starts_on"),
        ("auditor.nation", {"ends_on": "2020-01-01"}, "ends_on"),
        ("auditor.moon", {}, "role"),
    ],
)
def test_the_form_says_beside_the_field_what_is_wrong_and_keeps_what_was_typed(client, role, given, field):
    client.force_login(somebody_with_role("administrator"))
    keys = {
        "municipality": lambda code: Municipality.objects.get(code=code).pk,
        "department": lambda code: Department.objects.get(code=code).pk,
    }
    posted = {name: keys.get(name, str)(value) for name, value in given.items()}
    answer = client.post(reverse("lms_grants:add"), {"person": a_person().pk, "role": role, **posted})
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {field}
    assert not RoleGrant.objects.exclude(role="administrator").exists()
    for value in posted.values():
        assert str(value) in answer.content.decode()


def test_nobody_grants_a_role_to_themselves(client, courses):
    administrator = somebody_with_role("administrator")
    for role in Role.values:
        asked = {"person": administrator, "role": role, "by": administrator}
        scope = TABLE[role]["scopes"][0]
        assert code_of(roles.grant, scope=scope, **place(scope, HOME, courses), **asked) == "role.to_oneself"
    client.force_login(administrator)
    answer = client.post(reverse("lms_grants:add"), {"person": administrator.pk, "role": "auditor.nation"})
    assert (answer.status_code, set(answer.context["form"].errors)) == (422, {"person"})
    assert administrator.role_grants.count() == 1


@pytest.mark.parametrize("role", [role for role in Role.values if role != "administrator"])
def test_nobody_else_withdraws(role):
    grant = RoleGrant.objects.create(person=a_person(), role="trainer")
    assert code_of(roles.withdraw, grant=grant, by=somebody_with_role(role)) == "role.not_allowed"
    narrow = somebody_with_role("administrator", municipality=HOME)
    assert code_of(roles.withdraw, grant=grant, by=narrow) == "role.beyond_granter"
    assert RoleGrant.objects.in_force().filter(pk=grant.pk).exists()


def test_a_scope_must_be_named(courses):
    arguments = {"person": a_person(), "role": "trainer", "by": None}
    department, course = Department.objects.first(), courses[HOME]
    wrong = [
        {"scope": "department"},
        {"scope": "municipality", "department": department},
        {"scope": "nation", "department": department},
        {"scope": "nation", "course": course},
        {"scope": "course"},
        {"scope": "course", "course": course, "department": department},
        {"scope": "moon"},
    ]
    assert {code_of(roles.grant, **scope, **arguments) for scope in wrong} == {"role.scope_unnamed"}
    for scope in ("department", "course"):
        with pytest.raises(IntegrityError), transaction.atomic():
            RoleGrant.objects.create(person=arguments["person"], role="trainer", scope=scope)


def test_a_granter_with_an_end_grants_nothing_that_outlasts_it():
    administrator, person = somebody_with_role("administrator"), a_person()
    last = timezone.localdate() + timedelta(days=30)
    temporary = a_person()
    roles.grant(person=temporary, role="administrator", by=administrator, ends_on=last)
    asked = {"person": person, "role": "auditor", "by": temporary}
    assert code_of(roles.grant, **asked) == "role.beyond_granter"
    assert code_of(roles.grant, ends_on=last + timedelta(days=1), **asked) == "role.beyond_granter"
    assert code_of(roles.grant, ends_on=last, **asked) == ""
    endless = roles.grant(person=person, role="certifier", by=administrator)
    assert code_of(roles.withdraw, grant=endless, by=temporary) == ""


def test_a_role_that_has_yet_to_begin_grants_nothing():
    future = a_person()
    roles.grant(
        person=future, role="administrator", by=None, starts_on=timezone.localdate() + timedelta(days=1), ends_on=None
    )
    assert code_of(roles.grant, person=a_person(), role="auditor", by=future) == "role.not_allowed"


def test_the_days_of_a_role_are_days_of_guatemala():
    person = a_person()
    with time_machine.travel(datetime(2026, 3, 1, 21, 0, tzinfo=GUATEMALA), tick=False):  # 2 March in UTC
        asked = {"person": person, "role": "auditor", "by": None}
        assert code_of(roles.grant, starts_on=date(2026, 2, 28), **asked) == "role.backdated"
        assert code_of(roles.grant, ends_on=date(2026, 2, 28), **asked) == "role.ends_before_it_starts"
        assert (
            code_of(roles.grant, starts_on=date(2026, 3, 5), ends_on=date(2026, 3, 4), **asked)
            == "role.ends_before_it_starts"
        )
        today = roles.grant(starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 1), **asked)
        later = roles.grant(starts_on=date(2026, 3, 3), ends_on=date(2026, 3, 4), **asked)
        assert permissions.allows(person, "read_audit")
        assert (today.last_day, later.last_day) == (date(2026, 3, 1), date(2026, 3, 4))
    moments = {
        datetime(2026, 3, 1, 23, 59, 59, tzinfo=GUATEMALA): True,
        datetime(2026, 3, 2, 0, 0, tzinfo=GUATEMALA): False,
        datetime(2026, 3, 2, 23, 59, 59, tzinfo=GUATEMALA): False,
        datetime(2026, 3, 3, 0, 0, tzinfo=GUATEMALA): True,
        datetime(2026, 3, 4, 23, 59, 59, tzinfo=GUATEMALA): True,
        datetime(2026, 3, 5, 0, 0, tzinfo=GUATEMALA): False,
    }
    for moment, holds in moments.items():
        with time_machine.travel(moment, tick=False):
            assert permissions.allows(person, "read_audit") is holds, moment


def test_a_role_takes_effect_and_ends_by_itself_in_the_back_office(client):
    person = a_person()
    begin = timezone.localdate() + timedelta(days=2)
    roles.grant(person=person, role="certifier", by=None, starts_on=begin, ends_on=begin)
    client.force_login(person)
    noon = datetime.combine(begin, datetime.min.time(), GUATEMALA) + timedelta(hours=12)
    statuses = {}
    for days in (-1, 0, 1):
        with time_machine.travel(noon + timedelta(days=days), tick=False):
            statuses[days] = client.get("/cms/").status_code
    assert statuses == {-1: 403, 0: 200, 1: 403}
    assert not person.groups.exists()


def test_a_role_is_withdrawn_before_it_begins():
    administrator, person = somebody_with_role("administrator"), a_person()
    begin = timezone.localdate() + timedelta(days=2)
    grant = roles.grant(person=person, role="auditor", by=administrator, starts_on=begin)
    roles.withdraw(grant=grant, by=administrator)
    grant.refresh_from_db()
    assert (grant.is_over, grant.withdrawn_by) == (True, administrator)
    assert not RoleGrant.objects.in_force(timezone.now() + timedelta(days=3)).filter(pk=grant.pk).exists()


def test_the_same_is_not_granted_twice_and_a_longer_one_is():
    person, day = a_person(), timezone.localdate() + timedelta(days=10)
    asked = {"person": person, "role": "auditor", "by": None}
    short = roles.grant(ends_on=day, **asked)
    assert roles.grant(ends_on=day, **asked) == short
    assert roles.grant(ends_on=day - timedelta(days=1), **asked) == short
    endless = roles.grant(**asked)
    assert endless != short
    assert roles.grant(starts_on=day, **asked) == endless
    assert AuditEvent.objects.filter(action="role.granted").count() == person.role_grants.count() == 2


def test_a_closed_account_is_given_no_role():
    assert code_of(roles.grant, person=a_person(is_active=False), role="auditor", by=None) == "role.account_closed"


def test_a_grant_over_a_course_remembers_its_title_and_is_told_in_the_trail(courses):
    person, course = a_person(), courses[HOME]
    grant = roles.grant(person=person, role="trainer", scope="course", course=course, by=None)
    assert (grant.course_key, grant.scope_in_words) == (course.translation_key, "Curso propio")
    facts = AuditEvent.objects.get(action="role.granted").facts
    assert (facts["scope"], facts["course"]) == ("course", str(course.translation_key))


def test_a_role_over_a_course_reaches_no_municipality(courses):
    person = a_person()
    roles.grant(person=person, role="trainer", scope="course", course=courses[HOME], by=None)
    for action in permissions.actions_of("trainer"):
        assert not permissions.municipalities_for(person, action).exists()
        assert not permissions.nationwide(person, action)


def test_nobody_sets_the_password_of_somebody_who_will_hold_more():
    """With it they would hold the role themselves on the day it begins."""
    narrow = somebody_with_role("administrator", municipality=HOME)
    chief = a_person()
    RoleGrant.objects.create(person=chief, role="administrator", starts_at=timezone.now() + timedelta(days=3))
    with pytest.raises(RuleBroken) as caught:
        people.assert_may_change(chief, narrow)
    assert caught.value.code == "person.not_allowed"
    assert not permissions.may_grant(narrow, chief.role_grants.get(), as_long=False)


def test_the_list_tells_an_auditor_and_lets_nothing_be_changed(client):
    person = a_person(given_names="Carlota")
    grant = RoleGrant.objects.create(person=person, role="trainer")
    client.force_login(somebody_with_role("auditor"))
    text = client.get(reverse("lms_grants:index")).content.decode()
    assert "Carlota" in text
    assert "Retirar el rol" not in text
    for address in (reverse("lms_grants:add"), reverse("lms_grants:delete", args=[grant.pk])):
        assert address not in text
        assert (client.get(address).status_code, client.post(address).status_code) == (403, 403)
