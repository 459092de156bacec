"""Files in a bucket: every way that a folder has, walked over a server that speaks S3 and asks for signatures."""

import hashlib
import subprocess
import sys
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import time_machine
from botocore.exceptions import ClientError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from lms.domain import roles
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent
from media import tasks
from media.domain import addresses, cuts, delivery, library, originals, storing
from media.models import Delivered, Upload, Video
from tests.factories.media import a_video
from tests.factories.people import a_person, somebody_with_role
from tests.media.tus import create, patch
from tests.system import ROOT, wait_until

pytestmark = [pytest.mark.django_db, pytest.mark.once]
CONTENT = bytes(range(256)) * 40
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def fields(**more) -> dict:
    return {"title": "Plan de agua", "description": "", "language": "", "collection": "1"} | more


def named(video: Video) -> set[str]:
    """Every file that a row speaks of."""
    paths = {video.source_path, video.poster_path, video.storyboard_path, video.waveform_path}
    rows = (video.renditions.values_list("path", flat=True), video.cuts.values_list("source_path", flat=True))
    return (paths | set(rows[0]) | set(rows[1])) - {""}


@pytest.fixture
def admin(db):
    roles.ensure_groups()
    return somebody_with_role("administrator")


def body(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


# A film's whole life ------------------------------------------------------------------------------------------------
def test_a_film_from_the_upload_until_it_goes(  # noqa: PLR0917
    bucket, signed_in, trainer, samples, run_jobs, tree, django_capture_on_commit_callbacks
):
    """tus, the job, playing, downloading, the poster, a cut, the original, the end: nothing lies on this machine."""
    before, content = tree(), (samples / "sound_longer.webm").read_bytes()
    url = create(signed_in, len(content))["Location"]
    patch(signed_in, url, 0, content)
    upload = str(Upload.objects.get().public_id)
    answer = signed_in.post("/cms/videos/new/", fields(upload=upload), headers={"Accept": "application/json"})
    assert answer.status_code == 201
    assert run_jobs() == []
    video = Video.objects.get()
    assert video.state == "ready"
    assert bucket.names == named(video)
    assert tree() == before
    assert bucket.read(video.source_path) == content
    assert AuditEvent.objects.get(action="video.ready").facts["is_whole"]
    for one in video.renditions.all():
        assert hashlib.sha256(bucket.read(one.path)).hexdigest() == one.sha256

    found = delivery.playback(video, person=trainer)
    film = video.renditions.get(rung="240p")
    led = signed_in.get(next(one.url for one in found.sources if one.rung == "240p"))["Location"]
    whole = bucket.read(film.path)
    part = bucket.server.ask(led, Range="bytes=100-299")
    assert (part.status, part.body) == (206, whole[100:300])
    assert part.headers["content-range"] == f"bytes 100-299/{film.bytes}"
    assert (part.headers["content-type"], part.headers["cache-control"]) == ("video/mp4", addresses.KEEP)
    assert bucket.server.ask(led, Range="bytes=-5").body == whole[-5:]
    assert bucket.server.ask(led).body == whole
    for address, path in (
        (found.poster_url, video.poster_path),
        (reverse("media_videos:storyboard", args=[video.pk]), video.storyboard_path),
        (reverse("media_videos:captions_waveform", args=[video.pk]), video.waveform_path),
    ):
        assert body(signed_in.get(address)) == bucket.read(path)
    playlist = signed_in.get(found.sources[-1].playlist_url).content.decode()
    assert playlist.count(found.sources[-1].url) > 1
    assert "X-Amz" not in playlist

    library.choose_poster(video=video, second=0, by=trainer)
    assert run_jobs() == []
    old, video = video.poster_path, Video.objects.get()
    assert video.poster_path != old
    assert bucket.names == named(video)

    cuts.trim(video=video, start_seconds=1, end_seconds=2.2, by=trainer)
    assert run_jobs() == []
    video.refresh_from_db()
    assert (video.cut, video.length_seconds) == (2, 1)
    assert bucket.names == named(video)
    assert tree() == before

    video.cuts.update(source_path="")
    with time_machine.travel(timezone.now() + timedelta(days=2)), override_settings(KEEP_ORIGINALS_DAYS=1):
        assert originals.drop_due() == 1
    assert AuditEvent.objects.get(action="video.original_dropped").facts["is_whole"]

    with pytest.raises(RuleBroken):
        cuts.undo(video=video, by=trainer)
    with django_capture_on_commit_callbacks(execute=True):
        library.remove(video=video, by=trainer)
    assert bucket.names == set()


def test_a_film_leads_from_our_address_to_one_that_ends(bucket, client):
    """Ours is for one person and for hours; the storage's for whoever holds it and for minutes, and it says whose."""
    viewer, video = a_person(), a_video(duration_seconds=600)
    film = video.renditions.get(rung="240p")
    client.force_login(viewer)
    ours = addresses.rendition_url(film, viewer)
    answer = client.get(ours, headers={"Sec-Fetch-Dest": "empty"})
    assert (answer.status_code, answer["Cache-Control"]) == (302, "private, no-store")
    led = answer["Location"]
    said = {name: values[0] for name, values in parse_qs(urlsplit(led).query).items()}
    assert led.startswith(f"{bucket.server.url}/{bucket.name}/{film.path}?")
    assert (said["X-Amz-Algorithm"], int(said["X-Amz-Expires"])) == ("AWS4-HMAC-SHA256", 600)
    assert said["x-aula-film"] == addresses.noted_as(film, viewer)
    assert bucket.server.ask(led, Range="bytes=0-9").body == CONTENT[:10]
    assert bucket.gate.seen[-1].query["x-aula-film"] == said["x-aula-film"]
    with time_machine.travel(timezone.now() + 4 * MINUTE):
        assert client.get(ours, headers={"Sec-Fetch-Dest": "empty"})["Location"] == led
    with time_machine.travel(timezone.now() + 6 * MINUTE):
        assert client.get(ours, headers={"Sec-Fetch-Dest": "empty"})["Location"] != led
        assert bucket.server.ask(led).status == 200
    with time_machine.travel(timezone.now() + 11 * MINUTE):
        assert bucket.server.ask(led).status == 403

    # A bare element asks nobody again: long enough for the film, however slowly it plays.
    bare = client.get(ours, headers={"Sec-Fetch-Dest": "video"})["Location"]
    assert int(parse_qs(urlsplit(bare).query)["X-Amz-Expires"][0]) == 600 + 2.7 * 600
    assert client.get(ours)["Location"] == bare
    head = client.head(ours)["Location"]
    assert bucket.server.ask(head, method="HEAD").headers["content-length"] == str(len(CONTENT))

    client.force_login(a_person())
    assert client.get(ours).status_code == 404
    client.force_login(viewer)
    viewer.is_active = False
    viewer.save(update_fields=["is_active"])
    assert client.get(ours).status_code == 404


def changed(name: str, led: str, other: str) -> str:
    """An address of the storage with something wrong about it."""
    base, _mark, query = led.partition("?")
    said = {name: values[0] for name, values in parse_qs(query).items()}
    signature = said["X-Amz-Signature"]
    wrong = {
        "a changed signature": {"X-Amz-Signature": ("1" if signature[0] == "0" else "0") + signature[1:]},
        "a later end": {"X-Amz-Expires": "86400"},
        "another's name": {"x-aula-film": "0" * 32},
        "no name": {"x-aula-film": None},
        "another header": {"response-cache-control": "public"},
        "no signature": {"X-Amz-Signature": None},
    }
    if name == "another file":
        return f"{base.rpartition('/')[0]}/{other}?{query}"
    if name == "nothing":
        return base
    if name == "the list of files":
        return base.partition("/video/")[0]
    return f"{base}?{urlencode({key: value for key, value in (said | wrong[name]).items() if value is not None})}"


@pytest.mark.parametrize(
    "name",
    [
        "a changed signature",
        "a later end",
        "another's name",
        "no name",
        "another header",
        "no signature",
        "another file",
        "nothing",
        "the list of files",
    ],
)
def test_what_is_not_signed_is_refused(name, bucket, client):
    """And with the gate open it is not: the storage's own question, asked of what we signed."""
    viewer, video = a_person(), a_video()
    client.force_login(viewer)
    led = client.get(addresses.rendition_url(video.renditions.get(rung="240p"), viewer))["Location"]
    address = changed(name, led, "144p.mp4")
    assert bucket.server.ask(led).status == 200
    refused = bucket.server.ask(address)
    assert (refused.status, CONTENT[:10] in refused.body) == (403, False)
    bucket.gate.is_open = True
    opened = bucket.server.ask(address)
    assert (opened.status, name) in {(200, name), (403, "nothing"), (403, "no signature")}


def test_a_download_has_its_name_and_an_hour(bucket, client):
    viewer, video = a_person(), a_video(title="Agua y año")
    client.force_login(viewer)
    source = delivery.playback(video, person=viewer).sources[-1]
    led = client.get(source.download_url)["Location"]
    found = bucket.server.ask(led)
    assert found.body == CONTENT
    assert found.headers["content-disposition"] == delivery.attachment(video.renditions.get(rung="240p"))
    with time_machine.travel(timezone.now() + HOUR):
        assert bucket.server.ask(led).status == 200
    with time_machine.travel(timezone.now() + HOUR + 6 * MINUTE):
        assert bucket.server.ask(led).status == 403


def test_what_is_sent_is_not_counted_and_that_is_said(bucket, client, admin):
    video = a_video()
    client.force_login(admin)
    found = delivery.playback(video, person=admin)
    assert bucket.server.ask(client.get(found.sources[0].url)["Location"]).status == 200
    assert not Delivered.objects.exists()
    assert "Este mes" not in client.get(found.options_url).content.decode()
    assert "aquí no se cuentan" in client.get(reverse("media_consumption:index")).content.decode()
    with override_settings(MEDIA_DELIVERY="django"):
        assert "Este mes" in client.get(found.options_url).content.decode()
        assert "aquí no se cuentan" not in client.get(reverse("media_consumption:index")).content.decode()


# Whole or not at all ------------------------------------------------------------------------------------------------
SAVE = """
import sys
from django.core.files import File
from django.core.files.storage import default_storage
default_storage.save("video/x/source", File(open(sys.argv[1], "rb")))
"""


def test_a_killed_upload_leaves_nothing_half(bucket, tmp_path, monkeypatch):
    """What is small goes in one piece. Of what is large the storage keeps parts, unseen; the clock lets go of them."""
    source = tmp_path / "source"
    source.write_bytes(b"x" * 17 * 1024**2)
    for name, value in bucket.server.environment(bucket.name).items():
        monkeypatch.setenv(name, value)
    bucket.gate.hold(lambda request: request.method == "PUT" and request.args.get("partNumber") != "1")
    writer = subprocess.Popen([sys.executable, "-c", SAVE, str(source)], cwd=ROOT)
    try:
        wait_until(bucket.gate.held.is_set, 60, lambda: f"{bucket.gate.seen} {writer.poll()}")
    finally:
        writer.kill()
        writer.wait()
    bucket.gate.fails = lambda request: "partNumber" in request.args  # nobody is there who sends them
    bucket.gate.let_go()
    assert (bucket.names, len(bucket.halves)) == (set(), 1)
    assert default_storage.drop_halves(before=bucket.halves[0]["Initiated"]) == 0  # moto says 2010 of all of them
    assert len(bucket.halves) == 1
    tasks.sweep_uploads()
    assert bucket.halves == []


def test_a_failed_upload_leaves_nothing(bucket, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"x" * 17 * 1024**2)
    bucket.gate.fails = lambda request: request.args.get("partNumber") == "2"
    with pytest.raises(ClientError):
        storing.keep(source, "video/x/source")
    assert (bucket.names, bucket.halves) == (set(), [])


def test_strays_go_after_an_hour_and_what_has_a_row_stays(bucket):
    video = a_video()
    folder, rows = storing.folder_of(video), named(video)
    stray = default_storage.save(f"{folder}/240p-abc.mp4", ContentFile(b"x"))
    lost = default_storage.save("video/00000000-0000-0000-0000-000000000000/source", ContentFile(b"x"))
    assert library.sweep() == 0
    assert bucket.names == {*rows, stray, lost}
    with time_machine.travel(timezone.now() + 2 * HOUR):
        assert library.sweep() == 2
        assert bucket.names == rows
        assert library.sweep() == 0


def test_a_job_drops_what_its_predecessor_left_and_nothing_younger(bucket):
    """The storage's clock counts seconds, and is not ours."""
    video = a_video()
    rows, now = named(video), timezone.now()
    stray = default_storage.save(f"{storing.folder_of(video)}/240p-abc.mp4", ContentFile(b"x"))
    for moment in (now, now + timedelta(seconds=30)):
        storing.drop_strays(video, "", before=moment)
        assert bucket.names == {*rows, stray}
    storing.drop_strays(video, "", before=now + 2 * MINUTE)
    assert bucket.names == rows


def test_what_is_not_there_is_missing_as_on_a_disk(bucket, tmp_path):
    for act in (
        default_storage.open,
        default_storage.size,
        default_storage.stream,
        default_storage.get_modified_time,
        lambda name: default_storage.fetch(name, tmp_path / "copy"),
    ):
        with pytest.raises(FileNotFoundError):
            act("video/x/none.mp4")
    assert not default_storage.exists("video/x/none.mp4")
    assert default_storage.listdir("video") == ([], [])


def test_a_large_file_does_not_lie_in_memory(bucket, tmp_path):
    content = b"0123456789abcdef" * 1024**2
    path = default_storage.save("video/x/source", ContentFile(content))
    assert storing.digest_of(path) == hashlib.sha256(content).hexdigest()
    assert storing.local_copy(path, tmp_path / "copy").read_bytes() == content
    with default_storage.open(path) as opened:
        assert opened.read(16) == content[:16]
        assert opened.file._rolled
