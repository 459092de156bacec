"""Whoever keeps the staff of a town hall takes nobody's account over: not by a code, a phone or an appointment."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lms.domain import access, people, staff
from lms.domain.errors import RuleBroken
from lms.models import Appointment, AuditEvent, Membership, Municipality, Person, RoleGrant
from lms.views import limits
from tests.factories.people import PASSWORD, a_cui, a_member, a_network, a_person, an_employee, born, somebody_with_role
from tests.lms.staff_pages import FOREIGN, HOME, a_delegate, a_post, code_of, post_of, text_of, url

pytestmark = pytest.mark.django_db
NEW = "una-nueva-para-siempre"
TODAY = timezone.localdate


@pytest.fixture(autouse=True)
def fresh():
    cache.clear()


@pytest.fixture
def delegate(client) -> Person:
    """The HR delegate of Nebaj, signed in."""
    person = a_delegate()
    client.force_login(person)
    return person


def give_post(person: Person, code: str = HOME, *, is_confirmed: bool = True, in_days: int = 0) -> Person:
    Appointment.objects.create(
        person=person,
        municipality=Municipality.objects.get(code=code),
        post=post_of("TES"),
        starts_on=TODAY() + timedelta(days=in_days),
        confirmed_at=timezone.now() if is_confirmed else None,
    )
    return person


def with_a_coming_role(**fields) -> Person:
    person = an_employee(HOME, **fields)
    RoleGrant.objects.create(person=person, role="administrator", starts_at=timezone.now() + timedelta(days=1))
    return person


def asking_a_network(**fields) -> Person:
    person = an_employee(HOME, **fields)
    place = Municipality.objects.get(code=HOME)
    Membership.objects.create(person=person, network=a_network(), municipality=place, confirmed_at=None)
    return person


HELD_ELSEWHERE = {
    "employee": lambda **fields: give_post(an_employee(FOREIGN, **fields)),
    "employee to be": lambda **fields: give_post(an_employee(HOME, **fields), FOREIGN, in_days=1),
    "awaiting": lambda **fields: give_post(an_employee(FOREIGN, is_confirmed=False, **fields)),
    "member": lambda **fields: give_post(a_member(a_network(), **fields)),
    "coordinator": lambda **fields: give_post(a_member(a_network(), is_coordinator=True, **fields)),
    "applicant": asking_a_network,
    "minor": lambda **fields: an_employee(HOME, **{**fields, "born_on": born(15)}),
}


# Codes -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("who", [*HELD_ELSEWHERE, "role to come", "not confirmed", "confirmed, to begin"])
def test_for_whom_no_code_is_handed_over(client, delegate, who):
    makes = {
        **HELD_ELSEWHERE,
        "role to come": with_a_coming_role,
        "not confirmed": lambda **fields: an_employee(HOME, is_confirmed=False, **fields),
        "confirmed, to begin": lambda **fields: give_post(a_person(**fields), in_days=1),
    }
    person = makes[who](cui=a_cui(), password=PASSWORD)
    codes = {"minor": "person.minor", "role to come": "access.holds_role"}
    codes |= dict.fromkeys(("not confirmed", "confirmed, to begin"), "access.unconfirmed")
    expected = codes.get(who, "person.held_elsewhere")
    assert code_of(access.issue_recovery_code, person=person, by=delegate) == expected
    answer = client.post(f"/personal/{person.public_id}/acceso/")
    assert (answer.status_code, answer.context["code"]) == (422, "")


def test_a_coordinator_is_helped_by_anam():
    administrator, person = somebody_with_role("administrator"), HELD_ELSEWHERE["coordinator"]()
    assert access.issue_recovery_code(person=person, by=administrator)


def let_the_role_end(person: Person, delegate: Person) -> None:
    RoleGrant.objects.filter(person=delegate).update(ends_at=timezone.now())


def end_the_post(person: Person, delegate: Person) -> None:
    person.appointments.update(ends_on=TODAY() - timedelta(days=1))


def work_elsewhere_too(person: Person, delegate: Person) -> None:
    give_post(person, FOREIGN)


def note_a_mail(person: Person, delegate: Person) -> None:
    people.change_details(person=person, by=person, email="suya@example.org")


def choose_another_password(person: Person, delegate: Person) -> None:
    people.change_password(person=person, new="otra-clave-del-lago", by=person, old=PASSWORD)


def get_a_role_to_come(person: Person, delegate: Person) -> None:
    RoleGrant.objects.create(person=person, role="trainer", starts_at=timezone.now() + timedelta(days=1))


@pytest.mark.parametrize(
    "happen",
    [
        let_the_role_end,
        end_the_post,
        work_elsewhere_too,
        note_a_mail,
        choose_another_password,
        get_a_role_to_come,
    ],
)
def test_a_code_ends_with_its_reasons(delegate, happen):
    cui = a_cui()
    person = an_employee(HOME, cui=cui, password=PASSWORD)
    code = access.issue_recovery_code(person=person, by=delegate)
    happen(person, delegate)
    redeemed = {"identifier": cui, "typed": code, "password": NEW}
    assert code_of(access.redeem_recovery_code, **redeemed) == "access.code_wrong"
    person.refresh_from_db()
    assert not person.check_password(NEW)


def test_wrong_tries_of_strangers_leave_a_code_good_for_its_day(delegate):
    cui = a_cui()
    person = an_employee(HOME, cui=cui)
    code = access.issue_recovery_code(person=person, by=delegate)
    a_day_s = 4 * 24 * 10
    assert a_day_s < access.HANDED_TRIES < 32767
    for tries, is_good in ((access.HANDED_TRIES, False), (access.HANDED_TRIES - 1, True)):
        person.access_codes.update(tries=tries)
        try:
            access.redeem_recovery_code(identifier=cui, typed=code, password=NEW)
        except RuleBroken:
            assert not is_good
        else:
            assert is_good


def test_second_factors_go_with_a_recovery(delegate):
    cui = a_cui()
    person = an_employee(HOME, cui=cui, password=PASSWORD)
    Authenticator.objects.create(user=person, type=Authenticator.Type.WEBAUTHN, data={"name": "de otro"})
    code = access.issue_recovery_code(person=person, by=delegate)
    access.redeem_recovery_code(identifier=cui, typed=code, password=NEW)
    assert not Authenticator.objects.exists()
    event = AuditEvent.objects.get(action="access.factor_removed")
    assert (event.actor, event.facts) == (str(person.public_id), {"types": ["webauthn"]})


def test_a_mail_is_proven_as_it_was_read_with_the_record_held():
    person = a_person(email="mia@example.org")
    Person.objects.filter(pk=person.pk).update(email="otra@example.org")
    access.prove_email(person)
    assert not EmailAddress.objects.exists()
    person.refresh_from_db()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        access.prove_email(person)
    asked = [query["sql"] for query in queries if "lms_person" in query["sql"]]
    assert "FOR UPDATE" in asked[0] or connection.vendor == "sqlite"
    assert access.is_email_proven(person)


# Details ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("who", HELD_ELSEWHERE)
def test_what_a_delegate_neither_reads_nor_changes_of_whom_others_have(client, delegate, who):
    person = HELD_ELSEWHERE[who](cui=a_cui(), phone="55551234", email="eva@example.org")
    expected = "person.minor" if who == "minor" else "person.held_elsewhere"
    assert code_of(people.change_details, person=person, by=delegate, surnames="X") == expected
    assert code_of(staff.reveal_cui, person=person, reason="check", by=delegate) == expected
    page = text_of(client.get(url("person", person.public_id)))
    for leak in ("55551234", "eva@example.org", str(born(15).year), "Ver CUI"):
        assert leak not in page
    assert client.post(url("details", person.public_id), {"surnames": "X"}).status_code == 403


def test_a_delegate_changes_nothing_of_whoever_will_hold_a_role(delegate):
    person = with_a_coming_role()
    assert code_of(people.change_details, person=person, by=delegate, phone="55559999") == "person.not_allowed"


def test_what_a_delegate_may_change_is_asked_of_the_record_as_it_is_now(delegate):
    person = an_employee(HOME)
    Person.objects.filter(pk=person.pk).update(last_login=timezone.now())  # they came in while the form was open
    assert code_of(people.change_details, person=person, by=delegate, phone="55559999") == "person.contact_kept"


def came_in_once() -> Person:
    return an_employee(HOME, cui=a_cui(), last_login=timezone.now())


def with_a_passkey() -> Person:
    person = an_employee(HOME, cui=a_cui())
    Authenticator.objects.create(user=person, type=Authenticator.Type.WEBAUTHN, data={})
    return person


@pytest.mark.parametrize(
    "make", [came_in_once, with_a_passkey, lambda: an_employee(HOME, cui=a_cui(), password=PASSWORD)]
)
@pytest.mark.parametrize("before", [None, "55551234"])
def test_a_delegate_changes_no_way_to_sign_in_of_whoever_comes_in(client, delegate, make, before):
    person = make()
    Person.objects.filter(pk=person.pk).update(phone=before, email="eva@example.org" if before else None)
    for field, value in (("phone", "55559999"), ("email", "trampa@example.org")):
        assert code_of(people.change_details, person=person, by=delegate, **{field: value}) == "person.contact_kept"
    if before:
        assert code_of(people.change_details, person=person, by=delegate, phone="") == "person.contact_kept"
    names = {"given_names": "Ana", "surnames": "Ceto", "phone": "55559999", "email": "trampa@example.org"}
    page = text_of(client.get(url("details", person.public_id)))
    assert 'name="phone"' not in page
    assert "los cambia ella misma, o ANAM" in page
    assert client.post(url("details", person.public_id), names).status_code == 302
    person.refresh_from_db()
    assert (person.full_name, person.phone) == ("Ana Ceto", before)
    people.change_details(person=person, by=somebody_with_role("administrator"), phone="55559999")


def test_a_delegate_tries_no_list_of_numbers(client, delegate):
    """Answers that say that somebody has a number are few, where a person is entered and where one is changed."""
    for _try in range(limits.TAKEN_BY_PERSON.most):
        limits.TAKEN_BY_PERSON.take(str(delegate.public_id))
    named = {"given_names": "Eva", "surnames": "Ceto", "phone": "", "email": "", "language": "", "born_on": ""}
    new, changed = a_post(cui=a_cui(), **named), {**named, "phone": "55559999"}
    pages = {url("new", HOME): new, url("details", an_employee(HOME).public_id): changed}
    assert [client.post(address, typed).status_code for address, typed in pages.items()] == [422, 429]
    assert not Person.objects.filter(given_names="Eva").exists()


def test_a_delegate_sets_a_day_of_birth_and_changes_none(client, delegate):
    person = an_employee(HOME)
    people.change_details(person=person, by=delegate, born_on=born(30))
    for day in (born(31), None):
        assert code_of(people.change_details, person=person, by=delegate, born_on=day) == "person.fixed"
    assert 'name="born_on"' not in text_of(client.get(url("details", person.public_id)))


def test_a_town_hall_makes_no_minor_its_own(client, delegate):
    minor, place = a_person(phone="55551234", born_on=born(15)), Municipality.objects.get(code=HOME)
    told = {"person": minor, "post": post_of("TES"), "municipality": place, "starts_on": TODAY()}
    assert code_of(people.appoint, by=delegate, **told) == "appointment.minor"
    declared = people.appoint(by=minor, **told)
    assert code_of(people.confirm_appointment, appointment=declared, by=delegate) == "appointment.minor"
    new = a_post(given_names="Eva", surnames="Ceto", cui="", phone="", email="", language="", born_on=born(15))
    answer = client.post(url("new", HOME), new)
    assert (answer.status_code, "su lugar es una red" in text_of(answer)) == (422, True)
    assert people.confirm_appointment(appointment=declared, by=somebody_with_role("administrator")).confirmed_at


def test_a_delegate_enters_somebody_completes_their_data_and_helps_them_in(client, delegate):
    cui = a_cui()
    new = a_post(given_names="Eva", surnames="Ceto", cui=cui, phone="", email="", language="", born_on="")
    assert client.post(url("new", HOME), new).status_code == 302
    person = Person.objects.get(given_names="Eva")
    typed = {"given_names": "Eva", "surnames": "Ceto", "language": "", "born_on": "1990-05-04"}
    address = url("details", person.public_id)
    for phone in ("55551234", "55559999", ""):
        assert client.post(address, {**typed, "phone": phone, "email": ""}).status_code == 302
        assert (Person.objects.get(pk=person.pk).phone or "") == phone
        typed.pop("born_on", None)
    code = client.post(f"/personal/{person.public_id}/acceso/").context["code"]
    assert access.redeem_recovery_code(identifier=cui, typed=code, password=NEW) == person
