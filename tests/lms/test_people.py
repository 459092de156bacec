"""Registering, changing, appointing: the verbs on people."""

import threading
from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from lms.domain import identity, people
from lms.domain.errors import RuleBroken
from lms.models import Appointment, AuditEvent, Municipality, Person, Post, RoleGrant
from tests.factories.people import PASSWORD, a_cui, a_person, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


def nebaj() -> Municipality:
    return Municipality.objects.get(code="1413")


def cashier() -> Post:
    return Post.objects.get(code="RECEP")


def register(**fields) -> Person:
    given = {"given_names": "María José", "surnames": "Brito Ceto", "password": PASSWORD, "email": "mj@example.org"}
    return people.register(**{**given, **fields})


def broken_code(verb, **arguments) -> str:
    with pytest.raises(RuleBroken) as caught:
        verb(**arguments)
    return caught.value.code


def test_a_person_is_registered_with_an_appointment():
    person = register(municipality=nebaj(), post=cashier(), renglon="011", cui=a_cui())
    appointment = person.current_appointment()
    assert (appointment.municipality.code, appointment.post.code, appointment.renglon) == ("1413", "RECEP", "011")
    assert appointment.is_declared
    assert person.check_password(PASSWORD)
    actions = AuditEvent.objects.values_list("action", flat=True)
    assert list(actions) == ["person.registered", "appointment.made"]


def test_names_are_one_line_composed_and_without_invisible_signs():
    person = register(given_names="  Mari\u0301a \n Jose\u0301\u202e ", surnames="Coʼꞌ <b>ẍ</b> & Hijos")
    assert person.full_name == "María José Coʼꞌ <b>ẍ</b> & Hijos"


def test_what_registering_refuses():
    register(email="uno@example.org", phone="55551234", cui="1234567890101")
    taken = {
        broken_code(register, email="UNO@example.org"),
        broken_code(register, phone="+502 5555-1234"),
        broken_code(register, cui="1234 56789 0101"),
        broken_code(register, email=""),
        broken_code(register, given_names=" "),
        broken_code(register, password="12345678"),
        broken_code(register, password="mariajose"),
        broken_code(register, cui="123"),
        broken_code(register, phone="123"),
    }
    assert taken == {
        "person.email_taken",
        "person.phone_taken",
        "person.cui_taken",
        "person.identifier_missing",
        "person.name_missing",
        "person.password_weak",
        "cui.malformed",
        "phone.malformed",
    }
    assert Person.objects.count() == 1


def test_a_record_may_be_opened_without_a_way_to_sign_in():
    administrator = somebody_with_role("administrator")
    person = register(password="", email="", by=administrator)
    assert not person.has_usable_password()
    assert broken_code(register, by=a_person()) == "person.not_allowed"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_register_the_same_cui_at_once_one_is_told():
    outcomes, gate = [], threading.Barrier(2)

    def go(number: int) -> None:
        gate.wait()
        try:
            register(email=f"{number}@example.org", cui="1122334490101")
            outcomes.append("registered")
        except RuleBroken as broken:
            outcomes.append(broken.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["person.cui_taken", "registered"]
    assert Person.objects.count() == 1


def test_changing_details_says_which_fields_and_not_what():
    person = register(phone="55551234")
    people.change_details(person=person, by=None, surnames="Brito de León", phone="55559999", cui=a_cui())
    person.refresh_from_db()
    assert (person.surnames, person.phone, person.search_text) == (
        "Brito de León",
        "55559999",
        "maria jose brito de leon",
    )
    event = AuditEvent.objects.last()
    assert (event.action, event.facts) == ("person.changed", {"fields": ["cui", "phone", "surnames"]})


def test_changing_nothing_leaves_no_event():
    person = register()
    before = AuditEvent.objects.count()
    people.change_details(person=person, by=person, surnames=person.surnames)
    assert AuditEvent.objects.count() == before


def test_what_changing_details_refuses():
    person, other = register(cui=a_cui()), register(email="otra@example.org")
    assert broken_code(people.change_details, person=person, by=other, surnames="X") == "person.not_allowed"
    assert broken_code(people.change_details, person=person, by=person, cui=a_cui()) == "person.cui_fixed"
    assert broken_code(people.change_details, person=person, by=person, email=other.email) == "person.email_taken"
    assert broken_code(people.change_details, person=other, by=other, email="") == "person.identifier_missing"


def test_an_administrator_corrects_a_cui():
    person, administrator, right = register(cui=a_cui()), somebody_with_role("administrator"), a_cui()
    people.change_details(person=person, by=administrator, cui=right)
    person.refresh_from_db()
    assert person.cui_digest == identity.cui_digest(right)


def test_an_administrator_of_a_municipality_reaches_only_its_people():
    administrator = somebody_with_role("administrator", municipality="1413")
    ours, theirs = an_employee("1413"), an_employee("0101")
    assert set(people.visible_to(administrator)) == {ours}
    people.change_details(person=ours, by=administrator, surnames="Otra")
    assert broken_code(people.change_details, person=theirs, by=administrator, surnames="X") == "person.not_allowed"


def test_nobody_but_a_superuser_touches_a_superuser():
    chief = a_person(is_superuser=True)
    administrator = somebody_with_role("administrator")
    arguments = {"person": chief, "by": administrator}
    assert broken_code(people.change_password, new=PASSWORD, **arguments) == "person.not_allowed"
    assert broken_code(people.set_active, is_active=False, **arguments) == "person.not_allowed"


def test_a_password_changes_with_the_old_one_only():
    person = register()
    new = "otra-frase-larga-7"
    assert broken_code(people.change_password, person=person, old="no", new=new, by=person) == "person.password_wrong"
    assert broken_code(people.change_password, person=person, old=PASSWORD, new="", by=person) == "person.password_weak"
    people.change_password(person=person, old=PASSWORD, new=new, by=person)
    assert Person.objects.get(pk=person.pk).check_password(new)
    people.change_password(person=person, new=PASSWORD, by=somebody_with_role("administrator"))
    assert Person.objects.get(pk=person.pk).check_password(PASSWORD)


def test_a_record_is_closed_and_reopened_but_not_by_its_owner():
    administrator, person = somebody_with_role("administrator"), register()
    people.set_active(person=person, is_active=False, by=administrator)
    people.set_active(person=person, is_active=False, by=administrator)
    people.set_active(person=person, is_active=True, by=administrator)
    actions = AuditEvent.objects.filter(action__in=["person.closed", "person.reopened"])
    assert list(actions.values_list("action", flat=True)) == ["person.closed", "person.reopened"]
    refused = broken_code(people.set_active, person=administrator, is_active=False, by=administrator)
    assert refused == "person.own_record"


def test_appointments_begin_and_end():
    person, administrator = register(), somebody_with_role("administrator")
    today = timezone.localdate()
    arguments = {"person": person, "post": cashier(), "municipality": nebaj(), "by": administrator}
    appointment = people.appoint(starts_on=today - timedelta(days=9), **arguments)
    assert not appointment.is_declared
    assert broken_code(people.appoint, starts_on=today, **arguments) == "appointment.already_held"
    past = {"starts_on": today, "ends_on": today - timedelta(days=1)}
    assert broken_code(people.appoint, **past, **arguments) == "appointment.ends_before_it_starts"
    end = {"appointment": appointment, "by": person}
    early = today - timedelta(days=10)
    assert broken_code(people.end_appointment, ends_on=early, **end) == "appointment.ends_before_it_starts"
    people.end_appointment(ends_on=today, **end)
    assert broken_code(people.end_appointment, ends_on=today, **end) == "appointment.ended"
    assert Appointment.objects.current().filter(person=person).exists()


@pytest.mark.parametrize(
    ("born_on", "minor"),
    [(None, False), (date(2008, 6, 1), False), (date(2008, 6, 2), True), (date(2012, 1, 1), True)],
)
def test_who_is_a_minor(born_on, minor):
    assert people.is_minor(born_on, on=date(2026, 6, 1)) is minor


def test_a_name_is_found_without_accents_or_apostrophes():
    person = register(given_names="Ixchel", surnames="Q'anil Pérez")
    assert list(Person.objects.search_words("qanil perez")) == [person]
    assert not Person.objects.search_words("qanil lopez").exists()


def test_no_personal_number_reaches_the_trail():
    cui = a_cui()
    person = register(cui=cui, phone="55554321", email="secreto@example.org", municipality=nebaj(), post=cashier())
    people.change_details(person=person, by=person, phone="55550000", email="otro@example.org")
    people.change_password(person=person, old=PASSWORD, new="una-frase-nueva-99", by=person)
    text = str(list(AuditEvent.objects.values()))
    for secret in (cui, cui[:8], "55554321", "55550000", "secreto@", "otro@", "Brito", "una-frase"):
        assert secret not in text


def test_nobody_changes_somebody_who_holds_a_role_that_they_could_not_grant():
    """Or an administrator of one place would set the password of one of the nation, and sign in as them."""
    local, chief = somebody_with_role("administrator", municipality="1413"), an_employee("1413", phone="55551234")
    RoleGrant.objects.create(person=chief, role="administrator")
    arguments = {"person": chief, "by": local}
    refused = [
        broken_code(people.change_password, new="otra-frase-larga-7", **arguments),
        broken_code(people.change_details, email="mio@example.org", **arguments),
        broken_code(people.set_active, is_active=False, **arguments),
    ]
    assert set(refused) == {"person.not_allowed"}
    people.change_details(person=chief, by=chief, surnames="Propio")
    people.change_details(person=chief, by=somebody_with_role("administrator"), surnames="Otra")


def test_a_role_that_they_could_grant_is_no_hindrance_nor_is_one_that_ended():
    local, colleague = somebody_with_role("administrator", municipality="1413"), an_employee("1413")
    nebaj_s = {"scope": "municipality", "municipality": nebaj()}
    RoleGrant.objects.create(person=colleague, role="hr_delegate", **nebaj_s)
    RoleGrant.objects.create(person=colleague, role="auditor", ends_at=timezone.now() - timedelta(seconds=1))
    assert people.change_details(person=colleague, by=local, surnames="Otra").surnames == "Otra"


def test_a_name_is_measured_as_it_is_kept():
    """Composing makes this letter three: 80 typed would be 240 kept."""
    assert broken_code(register, surnames="\ufb2c" * 80) == "person.name_too_long"
    assert len(register(surnames="e\u0301" * 80).surnames) == 80
