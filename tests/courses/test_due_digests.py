"""What was assigned, in the reminders: once before its day, once after, in one message; and rounds that come late."""

from datetime import date, timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone, translation
from django.utils.formats import date_format

from courses.domain import digests, due_sources
from courses.domain import enrolment as enrolments
from courses.models import AssignedPerson, Assignment, Digest, Enrolment
from lms.domain import duplicates, jobs
from lms.models import Job, Language, Municipality
from tests.courses.test_digests import idle_since, morning
from tests.factories.certificates import a_completion
from tests.factories.courses import a_course
from tests.factories.people import an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _mail(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def asked_of(person, days: int, course=None, **fields) -> AssignedPerson:
    """Something that is due so many days from today, of somebody who is in the course."""
    course = course or a_course()
    due_on = timezone.localdate() + timedelta(days=days)
    made = Assignment.objects.create(
        course=course, course_key=course.translation_key, municipality=Municipality.objects.get(code="1413")
    )
    enrolments.enrol(person=person, course=course, by=person)
    Enrolment.objects.filter(person=person).update(last_seen_at=morning(days=-100))  # no idle course is told of
    return AssignedPerson.objects.create(assignment=made, person=person, due_on=due_on, **fields)


def said(person) -> str:
    """All that was sent to somebody."""
    return "\n".join(message.body for message in mail.outbox if message.to == [person.email])


def in_words(day: date) -> str:
    with translation.override("es"):
        return date_format(day, "DATE_FORMAT")


def test_a_due_date_is_told_once_before_and_once_after_it():
    person = an_employee(email="ana@example.org")
    row = asked_of(person, 6, a_course(title="Cobro del IUSI"))
    sent = [days for days in range(-3, 40) if digests.send_all(morning(days=days))]
    assert sent == [0, 7]
    before, after = [message.body for message in mail.outbox]
    assert f"Complete el curso «Cobro del IUSI» a más tardar el {in_words(row.due_on)}." in before
    assert f"El curso «Cobro del IUSI» venció el {in_words(row.due_on)}." in after


@pytest.mark.parametrize(("days", "count"), [(7, 0), (6, 1), (0, 1), (-1, 1), (-21, 1), (-22, 0)])
def test_it_is_told_within_a_week_before_and_three_after(days, count):
    asked_of(an_employee(email="ana@example.org"), days)
    assert digests.send_all(morning()) == count


def test_a_round_that_comes_late_loses_nobody_and_repeats_nothing():
    person = an_employee(email="ana@example.org")
    asked_of(person, 1)
    digests.send_all(morning())
    for days in (12, 19, 26):  # the one of day 8 was missed
        digests.send_all(morning(days=days))
    assert [row.day for row in Digest.objects.all()] == [timezone.localdate(), timezone.localdate() + timedelta(12)]


def test_one_course_is_one_line_and_what_presses_comes_first():
    person = an_employee(email="ana@example.org")
    pressing = a_course(title="Cobro del IUSI")
    asked_of(person, 5, pressing)
    asked_of(person, 2, pressing)
    Enrolment.objects.update(last_seen_at=morning() - timedelta(days=8))
    idle_since(person, title="Agua")
    assert digests.send_all(morning()) == 1
    (message,) = mail.outbox
    assert message.body.count("«Cobro del IUSI»") == 1
    assert in_words(timezone.localdate() + timedelta(days=2)) in message.body
    assert message.body.index("«Cobro del IUSI»") < message.body.index("«Agua»")


def test_nobody_is_told_of_what_does_not_bind_them():
    done, left, out, ended, released = (an_employee(email=f"{n}@example.org") for n in range(5))
    row = asked_of(done, 2)
    a_completion(person=done, course=row.assignment.course)
    enrolments.withdraw(
        enrolment=Enrolment.objects.get(person=left, course=asked_of(left, 2).assignment.course), by=left, reason="No"
    )
    asked_of(out, 2)
    digests.choose(person=out, is_wanted=False)
    Assignment.objects.filter(pk=asked_of(ended, 2).assignment_id).update(ended_at=timezone.now())
    asked_of(released, 2, released_at=timezone.now())
    waiting = an_employee(email="w@example.org")
    full = a_course(seats=1)
    enrolments.enrol(person=an_employee(), course=full, by=None)
    asked_of(waiting, 2, full)
    unpublished = an_employee(email="u@example.org")
    asked_of(unpublished, 2).assignment.course.unpublish()
    assert digests.send_all(morning()) == 0


def test_who_stands_for_two_records_is_told_once():
    survivor, absorbed = an_employee(email="ana@example.org"), an_employee(email="otra@example.org")
    course = a_course()
    asked_of(absorbed, 2, course)
    duplicates.merge(survivor=survivor, absorbed=absorbed, reason="x", by=None)
    assert digests.send_all(morning()) == 1
    assert mail.outbox[0].to == ["ana@example.org"]


def test_a_town_hall_reads_counts_of_its_own_people_in_one_message_and_new_ones_alone():
    delegate = somebody_with_role("hr_delegate", municipality="1413", email="rrhh@example.org")
    elsewhere = somebody_with_role("hr_delegate", municipality="0101", email="otra@example.org")
    late, soon = an_employee("1413", surnames="Brito"), an_employee("1413")
    asked_of(late, -2)
    asked_of(late, -3)
    asked_of(soon, 3)
    asked_of(soon, 4)
    asked_of(an_employee("1413"), 3)
    asked_of(an_employee("1413", is_confirmed=False), 3)
    assert digests.send_all(morning()) == 1
    assert "A 1 persona de Nebaj se le venció un curso asignado." in said(delegate)
    assert "2 personas de Nebaj tienen un curso asignado que vence dentro de una semana." in said(delegate)
    assert said(elsewhere) == ""
    assert "Brito" not in said(delegate)
    mail.outbox.clear()
    assert digests.send_all(morning(days=7)) == 1
    assert "A 2 personas de Nebaj se les venció un curso asignado." in said(delegate)
    assert digests.send_all(morning(days=14)) == 0


def test_the_questions_do_not_grow_with_the_people(django_assert_num_queries):
    somebody_with_role("hr_delegate", municipality="1413", email="rrhh@example.org")
    for people in (1, 3):
        for _each in range(people):
            asked_of(an_employee(), 3)
        with django_assert_num_queries(1):
            assert list(due_sources.due(morning()))
        with django_assert_num_queries(4):
            assert list(due_sources.staff(morning()))


def test_the_day_is_written_in_the_readers_language():
    person = an_employee(email="ann@example.org", language=Language.objects.get(key="en"), given_names="Ann")
    row = asked_of(person, 2)
    digests.send_all(morning())
    with translation.override("en"):
        assert date_format(row.due_on, "DATE_FORMAT") in said(person)
    assert "Hello, Ann:" in said(person)


# Rounds that come late


def a_round_of(days: int) -> Job:
    """What was put into the ledger that morning, and that nobody did."""
    with time_machine.travel(morning(days=days), tick=False):
        return digests.ask()


def test_rounds_that_no_worker_held_are_one_when_it_is_back(run_jobs):
    idle_since(an_employee(email="ana@example.org"))
    missed = [a_round_of(-2), a_round_of(-1)]
    with time_machine.travel(morning(hour=11), tick=False):
        assert run_jobs() == []
        assert len(mail.outbox) == 1
        digests.ask()
        assert run_jobs() == []
    assert len(mail.outbox) == 1
    assert {job.state for job in Job.objects.filter(pk__in=[one.pk for one in missed])} == {Job.State.DONE}
    assert Job.objects.filter(kind=digests.KIND, subject=timezone.localdate().isoformat()).count() == 1


def test_a_worker_that_comes_back_by_night_waits_for_the_morning(run_jobs):
    idle_since(an_employee(email="ana@example.org"))
    a_round_of(-1)
    with time_machine.travel(morning(hour=3), tick=False):
        assert run_jobs() == []
    assert mail.outbox == []
    with time_machine.travel(morning(hour=7), tick=False):
        digests.ask()
        assert run_jobs() == []
    assert len(mail.outbox) == 1


def test_asked_every_hour_it_is_held_once_and_again_only_if_it_failed(settings):
    with time_machine.travel(morning(), tick=False):
        job = digests.ask()
        jobs.run(job.pk)
        assert digests.ask() == job
        Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED)
        assert digests.ask() != job
    schedule = settings.CELERY_BEAT_SCHEDULE["send-digests"]["schedule"]
    assert schedule.hour == set(range(7, 19))
