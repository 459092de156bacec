"""From a recording to rungs that tile exactly; killed at any moment, the work is done once."""

import errno
import os
from datetime import timedelta
from fractions import Fraction

import m3u8
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from lms.domain import jobs
from lms.models import AuditEvent, Job
from media import ffmpeg
from media.domain import conservation, delivery, fragments, inspection, ladder, library, transcoding
from media.domain.making import Making
from media.models import Rendition, Video
from tests.media.conftest import ffmpeg as bare_ffmpeg

RUNGS_OF_PLAIN = ["144p", "240p", "360p", "audio", "mp3", "opus", "slides"]
ALONE = {"audio": (0, 0), "opus": (0, 0), "mp3": (0, 0)}
EXPECTED = {
    "plain.mp4": {"360p": (640, 360), "240p": (426, 240), "144p": (256, 144), "slides": (640, 360)} | ALONE,
    "portrait.mp4": {"360p": (360, 640), "240p": (240, 426), "144p": (144, 256), "slides": (360, 640)} | ALONE,
    "silent.mp4": {"240p": (320, 240), "144p": (192, 144)},
    "odd.mkv": {"240p": (320, 240), "144p": (192, 144)},
    "uneven.mp4": {"240p": (320, 240), "144p": (192, 144), "slides": (320, 240)} | ALONE,
    "sound_longer.webm": {"240p": (320, 240), "144p": (192, 144), "slides": (320, 240)} | ALONE,
    "short.mp4": {"240p": (320, 240), "144p": (192, 144)},
    "wrong_extension.mp4": {"240p": (176, 144), "144p": (176, 144), "slides": (176, 144)} | ALONE,
}


def assert_whole(video: Video) -> None:
    """Every rung: Σ fragments = duration, ranges tile the file, key frames first, frames as planned, index parses."""
    source = inspection.inspect(_path(video.source_path))
    planned = {step.rung: step for step in ladder.plan(source)}
    for rendition in video.renditions.all():
        step = planned[rendition.rung]
        index = conservation.read(step, _path(rendition.path), seconds=float(ladder.whole_seconds(source)))
        assert abs(index.seconds - video.duration_seconds) <= 0.1
        assert (rendition.manifest["sound_packets"] > 0) == (step.sound is not None and rendition.rung != "mp3")
        if step.sound and source.duration_seconds >= 0.4:
            assert abs(rendition.manifest["loudness"] + 16) <= 1.5
        assert index.late_keys == []
        assert index.frames == step.frames
        assert rendition.manifest["init"] == [0, index.init_bytes]
        end = index.init_bytes
        for offset, size, _seconds in rendition.manifest["fragments"]:
            assert offset == end
            end += size
        assert end == rendition.bytes == default_storage.size(rendition.path)


def _path(name: str):
    return transcoding.Path(default_storage.path(name))


@pytest.mark.parametrize("name", EXPECTED)
def test_honest_recordings_become_rungs(name, add, run_jobs):
    video = add(name)
    assert run_jobs() == []
    video.refresh_from_db()
    assert (video.state, video.reason) == (Video.State.READY, "")
    assert {row.rung: (row.width, row.height) for row in video.renditions.all()} == EXPECTED[name]
    assert video.poster_path
    assert_whole(video)


def test_the_index_is_what_players_see(add, run_jobs):
    """Playlists parse, ranges and lengths as the file says; ffprobe reads each rung to its end."""
    video = add("plain.mp4")
    run_jobs()
    for rendition in video.renditions.exclude(rung="mp3"):
        parsed = m3u8.loads(delivery.playlist(rendition, "x.mp4"))
        assert parsed.is_endlist
        assert sum(segment.duration for segment in parsed.segments) == pytest.approx(5, abs=0.1)
        assert max(segment.duration for segment in parsed.segments) < parsed.target_duration + 0.5
        ranges = [part.byterange.split("@") for part in parsed.segments]
        assert [[int(start), int(size)] for size, start in ranges] == [
            part[:2] for part in rendition.manifest["fragments"]
        ]
        assert parsed.segment_map[0].byterange == f"{rendition.manifest['init'][1]}@0"
        facts = ffmpeg.probe(_path(rendition.path), "mov")
        assert float(facts["format"]["duration"]) == pytest.approx(5, abs=0.1)
        assert not facts["format"].get("tags", {}).get("location")
        assert rendition.codecs.endswith("opus" if rendition.rung in {"opus", "slides"} else "mp4a.40.2")


def test_without_delay_moov_the_check_is_red(samples, tmp_path):
    """The negative control: the file that two strict HLS parsers find nothing wrong with."""
    made = tmp_path / "lost.mp4"
    flags = "+frag_keyframe+default_base_moof+global_sidx+empty_moov"
    options = ["-g", "30", "-keyint_min", "30", "-sc_threshold", "0", "-c:v", "libx264", "-an", "-movflags", flags]
    bare_ffmpeg("-i", str(samples / "plain.mp4"), *options, str(made))
    with pytest.raises(fragments.FragmentsBroken):
        fragments.check(fragments.read(made), seconds=5, frames=150)


def test_what_the_check_refuses(add, run_jobs):
    video = add("silent.mp4")
    run_jobs()
    path = _path(video.renditions.get(rung="240p").path)
    index = fragments.read(path)
    fragments.check(index, seconds=2, frames=30, frame_rate=Fraction(15))
    for facts in ({"seconds": 2.3, "frames": 30}, {"seconds": 2, "frames": 31}):
        with pytest.raises(fragments.FragmentsBroken):
            fragments.check(index, **facts)
    content = path.read_bytes()
    broken = path.with_name("broken.mp4")
    for changed in (content[:-10], content + b"\x00" * 8 + b"more", content[: len(content) // 2], b""):
        broken.write_bytes(changed)
        with pytest.raises(fragments.FragmentsBroken):
            fragments.check(fragments.read(broken), seconds=2, frames=30)
    broken.unlink()


def test_a_rung_that_fails_is_not_published_and_the_others_are(add, run_jobs, monkeypatch):
    """And after the last attempt the video plays with what there is, and says what is missing."""
    video = add("silent.mp4")
    plan = ladder.plan

    def wrong_for_144(found):
        return [
            step if step.rung != "144p" else ladder.Step(**{**step.__dict__, "frames": step.frames - 5})
            for step in plan(found)
        ]

    monkeypatch.setattr(ladder, "plan", wrong_for_144)
    run_jobs()
    video.refresh_from_db()
    assert set(video.renditions.values_list("rung", flat=True)) == {"240p"}
    assert video.state == Video.State.READY
    assert "144p" in video.reason


def test_a_second_run_makes_nothing_again(add, run_jobs):
    """Idempotent by source and recipe."""
    video = add("plain.mp4")
    run_jobs()
    before = set(video.renditions.values_list("rung", "path", "created_at"))
    jobs.request(transcoding.KIND, video.public_id)
    assert run_jobs() == []
    assert set(video.renditions.values_list("rung", "path", "created_at")) == before


def test_another_recipe_replaces_rows_and_files(add, run_jobs, monkeypatch):
    video = add("silent.mp4")
    run_jobs()
    before = set(video.renditions.values_list("path", flat=True))
    monkeypatch.setattr(ladder, "RECIPE", ladder.RECIPE + 1)
    jobs.request(transcoding.KIND, video.public_id)
    run_jobs()
    after = set(video.renditions.values_list("path", flat=True))
    assert len(after) == len(before) == 2
    assert not after & before
    assert not any(default_storage.exists(path) for path in before)


def test_a_killed_transcode_is_finished_by_the_next_claim(add, monkeypatch, tree):
    """The lease runs out in the middle; the second claim finishes; the first can publish nothing any more."""
    video = add("plain.mp4")
    job = Job.objects.get(kind=transcoding.KIND)
    first = jobs.claim(job.pk)
    kept = tree()
    publish = Making.publish
    works = []

    def publish_two_and_die(work, step, index, path, **facts):
        if len(works) == 2:
            raise KeyboardInterrupt
        publish(work, step, index, path, **facts)
        works.append(work)

    with monkeypatch.context() as patched:
        patched.setattr(Making, "publish", publish_two_and_die)
        with pytest.raises(KeyboardInterrupt):
            transcoding.transcode(first)
    assert set(video.renditions.values_list("rung", flat=True)) == {"audio", "240p"}
    made_first = video.renditions.get(rung="240p").path

    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.run(job.pk)
    assert sorted(video.renditions.values_list("rung", flat=True)) == RUNGS_OF_PLAIN
    assert video.renditions.get(rung="240p").path == made_first
    assert_whole(video)

    before = tree()
    row = video.renditions.get(rung="144p")
    index, path = fragments.read(_path(row.path)), _path(row.path)
    copy = path.with_name("144p.mp4")
    copy.write_bytes(path.read_bytes())
    with pytest.raises(jobs.LeaseLost):
        works[0].publish(ladder.Step(rung="144p"), index, copy)
    copy.unlink()
    assert tree() == before
    assert len(before - kept) == 10  # seven rungs, a poster, a storyboard and a waveform
    video.refresh_from_db()
    assert video.state == Video.State.READY


def test_strays_of_a_killed_worker_are_deleted(add, run_jobs):
    """A file that was stored just before the kill has no row, and does not stay."""
    video = add("silent.mp4")
    stray = default_storage.save(f"video/{video.public_id}/240p-stray.mp4", ContentFile(b"half"))
    run_jobs()
    assert not default_storage.exists(stray)
    assert default_storage.exists(video.source_path)


def test_progress_is_told_in_stages(add, monkeypatch):
    video = add("plain.mp4")
    told = []
    progress = jobs.Claim.progress

    def listen(claim, done, total, stage=""):
        told.append((done, total, stage))
        progress(claim, done, total, stage)

    monkeypatch.setattr(jobs.Claim, "progress", listen)
    jobs.run(Job.objects.get(subject=str(video.public_id)).pk)
    assert told[0][2] == "Revisando el archivo"
    assert {"Preparando la primera versión, la más liviana", "Preparando las demás calidades", "Guardando"} <= {
        stage for _done, _total, stage in told
    }
    assert [done for done, _total, _stage in told] == sorted(done for done, _total, _stage in told)


def test_a_source_that_cannot_be_converted_fails_with_a_reason(add, run_jobs):
    """Damaged after it was taken in: three tries would not help, so there is one; then a new try is possible."""
    video = add("silent.mp4")
    whole = _path(video.source_path).read_bytes()
    _path(video.source_path).write_bytes(whole[: len(whole) // 3])
    failed = run_jobs()
    video.refresh_from_db()
    assert [job.subject for job in failed] == [str(video.public_id)]
    assert video.state == Video.State.FAILED
    assert video.reason == failed[0].reason != ""
    assert library.has_failed(video, library.find_job(video))

    _path(video.source_path).write_bytes(whole)
    library.retry(video=video, by=None)
    assert run_jobs() == []
    video.refresh_from_db()
    assert (video.state, video.reason) == (Video.State.READY, "")
    with pytest.raises(transcoding.RuleBroken) as refusal:
        library.retry(video=video, by=None)
    assert refusal.value.code == "video.not_failed"


def test_a_video_whose_job_was_lost_can_be_retried(add, run_jobs):
    """kill -9 three times: the reaper ends the job, the video still says it is being processed."""
    video = add("silent.mp4")
    Video.objects.update(state=Video.State.PROCESSING)
    Job.objects.update(state=Job.State.FAILED, attempts=3, reason="lost")
    video.refresh_from_db()
    assert library.has_failed(video, library.find_job(video))
    library.retry(video=video, by=None)
    assert run_jobs() == []
    video.refresh_from_db()
    assert video.state == Video.State.READY


def test_a_deleted_video_needs_nothing(add, run_jobs):
    video = add("silent.mp4")
    library.remove(video=video, by=None)
    assert run_jobs() == []
    assert not Rendition.objects.exists()


def test_a_video_is_taken_out_with_its_files(add, run_jobs, tree, django_capture_on_commit_callbacks):
    before = tree()
    video = add("silent.mp4")
    run_jobs()
    assert len(tree() - before) == 5  # the original, two rungs, a poster and a storyboard
    with django_capture_on_commit_callbacks(execute=True):
        library.remove(video=video, by=None)
    assert tree() == before
    assert "video.removed" in AuditEvent.objects.values_list("action", flat=True)


@pytest.mark.parametrize(
    ("rate", "base"),
    [
        ("30000/1001", 30),
        ("30", 30),
        ("60", 30),
        ("50", 25),
        ("24000/1001", 24),
        ("25", 25),
        ("12", 15),
        ("27", 30),
        ("1", 15),
    ],
)
def test_usual_rates(rate, base):
    assert ladder.base_rate(Fraction(rate)) == base


@pytest.mark.parametrize(
    ("size", "rungs"),
    [
        ((1920, 1080), ["720p", "480p", "360p", "240p", "144p"]),
        ((720, 1280), ["720p", "480p", "360p", "240p", "144p"]),
        ((854, 480), ["480p", "360p", "240p", "144p"]),
        ((400, 200), ["240p", "144p"]),
        ((100, 80), ["240p"]),
    ],
)
def test_never_enlarged(size, rungs, tmp_path):
    found = inspection.Inspection(ffmpeg.Source(tmp_path, "mov"), 10.0, *size)
    steps = ladder.plan(found)
    assert [step.rung for step in steps] == rungs
    assert all(min(step.width, step.height) <= min(size) for step in steps)
    assert all(step.width % 2 == step.height % 2 == 0 for step in steps)
    assert len({float(4 * step.frame_rate).is_integer() for step in steps}) == 1


@pytest.mark.django_db
def test_a_video_whose_work_was_given_up_says_so_and_can_be_tried_again(add, run_jobs):
    video = add("plain.mp4")
    ended = timezone.now() - timedelta(minutes=5)
    Job.objects.update(state=Job.State.RUNNING, attempts=3, lease_until=ended)
    jobs.reap()
    assert library.end_lost() == 1
    video.refresh_from_db()
    assert video.state == Video.State.FAILED
    assert "Intente de nuevo" in video.reason
    assert library.end_lost() == 0
    library.retry(video=video, by=None)
    assert run_jobs() == []
    video.refresh_from_db()
    assert video.state == Video.State.READY


@pytest.mark.django_db
def test_a_video_that_still_waits_its_turn_is_left_alone(add):
    video = add("plain.mp4")
    assert library.end_lost() == 0
    video.refresh_from_db()
    assert video.state == Video.State.WAITING


def test_a_full_disk_leaves_no_half_file(tmp_path, monkeypatch, tree):
    """Neither while it is written nor while it is made safe."""
    source = tmp_path / "source"
    source.write_bytes(b"x" * 100)
    before = tree()

    def full(_descriptor) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        transcoding.keep(source, "video/full/240p.mp4")
    assert tree() == before


def test_what_no_row_names_goes_with_the_video(add, tree, django_capture_on_commit_callbacks):
    before = tree()
    video = add("silent.mp4")
    default_storage.save(f"video/{video.public_id}/240p-half.mp4", ContentFile(b"half"))
    with django_capture_on_commit_callbacks(execute=True):
        library.remove(video=video, by=None)
    assert tree() == before
    assert not _path(f"video/{video.public_id}").exists()


@pytest.mark.parametrize(("exit_code", "is_refused"), [(1, True), (183, True), (-9, False), (137, False)])
def test_a_kill_is_worth_another_try(exit_code, is_refused):
    failure = ffmpeg.Failed("x", exit_code=exit_code)
    assert bool(transcoding.refusal_of(failure)) == is_refused
