"""Attendance: rows are added and never lost, the newest holds, enough hours complete the part for good."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from courses.domain import attendance, attended, completion, sessions
from courses.models import Activity, ActivityCompletion, Attendance, Completion
from lms.domain import duplicates
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent
from tests.factories.people import an_employee
from tests.factories.sessions import a_part, a_session, enrolled, hold, noted

pytestmark = pytest.mark.django_db


def refused(session, who, **mark) -> str:
    with pytest.raises(RuleBroken) as broken:
        noted(session, who, **mark)
    return broken.value.code


def test_enough_hours_complete_the_part_and_the_course_once_and_for_good():
    session = hold(a_session(a_part(hours=5, min_percent=80)))
    who = enrolled(session)
    noted(session, who)
    done = ActivityCompletion.objects.get(enrolment=who)
    assert done.facts == {"attended_hours": "4.0", "hours": "5.0", "min_percent": 80}
    course = Completion.objects.get(person=who.person)
    assert course.hours_by_kind == {"in_person": "5.0", "virtual": "0.0"}
    noted(session, who, present=False, reason="Era otra persona")
    assert ActivityCompletion.objects.filter(pk=done.pk).exists()


def test_hours_of_several_meetings_add_up_and_parallel_ones_do_not():
    part = a_part(hours=8, min_percent=100)
    first, parallel = hold(a_session(part)), hold(a_session(part, hours=3))
    second = hold(a_session(part, meeting=2))
    who = enrolled(first)
    noted(first, who)
    noted(parallel, who)
    assert attended.hours_of([who.pk]) == {(who.pk, part.pk): 4}
    said = completion.course_progress(who).lessons[0].activities[0]
    assert (said.percent, said.words) == (50, "Le faltan 4 horas presenciales")
    noted(second, who)
    assert completion.course_progress(who).lessons[0].activities[0].is_done


def test_a_mark_that_comes_twice_is_one_and_the_same_id_with_another_content_is_refused():
    session = hold(a_session())
    who, by, key = enrolled(session), an_employee(), uuid.uuid4()
    first = noted(session, who, by=by, client_id=key)
    assert noted(session, who, by=by, client_id=key) == first
    assert refused(session, who, by=by, client_id=key, present=False) == "attendance.conflict"
    assert refused(session, enrolled(session), by=by, client_id=key) == "attendance.conflict"
    assert Attendance.objects.count() == 1


def test_a_repetition_that_comes_after_a_correction_does_not_undo_it():
    session = hold(a_session(a_part(hours=50)))
    who, key = enrolled(session), uuid.uuid4()
    noted(session, who, client_id=key)
    noted(session, who, present=False, reason="Firmó por otra persona")
    noted(session, who, client_id=key)
    assert attendance.state_of(session=session, enrolment=who).is_present is False


def test_a_correction_is_a_new_row_with_a_reason_and_is_told_to_the_trail():
    session = hold(a_session())
    who, by = enrolled(session), an_employee()
    noted(session, who, present=False)
    assert refused(session, who, by=by) == "attendance.needs_reason"
    noted(session, who, by=by, reason="Llegó media hora después")
    assert list(Attendance.objects.values_list("is_present", flat=True)) == [False, True]
    told = AuditEvent.objects.get(action="attendance.corrected")
    assert (told.actor, told.facts["reason"]) == (str(by.public_id), "Llegó media hora después")


def test_closed_is_final_until_it_is_opened_with_a_reason():
    session, by = hold(a_session()), an_employee()
    who = enrolled(session)
    sessions.close(session=session, by=by)
    assert refused(session, who) == "attendance.closed"
    with pytest.raises(RuleBroken, match="Escriba por qué"):
        sessions.reopen(session=session, reason="", by=by)
    sessions.reopen(session=session, reason="Faltó la hoja de la tarde", by=by)
    noted(session, who)
    actions = AuditEvent.objects.filter(subject=f"courses.inpersonsession:{session.public_id}").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == [
        "in_person.planned",
        "in_person.closed",
        "in_person.reopened",
    ]


def test_nobody_is_noted_ahead_nor_in_what_was_cancelled_nor_by_themselves():
    session = a_session()
    who = enrolled(session)
    assert refused(session, who) == "attendance.too_early"
    hold(session)
    assert refused(session, who, by=who.person) == "attendance.own"
    assert refused(session, enrolled(a_session())) == "attendance.other_course"
    cancelled = sessions.cancel(session=a_session(), reason="Feria", by=None)
    assert refused(hold(cancelled), enrolled(cancelled)) == "attendance.cancelled"


def test_a_session_that_somebody_attended_is_not_cancelled():
    session = hold(a_session())
    noted(session, enrolled(session))
    with pytest.raises(RuleBroken) as broken:
        sessions.cancel(session=session, reason="x", by=None)
    assert broken.value.code == "in_person.held"


def test_when_it_happened_is_never_after_it_came():
    session = hold(a_session())
    row = noted(session, enrolled(session), happened_at=timezone.now() + timedelta(days=400))
    assert row.happened_at == row.received_at
    copied = {"session": session, "enrolment": row.enrolment, "is_present": True, "way": "list"}
    with pytest.raises(IntegrityError, match="before_it_happened"), transaction.atomic():
        Attendance.objects.create(client_id=uuid.uuid4(), happened_at=timezone.now() + timedelta(days=1), **copied)
    with pytest.raises(IntegrityError, match="late_by_code_alone"), transaction.atomic():
        Attendance.objects.create(client_id=uuid.uuid4(), happened_at=session.starts_at, is_late=True, **copied)


@pytest.mark.parametrize("fields", [{"is_present": False}, {"reason": "x"}, {"way": "qr"}, {"received_at": None}])
def test_the_database_refuses_to_change_what_was_noted(fields):
    session = hold(a_session())
    noted(session, enrolled(session))
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        Attendance.objects.update(
            **{"received_at": timezone.now()} | {k: v for k, v in fields.items() if v is not None}
        )


def test_a_course_that_asks_less_is_complete_at_the_next_visit():
    part = a_part(hours=8, min_percent=80)
    session = hold(a_session(part))
    who = enrolled(session)
    noted(session, who)
    assert not ActivityCompletion.objects.exists()
    Activity.objects.filter(pk=part.pk).update(min_percent=50)
    enrolled(session, who.person)
    assert ActivityCompletion.objects.get().activity == part


def test_the_list_has_seats_first_then_who_came_without_one():
    session = a_session()
    first, second, walked_in = (enrolled(session, an_employee(surnames=name)) for name in ("Tzoc", "Ajú", "Brito"))
    for who in (first, second):
        sessions.register(enrolment=who, session=session, by=None)
    hold(session)
    noted(session, walked_in)
    noted(session, second, present=False)
    rows = [(row.number, row.enrolment, row.is_present) for row in attendance.rows_of(session)]
    assert rows == [(1, first, None), (2, second, False), (None, walked_in, True)]


def test_two_records_that_become_one_share_their_attendance_and_part_with_it():
    part = a_part(hours=8, min_percent=100)
    morning, later = hold(a_session(part)), a_session(part, meeting=2)
    one, other = enrolled(morning), enrolled(morning)
    noted(morning, other)
    sessions.register(enrolment=other, session=later, by=None)
    merge = duplicates.merge(survivor=one.person, absorbed=other.person, reason="La misma persona", by=None)
    assert attended.hours_of([one.pk]) == {(one.pk, part.pk): 4}
    assert [seat.enrolment for seat in later.registrations.active()] == [one]
    duplicates.undo(merge=merge, by=None)
    assert attended.hours_of([one.pk, other.pk]) == {(other.pk, part.pk): 4}
    assert [seat.enrolment for seat in later.registrations.active()] == [other]
