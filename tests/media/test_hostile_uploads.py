"""What a sender says beside the bytes, and what two do at once: nothing of it leads anywhere or breaks anything."""

import base64
import fcntl
import os
import stat
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from lms.domain import jobs
from lms.domain.errors import RuleBroken
from lms.models import Job
from media.domain import delivery, uploads
from media.models import Rendition, Upload
from media.views import uploads as views
from tests.factories.media import a_video
from tests.factories.people import a_person
from tests.media.tus import BASE, TUS, create, patch

pytestmark = pytest.mark.django_db
NAMES = {
    "../../../etc/passwd": "passwd",
    "..\\..\\windows\\system.ini": "system.ini",
    "/etc/shadow": "shadow",
    "C:\\clase.mp4": "clase.mp4",
    "..": "video",
    ".": "video",
    " . ": "video",
    "../": "video",
    "\0": "video",
    "\0../../x\0.mp4": "x.mp4",
    "clase\u202e4pm.exe": "clase4pm.exe",
    "\u2066cla\u200bse\ufeff.mp4": "clase.mp4",
    "clase.mp4\r\nSet-Cookie: a=b": "clase.mp4Set-Cookie: a=b",
    "<script>alert(1)<": "<script>alert(1)<",
    "{{ 7|add:7 }}%s{0}.mp4": "{{ 7|add:7 }}%s{0}.mp4",
    "a" * 60_000: "a" * 255,
    "𝒜" * 300: "𝒜" * 255,
    "concat:a|b": "concat:a|b",
    "-i.mp4": "-i.mp4",
    "%2e%2e%2fx.mp4": "%2e%2e%2fx.mp4",
}


@pytest.mark.parametrize("given", NAMES)
def test_a_name_is_shown_and_leads_nowhere(given, signed_in, tree):
    before = tree()
    assert create(signed_in, filename=given).status_code == 201
    upload = Upload.objects.get()
    assert upload.file_name == NAMES[given]
    assert tree() - before == {str(settings.UPLOADS_DIR / upload.public_id.hex / "bytes")}
    page = signed_in.get(reverse("media_videos:add"))
    assert page.status_code == 200
    assert "<script>alert(1)" not in page.content.decode()


def pair(key: str, value: bytes) -> str:
    return f"{key} {base64.b64encode(value).decode()}"


ODD = {
    "no base64": ("filename ñ", 400),
    "half of base64": ("filename YQ", 400),
    "something behind base64": ("filename YQ==!!", 400),
    "no UTF-8": (pair("filename", b"\xff\xfe\0"), 400),
    "half a pair of UTF-16": (pair("filename", b"\xed\xa0\x80"), 400),
    "a key alone": ("filename", 201),
    "commas": (",,, ,", 201),
    "a key twice": (f"{pair('filename', b'a.mp4')},{pair('filename', b'../b.mp4')}", 201),
    "keys that nobody knows": (",".join(pair(f"k{n}", b"x") for n in range(2000)), 201),
    "keys of the model": (",".join(pair(key, b"1") for key in ("person", "offset", "public_id", "completed_at")), 201),
    "a fingerprint longer than any": (pair("fingerprint", b"x" * 5000), 201),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_metadata(name, signed_in, trainer):
    metadata, status = ODD[name]
    headers = TUS | {"Upload-Length": "10", "Upload-Metadata": metadata}
    assert signed_in.post(BASE, headers=headers).status_code == status
    for upload in Upload.objects.all():
        assert (upload.person, upload.offset, upload.completed_at) == (trainer, 0, None)
        assert len(upload.fingerprint) <= 200
        assert "/" not in upload.file_name


NUMBERS = ["", " ", "+5", "-1", "5.0", "5e3", "0x10", "1_0", "²", "١٢", "9" * 16, "9" * 5000, "5, 5", "NaN", "5\x0b"]


@pytest.mark.parametrize("number", NUMBERS)
def test_odd_numbers(number, signed_in):
    """Digits of other scripts are digits to Python, some even without a value."""
    assert signed_in.post(BASE, headers=TUS | {"Upload-Length": number}).status_code == 400
    url = create(signed_in)["Location"]
    assert patch(signed_in, url, number, b"01").status_code == 400
    if number:
        assert patch(signed_in, url, 0, b"01", **{"Upload-Length": number}).status_code == 400
    assert signed_in.head(url, headers=TUS)["Upload-Offset"] == "0"


@pytest.mark.parametrize("given", ["sha1", "sha1 ", "sha1 !", "sha256 AAAA", "SHA1 AAAA", " sha1 AAAA", "md5 AAAA", ""])
def test_odd_checksums(given, signed_in):
    """Refused as malformed, or not equal; never taken."""
    url = create(signed_in)["Location"]
    assert patch(signed_in, url, 0, b"01", **{"Upload-Checksum": given}).status_code in {400, 460}
    assert uploads.path_of(Upload.objects.get()).read_bytes() == b""


@pytest.mark.parametrize("path", ["../../x", "..%2f..%2fx", "00000000-0000-0000-0000-000000000000/../x", "x" * 5000])
def test_odd_addresses(path, signed_in):
    for method in ("head", "patch", "delete"):
        assert getattr(signed_in, method)(f"{BASE}{path}/", headers=TUS).status_code in {404, 405}


def test_others_cannot_look_into_the_folder(trainer):
    path = uploads.path_of(uploads.begin(person=trainer, file_name="a.mp4", size=10))
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0


def test_whoever_only_reads_keeps_it_too(signed_in, monkeypatch):
    """The lock is for one alone: a reader's is enough to wait for."""
    monkeypatch.setattr(uploads, "PATIENCE_SECONDS", 0.1)
    url = create(signed_in)["Location"]
    with uploads.path_of(Upload.objects.get()).open("rb") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        assert patch(signed_in, url, 0, b"01").status_code == 423


def test_half_a_file_is_not_taken(signed_in):
    """Its sender may go on with it."""
    url = create(signed_in)["Location"]
    patch(signed_in, url, 0, b"01")
    with pytest.raises(RuleBroken) as refusal, uploads.handed_over(Upload.objects.get()):
        raise AssertionError("it was handed over")
    assert refusal.value.code == "upload.incomplete"
    assert patch(signed_in, url, 2, b"23456789").status_code == 204


def test_nothing_is_added_while_it_is_taken(signed_in, trainer, monkeypatch):
    """What was looked at for viruses is what is kept."""
    monkeypatch.setattr(uploads, "PATIENCE_SECONDS", 0.1)
    url = create(signed_in, size=2)["Location"]
    patch(signed_in, url, 0, b"01")
    upload = Upload.objects.get()
    with uploads.handed_over(upload) as path:
        Upload.objects.filter(pk=upload.pk).update(size=4, completed_at=None)
        assert patch(signed_in, url, 2, b"23").status_code == 423
        assert path.read_bytes() == b"01"
    assert not Upload.objects.exists()


def test_the_row_says_nothing_that_the_disk_does_not_have(signed_in, monkeypatch):
    """A power cut between the two must not leave an offset without its bytes."""
    url = create(signed_in)["Location"]
    order = []
    fsync, follow = os.fsync, uploads._bring_into_step
    monkeypatch.setattr(os, "fsync", lambda number: (order.append("disk"), fsync(number)))
    monkeypatch.setattr(uploads, "_bring_into_step", lambda *facts: (order.append("row"), follow(*facts)))
    assert patch(signed_in, url, 0, b"01").status_code == 204
    assert order == ["disk", "row"]


def test_the_mark_is_on_the_disk_before_the_first_byte(signed_in, monkeypatch):
    """Otherwise a power cut leaves bytes that nobody compared, and nothing that says so."""
    url = create(signed_in)["Location"]
    order = []
    fsync, take = os.fsync, uploads._take
    monkeypatch.setattr(os, "fsync", lambda number: (order.append("disk"), fsync(number)))
    monkeypatch.setattr(uploads, "_take", lambda *facts: (order.append("bytes"), take(*facts))[1])
    digest = base64.b64encode(b"\0" * 20).decode()
    assert patch(signed_in, url, 0, b"01", **{"Upload-Checksum": f"sha1 {digest}"}).status_code == 460
    assert order[:2] == ["disk", "bytes"]


def test_what_expired_takes_nobodys_turn(signed_in, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_UNFINISHED", 1)
    assert create(signed_in).status_code == 201
    Upload.objects.update(expires_at=timezone.now())
    assert create(signed_in).status_code == 201


def test_a_whole_one_without_its_bytes_is_gone(signed_in):
    url = create(signed_in, size=2)["Location"]
    patch(signed_in, url, 0, b"01")
    uploads.path_of(Upload.objects.get()).unlink()
    assert signed_in.head(url, headers=TUS).status_code == 410


@pytest.mark.skipif(not connection.features.has_select_for_update, reason="this engine locks all of itself")
def test_a_person_begins_one_at_a_time(trainer):
    """Two beginnings at once would each find the room that is there for one."""
    with CaptureQueriesContext(connection) as asked:
        uploads.begin(person=trainer, file_name="a.mp4", size=10)
    locked = [one["sql"] for one in asked if "FOR UPDATE" in one["sql"]]
    assert any('FROM "lms_person"' in sql for sql in locked)


def asked(rf, person, method: str, view, *arguments, **headers: str):
    """The view's own answer: no middleware stands before it."""
    request = rf.generic(method, BASE, headers=TUS | headers)
    request.user = person
    return view(request, *arguments)


def test_the_views_ask_by_themselves_who_it_is(rf, trainer):
    """The table of addresses asks too; either is enough."""
    upload = uploads.begin(person=trainer, file_name="a.mp4", size=10)
    for person in (a_person(), AnonymousUser()):
        for method, view, arguments in (
            ("POST", views.collection, ()),
            ("GET", views.collection, ()),
            ("HEAD", views.upload, (upload.public_id,)),
            ("DELETE", views.upload, (upload.public_id,)),
        ):
            if person.is_authenticated:
                with pytest.raises(PermissionDenied):
                    asked(rf, person, method, view, *arguments)
            else:
                assert asked(rf, person, method, view, *arguments).status_code == 302
    assert asked(rf, trainer, "HEAD", views.upload, upload.public_id).status_code == 200


def test_no_answer_asks_to_be_kept(rf, trainer):
    """Before anybody else has a say."""
    upload = uploads.begin(person=trainer, file_name="a.mp4", size=10, fingerprint="huella")
    answers = [
        asked(rf, trainer, "GET", views.collection),
        asked(rf, trainer, "OPTIONS", views.collection),
        asked(rf, trainer, "HEAD", views.upload, upload.public_id),
        asked(rf, trainer, "PATCH", views.upload, upload.public_id),
    ]
    assert ["no-store" in answer.get("Cache-Control", "") for answer in answers] == [True] * 4


def test_the_sweeper_leaves_what_somebody_works_with(trainer, tree):
    """A film may take hours, and its folder does not change meanwhile."""
    now = timezone.now()
    uploads.sweep(at=now + timedelta(days=9))
    job = jobs.request("media.transcode", "x")
    ours, left = (settings.WORK_DIR / name for name in (f"{job.public_id}-ab12", "0000-ab12"))
    for folder in (ours, left):
        folder.mkdir(parents=True)
        os.utime(folder, (now.timestamp() - 7200,) * 2)
    uploads.sweep(at=now)
    assert [folder.exists() for folder in (ours, left)] == [True, False]
    Job.objects.all().delete()
    uploads.sweep(at=now)
    assert not ours.exists()


def test_no_answer_stays_in_a_cache(signed_in):
    url = create(signed_in)["Location"]
    answers = [
        signed_in.get(BASE, {"huella": "clase|10"}),
        signed_in.head(url, headers=TUS),
        patch(signed_in, url, 0, b"1"),
    ]
    answers += [patch(signed_in, url, 9, b"1"), signed_in.options(BASE), signed_in.delete(url, headers=TUS)]
    assert [("no-store" in answer["Cache-Control"]) for answer in answers] == [True] * 6


TITLES = {
    "clase\u202e4pm.exe": "clase 4pm.exe - 240p.mp4",
    "../../etc/passwd": "etc passwd - 240p.mp4",
    'a"; filename="x.exe': "a filename= x.exe - 240p.mp4",
    "a\r\nSet-Cookie: b=c": "a Set-Cookie b=c - 240p.mp4",
    "...": "- 240p.mp4",
}


@pytest.mark.parametrize("title", TITLES)
def test_what_is_taken_away_has_a_harmless_name(title):
    """In every header and on every disk, with the ending that its bytes call for."""
    row = Rendition.objects.get(video=a_video(title=title, rungs=("240p",)))
    name, header = delivery.file_name(row), delivery.attachment(row)
    assert name.endswith(".mp4")
    assert not set(name) & set('/\\"\r\n\0\u202e')
    assert header.isascii()
    assert header.count('"') == 2
    assert "\n" not in header
    assert name == TITLES[title]
