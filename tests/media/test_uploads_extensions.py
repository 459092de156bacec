"""tus 1.0 beyond its core: checksums, bytes that come with the creation, lengths that come later."""

import base64
import errno
import hashlib
import sqlite3

import pytest
from django.db import OperationalError
from django.http.request import UnreadablePostError
from django.test import override_settings

from media.domain import uploads
from media.models import Upload
from tests.media.tus import BASE, OCTETS, TUS, create, encoded, patch

pytestmark = pytest.mark.django_db


def summed(algorithm: str, content: bytes) -> dict[str, str]:
    digest = hashlib.new(algorithm, content, usedforsecurity=False).digest()
    return {"Upload-Checksum": f"{algorithm} {base64.b64encode(digest).decode()}"}


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_piece_with_its_checksum(algorithm, signed_in, tree):
    url = create(signed_in)["Location"]
    before = tree()
    assert patch(signed_in, url, 0, b"01234", **summed(algorithm, b"01234"))["Upload-Offset"] == "5"
    wrong = patch(signed_in, url, 5, b"56789", **summed(algorithm, b"56780"))
    assert (wrong.status_code, wrong.reason_phrase) == (460, "Checksum Mismatch")
    assert signed_in.head(url, headers=TUS)["Upload-Offset"] == "5"
    assert patch(signed_in, url, 5, b"56789", **summed(algorithm, b"56789")).status_code == 204
    assert uploads.path_of(Upload.objects.get()).read_bytes() == b"0123456789"
    assert tree() == before


def test_a_dropped_piece_with_a_checksum_is_not_kept(trainer):
    """Nobody could compare what arrived of it."""
    upload = uploads.begin(person=trainer, file_name="a.mp4", size=100)
    pieces = [b"x" * 30]

    def read(_size: int) -> bytes:
        if pieces:
            return pieces.pop(0)
        raise UnreadablePostError("reset")

    checksum = uploads.Checksum("sha1", b"x")
    with pytest.raises(UnreadablePostError):
        uploads.append(upload, offset=0, length=100, read=read, checksum=checksum)
    assert uploads.offset_of(upload) == 0


def test_a_kill_leaves_no_unverified_bytes(trainer):
    upload = uploads.begin(person=trainer, file_name="a.mp4", size=10)
    uploads.append(upload, offset=0, length=3, read=lambda size: b"012"[:size])
    uploads.path_of(upload).write_bytes(b"012345")
    uploads.path_of(upload).with_name("unverified").write_text("3")
    assert uploads.offset_of(upload) == 3
    assert [path.name for path in uploads.path_of(upload).parent.iterdir()] == ["bytes"]


def test_no_room_for_the_mark_itself_loses_no_byte(signed_in, trainer, monkeypatch):
    """Half a mark would say that nothing was ever compared, and gigabytes would begin again."""
    upload = uploads.begin(person=trainer, file_name="a.mp4", size=10)
    uploads.append(upload, offset=0, length=3, read=lambda size: b"012"[:size])
    url = f"{BASE}{upload.public_id}/"

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(uploads.os, "fsync", full)
        assert patch(signed_in, url, 3, b"34", **summed("sha1", b"34")).status_code == 507
    mark = uploads.path_of(upload).with_name("unverified")
    assert not mark.exists()
    mark.touch()  # as versions before this one could leave it
    assert signed_in.head(url, headers=TUS)["Upload-Offset"] == "3"
    assert patch(signed_in, url, 3, b"34", **summed("sha1", b"34")).status_code == 204
    assert [path.name for path in uploads.path_of(upload).parent.iterdir()] == ["bytes"]


@pytest.mark.parametrize(("fault", "status"), [("database or disk is full", 507), ("database is locked", 503)])
def test_a_database_that_takes_nothing_says_later_and_keeps_the_bytes(fault, status, signed_in, trainer, monkeypatch):
    upload = uploads.begin(person=trainer, file_name="a.mp4", size=4)
    url = f"{BASE}{upload.public_id}/"
    cause = sqlite3.OperationalError(fault)
    cause.sqlite_errorcode = sqlite3.SQLITE_FULL if status == 507 else sqlite3.SQLITE_BUSY  # type: ignore[attr-defined]

    def refuse(*_arguments, **_facts) -> None:
        raise OperationalError(fault) from cause

    with monkeypatch.context() as patched:
        patched.setattr(Upload, "save", refuse)
        answer = patch(signed_in, url, 0, b"0123")
        assert (answer.status_code, "guardado" in answer.content.decode()) == (status, True)
        assert signed_in.head(url, headers=TUS).status_code == status
        assert create(signed_in).status_code == status
    assert signed_in.head(url, headers=TUS)["Upload-Offset"] == "4"
    upload.refresh_from_db()
    assert upload.completed_at


def start_with(client, content: bytes, size: int, **headers: str):
    metadata = {"Upload-Metadata": encoded(filename="clase.mp4", fingerprint="clase|10")}
    headers = TUS | {"Upload-Length": str(size)} | metadata | headers
    return client.post(BASE, content, content_type=OCTETS, headers=headers)


def test_the_first_bytes_come_with_the_creation(signed_in):
    response = start_with(signed_in, b"01234", 10, **summed("sha1", b"01234"))
    assert (response.status_code, response["Upload-Offset"]) == (201, "5")
    assert response["Upload-Expires"].endswith("GMT")
    assert patch(signed_in, response["Location"], 5, b"56789").status_code == 204
    assert uploads.path_of(Upload.objects.get()).read_bytes() == b"0123456789"


@pytest.mark.parametrize(("more", "status"), [({"Upload-Checksum": "sha1 AAAA"}, 460), ({}, 413)])
def test_a_creation_whose_bytes_are_refused_leaves_nothing(more, status, signed_in, tree):
    before = tree()
    assert start_with(signed_in, b"0123456789a", 10 if not more else 20, **more).status_code == status
    assert not Upload.objects.exists()
    assert tree() == before


def test_a_length_that_comes_later(signed_in):
    response = signed_in.post(BASE, headers=TUS | {"Upload-Defer-Length": "1"})
    url = response["Location"]
    state = signed_in.head(url, headers=TUS)
    assert (state["Upload-Defer-Length"], state.has_header("Upload-Length")) == ("1", False)
    assert patch(signed_in, url, 0, b"01234").status_code == 204
    assert Upload.objects.get().completed_at is None
    assert patch(signed_in, url, 5, b"", **{"Upload-Length": "4", "Content-Length": "0"}).status_code == 413
    assert patch(signed_in, url, 5, b"567", **{"Upload-Length": "8"}).status_code == 204
    assert signed_in.head(url, headers=TUS)["Upload-Length"] == "8"
    assert Upload.objects.get().completed_at
    assert patch(signed_in, url, 8, b"9", **{"Upload-Length": "9"}).status_code == 400


@override_settings(MAX_UPLOAD_BYTES=8)
def test_a_length_that_comes_later_has_the_limit_too(signed_in):
    url = signed_in.post(BASE, headers=TUS | {"Upload-Defer-Length": "1"})["Location"]
    assert patch(signed_in, url, 0, b"0123456789").status_code == 413
    assert patch(signed_in, url, 0, b"01", **{"Upload-Length": "9"}).status_code == 413
    assert signed_in.head(url, headers=TUS)["Upload-Offset"] == "0"
