"""Protections that stood without a test of their own: exceptions, seats, invitations, sessions, talk.

Each of these goes red when one line of the domain is taken out, and that line alone.
"""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from courses.domain import (
    attendance,
    completion,
    enrolment,
    invitations,
    rotating,
    seats,
    sessions,
    talk,
    waivers,
)
from courses.models import (
    Activity,
    ActivityCompletion,
    Completion,
    CoursePage,
    Enrolment,
    InPersonSession,
    LessonQuestion,
    Registration,
    Waiver,
)
from lms.domain import duplicates, roles
from lms.domain.errors import RuleBroken
from lms.models import Appointment, Membership
from tests.factories.courses import a_course, a_lesson
from tests.factories.people import a_cui, a_member, a_network, a_person, an_employee
from tests.factories.sessions import a_part, a_session, enrolled, hold, noted

pytestmark = pytest.mark.django_db
WHY = "Lo vio en persona, en el taller."


def code_of(verb, *args, **given) -> str:
    with pytest.raises(RuleBroken) as broken:
        verb(*args, **given)
    return broken.value.code


def a_trainer():
    person = a_person()
    roles.grant(person=person, role="trainer", by=None)
    return person


def entered(course, person=None) -> Enrolment:
    person = person or an_employee()
    return enrolment.enrol(person=person, course=course, by=person)


# Exceptions


@pytest.fixture
def excusing():
    """A trainer, somebody in a course of two readings, and what makes an exception of the first."""
    trainer = a_trainer()
    course = a_course(owner=trainer)
    a_lesson(course, title="Uno")
    a_lesson(course, title="Dos")
    one, two = Activity.objects.filter(course_key=course.translation_key).order_by("order")
    given = {"enrolment": entered(course), "activity": one, "kind": "excused", "reason": WHY, "by": trainer}
    return given, two


def test_an_exception_is_made_once_and_not_of_what_was_taken_out(excusing):
    given, two = excusing
    waivers.make(**given)
    assert code_of(waivers.make, **given) == "waiver.nothing_to_waive"
    Activity.objects.filter(pk=two.pk).update(retired_at=timezone.now())
    two.refresh_from_db()
    assert code_of(waivers.make, **given | {"activity": two}) == "waiver.other_course"
    assert Waiver.objects.count() == 1


def test_nothing_is_excused_in_an_edition_that_was_completed_also_in_another_record(excusing):
    given, two = excusing
    other = an_employee()
    for activity in (given["activity"], two):
        completion.complete_activity(enrolment=given["enrolment"], activity=activity)
    assert Completion.objects.count() == 1
    a_lesson(given["enrolment"].course, title="Tres")
    three = Activity.objects.get(title="Tres")
    assert code_of(waivers.make, **given | {"activity": three}) == "waiver.course_completed"
    # The completion is of a record that was joined into this one's.
    duplicates.merge(survivor=other, absorbed=given["enrolment"].person, reason="x", by=None)
    kept = Enrolment.objects.get(person=other)
    assert code_of(waivers.make, **given | {"enrolment": kept, "activity": three}) == "waiver.course_completed"
    CoursePage.objects.update(edition=2)
    assert waivers.make(**given | {"enrolment": kept, "activity": three})


def test_an_exception_is_taken_back_by_who_might_make_it_and_then_is_none(excusing):
    given, two = excusing
    made = waivers.make(**given)
    assert code_of(waivers.withdraw, waiver=made, reason=WHY, by=a_trainer()) == "waiver.not_allowed"
    assert code_of(waivers.withdraw, waiver=made, reason=WHY, by=given["enrolment"].person) == "waiver.own"
    waivers.withdraw(waiver=made, reason=WHY, by=given["by"])
    completion.complete_activity(enrolment=given["enrolment"], activity=two)
    assert not Completion.objects.exists()


# Seats


def test_who_left_the_network_of_a_course_does_not_move_up():
    network = a_network()
    course = a_course(seats=1, network=network)
    people = [a_member(network) for _number in range(3)]
    first, second, third = (entered(course, person) for person in people)
    Membership.objects.filter(person=people[1]).update(left_on=timezone.localdate())
    enrolment.withdraw(enrolment=first, by=people[0])
    found = Enrolment.objects.in_bulk([second.pk, third.pk])
    assert found[second.pk].waiting_since
    assert found[third.pk].waiting_since is None


def test_a_course_that_is_not_published_lets_nobody_up():
    course = a_course(seats=1)
    entered(course)
    waiting = entered(course)
    CoursePage.objects.filter(pk=course.pk).update(seats=5, live=False)
    assert seats.fill_course(course.translation_key) == 0
    assert Enrolment.objects.get(pk=waiting.pk).waiting_since
    CoursePage.objects.filter(pk=course.pk).update(live=True)
    assert seats.fill_course(course.translation_key) == 1


def test_fewer_seats_than_people_let_nobody_up():
    course = a_course(seats=3)
    rows = [entered(course) for _number in range(5)]
    CoursePage.objects.filter(pk=course.pk).update(seats=2)
    assert seats.fill_course(course.translation_key) == 0
    assert [
        bool(one.waiting_since) for one in Enrolment.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk")
    ] == ([False] * 3 + [True] * 2)


def test_nobody_who_is_not_signed_in_waits():
    course = a_course(seats=1)
    entered(course)
    entered(course)
    assert seats.find_waiting(AnonymousUser(), course.translation_key) is None


def test_two_who_came_at_the_same_moment_have_two_places():
    course = a_course(seats=1)
    entered(course)
    rows = [entered(course) for _number in range(2)]
    Enrolment.objects.filter(pk__in=[row.pk for row in rows]).update(waiting_since=timezone.now())
    assert [seats.place_of(Enrolment.objects.get(pk=row.pk)) for row in rows] == [1, 2]


def test_this_editions_completions_keep_their_seat():
    course = a_course(seats=1)
    a_lesson(course)
    done = entered(course)
    completion.mark_read(enrolment=done, activity=Activity.objects.get(course_key=course.translation_key))
    assert Completion.objects.exists()
    assert seats.taken(CoursePage.objects.get(pk=course.pk)) == 1


# Invitations


def test_an_invitation_neither_brings_into_a_course_that_became_an_assigned_one_nor_is_anybodys_to_make_for_a_draft():
    course = a_course(entry="invited")
    made = invitations.make(course=course, by=None)
    CoursePage.objects.filter(pk=course.pk).update(entry="assigned")
    assert code_of(invitations.redeem, invitation=made, person=an_employee()) == "invitation.over"
    made.refresh_from_db()
    assert made.used_count == 0
    CoursePage.objects.filter(pk=course.pk).update(entry="invited", live=False)
    course.refresh_from_db()
    assert code_of(invitations.make, course=course, by=None) == "invitation.course_closed"


def test_who_worked_in_the_town_hall_once_is_not_of_its_staff():
    person = an_employee("1413")
    made = invitations.make(
        course=a_course(entry="invited"), by=None, municipality=person.current_appointment().municipality
    )
    today = timezone.localdate()
    Appointment.objects.filter(person=person).update(
        starts_on=today - timedelta(days=9), ends_on=today - timedelta(days=1)
    )
    assert code_of(invitations.redeem, invitation=made, person=person) == "invitation.other_staff"


def test_a_longer_code_is_not_cut_to_one_that_fits():
    made = invitations.make(course=a_course(entry="invited"), by=None)
    assert invitations.find(made.code) == made
    assert invitations.find(f"{made.code}A") is None
    assert invitations.find(made.code[:-1]) is None


def test_a_courses_own_list_has_none_of_a_town_halls():
    course = a_course(entry="invited")
    municipality = an_employee("1413").current_appointment().municipality
    own = invitations.make(course=course, by=None)
    invitations.make(course=course, by=None, municipality=municipality)
    assert list(invitations.made_for(course.translation_key)) == [own]


def test_who_came_in_by_a_code_once_uses_up_nothing_of_another():
    course, person = a_course(entry="invited"), an_employee()
    invitations.redeem(invitation=invitations.make(course=course, by=None), person=person)
    second = invitations.make(course=course, by=None)
    invitations.redeem(invitation=second, person=person)
    second.refresh_from_db()
    assert second.used_count == 0


# Sessions held in person


def test_only_a_part_held_in_person_has_sessions_and_none_ends_before_it_begins():
    course = a_course()
    a_lesson(course)
    reading = Activity.objects.get(course_key=course.translation_key)
    assert code_of(a_session, reading) == "in_person.other_kind"
    now = timezone.now()
    assert code_of(a_session, starts_at=now, ends_at=now) == "in_person.backwards"
    assert not InPersonSession.objects.exists()


def test_what_has_not_begun_is_not_closed_and_what_was_closed_is_not_changed():
    session = a_session()
    assert code_of(sessions.close, session=session, by=None) == "in_person.too_early"
    hold(session)
    sessions.close(session=session, by=None)
    assert code_of(sessions.change, session=session, by=None, room="X") == "in_person.closed"
    assert code_of(sessions.cancel, session=session, reason="Lluvia", by=None) == "in_person.closed"
    assert code_of(sessions.reopen, session=session, reason=" ", by=None) == "in_person.reason"
    cancelled = sessions.cancel(session=a_session(), reason="Lluvia", by=None)
    assert code_of(sessions.cancel, session=cancelled, reason="Lluvia", by=None) == "in_person.cancelled"
    assert code_of(sessions.close, session=hold(cancelled), by=None) == "in_person.cancelled"


def test_no_number_of_a_document_stands_in_a_reason():
    session = a_session()
    number = a_cui()
    assert code_of(sessions.cancel, session=session, reason=f"No vino {number}", by=None) == "text.number_in_it"
    hold(session)
    who = enrolled(session)
    assert code_of(noted, session, who, reason=f"DPI {number}") == "text.number_in_it"
    session.refresh_from_db()
    assert session.cancelled_at is None
    assert attendance.state_of(session=session, enrolment=who) is None


def test_a_part_that_was_taken_out_has_no_seats_to_give():
    session = a_session()
    who = enrolled(session)
    Activity.objects.filter(pk=session.activity_id).update(retired_at=timezone.now())
    assert code_of(sessions.register, enrolment=who, session=session, by=None) == "in_person.cancelled"


def test_who_is_in_a_session_that_began_does_not_change_to_another_unless_it_was_cancelled():
    part = a_part()
    begun, other = a_session(part), a_session(part)
    who = enrolled(begun)
    sessions.register(enrolment=who, session=begun, by=None)
    hold(begun)
    assert code_of(sessions.register, enrolment=who, session=other, by=None) == "in_person.begun"
    InPersonSession.objects.filter(pk=begun.pk).update(cancelled_at=timezone.now(), cancel_reason="Lluvia")
    sessions.register(enrolment=who, session=other, by=None)
    assert Registration.objects.active().get(enrolment=who).session == other


def test_a_seat_in_what_was_cancelled_is_given_back_also_after_its_hour():
    session = a_session()
    who = enrolled(session)
    sessions.register(enrolment=who, session=session, by=None)
    sessions.cancel(session=session, reason="Lluvia", by=None)
    hold(session)
    sessions.give_back(enrolment=who, session=session, by=who.person)
    assert not Registration.objects.active().exists()


def test_who_leaves_the_course_keeps_the_seat_in_what_began():
    session = a_session()
    who = enrolled(session)
    sessions.register(enrolment=who, session=session, by=None)
    hold(session)
    enrolment.withdraw(enrolment=who, by=who.person)
    assert Registration.objects.active().filter(enrolment=who).exists()


def test_hours_of_who_left_or_of_what_was_taken_out_complete_nothing():
    session = hold(a_session(a_part(hours=50)))
    gone, there = enrolled(session), enrolled(session)
    noted(session, gone)
    noted(session, there)
    enrolment.withdraw(enrolment=gone, by=gone.person)
    Activity.objects.filter(pk=session.activity_id).update(hours=4)
    attendance.settle(enrolments=[gone.pk])
    assert not ActivityCompletion.objects.exists()
    Activity.objects.filter(pk=session.activity_id).update(retired_at=timezone.now())
    attendance.settle(enrolments=[there.pk])
    assert not ActivityCompletion.objects.exists()
    Activity.objects.filter(pk=session.activity_id).update(retired_at=None)
    attendance.settle(enrolments=[there.pk])
    assert ActivityCompletion.objects.get().enrolment == there


def test_a_code_of_the_future_or_of_a_step_beyond_counting_is_worth_nothing():
    session = hold(a_session())
    who = enrolled(session)
    sessions.seat(enrolment=who, session=session, by=None, at=timezone.now() - timedelta(hours=1))
    later = rotating.step_at(timezone.now() + timedelta(minutes=30))
    scan = rotating.Scan(later, rotating.mac_of(session, later), timezone.now())
    assert code_of(rotating.accept, session=session, person=who.person, scan=scan) == "scan.old"
    assert not rotating.is_genuine(session, 2**40, rotating.mac_of(session, 2**40))


# Talk


def test_an_answer_and_a_refusal_have_words():
    trainer = a_trainer()
    lesson = a_lesson(a_course(owner=trainer))
    one = talk.ask(enrolment=entered(lesson.course), lesson_key=lesson.translation_key, text="¿Cómo?")
    assert code_of(talk.publish, question=one, answer=" \n ", by=trainer) == "talk.answer_empty"
    assert code_of(talk.publish, question=one, answer="x" * 5001, by=trainer) == "talk.too_long"
    assert code_of(talk.refuse, question=one, reason="\x00", by=trainer) == "talk.no_reason"
    refused = talk.refuse(question=one, reason="Ya se respondió", by=trainer)
    published = talk.publish(question=refused, answer="Así.\x07", by=trainer)
    assert (published.answer, LessonQuestion.objects.get().reason) == ("Así.", "")
    assert code_of(talk.take_back, question=one, reason=" ", by=trainer) == "talk.no_reason"


def test_the_same_words_sent_twice_are_one_question_and_anothers_are_theirs():
    lesson = a_lesson(a_course())
    mine, other = entered(lesson.course), entered(lesson.course)
    ask = {"lesson_key": lesson.translation_key, "text": "¿Cómo?"}
    assert talk.ask(enrolment=mine, **ask) == talk.ask(enrolment=mine, **ask)
    assert list(talk.own_unpublished(other)) == []
    theirs = talk.ask(enrolment=other, **ask)
    assert list(talk.own_unpublished(other)) == [theirs]
    assert list(talk.of_course(mine)) == []


def test_under_a_course_that_was_taken_back_nobody_asks():
    lesson = a_lesson(a_course())
    who = entered(lesson.course)
    CoursePage.objects.filter(pk=lesson.course.pk).update(live=False)
    ask = {"enrolment": who, "lesson_key": lesson.translation_key, "text": "¿Cómo?"}
    assert code_of(talk.ask, **ask) == "talk.no_lesson"
