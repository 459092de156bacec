"""A session, whose it is and whether they hold a role come by one statement, and are asked for anew each time."""

from datetime import timedelta

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from lms import sessions
from lms.models import Person, RoleGrant
from tests.factories.people import an_employee

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/events"


def ask(client, person=None) -> int:
    """An empty batch in somebody's name; the status."""
    headers = {"X-Aula-Person": str(person.public_id)} if person else {}
    return client.post(ADDRESS, {"events": []}, content_type="application/json", headers=headers).status_code


@pytest.fixture
def person(client):
    """Signed in, and known to this process."""
    made = an_employee()
    client.force_login(made)
    assert ask(client, made) == 200
    return made


def key_of(client) -> str:
    return client.cookies["sessionid"].value


def test_session_person_and_role_are_one_statement(client, django_assert_num_queries):
    made = an_employee()
    client.force_login(made)
    with django_assert_num_queries(1 + 2):  # the batch's savepoint and its release
        assert ask(client, made) == 200


def test_a_process_that_never_saw_the_session_asks_for_the_person_by_itself_once(person, django_assert_num_queries):
    plain = Client()
    plain.force_login(person)
    sessions.hints._people.clear()
    for statements in (3, 1):  # session, person and roles; then all at once
        with django_assert_num_queries(statements + 2):
            assert ask(plain, person) == 200


def test_a_session_that_was_ended_opens_nothing(client, person):
    Session.objects.filter(session_key=key_of(client)).delete()
    assert ask(client) == 401


def test_a_session_that_ran_out_opens_nothing(client, person):
    Session.objects.filter(session_key=key_of(client)).update(expire_date=timezone.now())
    assert ask(client) == 401


@pytest.mark.parametrize("change", [{"is_active": False}, {"erased_at": timezone.now()}, {"password": "another"}])
def test_a_person_who_was_closed_erased_or_has_another_password_is_out_at_once(client, person, change):
    Person.objects.filter(pk=person.pk).update(**change)
    assert ask(client) == 401


def test_a_record_that_was_taken_into_another_is_out_at_once(client, person):
    Person.objects.filter(pk=person.pk).update(merged_into=an_employee())
    assert ask(client) == 401


def test_ending_every_session_of_somebody_ends_them(client, person):
    Person.objects.filter(pk=person.pk).update(session_epoch=5)
    assert ask(client) == 401


def test_a_role_asks_for_the_second_factor_at_the_next_request_and_its_end_lets_go():
    plain, made = Client(), an_employee()
    plain.force_login(made)
    assert [ask(plain), ask(plain)] == [200, 200]
    grant = RoleGrant.objects.create(person=made, role="auditor")
    assert ask(plain) == 403
    RoleGrant.objects.filter(pk=grant.pk).update(starts_at=timezone.now() + timedelta(days=1))
    assert ask(plain) == 200
    Person.objects.filter(pk=made.pk).update(is_superuser=True)
    assert ask(plain) == 403


def test_a_wrong_hint_says_nothing(client, person):
    other = an_employee()
    sessions.hints.note(key_of(client), other.pk)
    assert ask(client, other) == 403
    sessions.hints.note(key_of(client), other.pk)
    assert ask(client, person) == 200


def test_the_hints_hold_no_key_and_do_not_grow_for_ever(monkeypatch):
    monkeypatch.setattr(sessions._Hints, "MOST", 3)
    hints = sessions._Hints()
    for number in range(4):
        hints.note(f"key-{number}", number)
    assert (hints.get("key-3"), hints.get("key-0")) == (3, 0)
    assert not any(b"key" in one for one in hints._people)


def test_a_key_that_cannot_be_one_is_nobodys(client, person):
    client.cookies["sessionid"] = "a\0b"
    assert ask(client) == 401


def test_a_session_of_somebody_else_under_the_same_key(client, person):
    """The row decides, whoever was there before."""
    other, store = an_employee(), sessions.SessionStore(key_of(client))
    store[SESSION_KEY] = str(other.pk)
    store["_auth_user_hash"] = other.get_session_auth_hash()
    store.save()
    assert ask(client, person) == 403
    assert ask(client, other) == 200


def test_a_row_that_was_changed_by_hand_opens_nothing(client, person):
    """Its seal was found good a moment ago, but of another text."""
    row = Session.objects.get(session_key=key_of(client))
    text, _colon, seal = row.session_data.rpartition(":")
    Session.objects.filter(pk=row.pk).update(session_data=f"{text}:{'b' if seal[0] == 'a' else 'a'}{seal[1:]}")
    assert ask(client) == 401
    Session.objects.filter(pk=row.pk).update(session_data=row.session_data)
    assert ask(client, person) == 200


def test_what_a_request_does_to_its_session_is_not_seen_by_the_next(client, person):
    """What was read from a row is its own each time."""
    store = sessions.SessionStore(key_of(client))
    store["mine"] = ["this"]
    assert "mine" not in sessions.SessionStore(key_of(client))
