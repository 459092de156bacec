"""Whose record opens, by whichever way in; and what a session is worth after something changed."""

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from lms.domain import access
from lms.models import AccessCode, Person
from tests.clients import FullClient
from tests.factories.people import PASSWORD, a_cui, a_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh():
    cache.clear()


def sign_in(identifier: str, password: str = PASSWORD) -> Client:
    client = Client()
    client.post("/entrar/", {"identifier": identifier, "password": password})
    return client


def who(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


def test_an_absorbed_record_leads_to_the_one_that_absorbed_it():
    cui = a_cui()
    survivor = a_person(phone="55551234", password=PASSWORD)
    middle = a_person(email="vieja@example.org", password="la-contraseña-de-antes", merged_into=survivor)
    a_person(cui=cui, password="la-primera-de-todas", merged_into=middle)
    for identifier in ("55551234", "vieja@example.org", cui):
        assert access.find_person(identifier) == survivor
        assert who(sign_in(identifier)) == str(survivor.pk)
    assert who(sign_in(cui, "la-primera-de-todas")) is None
    assert who(sign_in("vieja@example.org", "la-contraseña-de-antes")) is None
    code = access.request_code(identifier=cui, channel=AccessCode.Channel.SMS)
    assert code.person == survivor


@pytest.mark.parametrize("state", ["closed", "erased", "merged"])
def test_a_record_that_is_not_open_ends_its_sessions_and_opens_by_no_way(state):
    person = a_person(phone="55551234", password=PASSWORD)
    client = FullClient()
    client.force_login(person)
    assert client.get("/mi-cuenta/").status_code == 200
    changes = {
        "closed": {"is_active": False},
        "erased": {"erased_at": timezone.now()},
        "merged": {"merged_into": a_person()},
    }
    Person.objects.filter(pk=person.pk).update(**changes[state])
    assert client.get("/mi-cuenta/").url.startswith("/entrar/")
    assert who(sign_in("55551234")) is None
    code = access.request_code(identifier="55551234", channel=AccessCode.Channel.SMS)
    assert code.person is None


def test_the_key_of_the_session_changes_at_the_door():
    a_person(phone="55551234", password=PASSWORD)
    client = Client()
    client.post("/entrar/codigo/", {"identifier": "55550000", "channel": "sms"})
    before = client.session.session_key
    assert before
    client.post("/entrar/", {"identifier": "55551234", "password": PASSWORD})
    assert client.session.session_key != before
    stolen = Client()
    stolen.cookies["sessionid"] = before
    assert stolen.get("/mi-cuenta/").status_code == 302


def test_ending_sessions_ends_all_of_them_and_no_others():
    person, other = a_person(), a_person()
    sessions = [FullClient(), FullClient(), FullClient()]
    for client, whose in zip(sessions, (person, person, other), strict=True):
        client.force_login(whose)
    access.end_sessions(person)
    assert [client.get("/mi-cuenta/").status_code for client in sessions] == [302, 302, 200]
    sessions[0].force_login(person)
    assert sessions[0].get("/mi-cuenta/").status_code == 200
    access.end_sessions(person)
    assert sessions[0].get("/mi-cuenta/").status_code == 302
