"""A course that gives its certificate to those who ask for it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from certificates.domain import erasing, issuing, record, sweeping, waiting
from certificates.domain.checking import find_faults
from certificates.models import Certificate, OwedCertificate
from courses.domain.activities import sync_lesson
from courses.models import Completion, CourseEdition, CoursePage
from lms.domain import jobs
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Job
from tests.certificates.test_waiting import declared
from tests.courses.edition_cases import activity_of, begin_edition, entered, made, read, since
from tests.courses.test_completion import a_learner, read_all
from tests.factories.certificates import a_certificate, a_completion, by_hand_for
from tests.factories.courses import a_course, a_lesson
from tests.factories.people import an_employee

pytestmark = pytest.mark.django_db
ASK, PREPARING = "Pedir mi certificado", "Su certificado se está preparando"


def unasked(**fields) -> Completion:
    return a_completion(certificate_on_request=True, **fields)


def show(client, completion: Completion) -> str:
    client.force_login(completion.person)
    return client.get(reverse("certificates:record")).content.decode()


def ask(client, completion: Completion, by=None):
    client.force_login(by or completion.person)
    return client.post(reverse("certificates:apply", args=[completion.public_id]), follow=True)


def test_nothing_is_issued_until_its_holder_asks(client, run_jobs, django_capture_on_commit_callbacks):
    course = a_course(certificate_on_request=True)
    sync_lesson(a_lesson(course))
    with django_capture_on_commit_callbacks(execute=True):
        read_all(a_learner(course))
    made = Completion.objects.get()
    assert made.certificate_on_request
    assert sweeping.sweep() == 0
    assert (Job.objects.count(), OwedCertificate.objects.count()) == (0, 0)
    assert list(find_faults()) == []
    assert waiting.find(made.person) == waiting.Waiting()
    page = show(client, made)
    assert ASK in page
    assert PREPARING not in page
    page = ask(client, made).content.decode()
    assert "Pidió su certificado. En unos minutos lo verá aquí." in page
    assert ASK not in page
    assert PREPARING in page
    run_jobs()
    (certificate,) = Certificate.objects.for_person(made.person)
    page = show(client, made)
    assert certificate.reference in page
    assert ASK not in page
    assert list(find_faults()) == []


def test_asked_twice_it_is_one_and_the_trail_says_who_asked(client, run_jobs):
    made = unasked()
    for _time in range(2):
        assert ask(client, made).status_code == 200
    run_jobs()
    assert ask(client, made).status_code == 200
    assert Certificate.objects.count() == OwedCertificate.objects.count() == 1
    (told,) = AuditEvent.objects.filter(action="certificate.requested")
    assert (told.actor, told.subject) == (str(made.person.public_id), f"courses.Completion:{made.public_id}")


def test_nobody_asks_for_somebody_else(client):
    made = unasked()
    assert ask(client, made, by=an_employee()).status_code == 404
    assert not OwedCertificate.objects.exists()


@pytest.mark.parametrize("fields", [{}, {"certificate_kind": "", "certificate_on_request": True}])
def test_what_is_not_given_on_request_is_not_asked_for(client, fields):
    made = a_completion(**fields)
    assert "Este certificado no se pide" in ask(client, made).content.decode()
    assert not OwedCertificate.objects.exists()
    assert ASK not in show(client, made)


def test_who_was_given_it_by_hand_does_not_ask(client):
    person, course = an_employee(), a_course(certificate_on_request=True)
    given = by_hand_for(person, course=course)
    made = unasked(person=person, course=course)
    with pytest.raises(RuleBroken) as broken:
        issuing.apply_for(made, by=person)
    assert broken.value.code == "certificate.held"
    page = show(client, made)
    assert given.reference in page
    assert ASK not in page
    assert len(record.find(person).entries) == 1


def test_who_was_given_it_by_hand_waits_for_no_other(client, run_jobs):
    person, course = an_employee(), a_course()
    given = by_hand_for(person, course=course)
    made = a_completion(person=person, course=course)
    run_jobs()
    assert sweeping.sweep() == 0
    page = show(client, made)
    assert given.reference in page
    assert PREPARING not in page


def test_what_is_asked_for_waits_as_any_other(client, run_jobs):
    made = declared()
    Completion.objects.update(certificate_on_request=True)
    assert waiting.find(made.person) == waiting.Waiting()
    ask(client, made)
    run_jobs()
    assert not Certificate.objects.exists()
    assert waiting.find(made.person).completions == {made.pk}


def test_what_a_course_gives_now_changes_nothing_of_what_was_completed(run_jobs):
    course = a_course(certificate_on_request=True)
    made = unasked(course=course)
    CoursePage.objects.update(certificate_on_request=False)
    sweeping.sweep()
    run_jobs()
    assert not Certificate.objects.exists()
    assert a_certificate(course=course)
    assert issuing.apply_for(made, by=made.person)


def test_a_job_that_nobody_asked_for_issues_nothing(run_jobs):
    jobs.request(issuing.ISSUE, unasked().public_id)
    run_jobs()
    assert not Certificate.objects.exists()


def test_nobody_is_kept_from_going_by_what_they_did_not_ask_for():
    made = unasked()
    erasing.assert_erasable(made.person)
    issuing.apply_for(made, by=made.person)
    with pytest.raises(RuleBroken):
        erasing.assert_erasable(made.person)


@pytest.mark.parametrize("said", [True, False, None])
def test_who_completes_an_edition_that_ended_gets_its_certificate_as_it_gave_it(said):
    """None: an edition that was written down before courses could say so."""
    course = a_course(certificate_on_request=said is True)
    lesson = a_lesson(course)
    sync_lesson(lesson)
    done = timezone.now() - timedelta(days=2)
    enrolled = entered(course, done - timedelta(days=1))
    since(done - timedelta(days=2), activity_of(lesson))
    begin_edition(course, 2, at=done + timedelta(days=1), certificate_on_request=said is False)
    if said is None:
        row = CourseEdition.objects.get()
        row.said.pop("certificate_on_request")
        row.pk, row.ended_at = None, row.ended_at + timedelta(seconds=1)
        row.noted_at = row.ended_at
        row.save(force_insert=True)
    read(enrolled, lesson, done)
    assert made()[1].certificate_on_request is (said is True)


def test_an_edition_that_ended_keeps_how_it_gave_its_certificate():
    course = a_course(certificate_on_request=True)
    a_lesson(course)
    begin_edition(course, 2, certificate_on_request=False)
    assert CourseEdition.objects.get().said["certificate_on_request"] is True
