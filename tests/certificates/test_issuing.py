"""From a completion to a certificate: once, numbered, frozen, logged, drawn."""

import os
import re
from datetime import UTC, datetime
from hashlib import sha256

import pytest
import time_machine
from django.core.files.storage import default_storage

from certificates.domain import issuing, rendering, sweeping
from certificates.models import Certificate, CertificateEvent, CertificateFile, LogLeaf, OwedCertificate, Series
from courses.signals import course_completed
from lms.domain import job_words, jobs
from lms.models import AuditEvent, Job, Person
from tests.factories.certificates import a_certificate, a_completion
from tests.factories.courses import a_course
from tests.factories.people import an_employee

pytestmark = pytest.mark.django_db


def test_nothing_is_owed_by_a_course_without_certificate():
    assert issuing.owe(a_completion(certificate_kind="")) is None
    assert not OwedCertificate.objects.exists()
    assert not Job.objects.exists()


def test_owing_twice_is_owing_once():
    completion = a_completion()
    assert issuing.owe(completion) == issuing.owe(completion)
    assert list(Job.objects.values_list("kind", "subject")) == [("certificates.issue", str(completion.public_id))]


def test_the_signal_asks_for_one_job_that_owes_and_issues(run_jobs):
    completion = a_completion()
    for _twice in range(2):
        course_completed.send(sender=type(completion), completion=completion)
    assert list(Job.objects.values_list("kind", "subject")) == [("certificates.issue", str(completion.public_id))]
    assert run_jobs() == []
    assert Certificate.objects.get().owed.completion == completion


def test_the_signal_asks_for_nothing_where_a_course_gives_none(run_jobs):
    completion = a_completion(certificate_kind="")
    course_completed.send(sender=type(completion), completion=completion)
    assert not Job.objects.exists()
    jobs.request(issuing.ISSUE, completion.public_id)
    assert run_jobs() == []
    assert not OwedCertificate.objects.exists()


def test_the_job_of_somebody_behind_whom_nobody_stands_leaves_it_owed(run_jobs):
    completion = a_completion(person=an_employee(is_confirmed=False))
    course_completed.send(sender=type(completion), completion=completion)
    assert run_jobs() == []
    assert OwedCertificate.objects.get().completion == completion
    assert (Job.objects.get().state, Certificate.objects.exists()) == (Job.State.DONE, False)


def test_the_job_owes_nothing_beside_another_record_of_the_same_person(run_jobs):
    survivor, absorbed, course = an_employee(), an_employee(), a_course()
    mine, theirs = a_completion(person=survivor, course=course), a_completion(person=absorbed, course=course)
    issuing.owe(mine)
    Person.objects.filter(pk=absorbed.pk).update(merged_into=survivor)
    course_completed.send(sender=type(theirs), completion=theirs)
    assert run_jobs() == []
    assert Certificate.objects.get().owed.completion == mine
    assert OwedCertificate.objects.count() == 1


def test_a_certificate_says_what_the_completion_said():
    person = an_employee(given_names="Ana", surnames="Xʼol Sacẍaj")
    completion = a_completion(person=person, course=a_course(title="Cobro de agua", hours="4.5"))
    issuing.owe(completion)
    certificate = issuing.issue(completion.public_id)
    certificate.refresh_from_db()
    year = certificate.series.year
    assert certificate.reference == f"ANAM-{year}-000001"
    assert certificate.person_name == "Ana Xʼol Sacẍaj"
    assert certificate.person_name_folded == "ana xol sacxaj"
    assert (certificate.course_title, str(certificate.hours)) == ("Cobro de agua", "4.5")
    assert certificate.municipality_name == "Nebaj, Quiché"
    assert certificate.facts["programme"] == ["Primera lección", "Segunda lección"]
    assert certificate.facts["verify_url"] == f"http://testserver/verificar/{certificate.code}/"
    assert re.fullmatch(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", certificate.code)
    assert certificate.owed.issued_at == certificate.issued_at
    assert list(certificate.events.values_list("kind", flat=True)) == ["issued"]
    assert LogLeaf.objects.get().entry["reference"] == certificate.reference


def test_later_edits_do_not_touch_a_certificate():
    certificate = a_certificate()
    person = certificate.person
    person.given_names = "Otra"
    person.save()
    certificate.refresh_from_db()
    assert certificate.person_name != person.full_name


def test_issuing_again_gives_the_same_certificate():
    certificate = a_certificate()
    again = issuing.issue(certificate.owed.completion.public_id)
    assert again == certificate
    assert (Certificate.objects.count(), CertificateEvent.objects.count(), Series.objects.get().last_number) == (
        1,
        1,
        1,
    )


def test_what_is_not_owed_is_not_issued():
    with pytest.raises(OwedCertificate.DoesNotExist):
        issuing.issue(a_completion().public_id)


def test_the_year_of_a_number_is_guatemala_s():
    with time_machine.travel(datetime(2027, 1, 1, 5, 59, tzinfo=UTC), tick=False):
        assert a_certificate().reference == "ANAM-2026-000001"
    with time_machine.travel(datetime(2027, 1, 1, 6, 0, tzinfo=UTC), tick=False):
        assert a_certificate().reference == "ANAM-2027-000001"
        assert a_certificate().reference == "ANAM-2027-000002"


def test_the_audit_trail_tells_of_the_issue_without_a_name():
    certificate = a_certificate()
    event = AuditEvent.objects.get(action="certificate.issued")
    assert event.subject == f"certificates.Certificate:{certificate.public_id}"
    assert certificate.person_name not in str(event.facts)


def test_the_jobs_issue_and_draw(run_jobs):
    issuing.owe(a_completion())
    assert run_jobs() == []
    file = Certificate.objects.get().file
    assert default_storage.size(file.path) == file.bytes


def test_the_board_calls_jobs_by_course_and_number_not_by_a_key(run_jobs):
    completion = a_completion(course=a_course(title="Cobro de agua"))
    issuing.owe(completion)
    run_jobs()
    called = job_words.names_of(Job.objects.all())
    told = {job.kind: called[job.pk] for job in Job.objects.all()}
    reference = Certificate.objects.get().reference
    assert told == {"certificates.issue": "Cobro de agua", "certificates.render": f"{reference} · Cobro de agua"}


def test_a_failed_drawing_leaves_the_certificate_issued(run_jobs, monkeypatch):
    monkeypatch.setattr(rendering, "render", lambda *facts: 1 / 0)
    issuing.owe(a_completion())
    for _ in range(issuing.ATTEMPTS):
        failed = run_jobs()
    assert [job.kind for job in failed] == ["certificates.render"]
    assert Certificate.objects.get().reference.endswith("-000001")


class TestRendering:
    def test_doing_it_twice_leaves_one_file(self):
        certificate = a_certificate()
        first = rendering.ensure_file(certificate)
        assert rendering.ensure_file(certificate) == first
        CertificateFile.objects.all().delete()  # as if killed between the file and its row
        assert rendering.ensure_file(certificate).sha256 == first.sha256
        folder = first.path.rpartition("/")[0]
        assert default_storage.listdir(folder)[1].count(f"{certificate.public_id}.pdf") == 1
        assert not [name for name in default_storage.listdir(folder)[1] if f"{certificate.public_id}_" in name]

    def test_half_a_file_is_written_again(self):
        certificate = a_certificate()
        first = rendering.ensure_file(certificate)
        CertificateFile.objects.all().delete()
        with open(default_storage.path(first.path), "r+b") as half:
            half.truncate(1000)
        assert rendering.ensure_file(certificate).sha256 == first.sha256
        assert default_storage.size(first.path) == first.bytes

    @pytest.mark.parametrize("left", [0, 1000])
    def test_what_a_power_cut_left_of_a_file_is_written_again(self, left):
        certificate = a_certificate()
        first = rendering.ensure_file(certificate)
        os.truncate(default_storage.path(first.path), left)
        again, content = rendering.open_file(certificate)
        with content:
            assert sha256(content.read()).hexdigest() == again.sha256 == first.sha256
        assert again == first
        assert again.path == first.path

    def test_bytes_are_on_disk_before_the_row_speaks_of_them(self, monkeypatch):
        rows_when_synced = []
        monkeypatch.setattr(os, "fsync", lambda _: rows_when_synced.append(CertificateFile.objects.count()))
        rendering.ensure_file(a_certificate())
        assert rows_when_synced == [0]

    def test_a_lost_file_comes_back_the_same(self):
        certificate = a_certificate()
        first = rendering.ensure_file(certificate)
        default_storage.delete(first.path)
        again, content = rendering.open_file(certificate)
        with content:
            assert len(content.read()) == first.bytes
        assert again.sha256 == first.sha256
        assert not AuditEvent.objects.filter(action="certificate.drawn_anew").exists()

    def test_a_file_that_comes_back_different_is_told(self):
        certificate = a_certificate()
        first = rendering.ensure_file(certificate)
        default_storage.delete(first.path)
        CertificateFile.objects.update(sha256="0" * 64)
        assert rendering.ensure_file(certificate).sha256 == first.sha256
        facts = AuditEvent.objects.get(action="certificate.drawn_anew").facts
        told = {"drawn": first.sha256, "unsigned": first.unsigned_sha256, "key": first.sealed_with}
        told["qr"] = sha256(first.qr.encode()).hexdigest()
        assert facts == {"lost": "0" * 64, **told}
        assert AuditEvent.objects.get(action="certificate.sealed").facts == told


class TestSweeping:
    def test_a_lost_signal_is_healed(self, run_jobs):
        a_completion()
        a_completion(certificate_kind="")
        sweeping.sweep()
        assert run_jobs() == []
        assert Certificate.objects.count() == CertificateFile.objects.count() == 1

    def test_a_lost_job_is_asked_for_again(self, run_jobs):
        issuing.owe(a_completion())
        Job.objects.all().delete()
        assert sweeping.sweep() == 1
        run_jobs()
        CertificateFile.objects.all().delete()
        assert sweeping.sweep() == 1
        run_jobs()
        assert CertificateFile.objects.count() == 1

    def test_waiting_jobs_are_left_alone(self):
        issuing.owe(a_completion())
        assert sweeping.sweep() == 0
        assert Job.objects.count() == 1
