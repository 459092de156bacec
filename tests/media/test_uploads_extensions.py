"""tus 1.0 beyond its core: checksums, bytes that come with the creation, lengths that come later."""

import base64
import hashlib

import pytest
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
