"""The Open Badges 3.0 credential inside the file: it says what the paper says, and whatever is changed in it shows."""

import copy
import io
import json
import subprocess
from base64 import urlsafe_b64decode
from hashlib import sha256
from pathlib import Path

import jsonschema
import pikepdf
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.files.storage import default_storage
from django.urls import reverse
from openbadgeslib.errors import LibOpenBadgesException
from openbadgeslib.ob3.ldp import verify_data_integrity_proof

from certificates import keyring
from certificates.domain import credentials, rendering
from certificates.domain.checking import find_faults
from certificates.domain.credentials import CredentialBroken
from certificates.keyring import Use
from certificates.models import CertificateFile
from certificates.pdf import render
from tests.certificates.test_archivable import BARE, NAMES, faults
from tests.certificates.test_pdf import VERIFY, a_paper
from tests.factories.certificates import a_certificate
from tests.factories.people import a_cui, an_employee

SCHEMA = json.loads((Path(__file__).parent / "open_badges" / "achievementcredential.json").read_text())


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.SEAL_KEYS_DIR = tmp_path / "seal"
    return settings.SEAL_KEYS_DIR


def public() -> bytes:
    key = keyring.current(Use.CREDENTIAL).certificate.public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("fields", [{}, BARE, {"kind": "constancia", **BARE}], ids=["all", "bare", "constancia"])
@pytest.mark.parametrize("name", NAMES)
def test_the_schema_of_open_badges_holds(name, fields):
    paper = a_paper(person_name=name, **fields)
    document = json.loads(credentials.issue(paper))
    jsonschema.Draft201909Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(document)
    assert document["credentialSubject"]["identifier"][0]["identityHash"] == name
    credentials.check(json.dumps(document), paper)


def test_the_file_names_one_list_as_the_schema_asks_and_the_token_both():
    places = {"list": "https://aula.example.org/estados/ANAM-2026-1.json", "index": 7}
    both = places | {"suspension": "https://aula.example.org/estados/suspendidos/ANAM-2026-1.json"}
    paper = a_paper()
    paper.facts = paper.facts | {"status": places}
    before = credentials.issue(paper)
    paper.facts = paper.facts | {"status": both}
    assert credentials.issue(paper) == before
    document = json.loads(before)
    jsonschema.Draft201909Validator(SCHEMA).validate(document)
    assert document["credentialStatus"]["statusPurpose"] == "revocation"
    payload = credentials.as_token(paper).split(".")[1]
    claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert [one["statusPurpose"] for one in claims["credentialStatus"]] == ["revocation", "suspension"]
    assert {one["statusListIndex"] for one in claims["credentialStatus"]} == {"7"}
    assert "credentialSchema" not in claims
    for one in claims["credentialStatus"]:
        jsonschema.Draft201909Validator(SCHEMA).validate(document | {"credentialStatus": one})


def test_the_schema_can_refuse():
    document = json.loads(credentials.issue(a_paper()))
    del document["credentialSubject"]["achievement"]["criteria"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft201909Validator(SCHEMA).validate(document)


def test_it_says_what_the_paper_says_and_nothing_else():
    document = credentials.build(a_paper())
    subject = document["credentialSubject"]
    assert (document["id"], document["validFrom"]) == (VERIFY, "2026-05-16T04:03:02Z")
    assert document["issuer"]["id"] == "did:web:aula.example.org"
    assert document["issuer"]["name"] == "Asociación Nacional de Municipalidades de Guatemala"
    assert {name: subject[name] for name in ("licenseNumber", "role", "activityStartDate", "activityEndDate")} == {
        "licenseNumber": "ANAM-2026-000123",
        "role": "Cajero receptor, Nebaj, Quiché",
        "activityStartDate": "2026-05-03T00:00:00-06:00",
        "activityEndDate": "2026-05-15T00:00:00-06:00",
    }
    assert subject["result"][0]["value"] == "90"
    achievement = subject["achievement"]
    assert achievement["name"] == "Cobro y registro de usuarios de agua"
    assert "4.5 horas (cuatro horas y media)" in achievement["description"]
    assert achievement["criteria"]["narrative"].startswith("Diploma por haber aprobado el curso «Cobro")
    assert "result" not in credentials.build(a_paper(**BARE))["credentialSubject"]


def holds(document: dict) -> bool:
    """Whether its proof was made with the key of today."""
    try:
        verify_data_integrity_proof(document, public())
    except LibOpenBadgesException:
        return False
    return True


def leaves(value, path=()):
    """The way to each string, number or truth in a document."""
    if isinstance(value, dict):
        return [leaf for name, inner in value.items() for leaf in leaves(inner, (*path, name))]
    if isinstance(value, list):
        return [leaf for place, inner in enumerate(value) for leaf in leaves(inner, (*path, place))]
    return [path]


def test_nothing_in_it_can_be_changed():
    """What no context defines would stand there unsigned."""
    document = json.loads(credentials.issue(a_paper()))
    assert holds(document)
    ways = leaves({name: value for name, value in document.items() if name != "@context"})
    assert len(ways) > 40
    for way in ways:
        twin = copy.deepcopy(document)
        *outer, last = way
        inside = twin
        for step in outer:
            inside = inside[step]
        before = inside[last]
        inside[last] = (not before) if isinstance(before, bool) else _another(before)
        assert not holds(twin), f"{way} is not proven"


def _another(text: str) -> str:
    """Text of the same kind: another digit, or another letter at the end."""
    if text.startswith(("20", "http", "urn", "did")):
        place = max(place for place, letter in enumerate(text) if letter.isalnum())
        return text[:place] + ("0" if text[place] != "0" else "1") + text[place + 1 :]
    return f"{text[:-1]}{'x' if text[-1] != 'x' else 'y'}"


def test_another_key_and_another_certificate(settings, tmp_path):
    text = credentials.issue(a_paper())
    with pytest.raises(CredentialBroken, match="another certificate"):
        credentials.check(text, a_paper(reference="ANAM-2026-000124"))
    with pytest.raises(CredentialBroken, match="does not hold"):
        credentials.check(text.replace("María", "Mario"), a_paper())
    with pytest.raises(CredentialBroken, match="cannot be read"):
        credentials.check("{", a_paper())
    real, settings.SEAL_KEYS_DIR = settings.SEAL_KEYS_DIR, tmp_path / "another"
    forged = credentials.issue(a_paper())
    settings.SEAL_KEYS_DIR = real
    with pytest.raises(CredentialBroken, match="somebody else"):
        credentials.check(forged, a_paper())


def test_the_same_facts_and_key_give_the_same_text():
    assert credentials.issue(a_paper()) == credentials.issue(a_paper())


def test_two_of_one_person_share_no_identifier():
    one, two = (credentials.build(a_paper(code=code)) for code in ("3Q7WZ1K9M4X0TBV6HG2RDN8PSE", "0" * 26))
    assert one["credentialSubject"]["id"] != two["credentialSubject"]["id"]


def test_the_file_with_it_is_archivable_and_gives_it_back(tmp_path):
    text = credentials.issue(a_paper())
    content = render(a_paper(), text)
    assert faults(content) == []
    assert content == render(a_paper(), text)
    with pikepdf.open(io.BytesIO(content)) as pdf:
        (file,) = pdf.Root.AF
        assert (file.AFRelationship, file.EF.F.Subtype) == ("/Data", "/application/vc")
        assert file.EF.F.read_bytes() == text.encode()
    path = tmp_path / "paper.pdf"
    path.write_bytes(content)
    subprocess.run(["pdfdetach", "-saveall", "-o", tmp_path, path], check=True, capture_output=True)
    assert (tmp_path / "credencial.json").read_text() == text


@pytest.mark.django_db
class TestRegister:
    def test_the_file_given_out_has_it_and_no_personal_number(self):
        cui = a_cui()
        person = an_employee(cui=cui, email="ana@example.org", phone="55551234")
        certificate = a_certificate(person=person)
        file = rendering.ensure_file(certificate)
        with default_storage.open(file.path) as stored:
            content = stored.read()
        assert faults(content) == []
        with pikepdf.open(io.BytesIO(content)) as pdf:
            assert pdf.Root.AF[0].EF.F.read_bytes().decode() == file.credential
        credentials.check(file.credential, certificate)
        hidden = (cui, "ana@example.org", "55551234", str(person.public_id), str(certificate.public_id))
        assert [one for one in hidden if one in file.credential] == []
        assert list(find_faults()) == []

    def test_the_unsigned_file_can_be_made_again(self):
        certificate = a_certificate()
        file = rendering.ensure_file(certificate)
        certificate.refresh_from_db()
        keyring.ensure(anew=True)
        assert sha256(render(certificate, file.credential, file.qr)).hexdigest() == file.unsigned_sha256

    def test_a_lost_file_comes_back_with_the_credential_that_was_given_out(self, folder):
        certificate = a_certificate()
        first = rendering.ensure_file(certificate)
        keyring.ensure(anew=True)
        for secret in folder.glob(f"credential-{keyring.history(Use.CREDENTIAL)[0].name}.key"):
            secret.unlink()
        default_storage.delete(first.path)
        again = rendering.ensure_file(certificate)
        assert (again.credential, again.unsigned_sha256) == (first.credential, first.unsigned_sha256)
        assert again.sha256 != first.sha256

    def test_a_changed_credential_is_named(self):
        certificate = a_certificate()
        file = rendering.ensure_file(certificate)
        CertificateFile.objects.update(credential=file.credential.replace(certificate.course_title, "Otro curso"))
        [fault] = find_faults()
        assert fault.startswith(f"certificate {certificate.reference}: its credential: its proof does not hold")

    def test_the_issuer_publishes_the_key_that_it_names(self, client):
        file = rendering.ensure_file(a_certificate())
        method = json.loads(file.credential)["proof"][0]["verificationMethod"]
        response = client.get(reverse("certificates:did"))
        assert (response["Content-Type"], reverse("certificates:did")) == (
            "application/did+json",
            "/.well-known/did.json",
        )
        document = response.json()
        assert document["id"] == "did:web:testserver"
        (found,) = [one for one in document["verificationMethod"] if one["id"] == method]
        assert method in document["assertionMethod"]
        assert found["publicKeyMultibase"].startswith("z6Mk")
        assert keyring.current(Use.LOG).name not in response.content.decode(), "it vouches for no certificate"
