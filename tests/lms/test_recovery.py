"""Codes that Human Resources hands over to people who have neither e-mail nor telephone."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from lms.domain import access, people
from lms.domain.errors import RuleBroken
from lms.models import AccessCode, AuditEvent, Person, RoleGrant
from lms.views import limits
from tests.factories.people import PASSWORD, a_cui, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db
RECOVER = "/entrar/recursos-humanos/"
NEW = "una-nueva-para-siempre"


@pytest.fixture(autouse=True)
def fresh():
    cache.clear()


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def visible(answer) -> str:
    return re.sub(r'value="[^"]*"', "", answer.content.decode().split("<main")[1].split("</main")[0])


@pytest.fixture
def delegate() -> Person:
    return somebody_with_role("hr_delegate", municipality="1413")


def page_of(person: Person) -> str:
    return f"/personal/{person.public_id}/acceso/"


def test_a_delegate_hands_over_a_code_and_the_person_comes_back_in(client, delegate):
    cui = a_cui()
    person = an_employee("1413", cui=cui, password=PASSWORD)
    elsewhere = Client()
    elsewhere.force_login(person)
    client.force_login(delegate)
    assert "Mostrar un código" in client.get(page_of(person)).content.decode()
    answer = client.post(page_of(person))
    code = re.search(r"[2-9A-Z]{4}-[2-9A-Z]{4}", answer.content.decode())[0]
    assert "no-store" in answer["Cache-Control"]
    assert code not in client.get(page_of(person)).content.decode()
    phone = Client()
    typed = {"identifier": cui, "code": code.lower().replace("-", " "), "password": NEW}
    answer = phone.post(RECOVER, typed)
    assert (answer.status_code, answer.url) == (302, "/mi-aprendizaje/")
    assert is_in(phone)
    person.refresh_from_db()
    assert person.check_password(NEW)
    assert elsewhere.get("/mi-cuenta/").status_code == 302
    told = phone.get("/mi-cuenta/").content.decode()
    assert f"{delegate.full_name} le dio un código" in told
    again = Client()
    assert again.post(RECOVER, {**typed, "password": "otra-contraseña-nueva"}).status_code == 422
    events = AuditEvent.objects.filter(action__startswith="access.").order_by("pk")
    assert [(event.action, event.actor) for event in events] == [
        ("access.recovery_issued", str(delegate.public_id)),
        ("access.recovered", str(person.public_id)),
    ]
    assert {event.subject for event in events} == {f"lms.person:{person.public_id}"}
    assert code not in str(list(events.values()))


def issue(person: Person, by: Person) -> str:
    return access.issue_recovery_code(person=person, by=by)


def test_for_whom_a_code_is_handed_over(delegate):
    cases = {
        "access.not_allowed": an_employee("1401"),
        "access.holds_role": somebody_with_role("trainer"),
        "access.has_contact": an_employee("1413", phone="55551234"),
        "access.closed": an_employee("1413", is_active=False),
    }
    cases["access.holds_role"].appointments.create(
        municipality_id=an_employee("1413").appointments.get().municipality_id,
        post_id=an_employee("1413").appointments.get().post_id,
        starts_on=timezone.localdate(),
    )
    for code, person in cases.items():
        with pytest.raises(RuleBroken) as broken:
            issue(person, delegate)
        assert broken.value.code == code
    for by in (an_employee("1413"), somebody_with_role("department_delegate", department="14"), an_employee("1413")):
        with pytest.raises(RuleBroken) as broken:
            issue(an_employee("1413"), by)
        assert broken.value.code == "access.not_allowed"
    assert not AccessCode.objects.exists()


def test_the_page_for_strangers_foreigners_and_those_who_cannot_be_helped(client, delegate):
    person, foreigner = an_employee("1413"), an_employee("1401")
    assert client.get(page_of(person)).url.startswith("/entrar/")
    client.force_login(an_employee("1413"))
    assert client.post(page_of(person)).status_code == 403
    client.force_login(delegate)
    assert (client.get(page_of(foreigner)).status_code, client.post(page_of(foreigner)).status_code) == (404, 404)
    reachable = an_employee("1413", email="x@example.org")
    assert "puede pedir un código ella misma" in client.get(page_of(reachable)).content.decode()
    assert client.post(page_of(reachable)).status_code == 422


def test_a_new_code_ends_the_older_one_and_a_day_ends_both(delegate):
    cui = a_cui()
    person = an_employee("1413", cui=cui)
    old, new = issue(person, delegate), issue(person, delegate)

    def redeem(code: str) -> str:
        try:
            access.redeem_recovery_code(identifier=cui, typed=code, password=NEW)
        except RuleBroken as broken:
            return broken.code
        return ""

    assert redeem(old) == "access.code_wrong"
    with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=5)):
        assert redeem(new) == "access.code_wrong"
    assert redeem(new) == ""
    assert redeem(new) == "access.code_wrong"


def test_a_weak_password_leaves_the_code_good(client, delegate):
    cui = a_cui()
    code = issue(an_employee("1413", cui=cui), delegate)
    weak = client.post(RECOVER, {"identifier": cui, "code": code, "password": "12345678"})
    assert weak.status_code == 422
    assert client.post(RECOVER, {"identifier": cui, "code": code, "password": NEW}).status_code == 302


def test_a_role_that_was_granted_meanwhile_makes_the_code_worthless(delegate):
    cui = a_cui()
    person = an_employee("1413", cui=cui)
    code = issue(person, delegate)
    RoleGrant.objects.create(person=person, role="trainer", scope="nation")
    with pytest.raises(RuleBroken) as broken:
        access.redeem_recovery_code(identifier=cui, typed=code, password=NEW)
    assert broken.value.code == "access.code_wrong"


def test_a_phone_since_ends_a_code_even_where_no_message_leaves(delegate, settings):
    settings.SMS_GATEWAY, cui = "", a_cui()
    person = an_employee("1413", cui=cui)
    code = issue(person, delegate)
    people.change_details(person=person, by=person, phone="55551234")
    with pytest.raises(RuleBroken) as broken:
        access.redeem_recovery_code(identifier=cui, typed=code, password=NEW)
    assert broken.value.code == "access.code_wrong"


def test_what_succeeds_counts_for_nothing(client, delegate):
    """A town hall has one address, and who mistyped before is right now."""
    cui = a_cui()
    code = issue(an_employee("1413", cui=cui), delegate)
    for typed in ("AAAA-AAAA", code):
        client.post(RECOVER, {"identifier": cui, "code": typed, "password": NEW})
    assert is_in(client)
    counts = [
        cache.get(limits.RECOVERY_BY_IDENTIFIER._name(cui)),
        cache.get(limits.RECOVERY_BY_ADDRESS._name("127.0.0.1")),
    ]
    assert counts == [None, 1]


def test_guessing_codes_of_human_resources_is_slowed(client, delegate):
    cui = a_cui()
    code = issue(an_employee("1413", cui=cui), delegate)
    guess = {"identifier": cui, "code": "AAAA-AAAA", "password": NEW}
    assert [client.post(RECOVER, guess).status_code for _try in range(11)] == [422] * 10 + [429]
    cache.clear()
    assert client.post(RECOVER, {**guess, "code": code}).status_code == 302


def test_nobody_and_a_wrong_code_get_the_same_answer(client, delegate):
    cui = a_cui()
    issue(an_employee("1413", cui=cui), delegate)
    pages = [
        visible(client.post(RECOVER, {"identifier": who, "code": "AAAA-AAAA", "password": NEW}))
        for who in (cui, a_cui(), "nadie@example.org")
    ]
    assert pages[0] == pages[1] == pages[2]


def test_a_delegate_cannot_make_codes_without_end(client, delegate):
    person = an_employee("1413")
    client.force_login(delegate)
    for _time in range(30):
        assert limits.HANDED_BY_DELEGATE.take(str(delegate.public_id))
    assert client.post(page_of(person)).status_code == 429
    assert not AccessCode.objects.exists()


def test_no_letter_that_looks_like_another():
    assert not set("0O1IL") & set(access.LETTERS)
