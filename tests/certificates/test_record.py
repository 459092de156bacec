"""Mi expediente, and who may have a PDF."""

import hashlib
from datetime import date

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from certificates.domain import record, rendering
from certificates.models import CertificateFile
from courses.models import Enrolment
from lms.models import Appointment, Municipality, Post
from tests.factories.certificates import a_certificate, a_completion, a_revocation
from tests.factories.courses import a_course
from tests.factories.people import a_person, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db
ADDRESS = "/mi-expediente/"


def body(client) -> str:
    return client.get(ADDRESS).content.decode()


def download(client, certificate):
    return client.get(reverse("certificates:download", args=[certificate.public_id]))


class TestPage:
    def test_the_anonymous_sign_in_first(self, client):
        assert client.get(ADDRESS).status_code == 302

    def test_an_empty_one_says_what_will_be_here(self, client):
        client.force_login(a_person())
        assert "Aquí estarán sus certificados" in body(client)

    def test_certificates_with_number_and_size(self, client):
        certificate = a_certificate()
        file = rendering.ensure_file(certificate)
        client.force_login(certificate.person)
        shown = body(client)
        assert certificate.reference in shown
        assert f"Descargar PDF ({-(-file.bytes // 1000)} KB)" in shown
        assert f"/verificar/{certificate.code}/" in shown
        assert 'data-preparing="0"' in shown
        assert "preparing.js" not in shown

    def test_what_is_on_the_way_is_said(self, client):
        completion = a_completion()
        client.force_login(completion.person)
        shown = body(client)
        assert "Su certificado se está preparando" in shown
        assert 'data-preparing="1"' in shown
        assert "preparing.js" in shown

    def test_a_course_without_certificate_is_not_on_the_way(self, client):
        completion = a_completion(certificate_kind="")
        client.force_login(completion.person)
        assert "este curso no da certificado" in body(client)
        assert "se está preparando" not in body(client)

    def test_a_revoked_one_says_so(self, client):
        certificate = a_certificate()
        a_revocation(certificate, reason="Error")
        client.force_login(certificate.person)
        assert "Revocado el" in body(client)

    def test_nobody_else_s_are_shown(self, client):
        other = a_certificate()
        client.force_login(a_certificate().person)
        assert other.reference not in body(client)
        assert other.code not in body(client)

    def test_running_courses_are_named(self, client):
        person, course = an_employee(), a_course(title="Órganos de coordinación")
        Enrolment.objects.create(person=person, course=course, course_key=course.translation_key)
        client.force_login(person)
        assert "Órganos de coordinación" in body(client)

    def test_its_queries_do_not_grow(self, client):
        person = an_employee()

        def queries() -> int:
            client.force_login(person)
            client.get(ADDRESS)
            with CaptureQueriesContext(
                connection,
            ) as seen:
                client.get(ADDRESS)
            return len(seen)

        rendering.ensure_file(a_certificate(person=person))
        few = queries()
        for _ in range(3):
            rendering.ensure_file(a_certificate(person=person))
        assert queries() == few


def test_courses_stand_under_the_appointment_they_were_completed_in():
    person = an_employee()
    held = person.appointments.get()
    Appointment.objects.create(
        person=person,
        municipality=Municipality.objects.get(code="1401"),
        post=Post.objects.get(code="RECEP"),
        starts_on=date(2020, 1, 1),
        ends_on=date(2020, 12, 31),
    )
    here = a_completion(person=person)
    before = timezone.now().replace(year=2019)
    elsewhere = a_completion(person=person, municipality=None, post=None, completed_at=before)
    found = record.find(person)
    stands = [(p.appointment, [entry.completion for entry in p.entries]) for p in found.periods]
    assert stands == [(held, [here]), (person.appointments.first(), []), (None, [elsewhere])]


class TestDownload:
    def test_the_owner_gets_the_file_by_its_number(self, client):
        certificate = a_certificate()
        file = rendering.ensure_file(certificate)
        client.force_login(certificate.person)
        response = download(client, certificate)
        content = b"".join(response.streaming_content)
        assert hashlib.sha256(content).hexdigest() == file.sha256
        assert response["Content-Type"] == "application/pdf"
        assert response["Content-Disposition"] == f'attachment; filename="{certificate.reference}.pdf"'
        assert response["Content-Length"] == str(len(content))
        assert response["Cache-Control"] == "private, no-store"

    def test_with_nginx_the_second_download_is_its_own(self, client, settings, monkeypatch):
        """Python says which file, draws nothing and sends nothing of it."""
        settings.MEDIA_DELIVERY = "nginx"
        certificate = a_certificate()
        client.force_login(certificate.person)
        first = download(client, certificate)
        monkeypatch.setattr(rendering, "_sealed", lambda *_facts: pytest.fail("drawn a second time"))
        second = download(client, certificate)
        file = CertificateFile.objects.get()
        for response in (first, second):
            assert response["X-Accel-Redirect"] == f"/_archivos/{file.path}"
            assert response["Content-Disposition"] == f'attachment; filename="{certificate.reference}.pdf"'
            assert response.content == b""

    def test_a_lost_file_is_drawn_again(self, client):
        certificate = a_certificate()
        file = rendering.ensure_file(certificate)
        default_storage.delete(file.path)
        client.force_login(certificate.person)
        content = b"".join(download(client, certificate).streaming_content)
        assert hashlib.sha256(content).hexdigest() == file.sha256
        assert CertificateFile.objects.get() == file

    @pytest.mark.parametrize(
        ("make", "status"),
        [
            (a_person, 404),
            (an_employee, 404),
            (lambda: somebody_with_role("auditor"), 404),
            (lambda: somebody_with_role("hr_delegate", municipality="1413"), 404),
            (lambda: somebody_with_role("certifier", municipality="1401"), 404),
            (lambda: somebody_with_role("certifier", municipality="1413"), 200),
            (lambda: somebody_with_role("administrator"), 200),
        ],
    )
    def test_for_others_it_does_not_exist(self, client, make, status):
        certificate = a_certificate()
        client.force_login(make())
        response = download(client, certificate)
        assert response.status_code == status
        assert b"".join(response)

    def test_the_anonymous_sign_in_first(self, client):
        assert download(client, a_certificate()).status_code == 302
