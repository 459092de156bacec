"""A PDF is compared with what we gave out by its digest: nothing of it is kept, and one changed byte is seen."""

import os
from hashlib import sha256
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from certificates.domain import rendering
from certificates.models import CertificateFile
from certificates.views.verification import MISSES
from lms.domain import tries
from tests.factories.certificates import a_certificate, a_revocation
from tests.factories.people import an_employee

PAGE = "certificates:compare_file"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_keys(settings, tmp_path):
    cache.clear()
    settings.SEAL_KEYS_DIR = tmp_path / "keys"


def content_of(certificate) -> bytes:
    with default_storage.open(rendering.ensure_file(certificate).path) as file:
        return file.read()


def send(client, content: bytes):
    return client.post(reverse(PAGE), {"archivo": SimpleUploadedFile("x.pdf", content, "application/pdf")})


def ask(client, content: bytes):
    return client.get(reverse("certificates:file_by_digest", args=[sha256(content).hexdigest()]))


@pytest.mark.parametrize("is_signed_in", [False, True])
def test_the_file_that_was_given_out_is_known_by_both_ways(client, is_signed_in):
    certificate = a_certificate()
    content = content_of(certificate)
    if is_signed_in:
        client.force_login(an_employee())
    body = send(client, content).content.decode()
    assert f"el certificado {certificate.reference} está vigente" in body
    assert reverse("certificates:certificate", args=[certificate.code]) in body
    said = ask(client, content).json()
    assert (said["holds"], said["address"]) == (True, reverse("certificates:certificate", args=[certificate.code]))


@pytest.mark.parametrize(
    "change",
    [lambda file: file[:-1] + b"\x00", lambda file: file + b"\n", lambda file: file[:-7], lambda file: b"%PDF-1.7"],
    ids=["a byte", "something after its end", "cut off", "another"],
)
def test_what_differs_is_refused(client, change):
    content = change(content_of(a_certificate()))
    for response in (send(client, content), ask(client, content)):
        assert response.status_code == 404
        assert "no es uno de los que emitimos" in (
            response.json()["words"]
            if response.headers["Content-Type"].startswith("application/json")
            else response.content.decode()
        )


def test_the_file_of_a_revoked_certificate_is_known_and_said_to_be_void(client):
    certificate = a_certificate()
    content = content_of(certificate)
    a_revocation(certificate, reason="Prueba")
    assert ask(client, content).json()["holds"] is False
    assert "ya no tiene validez" in send(client, content).content.decode()


def test_a_file_that_was_lost_and_drawn_anew_was_given_out_too(client):
    """Whoever downloaded it before holds a good one."""
    certificate = a_certificate()
    old = content_of(certificate)
    other = b"%PDF-1.4 of before there were seals"
    row = CertificateFile.objects.get(certificate=certificate)
    default_storage.delete(row.path)
    CertificateFile.objects.update(sha256=sha256(other).hexdigest(), bytes=len(other))
    assert content_of(certificate) == old
    assert ask(client, old).json()["holds"]
    assert ask(client, other).json()["holds"]


def test_nothing_of_a_file_is_kept(client):
    place = settings.FILE_UPLOAD_TEMP_DIR
    before = set(os.listdir(place))
    response = send(client, os.urandom(200_000))
    assert response.status_code == 404
    assert set(os.listdir(place)) == before


def test_no_file_and_an_empty_one_are_asked_for_again(client):
    for response in (client.post(reverse(PAGE)), send(client, b"")):
        assert response.status_code == 400
        assert "Elija el PDF" in response.content.decode()


def test_a_strangers_file_that_is_too_large_is_not_read(client):
    assert send(client, bytes(300_000)).status_code == 413


def test_whoever_guesses_is_slowed_down(client, monkeypatch):
    monkeypatch.setattr(tries, "time", SimpleNamespace(time=lambda: 1_800_000_000.0))  # no new minute begins meanwhile
    for number in range(MISSES.most):
        assert ask(client, str(number).encode()).status_code == 404
    assert ask(client, b"another").status_code == 429
    content = content_of(a_certificate())
    assert ask(client, content).status_code == 200, "who holds a real one is never stopped"


@pytest.mark.parametrize("digest", ["x", "A" * 64, "0" * 63, "g" * 64])
def test_what_is_no_digest_is_absent(client, digest):
    assert client.get(reverse("certificates:file_by_digest", args=[digest])).status_code == 404
