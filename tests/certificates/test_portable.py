"""A record to take away: a paper that archives and is sealed; a learner record that proves itself; lists and a CV."""

import csv
import io
import json
from datetime import date
from decimal import Decimal

import page as checker
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.urls import reverse
from django.utils import timezone, translation
from openbadgeslib.errors import LibOpenBadgesException
from openbadgeslib.ob3.clr import bundled_clr_contexts
from openbadgeslib.ob3.ldp import verify_data_integrity_proof
from pypdf import PdfReader

from certificates import keyring
from certificates.domain import career, credentials, portable, rendering
from certificates.pdf import SealBroken, check
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Person
from tests.certificates.seals import poppler_says
from tests.clients import FullClient
from tests.factories.career import a_declaration
from tests.factories.certificates import a_certificate, a_completion, a_revocation
from tests.factories.people import a_cui, a_member, a_network, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_keys(settings, tmp_path):
    settings.SEAL_KEYS_DIR = tmp_path / "keys"


@pytest.fixture
def person() -> Person:
    names = {"given_names": "Xʼol María", "surnames": "Sacẍaj"}
    return an_employee(**names, cui=a_cui(), email="xol@example.org", phone="55551234")


def text_of(content: bytes) -> str:
    return " ".join(" ".join(one.extract_text() for one in PdfReader(io.BytesIO(content)).pages).split())


def test_the_paper_archives_reads_and_is_sealed_over_all_its_pages(person, tmp_path):
    paper = a_certificate(person=person)
    for number in range(30):
        a_declaration(person, title=f"Curso {number} <b>Ana", institution="=1+1 & Cía. " * 12)
    content = portable.as_paper(person)
    assert len(PdfReader(io.BytesIO(content)).pages) > 2
    for profile in ("3a", "ua1"):
        report = checker.validate_pdf_bytes(content, profile=profile)
        assert report.is_compliant, [failure.message for failure in report.failures]
    keys = [key.certificate for key in keyring.history(keyring.Use.SEAL)]
    assert check(content, keys)
    assert poppler_says(content, tmp_path)
    with pytest.raises(SealBroken):
        check(content.replace(b"Aula", b"Bula", 1), keys)
    text = text_of(content)
    for word in ("Xʼol María Sacẍaj", paper.reference, paper.facts["verify_url"], "Curso 29 <b>Ana", "Declarado"):
        assert "".join(word.split()) in "".join(text.split()), word
    for secret in ("xol@example.org", "55551234"):
        assert secret not in text


def test_the_paper_is_the_same_for_the_same_facts_and_moment(person):
    a_declaration(person)
    at = timezone.now()
    assert portable.as_paper(person, at=at) == portable.as_paper(person, at=at)


def test_the_paper_is_in_spanish_whatever_the_page_is(person):
    a_declaration(person)
    with translation.override("en"):
        text = text_of(portable.as_paper(person))
    assert "De otra parte, declarada: 20 horas" in text
    assert "en persona" in text


def test_an_empty_record_is_a_paper_as_well():
    assert "Todavía ninguna" in text_of(portable.as_paper(an_employee()))


def public_key() -> bytes:
    key = keyring.current(keyring.Use.CREDENTIAL)
    return key.certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def holds(document: dict) -> None:
    verify_data_integrity_proof(document, public_key(), extra_contexts=bundled_clr_contexts())


def test_the_learner_record_holds_the_credentials_word_for_word_and_proves_itself(person):
    papers = [a_certificate(person=person), a_certificate(person=person)]
    files = [rendering.ensure_file(one) for one in papers]
    revoked = a_certificate(person=person)
    rendering.ensure_file(revoked)
    a_revocation(revoked, reason="Por error")
    document = json.loads(portable.as_clr(person))
    members = document["credentialSubject"]["verifiableCredential"]
    assert sorted(map(json.dumps, members)) == sorted(json.dumps(json.loads(one.credential)) for one in files)
    assert document["type"] == ["VerifiableCredential", "ClrCredential"]
    assert document["@context"][1] == "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"
    assert document["issuer"]["id"] == members[0]["issuer"]["id"]
    assert document["proof"][0]["cryptosuite"] == "eddsa-rdfc-2022"
    by_address = {one.facts["verify_url"]: one for one in papers}
    for member in members:
        credentials.check(json.dumps(member), by_address[member["id"]])
    holds(document)
    said = json.dumps(document)
    for secret in ("xol@example.org", "55551234", str(person.public_id)):
        assert secret not in said


@pytest.mark.parametrize("change", ["name", "member", "identifier"])
def test_an_altered_learner_record_does_not_hold(person, change):
    rendering.ensure_file(a_certificate(person=person))
    document = json.loads(portable.as_clr(person))
    subject = document["credentialSubject"]
    if change == "name":
        document["name"] = "Otro"
    elif change == "member":
        subject["verifiableCredential"][0]["credentialSubject"]["achievement"]["name"] = "Doctorado"
    else:
        subject["identifier"][0]["identityHash"] = "Otra Persona"
    with pytest.raises(LibOpenBadgesException):
        holds(document)


def test_without_certificates_there_is_no_learner_record(person):
    a_declaration(person)
    with pytest.raises(RuleBroken) as broken:
        portable.as_clr(person)
    assert broken.value.code == "career.nothing_to_take"
    client = FullClient()
    client.force_login(person)
    assert client.get(reverse("certificates:record_clr")).url == reverse("certificates:record")


def test_the_cv_has_work_and_education_and_no_number(person):
    a_completion(person=person, certificate_kind="")
    a_declaration(person)
    text = portable.as_cv(person)
    document = json.loads(text)
    assert [one["employer"] for one in document["workExperience"]] == ["Municipalidad de Nebaj, Quiché"]
    declared = next(one for one in document["educationAndTraining"] if one["state"] == "Declarado")
    assert (declared["title"], declared["hours"], declared["to"]) == ("Presupuesto municipal", 20.0, "2025-04-04")
    assert "no es el formato de Europass" in document["note"]
    for secret in ("xol@example.org", "55551234", str(person.public_id)):
        assert secret not in text


def test_no_cell_of_the_list_becomes_a_formula(person, client):
    a_declaration(person, title="=HYPERLINK(1)", institution="+1", hours=Decimal("2.5"), ended_on=date(2025, 3, 3))
    client.force_login(person)
    answer = client.get(reverse("certificates:record_csv"))
    first, second = csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig")))
    assert first[:3] == ["Formación", "Institución", "Horas"]
    assert second[:3] == ["'=HYPERLINK(1)", "'+1", "2.5"]


def test_each_download_is_told(person, client):
    rendering.ensure_file(a_certificate(person=person))
    client.force_login(person)
    for name in ("record_pdf", "record_clr", "record_cv", "record_csv"):
        answer = client.get(reverse(f"certificates:{name}"))
        assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")
        if answer.streaming:
            list(answer.streaming_content)
    told = AuditEvent.objects.filter(action="career.downloaded").order_by("pk")
    assert [event.facts["form"] for event in told] == ["pdf", "clr", "cv", "csv"]


def test_human_resources_take_the_record_of_whom_they_reach(person):
    career.check(entry=a_declaration(person), by=somebody_with_role("administrator"))
    client = FullClient()
    client.force_login(somebody_with_role("hr_delegate", municipality="1413"))
    answer = client.get(reverse("certificates:staff_record_pdf", args=[person.public_id]))
    assert "Cotejado" in text_of(b"".join(answer.streaming_content))
    assert AuditEvent.objects.get(action="career.downloaded").subject == f"lms.person:{person.public_id}"
    foreign, member = an_employee("0101"), a_member(a_network())
    for other in (foreign, member):
        answer = client.get(reverse("certificates:staff_record_pdf", args=[other.public_id]))
        assert answer.status_code == 404
