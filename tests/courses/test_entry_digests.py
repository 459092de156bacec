"""Courses that somebody was put in by others: told once in the week after, with the day they are due by."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from courses.domain import assigning, digests, entry_sources
from courses.domain import enrolment as enrolments
from courses.domain.audience import Rule
from courses.models import Enrolment
from lms.domain import jobs
from lms.models import Job, Municipality
from tests.courses.test_digests import morning
from tests.courses.test_due_digests import in_words
from tests.factories.courses import a_course
from tests.factories.people import a_consent, a_member, a_network, a_person, an_employee, born

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _mail(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def assign(course, **facts) -> None:
    """To everybody in a post of Nebaj, at once."""
    rule = Rule(municipality=Municipality.objects.get(code="1413"))
    assigning.assign(course=course, rule=rule, by=None, **facts)
    for job in Job.objects.filter(kind=assigning.KIND, state=Job.State.WAITING):
        assert jobs.run(job.pk)


def test_an_assigned_course_is_told_once_with_its_day():
    person = an_employee(email="ana@example.org", given_names="Ana")
    assign(a_course(title="Cobro del IUSI"), due_days=40)
    sent = [days for days in range(1, 30) if digests.send_all(morning(days=days))]
    assert sent == [1, 8, 15]  # the others say that it has been lying for a week and more
    day = in_words(person.assigned.get().due_on)
    assert f"Le asignaron el curso «Cobro del IUSI»: complételo a más tardar el {day}." in mail.outbox[0].body
    assert not any("Le asignaron" in message.body for message in mail.outbox[1:])


def test_without_a_day_it_says_that_one_may_begin():
    an_employee(email="ana@example.org")
    assign(a_course(title="Agua"))
    assert digests.send_all(morning(days=1)) == 1
    assert "Ya está en el curso «Agua». Puede comenzar cuando quiera." in mail.outbox[0].body


def test_what_is_due_within_the_week_is_told_as_that():
    an_employee(email="ana@example.org")
    assign(a_course(title="Agua"), due_days=4)
    assert digests.send_all(morning(days=1)) == 1
    assert mail.outbox[0].body.count("«Agua»") == 1
    assert "Complete el curso «Agua»" in mail.outbox[0].body


def test_all_members_of_a_network_are_told_and_minors_by_their_guardians_consent_alone():
    network = a_network()
    a_member(network, email="ana@example.org")
    consented = a_member(network, email="leo@example.org", born_on=born(15))
    a_consent(consented)
    a_member(network, email="eva@example.org", born_on=born(15))
    coordinator = a_member(network, is_coordinator=True)
    course = a_course(title="Jóvenes", network=network)
    enrolments.enrol_members(course=course, by=coordinator)
    digests.send_all(morning(days=1))
    assert sorted(message.to[0] for message in mail.outbox) == ["ana@example.org", "leo@example.org"]
    assert all("Ya está en el curso «Jóvenes»" in message.body for message in mail.outbox)


def test_nobody_is_told_who_opened_it_entered_by_themselves_or_left():
    opened, left = an_employee(email="ana@example.org"), an_employee(email="eva@example.org")
    course = a_course()
    assign(course)
    Enrolment.objects.filter(person=opened).update(last_seen_at=timezone.now() + timedelta(minutes=5))
    enrolments.withdraw(enrolment=Enrolment.objects.get(person=left), by=left, reason="No")
    enrolments.enrol(person=a_person(email="leo@example.org"), course=course, by=None)
    assert digests.send_all(morning(days=1)) == 0


def test_the_questions_do_not_grow_with_the_people(django_assert_num_queries):
    for people in (1, 3):
        for _each in range(people):
            an_employee()
        assign(a_course())
        with django_assert_num_queries(1):
            assert list(entry_sources.entered(morning(days=1)))
