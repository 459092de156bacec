"""A seat at the door: whom a trainer finds, and course and seat in one step, both or neither."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from courses.domain import sessions, walk_ins
from courses.models import CoursePage, Enrolment, Registration
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent
from tests.courses.test_sessions import code_of
from tests.factories.people import a_cui, a_member, a_network, a_person, an_employee, born, somebody_with_role
from tests.factories.sessions import a_session, enrolled, hold

pytestmark = pytest.mark.django_db


@pytest.fixture
def trainer(client):
    person = somebody_with_role("trainer")
    client.force_login(person)
    return person


@pytest.fixture
def session(trainer):
    """In Nebaj, tomorrow, of a course that the trainer writes and that is open."""
    made = a_session(trainer=trainer)
    course_of(made).update(owner=trainer)
    return made


def course_of(session):
    return CoursePage.objects.filter(translation_key=session.activity.course_key)


def address(name: str, session) -> str:
    return reverse(f"courses_sessions:{name}", args=[session.public_id])


def bring_in(session, person, by=None) -> Registration:
    return walk_ins.bring_in(session=session, person=person, by=by)


# Whom


def test_beyond_the_course_staff_of_the_place_is_found_by_two_words_and_any_by_their_whole_number(session):
    cui = a_cui()
    here = an_employee(given_names="Marta", surnames="Ajú Tzoc")
    there = an_employee("0101", given_names="Marta", surnames="Ajú Paz", cui=cui, phone="55551234")
    for words, found in (
        ("aju marta", [here]),
        ("marta", []),
        (cui, [there]),
        ("5555 1234", [there]),
        (cui[:12], []),
        ("5555", []),
        ("", []),
    ):
        assert walk_ins.find_outside(session, words) == found, words


def test_nobody_else_is_found_beyond_the_course(session):
    same = {"given_names": "Marta", "surnames": "Ajú"}
    a_person(**same), an_employee(is_confirmed=False, **same), an_employee(is_active=False, **same)
    an_employee(born_on=born(16), **same), an_employee(is_demo=True, **same)
    a_member(a_network(), born_on=born(16), **same)
    enrolled(session, an_employee(**same))
    assert walk_ins.find_outside(session, "marta aju") == []
    here = an_employee(**same)
    assert walk_ins.find_outside(session, "marta aju") == [here]
    course_of(session).update(entry="invited")
    assert walk_ins.find_outside(session, "marta aju") == []
    course_of(session).update(entry="open", network=a_network("Otra"))
    assert walk_ins.find_outside(session, "marta aju") == []


# What


def test_who_is_in_neither_gets_both_in_one_step_and_the_trail_says_who_did_it(session, trainer):
    person = an_employee()
    seat = bring_in(session, person, by=trainer)
    assert (seat.number, seat.enrolment.person, seat.enrolment.is_active) == (1, person, True)
    said = AuditEvent.objects.filter(action__in=["in_person.registered", "enrolment.made"])
    assert {(one.action, one.actor) for one in said} == {
        ("in_person.registered", str(trainer.public_id)),
        ("enrolment.made", str(trainer.public_id)),
    }
    assert bring_in(session, person, by=trainer) == seat
    assert said.count() == 2


def test_who_is_in_the_course_gets_a_seat_whatever_its_door(session):
    who = enrolled(session)
    course_of(session).update(entry="invited")
    assert bring_in(session, who.person).enrolment == who


def test_while_it_lasts_a_seat_is_given_and_after_it_none(session):
    hold(session)
    assert bring_in(session, an_employee()).number == 1
    session.ends_at = timezone.now() - timedelta(minutes=1)
    session.save(update_fields=["ends_at"])
    assert code_of(bring_in, session=session, person=an_employee()) == "in_person.over"
    assert code_of(sessions.register, enrolment=enrolled(session), session=session, by=None) == "in_person.begun"


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda one: type(one).objects.update(seats=1), "in_person.full"),
        (lambda one: course_of(one).update(seats=1), "in_person.course_full"),
        (lambda one: course_of(one).update(entry="invited"), "enrolment.invitation_needed"),
        (lambda one: sessions.cancel(session=one, reason="Lluvia", by=None), "in_person.cancelled"),
    ],
)
def test_both_or_neither(session, spoil, code):
    bring_in(session, an_employee())
    spoil(session)
    person = an_employee()
    assert code_of(bring_in, session=session, person=person) == code
    assert not Enrolment.objects.filter(person=person).exists()
    assert Registration.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_last_seat_is_given_once_however_many_trainers_give_it():
    session = a_session(seats=2)
    people = [an_employee() for _each in range(6)]
    start = threading.Barrier(len(people))

    def give(person) -> str:
        try:
            start.wait(60)
            bring_in(session, person)
        except RuleBroken as broken:
            return broken.code
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(len(people)) as pool:
        told = list(pool.map(give, people))
    assert sorted(told) == [""] * 2 + ["in_person.full"] * 4
    assert Enrolment.objects.count() == 2


# The screens


def test_a_trainer_finds_and_brings_in_and_a_stranger_cannot_be_named(client, session):
    cui = a_cui()
    person = an_employee(given_names="Marta", surnames="Ajú", cui=cui)
    assert "Dar un lugar a alguien" in client.get(address("attendance", session)).content.decode()
    page = client.post(address("find", session), {"words": "marta ajú"}).content.decode()
    assert str(person.public_id) in page
    assert "Inscribir en el curso y darle un lugar" in page
    assert cui not in page
    answer = client.post(address("register", session), {"person": person.public_id}, follow=True)
    assert "Marta Ajú tiene el lugar número 1." in answer.content.decode()
    page = client.post(address("find", session), {"words": "marta ajú"}).content.decode()
    assert "lugar número 1" in page
    assert "Inscribir en el curso" not in page
    for stranger in (a_person(), an_employee(born_on=born(16))):
        assert client.post(address("register", session), {"person": stranger.public_id}).status_code == 404
    for given in ({}, {"person": "x"}):
        answer = client.post(address("register", session), given, follow=True)
        assert "Busque de nuevo a la persona." in answer.content.decode()


def test_another_trainers_session_is_not_there(client, trainer):
    elsewhere = a_session()
    person = an_employee()
    assert client.post(address("register", elsewhere), {"person": person.public_id}).status_code == 404
    assert not Enrolment.objects.filter(person=person).exists()


def test_what_was_refused_is_said(client, session):
    type(session).objects.update(seats=1)
    bring_in(session, an_employee())
    answer = client.post(address("register", session), {"person": an_employee().public_id}, follow=True)
    assert "Esta sesión ya no tiene cupo." in answer.content.decode()


def test_finding_asks_no_more_the_more_are_found(client, session):
    counts = []
    for people in (1, 3):
        for _each in range(people):
            an_employee(given_names="Marta", surnames="Ajú")
            enrolled(session, an_employee(given_names="Marta", surnames="Ajú"))
        client.post(address("find", session), {"words": "marta ajú"})
        with CaptureQueriesContext(connection) as asked:
            client.post(address("find", session), {"words": "marta ajú"})
        counts.append(len(asked))
    assert counts[0] == counts[1]
