"""Sessions in person: planned, changed and cancelled; seats that are never sold twice."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from courses.domain import enrolment, sessions
from courses.models import Activity, InPersonSession, Registration
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent
from tests.factories.courses import a_course, a_lesson
from tests.factories.people import an_employee, somebody_with_role
from tests.factories.sessions import a_part, a_session, enrolled, hold

pytestmark = pytest.mark.django_db


def code_of(verb, **arguments) -> str:
    with pytest.raises(RuleBroken) as broken:
        verb(**arguments)
    return broken.value.code


def test_a_part_held_in_person_is_an_activity_that_keeps_its_identity():
    course = a_course()
    lesson = a_lesson(course, ("attendance", {"title": "Taller", "hours": 8, "min_percent": 80, "is_required": True}))
    before = Activity.objects.get()
    assert (before.kind, before.title, before.hours, before.min_percent) == ("attendance", "Taller", 8, 80)
    lesson.body[0].value["hours"] = 6
    lesson.body[0].value["is_required"] = False
    lesson.save_revision().publish()
    after = Activity.objects.get()
    assert (after.pk, after.hours, after.is_required) == (before.pk, 6, False)


@pytest.mark.parametrize("fields", [{"hours": None}, {"min_percent": None}, {"min_percent": 101}])
def test_the_database_refuses_a_part_without_hours_or_share(fields):
    with pytest.raises(IntegrityError, match="in_person_has_hours"), transaction.atomic():
        Activity.objects.filter(pk=a_part().pk).update(**fields)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"ends_at": timezone.now() - timedelta(days=9)}, "goes_forward"),
        ({"hours": 0}, "has_hours"),
        ({"seats": 0}, "has_seats"),
        ({"cancelled_at": timezone.now()}, "for_a_reason"),
    ],
)
def test_the_database_refuses_sessions_that_cannot_be(fields, name):
    session = a_session()
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        InPersonSession.objects.filter(pk=session.pk).update(**fields)


def test_a_seat_is_taken_once_and_given_back_until_it_begins():
    session = a_session()
    who = enrolled(session)
    seat = sessions.register(enrolment=who, session=session, by=who.person)
    assert sessions.register(enrolment=who, session=session, by=who.person) == seat
    sessions.give_back(enrolment=who, session=session, by=who.person)
    assert not session.registrations.active().exists()
    again = sessions.register(enrolment=who, session=session, by=who.person)
    assert (seat.number, again.number) == (1, 2)
    hold(session)
    assert code_of(sessions.give_back, enrolment=who, session=session, by=who.person) == "in_person.begun"
    assert code_of(sessions.register, enrolment=enrolled(session), session=session, by=None) == "in_person.begun"


def test_another_parallel_session_is_a_change_and_another_meeting_is_one_more():
    part = a_part(hours=8)
    first, parallel = a_session(part), a_session(part, room="Otro salón")
    second = a_session(part, meeting=2, starts_at=timezone.now() + timedelta(days=8))
    who = enrolled(first)
    for one in (first, second, parallel):
        sessions.register(enrolment=who, session=one, by=who.person)
    held = Registration.objects.active().filter(enrolment=who).values_list("session", flat=True)
    assert set(held) == {parallel.pk, second.pk}


def test_who_is_not_in_the_course_takes_no_seat():
    session, elsewhere = a_session(), a_session()
    who = enrolled(elsewhere)
    assert code_of(sessions.register, enrolment=who, session=session, by=None) == "in_person.other_course"
    who.withdrawn_at = timezone.now()
    who.save()
    assert code_of(sessions.register, enrolment=who, session=elsewhere, by=None) == "in_person.not_enrolled"


def test_who_leaves_the_course_leaves_the_seat():
    session = a_session()
    who = enrolled(session)
    sessions.register(enrolment=who, session=session, by=None)
    enrolment.withdraw(enrolment=who, by=who.person)
    assert not session.registrations.active().exists()


def test_a_full_session_is_full_and_a_change_to_it_loses_no_seat():
    part = a_part()
    small, other = a_session(part, seats=1), a_session(part)
    sessions.register(enrolment=enrolled(small), session=small, by=None)
    who = enrolled(small)
    kept = sessions.register(enrolment=who, session=other, by=None)
    assert code_of(sessions.register, enrolment=who, session=small, by=None) == "in_person.full"
    kept.refresh_from_db()
    assert kept.cancelled_at is None


def test_a_change_that_concerns_who_comes_moves_the_calendar_on():
    session, by = a_session(), an_employee()
    assert sessions.change(session=session, by=by, seats=5, hours=session.hours).sequence == 0
    assert sessions.change(session=session, by=by, room="Biblioteca").sequence == 1
    assert sessions.change(session=session, by=by, room="Biblioteca").sequence == 1
    later = {"starts_at": session.ends_at, "ends_at": session.starts_at}
    assert code_of(sessions.change, session=session, by=by, **later) == "in_person.backwards"
    for _person in range(2):
        sessions.register(enrolment=enrolled(session), session=session, by=None)
    assert code_of(sessions.change, session=session, by=by, seats=1) == "in_person.seats_taken"
    assert AuditEvent.objects.filter(action="in_person.changed").count() == 2


def test_cancelling_asks_for_a_reason_and_frees_everybody_for_another():
    part = a_part()
    session, other = a_session(part), a_session(part)
    who = enrolled(session)
    sessions.register(enrolment=who, session=session, by=None)
    assert code_of(sessions.cancel, session=session, reason=" ", by=None) == "in_person.reason"
    assert sessions.cancel(session=session, reason="No hay paso por la lluvia", by=None).sequence == 1
    assert code_of(sessions.register, enrolment=enrolled(session), session=session, by=None) == "in_person.cancelled"
    assert code_of(sessions.change, session=session, by=None, room="X") == "in_person.cancelled"
    sessions.register(enrolment=who, session=other, by=None)
    assert Registration.objects.active().get(enrolment=who).session == other


def test_those_who_write_the_course_and_who_holds_the_session_reach_it():
    session = a_session()
    trainer, stranger = somebody_with_role("trainer"), somebody_with_role("trainer")
    mine = a_session(trainer=trainer)
    assert set(sessions.sessions_for(trainer)) == {mine}
    assert not sessions.sessions_for(stranger).exists()
    assert set(sessions.sessions_for(somebody_with_role("administrator"))) == {session, mine}


def rush(session, people) -> list[str]:
    """Everybody presses the button at once."""
    start = threading.Barrier(len(people))

    def press(who) -> str:
        try:
            start.wait(60)
            sessions.register(enrolment=who, session=session, by=who.person)
        except RuleBroken as broken:
            return broken.code
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(len(people)) as pool:
        return list(pool.map(press, people))


@pytest.mark.django_db(transaction=True)
def test_eight_people_for_three_seats_are_three_and_every_number_is_given_once():
    session = a_session(seats=3)
    told = rush(session, [enrolled(session) for _person in range(8)])
    assert sorted(told) == [""] * 3 + ["in_person.full"] * 5
    assert list(session.registrations.values_list("number", flat=True)) == [1, 2, 3]


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite lets one write at a time, lock or no lock")
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_they_would_collide(monkeypatch):
    """The negative control: the numbers would be given twice, which the database alone refuses."""
    session = a_session(seats=3)
    people = [enrolled(session) for _person in range(8)]
    monkeypatch.setattr(type(InPersonSession.objects.all()), "select_for_update", lambda rows, **_how: rows)

    def rush_again() -> None:
        for _again in range(5):
            rush(session, people)
            Registration.objects.all().delete()

    with pytest.raises(IntegrityError):
        rush_again()
