"""What a rung is made of: its pictures, its sound, nothing else; cut off at the picture, wherever the source ends."""

from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from lms.domain import jobs
from lms.models import AuditEvent, Job
from media import ffmpeg
from media.domain import fragments, library, transcoding
from media.ffmpeg import Output, Source, encoding
from media.models import Video
from tests.media.conftest import H264, picture, tone
from tests.media.conftest import ffmpeg as bare_ffmpeg
from tests.media.hostile import TOKEN

pytestmark = pytest.mark.once
CHAPTERS = f""";FFMETADATA1
title={TOKEN}
[CHAPTER]
TIMEBASE=1/1000
START=0
END=900
title={TOKEN}
[CHAPTER]
TIMEBASE=1/1000
START=900
END=2000
title={TOKEN}
"""
STREAMS = {"240p": ["video", "audio"], "144p": ["video", "audio"], "slides": ["video", "audio"]}
# What ffmpeg itself writes: of the container, and of each stream.
OURS = {"major_brand", "minor_version", "compatible_brands", "encoder"}, {"handler_name", "vendor_id", "language"}


@pytest.fixture
def recorded(tmp_path) -> Path:
    """Two seconds in chapters, with names on everything, words beside the pictures, a clock in a track of its own."""
    notes, words, path = tmp_path / "notes.txt", tmp_path / "words.srt", tmp_path / "recorded.mp4"
    notes.write_text(CHAPTERS)
    words.write_text(f"1\n00:00:00,000 --> 00:00:01,000\n{TOKEN}\n")
    inputs = [*picture("192x144", 2, 15), *tone(2), "-i", str(notes), "-i", str(words)]
    taken = ["-map", "0", "-map", "1", "-map", "3", "-map_metadata", "2", "-map_chapters", "2", "-c:s", "mov_text"]
    names = ["-metadata:s:v", f"handler_name={TOKEN}", "-metadata:s:a", f"handler_name={TOKEN}"]
    names += ["-metadata:s:a", "language=quc", "-timecode", "01:02:03:04"]
    bare_ffmpeg(*inputs, *taken, *H264, "-c:a", "aac", *names, str(path))
    return path


@pytest.mark.django_db
def test_a_rung_has_its_pictures_and_its_sound_and_nothing_else(recorded, trainer, run_jobs):
    """No chapters (they would be a third stream), no words, no clock, no names."""
    video = library.add_video(title="x", source=recorded, source_name="x", by=trainer)
    assert run_jobs() == []
    rows = list(video.renditions.all())
    assert {row.rung for row in rows} == {*STREAMS, "audio", "opus", "mp3"}
    for row in rows:
        path = Path(default_storage.path(row.path))
        facts = ffmpeg.probe(path, "mp3" if path.suffix == ".mp3" else "mov")
        assert [one["codec_type"] for one in facts["streams"]] == STREAMS.get(row.rung, ["audio"]), row.rung
        assert set(facts["format"].get("tags", {})) <= OURS[0], row.rung
        for stream in facts["streams"]:
            assert set(stream.get("tags", {})) <= OURS[1] | OURS[0], row.rung
            assert stream.get("tags", {}).get("language", "und") == "und"
        assert TOKEN.encode() not in path.read_bytes(), row.rung


@pytest.mark.parametrize(("rate", "frames"), [(15, 31), (Fraction(25, 2), 7), (12, 5), (30, 46), (24, 49)])
@pytest.mark.parametrize("without", ["nothing", "the trim", "the time"])
def test_either_cut_off_is_enough(rate, frames, without, tmp_path, monkeypatch):
    """A picture that stands until it is cut off would stand for ever; one picture more or less is seen by the check."""
    path, out = tmp_path / "source.mkv", tmp_path / "240p.mp4"
    bare_ffmpeg(*picture("64x48", 1, 15), *H264, str(path))
    if without == "the trim":
        monkeypatch.setattr(encoding, "_cut_off", lambda flow, _output: flow)
    elif without == "the time":
        container = encoding._container
        monkeypatch.setattr(encoding, "_container", lambda seconds: dict(list(container(seconds).items())[1:]))
        assert set(container(Fraction(1))) - set(encoding._container(Fraction(1))) == {"t"}
    output = Output(out, 64, 48, Fraction(rate), frames, crf=30, preset="ultrafast", max_kbits=150)
    seconds = frames / Fraction(rate)
    source = Source(path, "matroska", duration_seconds=1)
    ffmpeg.encode(source, [output], seconds=seconds, folder=tmp_path, tell=lambda _seconds: None)
    index = fragments.read(out)
    fragments.check(index, seconds=float(seconds), frames=frames, frame_rate=Fraction(rate))


def test_only_the_stretch_that_is_kept_is_heard(tmp_path):
    """For its level and for its waveform; a shorter sound has one for as long as it lasts."""
    path = tmp_path / "steps.wav"
    bare_ffmpeg("-f", "lavfi", "-i", r"aevalsrc='if(lt(t\,2)\,0.05\,0.8)*sin(2000*t)':d=5:s=48000", str(path))
    whole = Source(path, "wav", video_stream=None, audio_stream=0, duration_seconds=5)
    first = ffmpeg.listen(whole, seconds=2)
    assert (len(first.peaks), len(ffmpeg.listen(whole, seconds=5).peaks)) == (20, 50)
    assert max(first.peaks) < 20
    assert first.lufs == pytest.approx(ffmpeg.listen(whole, seconds=5).lufs - 24, abs=2)


@pytest.mark.django_db
def test_what_was_made_of_another_source_is_made_again(recorded, trainer, run_jobs):
    """The same video and the same recipe: no rung of the one before stays."""
    video = library.add_video(title="x", source=recorded, source_name="x", by=trainer)
    assert run_jobs() == []
    before = dict(video.renditions.values_list("rung", "path"))
    Video.objects.update(source_sha256="f" * 64)
    jobs.request(transcoding.KIND, video.public_id)
    assert run_jobs() == []
    after = dict(video.renditions.values_list("rung", "path"))
    assert set(after) == set(before)
    assert not set(after.values()) & set(before.values())
    told = AuditEvent.objects.filter(action="video.ready").order_by("pk")
    assert [event.facts["is_whole"] for event in told] == [True, False], "whether it is what was sent is written down"


@pytest.mark.django_db
def test_ready_and_done_are_one(recorded, trainer, monkeypatch):
    """Whoever dies in between has said neither; the next says both, once."""
    video = library.add_video(title="x", source=recorded, source_name="x", by=trainer)
    job = Job.objects.get(subject=str(video.public_id))

    def dies(_claim) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(jobs.Claim, "finish", dies)
        with pytest.raises(KeyboardInterrupt):
            jobs.run(job.pk)
    video.refresh_from_db()
    assert video.state == Video.State.PROCESSING
    assert not AuditEvent.objects.filter(action="video.ready").exists()
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.run(job.pk)
    video.refresh_from_db()
    job.refresh_from_db()
    assert (video.state, job.state) == (Video.State.READY, Job.State.DONE)
    assert AuditEvent.objects.filter(action="video.ready").count() == 1


@pytest.mark.django_db
def test_a_trimmed_video_is_as_long_when_it_is_made_again(recorded, trainer, run_jobs):
    """Its length is that of what was kept; the source's own is measured anew, or it would be trimmed twice."""
    video = library.add_video(title="x", source=recorded, source_name="x", by=trainer)
    Video.objects.update(trim_start_seconds=0.4, trim_end_seconds=1.6, duration_seconds=1.2)
    assert run_jobs() == []
    assert {round(row.duration_seconds, 1) for row in video.renditions.all()} == {1.2}


@pytest.mark.django_db
def test_a_poster_that_was_not_drawn_leaves_the_old_one(recorded, trainer, run_jobs, monkeypatch):
    """ffmpeg may end well without a picture, beyond the end of a film for instance."""
    video = library.add_video(title="x", source=recorded, source_name="x", by=trainer)
    assert run_jobs() == []
    monkeypatch.setattr(ffmpeg, "poster", lambda *_arguments, **_facts: None)
    transcoding.renew_poster(video=video, by=None)
    assert run_jobs() == []
    video.refresh_from_db()
    assert default_storage.exists(video.poster_path)
