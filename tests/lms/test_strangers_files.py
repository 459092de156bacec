"""Nobody who has not signed in puts a file on our disk, nor keeps us reading."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from lms.middleware import StrangersFilesMiddleware
from tests.clients import FullClient
from tests.factories.people import a_person

pytestmark = pytest.mark.django_db


class Unread:
    """A body that says when somebody reads it."""

    def __init__(self) -> None:
        self.was_read = False

    def read(self, *_size: int) -> bytes:
        self.was_read = True
        return b""

    readline = read


def spooled() -> set[Path]:
    return set(Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir())


@pytest.mark.parametrize("address", ["/cms/videos/new/", "/entrar/", "/"])
def test_a_large_form_is_refused_unread(address):
    body = Unread()
    sent = {"CONTENT_TYPE": "multipart/form-data; boundary=x", "wsgi.input": body}
    sent["CONTENT_LENGTH"] = str(StrangersFilesMiddleware.MOST_BYTES + 1)
    response = Client(enforce_csrf_checks=True).request(REQUEST_METHOD="POST", PATH_INFO=address, **sent)
    assert response.status_code == 413
    assert "entrar primero" in response.content.decode()
    assert not body.was_read


@override_settings(FILE_UPLOAD_MAX_MEMORY_SIZE=10)
def test_a_small_form_loses_its_files_alone(settings):
    """Where somebody signs in, the fields arrive."""
    settings.FILE_UPLOAD_HANDLERS = [
        "lms.upload_handlers.LimitHandler",
        "django.core.files.uploadhandler.TemporaryFileUploadHandler",
    ]
    before = spooled()
    file = SimpleUploadedFile("a.txt", b"x" * 1000)
    response = Client().post("/entrar/", {"identifier": "nadie@example.org", "password": "x", "file": file})
    request = response.wsgi_request
    assert (request.POST["identifier"], dict(request.FILES)) == ("nadie@example.org", {})
    assert spooled() == before


@override_settings(MAX_UPLOAD_BYTES=500)
def test_whoever_signed_in_sends_files(settings):
    client = FullClient()
    client.force_login(a_person())
    file = SimpleUploadedFile("a.txt", b"x" * 400)
    files = client.post("/", {"file": file}).wsgi_request.FILES
    assert [(name, arrived.size) for name, arrived in files.items()] == [("file", 400)]
    files["file"].close()


def test_only_who_brings_videos_sends_much(monkeypatch):
    """Everybody else's files have a limit of their own."""
    monkeypatch.setattr("lms.upload_handlers.ORDINARY_BYTES", 1000)
    client = FullClient()
    client.force_login(a_person())
    file = SimpleUploadedFile("a.txt", b"x" * 1001)
    assert not client.post("/", {"file": file}).wsgi_request.FILES
