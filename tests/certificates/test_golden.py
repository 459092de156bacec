"""Forty certificates as they are given out, held by every reader; an altered twin of each, refused by every one.

`GOLDEN_SHOTS=folder` keeps a picture of each.
"""

import io
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from pathlib import Path

import cbor2
import cwt
import jsonschema
import pikepdf
import pypdfium2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import override_settings
from django.urls import reverse

from certificates import keyring
from certificates.domain import credentials, rendering, signed_facts
from certificates.domain.checking import find_faults
from certificates.keyring import Use
from certificates.models import Certificate
from certificates.pdf import check, lettering, render
from tests.certificates.golden import CASES
from tests.certificates.golden_twins import ALTERATIONS, Issued
from tests.certificates.seals import readings
from tests.certificates.test_archivable import faults, struct_text
from tests.certificates.test_credentials import SCHEMA
from tests.certificates.test_signed_facts import bytes_of, read_from_print
from tests.factories.courses import a_course

SHOTS = os.environ.get("GOLDEN_SHOTS", "")
NAMES = [case.name for case in CASES]
TWINS = {case.name: ALTERATIONS[number % len(ALTERATIONS)] for number, case in enumerate(CASES)}
each = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def golden(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[dict[str, Issued]]:
    """All of them by name, issued once for the whole module; nothing of it stays."""
    folder = tmp_path_factory.mktemp("golden")
    with django_db_blocker.unblock(), override_settings(SEAL_KEYS_DIR=folder / "keys"):
        hold = transaction.atomic()
        hold.__enter__()
        try:
            shutil.rmtree(Path(settings.MEDIA_ROOT, "certificates", "testigos"), ignore_errors=True)  # of tests before
            course = a_course()
            made = {case.name: _issued(case.issue(course), folder) for case in CASES}
            for before in Certificate.objects.filter(file=None):  # those of which another took the place
                rendering.ensure_file(before)
            yield made
        finally:
            transaction.set_rollback(True)
            hold.__exit__(None, None, None)


def _issued(certificate: Certificate, folder) -> Issued:
    file = rendering.ensure_file(certificate)
    with default_storage.open(file.path) as stored:
        content = stored.read()
    kept = Certificate.objects.with_state().get(pk=certificate.pk)  # what the register says, not what was told to it
    return Issued(kept, file, content, folder / "theirs")


@pytest.fixture
def one(golden, name) -> Issued:
    cache.clear()
    return golden[name]


def test_there_are_forty_and_every_way_to_alter_is_taken():
    assert len(set(NAMES)) == len(CASES) == 40
    assert {twin.name for twin in TWINS.values()} == {one.name for one in ALTERATIONS}


def test_the_register_has_no_fault(golden):
    assert [fault for fault in find_faults() if not fault.startswith("table ")] == []


@each
@pytest.mark.once
def test_it_archives_and_reads(one, tmp_path):
    assert faults(one.content) == []
    path = tmp_path / "paper.pdf"
    path.write_bytes(one.content)
    done = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    said = "".join(struct_text(one.content, tmp_path))
    for text in (one.certificate.person_name, one.certificate.course_title, one.certificate.reference):
        assert squeezed("".join(part for _face, part in lettering.runs(text, lettering.BOLD))) in squeezed(said)
    with pikepdf.open(path) as pdf:
        assert "/JavaScript" not in str(pdf.Root.get("/Names", ""))
        assert [note.Subtype for note in pdf.pages[0].get("/Annots", [])] == ["/Widget"]


def squeezed(text: str) -> str:
    """Without white: lines are broken where there is room."""
    return "".join(text.split())


@each
@pytest.mark.once
def test_its_seal_holds_for_three_readers(one, tmp_path):
    known = keyring.current(Use.SEAL).certificate
    assert readings(one.content, known, tmp_path) == {"ours": True, "poppler": True, "openssl": True}


@each
def test_it_is_made_again_from_what_was_frozen(one):
    """No template, name or course of today is looked at: the bytes are those that were sealed."""
    unsigned = render(one.certificate, one.file.credential, one.file.qr)
    assert one.content.startswith(unsigned)
    known = [key.certificate for key in keyring.history(Use.SEAL)]
    assert sha256(unsigned).hexdigest() == one.file.unsigned_sha256 == check(one.content, known)


@each
def test_its_credential_is_as_the_standard_asks_and_says_the_same(one, tmp_path):
    (tmp_path / "paper.pdf").write_bytes(one.content)
    command = ["pdfdetach", "-saveall", "-o", tmp_path, tmp_path / "paper.pdf"]
    subprocess.run(command, check=True, capture_output=True)
    text = (tmp_path / "credencial.json").read_text()
    assert text == one.file.credential
    credentials.check(text, one.certificate)
    document = json.loads(text)
    checker = jsonschema.FormatChecker()
    jsonschema.Draft201909Validator(SCHEMA, format_checker=checker).validate(document)
    subject, paper = document["credentialSubject"], one.certificate
    assert subject["identifier"][0]["identityHash"] == paper.person_name
    assert subject["achievement"]["name"] == paper.course_title
    assert (subject["licenseNumber"], document["id"]) == (paper.reference, paper.facts["verify_url"])
    assert document.get("validUntil", "")[:10] == (paper.expires_on.isoformat() if paper.expires_on else "")
    assert subject["activityEndDate"][:10] == paper.completed_on.isoformat()


@each
def test_its_qr_is_read_and_says_what_the_register_says(one):
    [address] = read_from_print(one.content)
    assert address == one.file.qr
    paper, letters = one.certificate, address.rpartition("/")[2]
    signed_facts.check(letters, paper)
    facts = signed_facts.read(letters)
    assert (facts.code, facts.reference, facts.kind) == (paper.code, paper.reference, paper.kind)
    assert (facts.hours, facts.completed_on, facts.expires_on) == (paper.hours, paper.completed_on, paper.expires_on)
    for said, whole in ((facts.person_name, paper.person_name), (facts.course_title, paper.course_title)):
        assert said == whole or (said.endswith("…") and whole.startswith(said[:-1].rstrip()))
    assert facts.list in paper.facts["status"]["list"]
    assert facts.index == paper.facts["status"]["index"]


@each
@pytest.mark.once
def test_another_library_reads_the_same_in_its_qr(one):
    content = bytes_of(one.file.qr.rpartition("/")[2])
    public = (
        keyring.current(Use.QR).certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    kid = cbor2.loads(cbor2.loads(content).value[0])[4]
    theirs = cwt.COSEKey.from_pem(public, kid=kid, alg="ES256")
    if one.certificate.state == Certificate.State.EXPIRED:
        with pytest.raises(cwt.VerifyError, match="expired"):
            cwt.decode(content, theirs)
        return
    said = cwt.decode(content, theirs)
    assert said[-65537][0] == one.certificate.reference
    assert datetime.fromtimestamp(said[6], UTC) == one.certificate.issued_at.replace(microsecond=0)


@each
def test_whoever_has_it_is_told_what_it_is(one, client):
    """By the file and by the code; nothing of a name is taken for markup."""
    body = send(client, one.content).content.decode()
    if one.certificate.state == Certificate.State.ISSUED:
        assert f"el certificado {one.certificate.reference} está vigente" in body
    else:
        assert "ya no tiene validez" in body or "ya venció" in body
    page = client.get(reverse("certificates:certificate", args=[one.certificate.code])).content.decode()
    for text in (one.certificate.person_name, one.certificate.course_title):
        assert escape(text) in page
        assert "<" not in text or text not in page


def send(client, content: bytes):
    file = SimpleUploadedFile("x.pdf", content, "application/pdf")
    return client.post(reverse("certificates:compare_file"), {"archivo": file})


@each
def test_its_twin_is_refused(one, golden, name, client, tmp_path):
    twin = TWINS[name]
    other = golden[NAMES[(NAMES.index(name) + 7) % len(NAMES)]]
    content = twin.make(one, other)
    assert content != one.content
    for response in (send(client, content), by_digest(client, content)):
        assert response.status_code == 404, twin.name
    said = readings(content, keyring.current(Use.SEAL).certificate, tmp_path)
    assert said == {reader: reader in twin.blind for reader in said}, twin.name
    if "credential" in twin.lies:
        with pikepdf.open(io.BytesIO(content)) as pdf, pytest.raises(credentials.CredentialBroken):
            credentials.check(pdf.Root.AF[0].EF.F.read_bytes().decode(), one.certificate)
    if "qr" in twin.lies:
        [address] = read_from_print(content)
        with pytest.raises(signed_facts.NotOurs):
            signed_facts.check(address.rpartition("/")[2], one.certificate)


def by_digest(client, content: bytes):
    return client.get(reverse("certificates:file_by_digest", args=[sha256(content).hexdigest()]))


@pytest.mark.skipif(not SHOTS, reason="GOLDEN_SHOTS names no folder")
def test_their_pictures_are_kept(golden):
    for number, name in enumerate(NAMES):
        page = pypdfium2.PdfDocument(golden[name].content)[0]
        page.render(scale=2).to_pil().save(f"{SHOTS}/{number:02}-{name.replace('/', '')}.png")
