"""Certificates for a whole list: every line told, asked by one, certified by another, each issued once."""

import io
import zipfile

import pikepdf
import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from certificates.domain import acts, batches, bundles, by_hand, rendering, sweeping
from certificates.domain.checking import find_faults
from certificates.models import Certificate, CertificateBatch, CertificateBundle, Series
from lms.domain import jobs
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Job, Person, RoleGrant
from tests.factories.certificates import a_certificate, by_hand_for
from tests.factories.courses import a_course
from tests.factories.people import a_cui, a_person, an_employee, somebody_with_role
from tests.factories.sessions import a_session, enrolled, hold, noted

pytestmark = pytest.mark.django_db


def said(**fields) -> dict:
    day = timezone.localdate()
    return {"kind": "constancia", "title": "Taller", "hours": 6, "started_on": day, "completed_on": day, **fields}


def staff(count: int, municipality: str = "1413") -> list[Person]:
    return [an_employee(municipality, email=f"una{number}@muni.example") for number in range(count)]


def text_of(people: list[Person]) -> str:
    return "\n".join(f"{person.email}, y algo más" for person in people)


def a_batch(count: int = 3, *, by: Person | None = None, **fields) -> CertificateBatch:
    asked = {"by": by or somebody_with_role("administrator"), "reason": "Acta 12", "said": said(**fields)}
    return batches.ask(text=text_of(staff(count)), **asked)


def code_of(verb, **given) -> str:
    with pytest.raises(RuleBroken) as broken:
        verb(**given)
    return broken.value.code


class TestReading:
    def test_what_is_not_understood_is_named_by_its_line(self):
        asker = somebody_with_role("hr_delegate", municipality="1413")
        cui, course = a_cui(), a_course()
        one, holder = an_employee(cui=cui, phone="55550101"), an_employee(phone="55550102")
        by_hand_for(holder, course=course)
        stranger, unconfirmed = an_employee("0101", phone="55550103"), an_employee(phone="55550104", is_confirmed=False)
        lines = [cui, "", "no es nada", one.phone, holder.phone, stranger.phone, unconfirmed.phone]
        facts = by_hand.facts_of(**said(course=course))
        reading = batches.read("\n".join(lines), asker, facts)
        assert reading.found == [one]
        assert [number for number, _why in reading.faults] == [3, 4, 5, 6, 7]
        reasons = [why for _number, why in reading.faults]
        assert reasons[0] == reasons[3]  # of strangers nothing is told
        assert "más arriba" in reasons[1]
        assert "ya tiene el certificado" in reasons[2]

    def test_whoever_is_asked_for_already_is_left_out(self):
        batch = a_batch(1)
        person, facts = batch.acts.get().person, by_hand.facts_of(**said())
        reading = batches.read(person.email, somebody_with_role("administrator"), facts)
        assert reading.found == []
        assert "ya está pedido" in reading.faults[0][1]

    def test_nobody_puts_themselves_on_it(self):
        asker = an_employee(email="yo@muni.example")
        RoleGrant.objects.create(person=asker, role="administrator", scope="nation")
        facts = by_hand.facts_of(**said())
        assert batches.read(asker.email, asker, facts).found == []

    def test_a_list_ends_at_five_hundred(self):
        asker, facts = somebody_with_role("administrator"), by_hand.facts_of(**said())
        text = "\n".join(f"x{number}" for number in range(501))
        assert code_of(batches.read, text=text, by=asker, facts=facts) == "batch.too_long"

    def test_who_was_at_a_session(self):
        session = a_session()
        there, away = an_employee(), an_employee()
        noted(hold(session), enrolled(session, there))
        noted(session, enrolled(session, away), present=False)
        asker, facts = somebody_with_role("administrator"), by_hand.facts_of(**said())
        found = batches.read_session(session.code.lower(), asker, facts).found
        assert there in found
        assert away not in found
        assert code_of(batches.read_session, code="NADA", by=asker, facts=facts) == "batch.no_session"


class TestTwoPeople:
    def test_it_is_asked_and_nothing_is_issued(self, run_jobs):
        batch = a_batch()
        run_jobs()
        assert batch.acts.waiting().count() == 3
        assert not Certificate.objects.exists()
        assert AuditEvent.objects.get(action="certificate_batch.asked").facts["rows"] == 3

    def test_another_certifies_it_whole(self, run_jobs):
        batch, certifier = a_batch(), somebody_with_role("certifier")
        batches.certify(batch=batch, by=certifier)
        assert run_jobs() == []
        assert [act.decided_by for act in batch.acts.all()] == [certifier] * 3
        assert sorted(Certificate.objects.values_list("number", flat=True)) == [1, 2, 3]
        assert list(find_faults()) == []
        assert code_of(batches.certify, batch=batch, by=certifier) == "act.already_decided"

    def test_nobody_certifies_what_they_asked_or_are_on(self):
        asker = somebody_with_role("certifier")
        assert code_of(batches.certify, batch=a_batch(by=asker), by=asker) == "act.asked_by_oneself"
        certifier = an_employee(email="ella@muni.example")
        RoleGrant.objects.create(person=certifier, role="certifier", scope="nation")
        asked = {"by": asker, "reason": "Acta 12", "said": said(title="Otro")}
        batch = batches.ask(text=certifier.email, **asked)
        assert code_of(batches.certify, batch=batch, by=certifier) == "act.about_oneself"
        delegate = somebody_with_role("hr_delegate", municipality="1413")
        assert code_of(batches.certify, batch=batch, by=delegate) == "act.not_yours_to_decide"

    def test_the_database_refuses_one_person_twice(self):
        batch = a_batch()
        decided = {"decided_at": timezone.now(), "decision": "certified"}
        with pytest.raises(IntegrityError, match="certificate_batch_by_two"), transaction.atomic():
            CertificateBatch.objects.filter(pk=batch.pk).update(decided_by=batch.asked_by, **decided)

    def test_an_act_of_a_list_is_not_decided_alone(self):
        act, certifier = a_batch().acts.first(), somebody_with_role("certifier")
        assert code_of(acts.certify, act=act, by=certifier) == "act.already_decided"

    def test_refused_it_issues_nothing(self, run_jobs):
        batch = a_batch()
        batches.refuse(batch=batch, reason="Falta el acta", by=somebody_with_role("certifier"))
        run_jobs()
        assert not Certificate.objects.exists()
        assert not batch.acts.waiting().exists()
        assert list(find_faults()) == []


class TestIssuing:
    def test_who_got_it_meanwhile_is_left_out(self, run_jobs):
        course = a_course()
        batch = a_batch(course=course)
        second = batch.acts.order_by("pk")[1]
        a_certificate(person=second.person, course=course)
        batches.certify(batch=batch, by=somebody_with_role("certifier"))
        assert run_jobs() == []
        assert [act.decision for act in batch.acts.order_by("pk")] == ["certified", "refused", "certified"]
        assert Certificate.objects.count() == 3
        assert list(find_faults()) == []

    def test_a_worker_that_dies_in_the_middle_loses_and_doubles_nothing(self, run_jobs, monkeypatch):
        """It issues one and dies before it says how far it is; whoever takes over issues the rest."""
        batch = a_batch(5)
        batches.certify(batch=batch, by=somebody_with_role("certifier"))
        job = Job.objects.get(kind=batches.ISSUE_BATCH)
        for left in (4, 3, 2):
            claim = jobs.claim(job.pk)
            claim.progress = _dies  # type: ignore[method-assign]
            with pytest.raises(_Killed):
                batches.perform(claim)
            assert batch.acts.waiting().count() == left
            Job.objects.filter(pk=job.pk).update(state=Job.State.WAITING, lease_until=None)
        assert run_jobs() == []
        assert sorted(Certificate.objects.values_list("number", flat=True)) == [1, 2, 3, 4, 5]
        assert Series.objects.get().last_number == 5
        assert list(find_faults()) == []

    def test_a_list_whose_workers_all_died_is_taken_up_again(self, run_jobs):
        """Killed as often as it may be tried, before it got on each time."""
        batch = a_batch(2)
        batches.certify(batch=batch, by=somebody_with_role("certifier"))
        ended = {"state": Job.State.FAILED, "reason": "lost", "attempts": 5, "finished_at": timezone.now()}
        Job.objects.filter(kind=batches.ISSUE_BATCH).update(**ended)
        sweeping.sweep()
        assert run_jobs() == []
        assert Certificate.objects.count() == 2
        sweeping.sweep()
        assert Job.objects.filter(kind=batches.ISSUE_BATCH).count() == 1

    def test_whoever_was_thought_dead_writes_nothing(self):
        batch = a_batch()
        batches.certify(batch=batch, by=somebody_with_role("certifier"))
        job = Job.objects.get(kind=batches.ISSUE_BATCH)
        dead = jobs.claim(job.pk)
        Job.objects.filter(pk=job.pk).update(state=Job.State.WAITING, lease_until=None)
        assert jobs.claim(job.pk)
        with pytest.raises(jobs.LeaseLost):
            batches.perform(dead)
        assert not Certificate.objects.exists()


class _Killed(Exception):
    """As if the process had ended here."""


def _dies(*_args, **_kwargs) -> None:
    raise _Killed


class TestPages:
    def test_the_list_is_shown_before_it_is_asked(self, client):
        people = staff(2)
        client.force_login(somebody_with_role("hr_delegate", municipality="1413"))
        address, day = reverse("certificates:batch_new"), timezone.localdate().isoformat()
        assert client.get(address).status_code == 200
        sent = {"kind": "constancia", "title": "Taller", "hours": "6", "started_on": day, "completed_on": day}
        sent |= {"reason": "Acta 12", "people": f"{text_of(people)}\nnadie@muni.example"}
        shown = client.post(address, sent)
        assert shown.status_code == 200
        body = shown.content.decode()
        assert all(person.full_name in body for person in people)
        assert "Línea 3: no encontramos" in body
        assert not CertificateBatch.objects.exists()
        assert client.post(address, sent | {"seen": "3"}).status_code == 422
        answer = client.post(address, sent | {"seen": "2"})
        batch = CertificateBatch.objects.get()
        assert answer.url == reverse("certificates:batch", args=[batch.public_id])
        assert batch.acts.count() == 2
        assert batch.faults[0][0] == 3
        page = client.get(answer.url).content.decode()
        assert 'value="certified"' not in page

    def test_a_file_is_read_as_well(self, client):
        people = staff(1)
        client.force_login(somebody_with_role("administrator"))
        day = timezone.localdate().isoformat()
        sent = {"kind": "constancia", "title": "Taller", "hours": "6", "started_on": day, "completed_on": day}
        file = SimpleUploadedFile("lista.csv", text_of(people).encode("utf-16"))
        body = client.post(reverse("certificates:batch_new"), sent | {"reason": "x", "file": file}).content.decode()
        assert people[0].full_name in body
        assert people[0].email in body

    def test_another_certifies_it_and_follows_it(self, client, run_jobs):
        batch = a_batch()
        client.force_login(somebody_with_role("certifier"))
        address = reverse("certificates:batch", args=[batch.public_id])
        assert client.post(address, {"decision": "certified"}).status_code == 302
        assert "0 de 3" in client.get(address).content.decode()
        assert client.post(address, {"decision": "certified"}).status_code == 422
        run_jobs()
        body = client.get(address).content.decode()
        assert "se emitieron 3 certificados" in body
        assert Certificate.objects.count() == 3

    def test_a_list_of_others_does_not_exist_for_a_delegate(self, client):
        batch = a_batch()
        client.force_login(somebody_with_role("hr_delegate", municipality="1413"))
        assert client.get(reverse("certificates:batch", args=[batch.public_id])).status_code == 404
        assert str(batch.public_id) not in client.get(reverse("certificates:batches")).content.decode()


class TestBundles:
    @pytest.fixture
    def certifier(self, client) -> Person:
        person = somebody_with_role("certifier")
        client.force_login(person)
        return person

    def test_a_zip_of_the_sealed_files(self, client, certifier, run_jobs):
        made = [a_certificate() for _ in range(3)]
        answer = client.post(reverse("certificates:bundle_of_list"), {"form": "zip", "filters": ""})
        assert "0 de 3" in client.get(answer.url).content.decode()
        assert run_jobs() == []
        bundle = CertificateBundle.objects.get()
        assert "Descargar (" in client.get(answer.url).content.decode()
        taken = client.get(reverse("certificates:bundle_download", args=[bundle.public_id]))
        assert taken["Cache-Control"] == "private, no-store"
        archive = zipfile.ZipFile(io.BytesIO(b"".join(taken.streaming_content)))
        assert archive.namelist() == [f"{one.reference}.pdf" for one in made]
        for one in made:
            with default_storage.open(rendering.ensure_file(one).path) as kept:
                assert archive.read(f"{one.reference}.pdf") == kept.read()
        assert AuditEvent.objects.get(action="certificate_bundle.taken").actor == str(certifier.public_id)

    def test_their_pages_for_the_printer(self, client, certifier, run_jobs):
        a_certificate(), a_certificate(), a_certificate(person=an_employee("0101"))
        sent = {"form": "print", "filters": "department=14"}
        client.post(reverse("certificates:bundle_of_list"), sent)
        assert run_jobs() == []
        with default_storage.open(CertificateBundle.objects.get().path) as stored, pikepdf.open(stored) as pdf:
            assert len(pdf.pages) == 2
            assert "/AcroForm" not in pdf.Root
            assert not any("/Annots" in page for page in pdf.pages)

    def test_of_a_batch_it_holds_what_was_issued(self, client, certifier, run_jobs):
        batch = a_batch()
        a_certificate()
        batches.certify(batch=batch, by=certifier)
        run_jobs()
        client.post(reverse("certificates:bundle_of_batch", args=[batch.public_id]), {"form": "zip"})
        assert len(CertificateBundle.objects.get().certificates) == 3

    def test_it_is_gone_after_its_days(self, client, certifier, run_jobs):
        a_certificate()
        client.post(reverse("certificates:bundle_of_list"), {"form": "zip"})
        run_jobs()
        path = CertificateBundle.objects.get().path
        CertificateBundle.objects.update(expires_at=timezone.now())
        assert bundles.clear() == 1
        assert not default_storage.exists(path)
        bundle = CertificateBundle.objects.get()
        assert client.get(reverse("certificates:bundle_download", args=[bundle.public_id])).status_code == 302
        assert "se borró" in client.get(reverse("certificates:bundle", args=[bundle.public_id])).content.decode()

    def test_what_cannot_be_is_refused(self, monkeypatch):
        everything, certifier = Certificate.objects.all(), somebody_with_role("certifier")
        assert code_of(bundles.ask, certificates=everything, form="zip", by=certifier) == "bundle.empty"
        a_certificate(), a_certificate()
        assert code_of(bundles.ask, certificates=everything, form="exe", by=certifier) == "bundle.form_unknown"
        delegate = somebody_with_role("hr_delegate", municipality="1413")
        assert code_of(bundles.ask, certificates=everything, form="zip", by=delegate) == "bundle.not_yours"
        monkeypatch.setattr(bundles, "MOST", 1)
        assert code_of(bundles.ask, certificates=everything, form="zip", by=certifier) == "bundle.too_many"

    @pytest.mark.parametrize("make", [a_person, lambda: somebody_with_role("auditor")])
    def test_others_stay_out(self, client, run_jobs, make):
        a_certificate()
        bundle = bundles.ask(certificates=Certificate.objects.all(), form="zip", by=somebody_with_role("certifier"))
        run_jobs()
        client.force_login(make())
        for name in ("bundle", "bundle_download"):
            assert client.get(reverse(f"certificates:{name}", args=[bundle.public_id])).status_code == 403
