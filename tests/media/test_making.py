"""The stages, one by one: in haste, in pieces, without room, beside the picture, and without the original."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from lms.domain import jobs
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Job, Language
from media.domain import conservation, fragments, ladder, originals, transcoding
from media.ffmpeg import encoding, sounds
from media.models import Rendition, Track, Video
from tests.media.conftest import ffmpeg as bare_ffmpeg
from tests.media.conftest import tone
from tests.media.test_transcoding import RUNGS_OF_PLAIN, assert_whole

pytestmark = pytest.mark.once


@pytest.fixture
def ready(add, run_jobs):
    """A video of five seconds with all its rungs."""
    video = add("plain.mp4")
    assert run_jobs() == []
    video.refresh_from_db()
    return video


@pytest.fixture
def claim(db):
    """A job that is ours."""
    return jobs.claim(jobs.request("media.transcode", "somebody else's").pk)


def _file(row: Rendition) -> Path:
    return Path(default_storage.path(row.path))


def test_a_sound_that_is_lost_on_the_way_is_not_published(ready, tmp_path):
    """The negative control of the packets: a copied sound that ends early plays, and no index misses it."""
    row = ready.renditions.get(rung="240p")
    short = tmp_path / "240p.mp4"
    flags = ["-c", "copy", "-movflags", encoding.MOVFLAGS]
    step = next(step for step in _plan(ready) if step.rung == "240p")
    conservation.read(step, _file(row), seconds=5)
    inputs = ["-t", "1", "-i", str(_file(row)), "-i", str(_file(row))]
    bare_ffmpeg(*inputs, "-map", "1:v", "-map", "0:a", *flags, str(short))
    with pytest.raises(fragments.FragmentsBroken, match="packets of sound"):
        conservation.read(step, short, seconds=5)


def _plan(video: Video) -> list[ladder.Step]:
    return ladder.plan(transcoding.inspection.inspect(Path(default_storage.path(video.source_path))))


def test_a_sound_that_is_not_level_is_not_published(add, run_jobs, monkeypatch):
    """Neither are the pictures over it; with the target moved away no try reaches it."""
    video = add("plain.mp4")
    Job.objects.update(max_attempts=1)
    monkeypatch.setattr(conservation, "LOUDNESS_SLACK", -1)
    assert len(run_jobs()) == 1
    assert not video.renditions.exists()
    video.refresh_from_db()
    assert video.state == Video.State.FAILED


def test_no_room_in_the_middle_is_tried_again(add, monkeypatch):
    """The kernel ends ffmpeg at the limit of a file; nothing half is published, and the next attempt does it all."""
    video = add("plain.mp4")
    job = Job.objects.get(subject=str(video.public_id))
    limits = encoding._limits

    def tight(*facts):
        return encoding.Limits(**{**limits(*facts).__dict__, "file_bytes": 20_000})

    with monkeypatch.context() as patched:
        patched.setattr(encoding, "_limits", tight)
        jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.WAITING
    assert set(video.renditions.values_list("rung", flat=True)) == {"audio"}
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.DONE, 1), "counted from what was published last"
    assert_whole(video)


@pytest.mark.parametrize(("tries_left", "rungs", "state"), [(2, 2, "waiting"), (0, 2, "done")])
def test_a_storyboard_that_was_killed_is_drawn_again_unless_it_was_the_last_time(
    add, monkeypatch, tries_left, rungs, state
):
    video = add("silent.mp4")
    job = Job.objects.get(subject=str(video.public_id))
    Job.objects.update(max_attempts=tries_left + 1)

    def dies(*_arguments, **_facts) -> None:
        raise transcoding.ffmpeg.Failed("", exit_code=-9)

    monkeypatch.setattr(transcoding.ffmpeg, "storyboard", dies)
    jobs.run(job.pk)
    job.refresh_from_db()
    video.refresh_from_db()
    assert (job.state, video.renditions.count(), video.storyboard_path) == (state, rungs, "")


def test_another_voice_over_the_same_picture(ready, claim, tmp_path):
    sound = tmp_path / "voice.mp3"
    bare_ffmpeg(*tone(4), "-af", "volume=-12dB", str(sound))
    track = Track.objects.create(video=ready, kind=Track.Kind.SOUND, language=Language.objects.get(key="quc"))
    made = transcoding.make_renditions(claim, ready, source=sound, sha256="x", folder=tmp_path, track=track)
    assert made.failed == []
    assert sorted(track.renditions.values_list("rung", flat=True)) == RUNGS_OF_PLAIN
    for row in track.renditions.filter(width__gt=0):
        own = ready.renditions.get(rung=row.rung, track=None)
        assert (row.manifest["frames"], row.width, row.height) == (own.manifest["frames"], own.width, own.height)
        assert row.duration_seconds == pytest.approx(own.duration_seconds, abs=0.01)
        assert abs(row.manifest["loudness"] + 16) <= 1.5
    assert sorted(ready.own_renditions().values_list("rung", flat=True)) == RUNGS_OF_PLAIN
    before = set(track.renditions.values_list("path", flat=True))
    transcoding.make_renditions(claim, ready, source=sound, sha256="x", folder=tmp_path, track=track)
    assert set(track.renditions.values_list("path", flat=True)) == before


def test_a_signer_in_the_corner(ready, claim, tmp_path, samples):
    track = Track.objects.create(video=ready, kind=Track.Kind.SIGN)
    signer = samples / "silent.mp4"
    made = transcoding.make_renditions(claim, ready, source=signer, sha256="x", folder=tmp_path, track=track)
    assert made.failed == []
    row = track.renditions.get()
    own = ready.renditions.get(rung="240p", track=None)
    assert (row.rung, row.width, row.height) == ("240p", 426, 240)
    assert row.manifest["frames"] == own.manifest["frames"]
    assert row.manifest["sound_packets"] == pytest.approx(own.manifest["sound_packets"], abs=3)


def test_a_track_without_what_it_is_for(ready, claim, tmp_path, samples):
    mute, voice = samples / "silent.mp4", tmp_path / "voice.wav"
    bare_ffmpeg(*tone(1), str(voice))
    for kind, source in ((Track.Kind.DESCRIPTION, mute), (Track.Kind.SIGN, voice)):
        track = Track.objects.create(video=ready, kind=kind)
        with pytest.raises(RuleBroken):
            transcoding.make_renditions(claim, ready, source=source, sha256="x", folder=tmp_path, track=track)


def test_a_trimmed_cut_is_made_beside_the_one_in_use(ready, claim, tmp_path):
    source = Path(default_storage.path(ready.source_path))
    facts = {"source": source, "sha256": ready.source_sha256, "folder": tmp_path}
    made = transcoding.make_renditions(claim, ready, cut=2, starts_at=1.0, ends_at=3.0, **facts)
    assert made.failed == []
    rows = Rendition.objects.filter(video=ready, cut=2)
    assert sorted(rows.values_list("rung", flat=True)) == RUNGS_OF_PLAIN
    assert {round(row.duration_seconds, 1) for row in rows} == {2.0}
    assert made.fields["duration_seconds"] == pytest.approx(2)
    assert {"poster_path", "storyboard_path", "storyboard", "waveform_path"} <= set(made.fields)
    assert ready.own_renditions().count() == len(RUNGS_OF_PLAIN)
    with pytest.raises(RuleBroken):
        transcoding.make_renditions(claim, ready, cut=3, starts_at=4.0, ends_at=2.0, **facts)


def test_the_poster_follows_the_second(ready, run_jobs):
    before = ready.poster_path
    content = Path(default_storage.path(before)).read_bytes()
    Video.objects.update(poster_second=4.0)
    transcoding.renew_poster(video=ready, by=None)
    assert run_jobs() == []
    ready.refresh_from_db()
    assert ready.poster_path != before
    assert not default_storage.exists(before)
    assert Path(default_storage.path(ready.poster_path)).read_bytes() != content


def test_the_waveform_and_the_storyboard(ready):
    peaks = Path(default_storage.path(ready.waveform_path)).read_bytes()
    assert abs(len(peaks) - 50) <= 1
    assert min(peaks[1:-1]) > 0
    sheet = ready.storyboard
    assert (sheet["every_seconds"], sheet["columns"], sheet["rows"], sheet["count"]) == (4, 2, 1, 2)


def test_peaks_of_odd_pieces():
    """Samples come in pieces of any length."""
    heard = sounds._Peaks()
    samples = (b"\x00\x40" * 800) + (b"\x00\x80" * 400)
    for start in range(0, len(samples), 333):
        heard.hear(samples[start : start + 333])
    assert heard.end() == bytes([128, 255])


def test_originals_go_when_their_time_is_over(ready, settings, django_capture_on_commit_callbacks):
    """Not before, not by default, not while a new cut needs them; and the checksum stays."""
    path, at = ready.source_path, timezone.now() + timedelta(days=31)
    assert originals.drop_due(at) == 0
    settings.KEEP_ORIGINALS_DAYS = 30
    assert originals.drop_due() == 0
    cut = ready.cuts.create(number=2, source_path=path)
    assert originals.drop_due(at) == 0
    assert default_storage.exists(path)
    cut.delete()
    with django_capture_on_commit_callbacks(execute=True):
        assert originals.drop_due(at) == 1
    assert not default_storage.exists(path)
    ready.refresh_from_db()
    assert ready.source_path == ""
    facts = AuditEvent.objects.get(action="video.original_dropped").facts
    assert (facts["sha256"], facts["is_whole"]) == (ready.source_sha256, True)
    assert originals.drop_due(at) == 0


def test_without_its_original_a_video_says_so(ready, run_jobs, monkeypatch):
    Video.objects.update(source_path="")
    monkeypatch.setattr(ladder, "RECIPE", ladder.RECIPE + 1)
    jobs.request(transcoding.KIND, ready.public_id)
    (failed,) = run_jobs()
    assert "original" in failed.reason
    assert ready.renditions.count() == len(RUNGS_OF_PLAIN)
