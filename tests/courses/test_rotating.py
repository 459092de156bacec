"""The code on the screen: in time it counts, forwarded it does not, late it counts for who held a seat."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courses.domain import rotating, sessions
from courses.models import Attendance, Registration
from lms.domain.errors import RuleBroken
from tests.factories.people import an_employee
from tests.factories.sessions import a_part, a_session, enrolled, hold, noted

pytestmark = pytest.mark.django_db


def shown(session, *, ago=timedelta(0), seen_after=timedelta(0)) -> rotating.Scan:
    """What was on the screen some time ago, and reached the server that much later."""
    at = timezone.now() - ago
    step = rotating.step_at(at)
    return rotating.Scan(step, rotating.mac_of(session, step), at + seen_after)


def scan(session, who, **when):
    return rotating.accept(session=session, person=who.person, scan=shown(session, **when))


def refused(session, person, code) -> str:
    with pytest.raises(RuleBroken) as broken:
        rotating.accept(session=session, person=person, scan=code)
    return broken.value.code


def test_what_is_on_the_screen_counts_once():
    session = hold(a_session())
    who = enrolled(session)
    first = scan(session, who)
    assert (first.is_present, first.way, first.is_late, first.noted_by) == (True, "qr", False, who.person)
    assert scan(session, who) == first
    assert Attendance.objects.count() == 1
    assert session.registrations.get().enrolment == who


def test_who_comes_without_a_seat_gets_one_while_there_are_any():
    session = hold(a_session(seats=1))
    scan(session, enrolled(session))
    assert refused(session, enrolled(session).person, shown(session)) == "in_person.full"
    assert Attendance.objects.count() == 1


def test_who_comes_to_a_parallel_session_leaves_the_seat_beside_it():
    part = a_part()
    here, beside = a_session(part), a_session(part)
    who = enrolled(here)
    sessions.register(enrolment=who, session=beside, by=None)
    scan(hold(here), who)
    assert [seat.session for seat in Registration.objects.active()] == [here]


@pytest.mark.parametrize("ago", [timedelta(minutes=2), timedelta(hours=5)])
def test_a_photo_that_is_forwarded_does_not_count_for_who_had_no_seat(ago):
    session = hold(a_session())
    session.starts_at -= timedelta(hours=6)
    session.save()
    who = enrolled(session)
    assert refused(session, who.person, shown(session, ago=ago, seen_after=ago)) == "scan.old"


def test_a_code_that_comes_late_counts_for_who_had_a_seat_before_it_was_shown(settings):
    settings.ATTENDANCE_LATE_HOURS = 2
    session = a_session()
    who, other = enrolled(session), enrolled(session)
    for one in (who, other):
        sessions.register(enrolment=one, session=session, by=None)
    session.registrations.update(registered_at=timezone.now() - timedelta(days=1))
    hold(session)
    session.starts_at -= timedelta(hours=6)
    session.save()
    late = shown(session, ago=timedelta(minutes=110), seen_after=timedelta(minutes=110))
    row = rotating.accept(session=session, person=who.person, scan=late)
    assert (row.is_late, row.happened_at) == (True, late.shown_at)
    too_late = shown(session, ago=timedelta(minutes=130), seen_after=timedelta(minutes=130))
    assert refused(session, other.person, too_late) == "scan.old"
    session.registrations.update(registered_at=timezone.now())
    assert refused(session, other.person, late) == "scan.old"


def test_a_code_of_another_session_another_step_or_of_tomorrow_is_worth_nothing():
    session, other = hold(a_session()), hold(a_session())
    person, now = enrolled(session).person, timezone.now()
    step = rotating.step_at(now)
    assert refused(session, person, rotating.Scan(step, rotating.mac_of(other, step), now)) == "scan.forged"
    assert refused(session, person, rotating.Scan(step, rotating.mac_of(session, step + 1), now)) == "scan.forged"
    assert refused(session, person, rotating.Scan(step, "", now)) == "scan.forged"
    assert refused(session, person, rotating.Scan(step, "ñ" * 16, now)) == "scan.forged"
    ahead = step + 60
    assert refused(session, person, rotating.Scan(ahead, rotating.mac_of(session, ahead), now)) == "scan.old"


def test_who_is_not_in_the_course_is_told_to_enrol():
    session = hold(a_session())
    assert refused(session, an_employee(), shown(session)) == "scan.not_enrolled"


def test_a_code_does_not_undo_what_the_trainer_noted():
    session = hold(a_session())
    who = enrolled(session)
    noted(session, who, present=False)
    assert refused(session, who.person, shown(session)) == "scan.noted_absent"


def test_a_code_counts_in_its_hour_alone():
    session = hold(a_session())
    who = enrolled(session)
    session.starts_at += timedelta(hours=30)
    session.ends_at += timedelta(hours=30)
    session.save()
    assert refused(session, who.person, shown(session)) == "scan.outside"
    sessions.close(session=hold(session), by=None)
    assert refused(session, who.person, shown(session)) == "attendance.closed"
