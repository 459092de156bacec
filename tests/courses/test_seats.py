"""Seats, the list of those who wait for one, and coming back to them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from courses.domain import completion, enrolment, seats
from courses.models import Activity, Completion, CoursePage, Enrolment
from lms.domain import duplicates
from lms.models import AuditEvent
from tests.factories.courses import a_course, a_lesson
from tests.factories.people import an_employee

pytestmark = pytest.mark.django_db
IN = {"withdrawn"}
FOLLOWS = {
    "made": IN,
    "resumed": IN,
    "seated": IN,
    "listed": {"seated", "withdrawn"},
    "withdrawn": {"resumed", "listed"},
}


def entered(course, person=None, **fields) -> Enrolment:
    person = person or an_employee()
    return enrolment.enrol(person=person, course=course, by=person, **fields)


def standing(*rows: Enrolment) -> str:
    """One letter each: in, waiting, out."""
    found = Enrolment.objects.in_bulk([row.pk for row in rows])
    return "".join(
        "w" if one.waiting_since else "o" if one.withdrawn_at else "i" for one in (found[row.pk] for row in rows)
    )


def leave(row: Enrolment) -> None:
    enrolment.withdraw(enrolment=row, by=row.person)


def actions():
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


def test_beyond_the_seats_one_waits_and_the_first_moves_up_when_somebody_leaves():
    course = a_course(seats=2)
    rows = [entered(course) for _number in range(4)]
    assert standing(*rows) == "iiww"
    assert [seats.place_of(row) for row in rows[2:]] == [1, 2]
    assert enrolment.find_active(rows[2].person, course) is None
    leave(rows[0])
    assert standing(*rows) == "oiiw"
    moved = Enrolment.objects.get(pk=rows[2].pk)
    assert moved.seated_at
    assert enrolment.find_active(moved.person, course) == moved
    assert actions() == [
        *["enrolment.made", "enrolment.made", "enrolment.listed", "enrolment.listed"],
        *["enrolment.withdrawn", "enrolment.seated"],
    ]


def test_coming_back_takes_a_seat_anew_or_the_end_of_the_list_and_loses_nothing():
    course = a_course(seats=1)
    lessons = [a_lesson(course), a_lesson(course)]
    first = entered(course)
    completion.mark_read(enrolment=first, activity=Activity.objects.get(lesson_key=lessons[0].translation_key))
    leave(first)
    assert standing(entered(course, first.person)) == "i"
    leave(first)
    second = entered(course)
    again = entered(course, first.person)
    assert (again.pk, standing(first, second)) == (first.pk, "wi")
    leave(second)
    assert standing(first, second) == "io"
    assert completion.course_progress(Enrolment.objects.get(pk=first.pk)).percent == 50


def test_asking_twice_keeps_ones_place_on_the_list_and_leaving_it_gives_it_up():
    course = a_course(seats=1)
    rows = [entered(course) for _number in range(3)]
    entered(course, rows[1].person)
    assert seats.place_of(Enrolment.objects.get(pk=rows[1].pk)) == 1
    leave(rows[1])
    assert standing(*rows) == "iow"
    assert seats.place_of(Enrolment.objects.get(pk=rows[2].pk)) == 1


def test_whoever_waits_learns_nothing_yet():
    course = a_course(seats=1)
    lesson = a_lesson(course)
    entered(course)
    waiting = entered(course)
    reading = Activity.objects.get(lesson_key=lesson.translation_key)
    with pytest.raises(enrolment.RuleBroken) as broken:
        completion.mark_read(enrolment=waiting, activity=reading)
    assert broken.value.code == "activity.not_enrolled"
    assert not Enrolment.objects.active().filter(pk=waiting.pk).exists()


def test_nobody_waits_inside():
    row = entered(a_course())
    with pytest.raises(IntegrityError, match="enrolment_waits_outside"), transaction.atomic():
        Enrolment.objects.filter(pk=row.pk).update(waiting_since=timezone.now())


def test_more_seats_let_more_people_in_when_the_course_is_published():
    course = a_course(seats=1)
    rows = [entered(course) for _number in range(4)]
    course.seats = 3
    course.save_revision().publish()
    assert standing(*rows) == "iiiw"
    course.seats = None
    course.save_revision().publish()
    assert standing(*rows) == "iiii"


def test_a_new_edition_gives_its_seats_anew():
    course = a_course(seats=1)
    lesson = a_lesson(course)
    done = entered(course)
    completion.mark_read(enrolment=done, activity=Activity.objects.get(lesson_key=lesson.translation_key))
    waiting = entered(course)
    assert (Completion.objects.count(), standing(done, waiting)) == (1, "iw")
    CoursePage.objects.filter(pk=course.pk).update(edition=2)
    assert seats.fill_all() == 1
    assert standing(done, waiting) == "ii"


def test_closed_accounts_do_not_move_up():
    course = a_course(seats=1)
    rows = [entered(course) for _number in range(3)]
    rows[1].person.is_active = False
    rows[1].person.save()
    leave(rows[0])
    assert standing(*rows) == "owi"


def test_two_records_of_one_person_keep_one_seat(run_jobs):
    course = a_course(seats=2)
    rows = [entered(course) for _number in range(3)]
    duplicates.merge(survivor=rows[0].person, absorbed=rows[1].person, reason="x", by=None)
    assert run_jobs() == []
    assert standing(rows[0], rows[2]) == "ii"


def test_a_record_that_waits_joined_to_one_that_is_in_is_in():
    course = a_course(seats=1)
    inside, waiting = entered(course), entered(course)
    duplicates.merge(survivor=waiting.person, absorbed=inside.person, reason="x", by=None)
    row = Enrolment.objects.get(pk=waiting.pk)
    assert (row.withdrawn_at, row.waiting_since) == (None, None)


def test_the_place_on_the_list_goes_over_to_the_record_that_stays():
    course, at = a_course(seats=1), timezone.now() - timedelta(days=2)
    entered(course)
    earlier = entered(course, at=at)
    other = an_employee()
    duplicates.merge(survivor=other, absorbed=earlier.person, reason="x", by=None)
    assert Enrolment.objects.get(person=other).waiting_since == at


@pytest.mark.django_db(transaction=True)
def test_never_more_than_the_seats_whoever_comes_and_goes_at_once():
    course = a_course(seats=5)
    people = [an_employee() for _number in range(16)]

    def come_and_go(person):
        try:
            row = entered(course, person)
            counted = [Enrolment.objects.seated().filter(course_key=course.translation_key).count()]
            leave(row)
            counted.append(Enrolment.objects.seated().filter(course_key=course.translation_key).count())
            entered(course, person)
            return max(counted)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        most = max(pool.map(come_and_go, people))
    rows = Enrolment.objects.filter(course_key=course.translation_key)
    assert (most, rows.seated().count(), rows.waiting().count()) == (5, 5, 11)
    # Everybody who was put on the list moved up once, gave up waiting, or waits still.
    told = AuditEvent.objects.order_by("pk").values_list("action", "subject")
    ways: dict[str, list[str]] = {}
    for action, subject in told:
        ways.setdefault(subject, []).append(action.removeprefix("enrolment."))
    for way in ways.values():
        for before, after in pairwise(way):
            assert after in FOLLOWS[before], way
