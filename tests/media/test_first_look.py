"""The first look at a source that is dear to decode: made of few pictures, published, and made again."""

import math
from fractions import Fraction
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from lms.models import Job
from media import ffmpeg as media_ffmpeg
from media.domain import ladder, storing, transcoding
from media.domain.inspection import Inspection
from tests.media.test_transcoding import RUNGS_OF_PLAIN, assert_whole

pytestmark = pytest.mark.once


@pytest.mark.parametrize(("name", "without"), [("plain.mp4", "unused"), ("keyed.mp4", "between keys")])
def test_a_heavy_source_is_seen_in_haste_and_made_again(add, run_jobs, monkeypatch, name, without):
    """Killed after the first look, the video plays; afterwards nothing of it is left."""
    monkeypatch.setattr(ladder, "HEAVY_BITS_PER_SECOND", 1)
    video = add(name)
    films, asked = transcoding.Making.films, []

    def ask(*given, without="", **named):
        asked.append(without)
        films(*given, without=without, **named)

    monkeypatch.setattr(transcoding.Making, "films", ask)
    published = []
    publish = transcoding.Making.publish

    def note(making, step, *arguments, **facts):
        publish(making, step, *arguments, **facts)
        row = making.aim.renditions().get(rung=step.rung)
        published.append((step.rung, row.manifest["recipe"]))

    monkeypatch.setattr(transcoding.Making, "publish", note)
    assert run_jobs() == []
    assert [recipe for rung, recipe in published if rung == "240p"] == [ladder.PREVIEW, ladder.RECIPE]
    assert [rung for rung, _recipe in published][:2] == ["audio", "240p"]
    assert asked == [without, ""]
    assert sorted(video.renditions.values_list("rung", flat=True)) == RUNGS_OF_PLAIN
    assert_whole(video)
    names = default_storage.listdir(storing.folder_of(video))[1]
    assert len([name for name in names if name.startswith("240p-")]) == 1


def test_a_first_look_that_fails_costs_nothing_else(add, run_jobs, monkeypatch):
    """Some files show nothing by their key frames: the film is made all the same, at the first try."""
    monkeypatch.setattr(ladder, "HEAVY_BITS_PER_SECOND", 1)
    video, encode, tried = add("keyed.mp4"), media_ffmpeg.encode, []

    def fail(*given, without="", **named):
        tried.append(without)
        if without:
            raise media_ffmpeg.Failed("no picture")
        encode(*given, without=without, **named)

    monkeypatch.setattr(media_ffmpeg, "encode", fail)
    assert run_jobs() == []
    assert tried == ["between keys", ""]
    assert sorted(video.renditions.values_list("rung", flat=True)) == RUNGS_OF_PLAIN


def test_a_first_look_that_does_not_hold_is_not_published(add, run_jobs, monkeypatch):
    """And it is no failure of the rung, which comes later."""
    monkeypatch.setattr(ladder, "HEAVY_BITS_PER_SECOND", 1)
    video, encode = add("keyed.mp4"), media_ffmpeg.encode

    def spoil(source, outputs, *, without="", **named):
        encode(source, outputs, without=without, **named)
        if without:
            outputs[0].path.write_bytes(outputs[0].path.read_bytes()[:-100])

    monkeypatch.setattr(media_ffmpeg, "encode", spoil)
    assert run_jobs() == []
    assert Job.objects.get(subject=str(video.public_id)).attempts == 1
    assert sorted(video.renditions.values_list("rung", flat=True)) == RUNGS_OF_PLAIN
    assert_whole(video)


@pytest.mark.parametrize(
    ("seconds", "rate", "without"),
    [
        (2.0, 30, "between keys"),
        (1 / 30, 30, ""),  # every picture stands for itself: nothing is gained
        (8.0, 30, "unused"),
        (math.inf, 60, "unused"),
        (8.0, 15, ""),  # the 240p itself needs them all
        (2.0, 15, "between keys"),
    ],
)
def test_what_a_first_look_does_without(seconds, rate, without):
    source = media_ffmpeg.Source(Path("film.mp4"), "mov", frame_rate=Fraction(rate))
    assert ladder.left_out_at_first(Inspection(source, 60, 1920, 1080), seconds) == without


def test_how_far_key_frames_stand_apart(samples):
    def of(name: str, **facts):
        return media_ffmpeg.seconds_between_keys(
            media_ffmpeg.Source(samples / name, "mov", duration_seconds=5, **facts)
        )

    assert of("keyed.mp4") == pytest.approx(1.0)
    assert of("plain.mp4") == pytest.approx(5.0)
    assert of("keyed.mp4", video_stream=7) == math.inf
