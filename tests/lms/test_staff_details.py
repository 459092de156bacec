"""Whose details and CUI an HR delegate may touch, and whose not."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from lms.domain import people, staff
from lms.models import Appointment, AuditEvent, Municipality, Person, RoleGrant
from lms.views import staff_people
from tests.factories.people import PASSWORD, a_cui, a_member, a_network, an_employee
from tests.lms.staff_pages import FOREIGN, HOME, a_delegate, code_of, post_of, text_of, url

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_tries():
    cache.clear()


@pytest.fixture
def delegate(client) -> Person:
    """The HR delegate of Nebaj, signed in."""
    person = a_delegate()
    client.force_login(person)
    return person


# Details and CUI -------------------------------------------------------------------------------------------------
def details(**fields: str) -> dict:
    data = {"given_names": "Ana", "surnames": "Ceto", "phone": "55559999", "email": "", "born_on": "1990-05-04"}
    return {**data, "language": "", **fields}


def test_a_delegate_corrects_details_but_no_cui_that_is_there(client, delegate):
    person = an_employee(HOME, phone="55551234")
    address, cui = url("details", person.public_id), a_cui()
    assert client.post(address, details(cui=cui)).url == url("person", person.public_id)
    person.refresh_from_db()
    assert (person.full_name, person.phone, person.born_on.isoformat()) == ("Ana Ceto", "55559999", "1990-05-04")
    digest = person.cui_digest
    assert digest
    assert client.post(address, details(cui=a_cui())).status_code == 302
    assert Person.objects.get(pk=person.pk).cui_digest == digest
    assert code_of(people.change_details, person=person, by=delegate, cui=a_cui()) == "person.cui_fixed"


def with_a_role() -> Person:
    person = an_employee(HOME)
    RoleGrant.objects.create(person=person, role="trainer", scope="nation")
    return person


def a_coordinator() -> Person:
    person = a_member(a_network(), is_coordinator=True)
    Appointment.objects.create(
        person=person, municipality=Municipality.objects.get(code=HOME), post=post_of("TES"),
        starts_on=timezone.localdate(), confirmed_at=timezone.now(),
    )  # fmt: skip
    return person


def of_another_town_hall_too() -> Person:
    person = an_employee(HOME)
    Appointment.objects.create(
        person=person, municipality=Municipality.objects.get(code=FOREIGN), post=post_of("TES"),
        starts_on=timezone.localdate(), confirmed_at=timezone.now(),
    )  # fmt: skip
    return person


@pytest.mark.parametrize("make", [with_a_role, a_coordinator, of_another_town_hall_too])
def test_whom_a_delegate_does_not_touch(client, delegate, make):
    person = make()
    answer = client.post(url("details", person.public_id), details())
    assert answer.status_code == 403
    assert code_of(people.change_details, person=person, by=delegate, surnames="X") in {
        "person.not_allowed", "person.held_elsewhere",
    }  # fmt: skip


def test_appointing_somebody_lays_no_hands_on_their_record(client, delegate):
    cui = a_cui()
    person = an_employee(FOREIGN, cui=cui, phone="55551234", email="eva@example.org")
    place = Municipality.objects.get(code=HOME)
    people.appoint(person=person, post=post_of("TES"), municipality=place, starts_on=timezone.localdate(), by=delegate)
    page = text_of(client.get(url("person", person.public_id)))
    for leak in ("55551234", "eva@example.org", "Receptor"):
        assert leak not in page
    client.post(url("reveal", person.public_id), {"reason": "check"})
    assert not AuditEvent.objects.filter(action="cui.revealed").exists()
    assert code_of(people.change_details, person=person, by=delegate, phone="55550000") == "person.held_elsewhere"
    person.appointments.filter(municipality__code=FOREIGN).update(ends_on=timezone.localdate() - timedelta(days=1))
    assert "55551234" in text_of(client.get(url("person", person.public_id)))


def test_a_whole_cui_is_shown_once_with_a_reason_and_in_the_trail(client, delegate):
    cui = a_cui()
    person = an_employee(HOME, cui=cui)
    grouped = f"{cui[:4]} {cui[4:9]} {cui[9:]}"
    sheet = url("person", person.public_id)
    shown = text_of(client.get(sheet))
    assert "•••• ••••• 1401" in shown
    assert shown.count('name="reason"') == 3
    assert client.get(url("reveal", person.public_id)).status_code == 405
    assert client.post(url("reveal", person.public_id), {"reason": "curiosity"}).status_code == 422
    answer = client.post(url("reveal", person.public_id), {"reason": "contract"}, REMOTE_ADDR="10.1.2.3")
    assert (grouped in text_of(answer), answer["Cache-Control"]) == (True, "private, no-store")
    assert grouped not in text_of(client.get(sheet))
    event = AuditEvent.objects.get(action="cui.revealed")
    assert (event.actor, event.subject, event.origin) == (
        str(delegate.public_id), f"lms.person:{person.public_id}", "10.1.2.3",
    )  # fmt: skip
    assert event.facts == {"reason": "contract"}


def test_looking_at_cuis_is_limited(client, delegate, monkeypatch):
    monkeypatch.setattr(staff_people, "REVEAL_BY_PERSON", staff_people.Limit("reveal-cui", most=1, seconds=900))
    person = an_employee(HOME, cui=a_cui())
    answers = [client.post(url("reveal", person.public_id), {"reason": "check"}).status_code for _number in range(2)]
    assert answers == [200, 429]
    assert AuditEvent.objects.filter(action="cui.revealed").count() == 1


def test_the_records_of_those_who_left_are_names_and_posts(client, delegate):
    person = an_employee(HOME, cui=a_cui(), phone="55551234", password=PASSWORD)
    person.appointments.update(ends_on=timezone.localdate() - timedelta(days=1))
    page = text_of(client.get(url("person", person.public_id)))
    assert "55551234" not in page
    assert "Ver CUI" not in page
    assert client.post(url("details", person.public_id), details()).status_code == 403
    assert code_of(staff.reveal_cui, person=person, reason="check", by=delegate) == "person.not_allowed"
