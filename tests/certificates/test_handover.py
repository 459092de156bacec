"""The package of handover: what is in it, that its act proves it, who fetches it, and when it goes."""

import csv
import io
import json
import zipfile
from datetime import timedelta
from hashlib import sha256

import openpyxl
import page as checker
import pikepdf
import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from certificates import keyring
from certificates.domain import handover
from certificates.models import HandoverPackage
from certificates.pdf import check
from courses.models import ToolIndexPage, ToolPage
from lms.domain import erasing, jobs
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Job, Municipality, Person
from tests.clients import FullClient
from tests.factories.certificates import a_certificate, a_revocation
from tests.factories.courses import a_course
from tests.factories.people import an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_keys(settings, tmp_path):
    settings.SEAL_KEYS_DIR = tmp_path / "keys"


@pytest.fixture
def nebaj() -> Municipality:
    return Municipality.objects.get(code="1413")


@pytest.fixture
def delegate() -> Person:
    return somebody_with_role("hr_delegate", municipality="1413")


def make(municipality: Municipality, by: Person) -> HandoverPackage:
    package = handover.ask(municipality=municipality, by=by)
    assert jobs.run(Job.objects.get(kind=handover.KIND, subject=str(package.public_id)).pk)
    package.refresh_from_db()
    return package


def content_of(package: HandoverPackage) -> dict[str, bytes]:
    with default_storage.open(package.path) as stored, zipfile.ZipFile(stored) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def table(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1:]


def test_the_package_says_who_was_certified_in_what(nebaj, delegate):
    person = an_employee(given_names="=Ana", surnames="Brito")
    paper, revoked = a_certificate(person=person), a_certificate(person=person)
    a_revocation(revoked, reason="Por error")
    a_certificate(person=an_employee("0101"))
    files = content_of(make(nebaj, delegate))
    assert set(files) == {
        "certificados.csv", "certificados.xlsx", "vencimientos.csv", "herramientas.csv", "manifest.json",
        "acta-de-entrega.pdf",
    }  # fmt: skip
    rows = {row[0]: row for row in table(files["certificados.csv"])}
    assert {key: (row[1], row[7]) for key, row in rows.items()} == {
        paper.reference: ("'=Ana Brito", "Certificado"),
        revoked.reference: ("'=Ana Brito", "Revocado"),
    }
    assert rows[paper.reference][9] == paper.facts["verify_url"]
    sheet = openpyxl.load_workbook(io.BytesIO(files["certificados.xlsx"])).active
    assert {row[0] for row in list(sheet.values)[1:]} == set(rows)


def test_the_tools_in_use_are_those_of_its_posts_and_of_its_courses(nebaj, delegate):
    person = an_employee()
    course = a_course()
    a_certificate(person=person, course=course)
    index = ToolIndexPage.objects.first() or _index()
    for code, fields in {"A1": {"course": course}, "B1": {}, "C1": {}}.items():
        page = index.add_child(
            instance=ToolPage(code=code, title=f"Tool {code}", slug=code.lower(), family="AC", summary="x", **fields)
        )
        if code == "B1":
            page.posts.set([person.appointments.get().post])
            page.save()
    rows = table(content_of(make(nebaj, delegate))["herramientas.csv"])
    mine = [(row[0], row[4]) for row in rows if row[0] in {"A1", "B1", "C1"}]
    assert mine == [("A1", "1"), ("B1", "0")]


def _index() -> ToolIndexPage:
    root = a_course().get_root()
    return root.add_child(instance=ToolIndexPage(title="Herramientas", slug="herramientas-x"))


def test_the_sealed_act_proves_every_file(nebaj, delegate):
    a_certificate(person=an_employee())
    package = make(nebaj, delegate)
    files = content_of(package)
    manifest = json.loads(files["manifest.json"])
    assert {one["name"]: one["sha256"] for one in manifest["files"]} == {
        name: sha256(content).hexdigest()
        for name, content in files.items()
        if name not in {"manifest.json", "acta-de-entrega.pdf"}
    }
    act = files["acta-de-entrega.pdf"]
    assert check(act, [key.certificate for key in keyring.history(keyring.Use.SEAL)])
    for profile in ("3a", "ua1"):
        assert checker.validate_pdf_bytes(act, profile=profile).is_compliant
    text = "".join("".join(one.extract_text().split()) for one in PdfReader(io.BytesIO(act)).pages)
    for content in (files["manifest.json"], files["certificados.csv"]):
        assert sha256(content).hexdigest() in text
    with pikepdf.open(io.BytesIO(act)) as pdf:
        assert pdf.attachments["manifest.json"].get_file().read_bytes() == files["manifest.json"]
    with default_storage.open(package.path) as stored:
        assert sha256(stored.read()).hexdigest() == package.sha256


def test_asking_twice_is_one_and_a_job_run_twice_makes_one(nebaj, delegate):
    package = handover.ask(municipality=nebaj, by=delegate)
    assert handover.ask(municipality=nebaj, by=delegate) == package
    assert Job.objects.filter(kind=handover.KIND).count() == 1
    made = make(nebaj, delegate)
    before = made.path
    again = jobs.request(handover.KIND, made.public_id)
    assert jobs.run(again.pk)
    made.refresh_from_db()
    assert (made.path, made) == (before, package)
    HandoverPackage.objects.create(municipality=nebaj)
    with pytest.raises(IntegrityError), transaction.atomic():
        HandoverPackage.objects.create(municipality=nebaj)


def test_what_failed_is_asked_for_again(nebaj, delegate):
    package = handover.ask(municipality=nebaj, by=delegate)
    Job.objects.update(state=Job.State.FAILED)
    assert handover.ask(municipality=nebaj, by=delegate) == package
    assert Job.objects.filter(kind=handover.KIND, state=Job.State.WAITING).count() == 1


def test_only_its_own_human_resources_and_anam_ask_and_fetch(nebaj, delegate):
    for by in (somebody_with_role("hr_delegate", municipality="0101"), somebody_with_role("auditor"), an_employee()):
        with pytest.raises(RuleBroken) as broken:
            handover.ask(municipality=nebaj, by=by)
        assert broken.value.code == "handover.not_allowed"
    package, client = make(nebaj, somebody_with_role("administrator")), FullClient()
    address = reverse("certificates:handover_file", args=[package.public_id])
    client.force_login(somebody_with_role("hr_delegate", municipality="0101"))
    assert client.get(address).status_code == 404
    client.force_login(delegate)
    answer = client.get(address)
    assert sha256(b"".join(answer.streaming_content)).hexdigest() == package.sha256
    told = AuditEvent.objects.filter(action__startswith="handover.").order_by("pk")
    assert [one.action for one in told] == ["handover.asked", "handover.made", "handover.taken"]


def test_the_page_shows_how_far_it_is(nebaj, delegate):
    client, address = FullClient(), reverse("certificates:handover", args=["1413"])
    client.force_login(delegate)
    assert client.post(address).url == address
    Job.objects.filter(kind=handover.KIND).update(done=2, total=5)
    page = client.get(address).content.decode()
    assert '<progress max="5" value="2"' in page
    make(nebaj, delegate)
    assert "Descargar ZIP" in client.get(address).content.decode()
    HandoverPackage.objects.update(path="")
    assert "se guarda 30 días" in client.get(address).content.decode()


def test_a_package_goes_after_its_time(nebaj, delegate, django_capture_on_commit_callbacks):
    package = make(nebaj, delegate)
    assert handover.forget(timezone.now() + handover.KEPT - timedelta(minutes=1)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert handover.forget(timezone.now() + handover.KEPT + timedelta(minutes=1)) == 1
    assert not default_storage.exists(package.path)
    package.refresh_from_db()
    assert (package.path, len(package.sha256)) == ("", 64)


def test_whoever_is_erased_takes_the_packages_with_them(nebaj, delegate, django_capture_on_commit_callbacks):
    person = an_employee()
    a_certificate(person=person)
    package = make(nebaj, delegate)
    with django_capture_on_commit_callbacks(execute=True):
        assert handover.drop_with(person) == 1
        erasing.erase(person)
    assert not default_storage.exists(package.path)
    assert table(content_of(make(nebaj, delegate))["certificados.csv"]) == []


def test_a_package_that_may_name_somebody_erased_meanwhile_is_made_anew(nebaj, delegate, monkeypatch):
    person = an_employee()
    a_certificate(person=person)
    package = handover.ask(municipality=nebaj, by=delegate)
    fill = handover._fill

    def erased_meanwhile(*given):
        fill(*given)
        erasing.erase(person)

    monkeypatch.setattr(handover, "_fill", erased_meanwhile)
    job = Job.objects.get(kind=handover.KIND)
    assert not jobs.run(job.pk) or Job.objects.get(pk=job.pk).state != Job.State.DONE
    package.refresh_from_db()
    assert (package.path, package.ready_at) == ("", None)
