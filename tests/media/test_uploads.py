"""tus 1.0: an upload that drops goes on where it stopped, and is nobody else's."""

import fcntl
import hashlib
import os
import resource
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import OperationalError
from django.http.request import UnreadablePostError
from django.utils import timezone

from lms.domain import roles
from lms.domain.errors import RuleBroken
from lms.models import RoleGrant
from media.domain import library, uploads
from media.models import Upload, Video
from media.tasks import sweep_uploads
from tests.factories.people import a_person
from tests.media.tus import BASE, OCTETS, TUS, create, patch

pytestmark = pytest.mark.django_db


def test_a_file_in_pieces(signed_in, trainer):
    response = create(signed_in)
    assert response.status_code == 201
    url = response["Location"]
    assert response["Tus-Resumable"] == "1.0.0"
    assert response["Upload-Expires"].endswith("GMT")
    assert signed_in.head(url, headers=TUS)["Upload-Offset"] == "0"
    first = patch(signed_in, url, 0, b"01234")
    assert (first.status_code, first["Upload-Offset"]) == (204, "5")
    state = signed_in.head(url, headers=TUS)
    assert (state["Upload-Offset"], state["Upload-Length"]) == ("5", "10")
    assert "no-store" in state["Cache-Control"]
    assert patch(signed_in, url, 5, b"56789")["Upload-Offset"] == "10"
    upload = Upload.objects.get()
    assert (upload.offset, upload.person, upload.file_name) == (10, trainer, "clase.mp4")
    assert upload.completed_at
    assert uploads.path_of(upload).read_bytes() == b"0123456789"


def test_options_tell_what_we_can(signed_in):
    response = signed_in.options(BASE)
    assert response.status_code == 204
    assert response["Tus-Version"] == "1.0.0"
    said = "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination"
    assert response["Tus-Extension"] == said
    assert response["Tus-Checksum-Algorithm"] == "sha1,sha256"
    assert signed_in.options(create(signed_in)["Location"])["Tus-Extension"] == said
    assert response["Tus-Max-Size"] == str(settings.MAX_UPLOAD_BYTES)


@pytest.mark.parametrize(
    ("content", "offset", "headers", "status"),
    [
        (b"01", 3, {}, 409),
        (b"01", 0, {}, 409),
        (b"0123456789", 2, {}, 413),
        (b"01", 2, {"Tus-Resumable": "0.2.0"}, 412),
        (b"01", "x", {}, 400),
        (b"01", -1, {}, 400),
        (b"", 2, {}, 411),
        (b"01", 2, {"Upload-Checksum": "md5 AAAA"}, 400),
        (b"01", 2, {"Upload-Checksum": "sha1 ñ"}, 400),
        (b"01", 2, {"Upload-Length": "11"}, 400),
    ],
)
def test_what_a_patch_may_not(content, offset, headers, status, signed_in):
    url = create(signed_in)["Location"]
    patch(signed_in, url, 0, b"ab")
    assert patch(signed_in, url, offset, content, **headers).status_code == status
    assert signed_in.head(url, headers=TUS)["Upload-Offset"] == "2"
    assert uploads.path_of(Upload.objects.get()).read_bytes() == b"ab"


def test_another_content_type_is_refused(signed_in):
    url = create(signed_in)["Location"]
    headers = TUS | {"Upload-Offset": "0"}
    assert signed_in.patch(url, b"x", content_type="text/plain", headers=headers).status_code == 415


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Length": "0"}, 400),
        ({"Upload-Length": "x"}, 400),
        ({}, 400),
        ({"Upload-Length": "10", "Upload-Defer-Length": "1"}, 400),
        ({"Upload-Defer-Length": "2"}, 400),
        ({"Upload-Length": "10", "Upload-Checksum": "crc32 AAAA"}, 400),
        ({"Upload-Length": "10", "Upload-Metadata": "filename ñ"}, 400),
        ({"Upload-Length": str(10**12)}, 413),
        ({"Upload-Length": "10", "Tus-Resumable": "2"}, 412),
    ],
)
def test_what_cannot_begin(headers, status, signed_in):
    response = signed_in.post(BASE, headers=TUS | headers)
    assert response.status_code == status
    if status == 412:
        assert response["Tus-Version"] == "1.0.0"
    assert not Upload.objects.exists()


def test_one_at_a_time(signed_in, monkeypatch):
    """Somebody is writing: 423, for the state too, which is not settled yet."""
    monkeypatch.setattr(uploads, "PATIENCE_SECONDS", 0.1)
    url = create(signed_in)["Location"]
    with uploads.path_of(Upload.objects.get()).open("r+b") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert patch(signed_in, url, 0, b"01").status_code == 423
        assert signed_in.head(url, headers=TUS).status_code == 423
    assert patch(signed_in, url, 0, b"01").status_code == 204


@pytest.mark.parametrize("failure", [UnreadablePostError("reset"), None])
def test_a_dropped_patch_keeps_what_arrived(failure, signed_in, trainer):
    """The line dies in the middle, with an error or with silence."""
    upload = uploads.begin(person=trainer, file_name="a.mp4", size=100)
    pieces = [b"x" * 30, b"y" * 11]

    def read(_size: int) -> bytes:
        if pieces:
            return pieces.pop(0)
        if failure:
            raise failure
        return b""

    if failure:
        with pytest.raises(UnreadablePostError):
            uploads.append(upload, offset=0, length=100, read=read)
    else:
        assert uploads.append(upload, offset=0, length=100, read=read) == 41
    upload.refresh_from_db()
    assert upload.offset == 41 == uploads.offset_of(upload)
    url = f"{BASE}{upload.public_id}/"
    assert signed_in.head(url, headers=TUS)["Upload-Offset"] == "41"
    assert patch(signed_in, url, 41, b"z" * 59).status_code == 204
    assert uploads.path_of(upload).read_bytes() == b"x" * 30 + b"y" * 11 + b"z" * 59


def test_after_a_kill_the_file_is_the_truth(signed_in, trainer):
    """Bytes that were written before the row was: the next piece goes after them."""
    upload = uploads.begin(person=trainer, file_name="a.mp4", size=10)
    uploads.path_of(upload).write_bytes(b"0123")
    url = f"{BASE}{upload.public_id}/"
    assert signed_in.head(url, headers=TUS)["Upload-Offset"] == "4"
    assert patch(signed_in, url, 4, b"456789").status_code == 204
    upload.refresh_from_db()
    assert upload.completed_at


def test_after_a_fault_a_whole_file_is_complete(signed_in, trainer):
    """The last byte arrived and the row did not hear of it: asking how far it is makes it usable."""
    upload = uploads.begin(person=trainer, file_name="a.mp4", size=4)
    uploads.path_of(upload).write_bytes(b"0123")
    assert signed_in.head(f"{BASE}{upload.public_id}/", headers=TUS)["Upload-Offset"] == "4"
    upload.refresh_from_db()
    assert upload.offset == 4
    assert upload.completed_at


def test_names_without_null_characters(signed_in):
    assert create(signed_in, filename="cla\0se.mp4", fingerprint="clase\0|10").status_code == 201
    upload = Upload.objects.get()
    assert (upload.file_name, upload.fingerprint) == ("clase.mp4", "clase|10")


def test_the_sweeper_takes_what_a_killed_form_left(db):
    now = timezone.now()
    old, fresh, other = (Path(settings.FILE_UPLOAD_TEMP_DIR, name) for name in ("a.upload.mp4", "b.upload", "c"))
    for path, hours in ((old, 25), (fresh, 23), (other, 25)):
        path.write_bytes(b"x")
        os.utime(path, (now.timestamp() - 3600 * hours,) * 2)
    uploads.sweep(at=now)
    assert [path.exists() for path in (old, fresh, other)] == [False, True, True]
    fresh.unlink()
    other.unlink()


def test_bytes_are_on_disk_before_the_answer(signed_in, monkeypatch):
    url = create(signed_in)["Location"]
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)
    assert patch(signed_in, url, 0, b"01").status_code == 204
    assert len(synced) == 1


def test_more_than_the_form_limit_goes_through(signed_in):
    """Pieces are streams: Django's limit for forms does not bite."""
    size = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1
    url = create(signed_in, size=size)["Location"]
    assert patch(signed_in, url, 0, b"x" * size).status_code == 204


def test_somebody_elses_upload_does_not_exist(signed_in, client, other_trainer, trainer):
    url = create(signed_in)["Location"]
    client.force_login(other_trainer)
    assert client.head(url, headers=TUS).status_code == 404
    assert patch(client, url, 0, b"01").status_code == 404
    assert client.delete(url, headers=TUS).status_code == 404
    assert client.get(BASE, {"huella": "clase|10"}).json() == {"uploads": []}
    client.force_login(trainer)
    mine = {"url": url, "offset": 0, "size": 10, "is_complete": False, "samples": []}
    assert client.get(BASE, {"huella": "clase|10"}).json() == {"uploads": [mine]}
    assert client.get(BASE, {"huella": "otra"}).json() == {"uploads": []}
    assert client.get(BASE).json() == {"uploads": []}


def test_only_those_who_may_upload(client, trainer):
    """Anonymous people sign in; a learner and a trainer whose role ended are sent away."""
    url = f"{BASE}00000000-0000-0000-0000-000000000000/"
    assert client.post(BASE, headers=TUS).status_code == 302
    client.force_login(a_person())
    assert client.post(BASE, headers=TUS).status_code in {302, 403}
    client.force_login(trainer)
    assert client.head(url, headers=TUS).status_code == 404
    RoleGrant.objects.update(ends_at=timezone.now())
    assert create(client).status_code in {302, 403}
    roles.sync_groups(trainer)
    assert create(client).status_code in {302, 403}
    assert not Upload.objects.exists()


def test_the_token_of_the_page_is_needed(trainer):
    from django.test import Client  # noqa: PLC0415 only here

    client = Client(enforce_csrf_checks=True)
    client.force_login(trainer)
    assert create(client).status_code == 403


def test_cancelling(signed_in, tree):
    before = tree()
    url = create(signed_in)["Location"]
    patch(signed_in, url, 0, b"01")
    assert signed_in.delete(url, headers=TUS).status_code == 204
    assert signed_in.head(url, headers=TUS).status_code == 404
    assert tree() == before


def test_gone_without_its_bytes(signed_in):
    url = create(signed_in)["Location"]
    uploads.path_of(Upload.objects.get()).unlink()
    assert signed_in.head(url, headers=TUS).status_code == 410
    assert patch(signed_in, url, 0, b"01").status_code == 410


def test_the_sweeper_takes_what_expired_and_nothing_else(trainer, tree):
    now = timezone.now()
    uploads.sweep(at=now + timedelta(days=9))
    before = tree()
    old = uploads.begin(person=trainer, file_name="a.mp4", size=10, at=now - timedelta(days=8))
    alive = uploads.begin(person=trainer, file_name="b.mp4", size=10)
    for root in (settings.UPLOADS_DIR, settings.WORK_DIR):
        for name, age in (("ancient", 7200), ("fresh", 0)):
            (root / name).mkdir(parents=True)
            (root / name / "bytes").write_bytes(b"x")
            os.utime(root / name, (now.timestamp() - age,) * 2)
    sweep_uploads()
    assert list(Upload.objects.all()) == [alive]
    assert not uploads.path_of(old).exists()
    left = {path.removeprefix(str(settings.VAR_DIR)) for path in tree() - before}
    assert left == {f"/uploads/{alive.public_id.hex}/bytes", "/uploads/fresh/bytes", "/work/fresh/bytes"}
    uploads.sweep(at=now + timedelta(days=9))
    assert tree() == before


def test_an_upload_lives_on_while_bytes_arrive(trainer):
    upload = uploads.begin(person=trainer, file_name="a.mp4", size=10)
    later = timezone.now() + timedelta(days=6)
    uploads.append(upload, offset=0, length=2, read=lambda size: b"01"[:size], at=later)
    assert uploads.sweep(at=later + timedelta(days=6)) == 0
    assert Upload.objects.get().offset == 2


def test_too_many_unfinished(trainer):
    for number in range(uploads.MAX_UNFINISHED):
        uploads.begin(person=trainer, file_name=f"{number}.mp4", size=10)
    Upload.objects.filter(file_name="0.mp4").update(completed_at=timezone.now())  # its bytes are still here
    with pytest.raises(RuleBroken) as refusal:
        uploads.begin(person=trainer, file_name="x.mp4", size=10)
    assert refusal.value.code == "upload.too_many"


@pytest.mark.parametrize(
    ("given", "kept"),
    [("../../etc/passwd", "passwd"), ("C:\\videos\\a.mp4", "a.mp4"), ("", "video"), ("ñ" * 400, "ñ" * 255)],
)
def test_names_are_only_names(given, kept, trainer):
    upload = uploads.begin(person=trainer, file_name=given, size=10)
    assert upload.file_name == kept
    assert uploads.path_of(upload).parent.parent == settings.UPLOADS_DIR


def test_what_expired_is_gone_before_it_is_swept(signed_in):
    url = create(signed_in)["Location"]
    Upload.objects.update(expires_at=timezone.now())
    assert signed_in.head(url, headers=TUS).status_code == 410
    assert patch(signed_in, url, 0, b"01").status_code == 410


def test_a_post_may_say_the_method_and_a_get_may_not(signed_in):
    """The protocol asks for X-HTTP-Method-Override; a GET needs no token of the page, so it stays a GET."""
    url = create(signed_in)["Location"]
    headers = TUS | {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    response = signed_in.post(url, b"01", content_type=OCTETS, headers=headers)
    assert (response.status_code, response["Upload-Offset"]) == (204, "2")
    for method in ("GET", "HEAD"):
        signed_in.generic(method, url, headers=TUS | {"X-HTTP-Method-Override": "DELETE"})
    assert Upload.objects.exists()
    assert signed_in.post(url, headers=TUS | {"X-HTTP-Method-Override": "PUT"}).status_code == 405
    assert signed_in.post(url, headers=TUS).status_code == 405
    assert signed_in.post(url, headers=TUS | {"X-HTTP-Method-Override": "DELETE"}).status_code == 204
    assert not Upload.objects.exists()


def test_too_many_is_429(signed_in, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_UNFINISHED", 1)
    assert create(signed_in).status_code == 201
    assert create(signed_in).status_code == 429


def test_no_room_on_the_disk_keeps_what_arrived(signed_in, trainer):
    """The disk ends in the middle of a piece: 507, and the next try goes on after the last byte that fitted."""
    room = 64 * 1024**2
    upload = uploads.begin(person=trainer, file_name="a.mp4", size=room + 100)
    os.truncate(uploads.path_of(upload), room - 10)
    url = f"{BASE}{upload.public_id}/"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        response = patch(signed_in, url, room - 10, b"x" * 110)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (response.status_code, "guardado" in response.content.decode()) == (507, True)
    assert signed_in.head(url, headers=TUS)["Upload-Offset"] == str(room)
    assert patch(signed_in, url, room, b"x" * 100).status_code == 204


def test_what_lies_here_is_told_by_samples(signed_in, trainer):
    """Enough to know the file again, and different places each time."""
    content = os.urandom(uploads.SAMPLE_BYTES * 20 + 7)
    upload = uploads.begin(person=trainer, file_name="a.mp4", size=len(content) * 2, fingerprint="huella")
    pieces = [content]
    uploads.append(upload, offset=0, length=len(content), read=lambda _size: pieces.pop() if pieces else b"")
    (found,) = signed_in.get(BASE, {"huella": "huella"}).json()["uploads"]
    assert found["is_complete"] is False
    for start, length, digest in found["samples"]:
        assert hashlib.sha256(content[start : start + length]).hexdigest() == digest
    starts = {start for start, _length, _digest in found["samples"]}
    assert {0, len(content) - uploads.SAMPLE_BYTES} <= starts
    assert len(starts) > 3
    (again,) = signed_in.get(BASE, {"huella": "huella"}).json()["uploads"]
    assert again["samples"] != found["samples"]


def test_a_database_fault_leaves_the_upload_for_another_try(trainer, samples, monkeypatch, tree):
    """What took days to arrive outlives a fault of a second; then it is taken, and its bytes lie in one place."""
    before = tree()
    content = (samples / "silent.mp4").read_bytes()
    upload = uploads.begin(person=trainer, file_name="a.mp4", size=len(content))
    parts = [content]
    uploads.append(upload, offset=0, length=len(content), read=lambda _size: parts.pop() if parts else b"")

    def take() -> Video:
        with uploads.handed_over(upload) as path:
            return library.add_video(title="Prueba", source=path, source_name="a.mp4", by=trainer)

    def fail(*_args, **_facts) -> None:
        raise OperationalError("server closed the connection")

    with monkeypatch.context() as patched:
        patched.setattr(library.jobs, "request", fail)
        with pytest.raises(OperationalError):
            take()
    assert tree() - before == {str(uploads.path_of(upload))}
    assert not Video.objects.exists()
    video = take()
    assert tree() - before == {default_storage.path(video.source_path)}
    assert not Upload.objects.exists()


def test_the_sweeper_takes_folders_of_no_video(add):
    """kill -9 between the file and the row."""
    video, now = add("silent.mp4"), timezone.now()
    names = [default_storage.save(f"video/{uuid.uuid4()}/source", ContentFile(b"x")) for _ in range(2)]
    names.append(video.source_path)
    old, fresh, known = (Path(default_storage.path(name)) for name in names)
    for path in (old, old.parent, known, known.parent, fresh):  # a linked file is older than its folder
        os.utime(path, (now.timestamp() - 7200,) * 2)
    sweep_uploads()
    assert [path.exists() for path in (old.parent, fresh, known)] == [False, True, True]
