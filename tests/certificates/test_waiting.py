"""What a certificate waits for, that it comes by itself when nothing is missing, and what it then says."""

from datetime import date, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from certificates.domain import issuing, rendering, sweeping, waiting
from certificates.domain.checking import find_faults
from certificates.models import Certificate, OwedCertificate
from courses.domain import completion
from courses.domain import enrolment as enrolments
from courses.domain.activities import sync_lesson
from courses.models import Activity, Completion
from lms.domain import duplicates, guardians, networks, people, standing
from lms.models import Appointment, Job, Membership, Merge, Municipality, Post
from tests.factories.certificates import a_certificate, a_completion
from tests.factories.courses import a_course, a_lesson
from tests.factories.people import (
    a_consent,
    a_member,
    a_network,
    a_person,
    an_employee,
    born,
    somebody_with_role,
)

pytestmark = pytest.mark.django_db


def declared() -> Completion:
    """A course completed by somebody whose post the town hall has not confirmed."""
    return a_completion(person=an_employee(is_confirmed=False), municipality=None, post=None)


def a_minor(**fields):
    return a_member(a_network(), born_on=born(16), **fields)


# Who may be certified ---------------------------------------------------------------------------------------------
def _past_post():
    person = an_employee()
    Appointment.objects.update(starts_on=date(2020, 1, 1), ends_on=date(2021, 1, 1))
    return person


def _future_post():
    person = an_employee()
    Appointment.objects.update(starts_on=timezone.localdate() + timedelta(days=1))
    return person


def _refused_post():
    person = an_employee(is_confirmed=False)
    Appointment.objects.update(refused_at=timezone.now())
    return person


def _past_member():
    person = a_member(a_network())
    Membership.objects.update(left_on=timezone.localdate())
    return person


def _refused_member():
    person = a_member(a_network())
    Membership.objects.update(confirmed_at=None, left_on=timezone.localdate())
    return person


def _waiting_member():
    person = a_member(a_network())
    Membership.objects.update(confirmed_at=None)
    return person


def _minor(**consent):
    person = a_minor()
    if consent:
        a_consent(person, **consent)
    return person


@pytest.mark.parametrize(
    ("make", "may"),
    [
        (a_person, False),
        (an_employee, True),
        (_past_post, True),
        (_future_post, False),
        (lambda: an_employee(is_confirmed=False), False),
        (_refused_post, False),
        (lambda: a_member(a_network()), True),
        (_past_member, True),
        (_waiting_member, False),
        (_refused_member, False),
        (_minor, False),
        (lambda: _minor(is_confirmed=False), False),
        (lambda: _minor(is_confirmed=True), True),
        (lambda: _minor(is_confirmed=True, withdrawn_at=timezone.now()), False),
        (lambda: a_member(a_network(), born_on=born(18)), True),
        (lambda: an_employee(born_on=born(17)), False),
    ],
)
def test_who_may_be_certified(make, may):
    person = make()
    assert people.may_be_certified(person) is may
    assert bool(standing.reasons_to_wait(person)) is not may


def test_childhood_ends_on_the_eighteenth_birthday():
    with time_machine.travel("2026-11-01 12:00:00Z"):  # or the day of the test would be older than the membership
        person = a_member(a_network(), born_on=date(2008, 11, 21))
    with time_machine.travel("2026-11-21 05:30:00Z"):  # still the day before in Guatemala
        assert not people.may_be_certified(person)
    with time_machine.travel("2026-11-21 06:30:00Z"):
        assert people.may_be_certified(person)


# Waiting ----------------------------------------------------------------------------------------------------------
def test_what_waits_is_owed_and_asks_for_no_work(run_jobs):
    owed = issuing.owe(declared())
    assert owed.issued_at is None
    assert not Job.objects.exists()
    assert [sweeping.sweep(), sweeping.sweep()] == [0, 0]
    assert not Job.objects.exists()


def test_a_job_that_comes_too_early_is_no_failure_and_is_not_repeated(run_jobs):
    waits = declared()
    issuing.owe(waits)
    job = issuing.jobs.request(issuing.ISSUE, waits.public_id)
    assert run_jobs() == []
    job.refresh_from_db()
    assert job.state == Job.State.DONE
    assert sweeping.sweep() == 0
    assert not Certificate.objects.exists()


def test_many_that_wait_do_not_fill_a_sweep(monkeypatch, run_jobs, django_assert_max_num_queries):
    monkeypatch.setattr(sweeping, "BATCH", 2)
    for _number in range(4):
        issuing.owe(declared())
    ready = a_completion()
    issuing.owe(ready)
    Job.objects.all().delete()
    with django_assert_max_num_queries(16):
        assert sweeping.sweep() == 1
    run_jobs()
    assert Certificate.objects.get().owed.completion == ready


def test_confirming_the_post_issues_what_waited(run_jobs, django_capture_on_commit_callbacks):
    waits = declared()
    issuing.owe(waits)
    appointment = waits.person.appointments.get()
    with django_capture_on_commit_callbacks(execute=True):
        people.confirm_appointment(appointment=appointment, by=somebody_with_role("hr_delegate", municipality="1413"))
    assert [job.subject for job in Job.objects.all()] == [str(waits.public_id)]
    assert run_jobs() == []
    certificate = Certificate.objects.get()
    assert (certificate.municipality_name, certificate.post_name) == ("Nebaj, Quiché", "Receptor o cajero municipal")


def test_a_confirmation_that_was_not_heard_is_healed_by_the_sweep(run_jobs):
    waits = declared()
    issuing.owe(waits)
    Appointment.objects.update(confirmed_at=timezone.now())
    assert sweeping.sweep() == 1
    assert run_jobs() == []
    assert Certificate.objects.get().owed.completion == waits


def test_accepting_a_member_and_their_paper_issues_what_waited(run_jobs, django_capture_on_commit_callbacks):
    network = a_network()
    coordinator = a_member(network, is_coordinator=True)
    minor = a_person(born_on=born(15))
    guardians.declare(person=minor, guardian_name="Encargada De Prueba", relation="mother", by=minor)
    asked = networks.ask_to_join(person=minor, network=network, municipality=Municipality.objects.get(code="1413"))
    issuing.owe(a_completion(person=minor))
    with django_capture_on_commit_callbacks(execute=True):
        networks.accept(membership=asked, by=coordinator)
    assert not Job.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        guardians.confirm(person=minor, by=coordinator)
    assert run_jobs() == []
    assert Certificate.objects.get().person == minor


def test_who_turns_eighteen_is_found_by_the_sweep(run_jobs):
    person = a_member(a_network(), born_on=born(18) + timedelta(days=10))
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        issuing.owe(a_completion(person=person))
        assert sweeping.sweep() == 0
    with time_machine.travel(timezone.now() + timedelta(days=14)):
        assert sweeping.sweep() == 1


def test_who_was_certified_stays_so():
    certificate = a_certificate()
    Appointment.objects.all().delete()
    assert issuing.issue(certificate.owed.completion.public_id) == certificate
    assert waiting.find(certificate.person) == waiting.Waiting()


# What the paper says ----------------------------------------------------------------------------------------------
def complete(person) -> Completion:
    """Complete a course through the verbs, as life does."""
    course = a_course()
    sync_lesson(a_lesson(course))
    entered = enrolments.enrol(person=person, course=course, by=person)
    completion.complete_activity(enrolment=entered, activity=Activity.objects.get(course_key=course.translation_key))
    return Completion.objects.get(person=person, course_key=course.translation_key)


def test_a_declared_post_is_not_copied_nor_certified():
    person = an_employee(is_confirmed=False)
    done = complete(person)
    assert (done.municipality, done.post) == (None, None)
    Membership.objects.create(person=person, network=a_network(), municipality=Municipality.objects.get(code="1413"))
    issuing.owe(done)
    certificate = issuing.issue(done.public_id)
    assert (certificate.municipality, certificate.municipality_name) == (None, "")
    assert (certificate.post, certificate.post_name) == (None, "")


def test_a_declared_post_that_was_copied_before_is_not_certified_either():
    person = an_employee(is_confirmed=False)
    done = a_completion(person=person)
    assert done.municipality
    a_member_too = Membership(person=person, network=a_network(), municipality=done.municipality)
    a_member_too.save()
    issuing.owe(done)
    assert issuing.issue(done.public_id).municipality_name == ""


def test_a_post_confirmed_later_is_printed_if_it_was_held_that_day():
    person = an_employee(is_confirmed=False)
    done = complete(person)
    Appointment.objects.update(confirmed_at=timezone.now())
    issuing.owe(done)
    assert issuing.issue(done.public_id).post.code == "RECEP"


def test_a_post_that_began_after_the_completion_is_not_printed():
    person = an_employee()
    Appointment.objects.update(starts_on=timezone.localdate())
    done = a_completion(person=person, completed_at=timezone.now() - timedelta(days=3))
    issuing.owe(done)
    assert issuing.issue(done.public_id).post is None


def test_of_two_posts_the_one_that_the_completion_copied_is_printed():
    person = an_employee()
    done = complete(person)
    Appointment.objects.create(
        person=person,
        municipality=Municipality.objects.get(code="1401"),
        post=Post.objects.get(code="TES"),
        starts_on=timezone.localdate(),
        confirmed_at=timezone.now(),
    )
    issuing.owe(done)
    assert issuing.issue(done.public_id).post.code == "RECEP"


# The register -----------------------------------------------------------------------------------------------------
def test_what_waits_is_no_fault_of_the_register(capsys):
    issuing.owe(declared())
    OwedCertificate.objects.update(owed_at=timezone.now() - timedelta(days=3))
    call_command("verify_registry")
    assert "all hold" in capsys.readouterr().out


def test_what_waits_although_nothing_is_missing_is_named():
    owed = issuing.owe(a_completion())
    assert list(find_faults()) == []
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        assert list(find_faults()) == [f"owed row {owed.pk}: nothing is missing for it, but it was not issued"]


def test_what_nobody_heard_of_is_named_after_two_minutes_and_never_while_it_waits():
    done = a_completion()
    a_completion(person=an_employee(is_confirmed=False))
    a_completion(certificate_kind="")
    assert list(find_faults()) == []
    named = [f"completion {done.pk}: nothing is missing for its certificate, but it is not owed"]
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        assert list(find_faults()) == named
        # It was completed long ago, by what a telephone told only now.
        issuing.ask_for(done)
        assert list(find_faults()) == []
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert list(find_faults()) == named
        sweeping.sweep()
        assert list(find_faults()) == []


def test_two_minutes_are_counted_from_the_confirmation():
    owed = issuing.owe(declared())
    OwedCertificate.objects.update(owed_at=timezone.now() - timedelta(days=3))
    Appointment.objects.update(confirmed_at=timezone.now() - timedelta(seconds=100))
    assert list(find_faults()) == []
    Appointment.objects.update(confirmed_at=timezone.now() - timedelta(seconds=130))
    assert [fault.split(":")[0] for fault in find_faults()] == [f"owed row {owed.pk}"]


def test_two_minutes_are_counted_from_a_merge_and_from_its_undo():
    """Who stood behind one record stands behind the other from that moment; work is asked for right after it."""
    behind_whom, nobody = an_employee(), declared().person
    Appointment.objects.filter(person=behind_whom).update(confirmed_at=timezone.now() - timedelta(days=9))
    owed = OwedCertificate.objects.get_or_create(completion=nobody.completions.get())[0]
    OwedCertificate.objects.update(owed_at=timezone.now() - timedelta(days=8))
    fault = [f"owed row {owed.pk}: nothing is missing for it, but it was not issued"]
    merge = duplicates.merge(survivor=behind_whom, absorbed=nobody, reason="Misma persona.", by=None)
    assert list(find_faults()) == []
    Merge.objects.update(merged_at=timezone.now() - timedelta(minutes=3))
    assert list(find_faults()) == fault
    Merge.objects.filter(pk=merge.pk).update(undone_at=timezone.now())
    assert list(find_faults()) == []


# What the learner is told -----------------------------------------------------------------------------------------
WORDS = "Su certificado sale cuando Recursos Humanos de Nebaj, Quiché confirme su puesto."


def test_every_page_says_what_the_certificate_waits_for(client):
    person = an_employee(is_confirmed=False)
    done = complete(person)
    client.force_login(person)
    course = done.enrolment.course
    pages = [course.url, course.lessons().get().url, reverse("courses:learning"), reverse("certificates:record")]
    texts = {page: client.get(page).content.decode() for page in pages}
    assert [page for page, text in texts.items() if WORDS not in text] == []
    record = texts[reverse("certificates:record")]
    assert "espera una confirmación" in record
    assert "se está preparando" not in record
    assert "preparing.js" not in record
    assert "Ver mi certificado" not in texts[course.url]


def test_no_page_says_so_when_it_was_issued(client):
    certificate = a_certificate()
    rendering.ensure_file(certificate)
    Appointment.objects.update(confirmed_at=None)
    client.force_login(certificate.person)
    text = client.get(reverse("certificates:record")).content.decode()
    assert "Su certificado sale" not in text
    assert certificate.reference in text


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (a_person, ["Su certificado sale cuando se confirme su puesto."]),
        (lambda: a_person(born_on=born(16)), ["cuando una red le acepte", "falta el permiso de su madre"]),
        (_waiting_member, ["cuando quien coordina «Red de prueba» acepte"]),
        (lambda: _minor(is_confirmed=False), ["Falta que quien coordina su red confirme que recibió el permiso"]),
        (lambda: _minor(is_confirmed=True, withdrawn_at=timezone.now()), ["retiró su permiso"]),
    ],
)
def test_it_is_said_what_is_missing_and_who_does_it(make, words):
    reasons = standing.reasons_to_wait(make())
    assert len(reasons) == len(words)
    assert [word for word, reason in zip(words, reasons, strict=True) if word not in reason] == []
