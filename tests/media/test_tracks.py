"""Tracks beside the picture, with real files: one length, one progress, and renewed after a new cut."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Job, Language
from media.domain import cut_making, delivery, tracks
from media.models import Cut, Rendition, Track
from tests.factories.media import a_video

pytestmark = pytest.mark.django_db


def kiche():
    return Language.objects.get(key="quc")


def test_another_voice_and_a_signer_over_the_same_picture(add, samples, trainer, run_jobs):
    video = add("sound_longer.webm")
    run_jobs()
    video.refresh_from_db()
    own = {rendition.rung: rendition for rendition in video.own_renditions()}
    facts = {"video": video, "by": trainer, "keep_source": True}
    voice = tracks.add(kind="sound", language=kiche(), source=samples / "uneven.mp4", source_name="voz.mp4", **facts)
    sign = tracks.add(kind="sign", language=None, source=samples / "odd.mkv", source_name="seña.mkv", **facts)
    assert run_jobs() == []
    made = {rendition.rung: rendition for rendition in Rendition.objects.filter(track=voice)}
    assert {"240p", "audio", "opus"} <= set(made)
    # The pictures are the video's own, to the frame.
    assert made["240p"].manifest["frames"] == own["240p"].manifest["frames"]
    assert made["240p"].duration_seconds == pytest.approx(own["240p"].duration_seconds, abs=0.1)
    signed = {rendition.rung: rendition for rendition in Rendition.objects.filter(track=sign)}
    assert set(signed) == {"240p"}
    assert (signed["240p"].width, signed["240p"].height) == (own["240p"].width, own["240p"].height)
    assert signed["240p"].sha256 != own["240p"].sha256
    assert {track.state for track in Track.objects.all()} == {"ready"}
    choices = delivery.playback(video, person=trainer).choices
    assert [choice.key for choice in choices] == ["", f"sound-{kiche().key}", "sign"]
    assert AuditEvent.objects.filter(action="track.ready").count() == 2


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("plain.mp4", "track.length"),
        ("silent.mp4", "track.no_sound"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_and_leaves_nothing(name, code, samples, trainer, tree):
    video, before = a_video(duration_seconds=2), tree()
    facts = {"video": video, "source_name": name, "by": trainer, "keep_source": True}
    with pytest.raises(RuleBroken) as broken:
        tracks.add(kind="description", language=None, source=samples / name, **facts)
    assert (broken.value.code, tree(), Track.objects.count(), Job.objects.count()) == (code, before, 0, 0)
    if code == "track.length":
        assert "0:05.0" in broken.value.message
        assert "0:02.0" in broken.value.message


def test_one_of_a_kind_and_language(samples, trainer):
    video = a_video(duration_seconds=2)
    Track.objects.create(video=video, kind="sound", language=kiche(), state="processing")
    facts = {"video": video, "source": samples / "portrait.mp4", "source_name": "x", "by": trainer, "keep_source": True}
    for kind, language, code in (("sound", kiche(), "track.exists"), ("sound", None, "track.no_language")):
        with pytest.raises(RuleBroken) as broken:
            tracks.add(kind=kind, language=language, **facts)
        assert broken.value.code == code
    Track.objects.update(state="failed")
    again = tracks.add(kind="sound", language=kiche(), **facts)
    assert Track.objects.get() == again


def a_made_track(video, **fields):
    track = Track.objects.create(
        video=video, kind="sound", language=kiche(), state="ready", duration_seconds=video.duration_seconds, **fields
    )
    path = default_storage.save(f"video/{video.public_id}/t-240p.mp4", ContentFile(b"x"))
    Rendition.objects.create(
        video=video, track=track, rung="240p", path=path, bytes=1, height=240, duration_seconds=1, codecs="x"
    )
    return track


def test_a_new_cut_leaves_them_to_be_renewed(trainer):
    video = a_video()
    track = a_made_track(video)
    assert not tracks.is_outdated(track)
    assert len(delivery.playback(video, person=trainer).choices) == 2
    with pytest.raises(RuleBroken):
        tracks.retry(track=track, by=trainer)
    cut = Cut.objects.create(video=video, number=2, duration_seconds=101, edit_list=[])
    video = cut_making.put_in_use(cut, {"duration_seconds": 101})
    track = Track.objects.get()
    assert tracks.is_outdated(track)
    assert len(delivery.playback(video, person=trainer).choices) == 1
    # A second more still fits.
    tracks.retry(track=track, by=trainer)
    assert Track.objects.get().state == "waiting"


def test_one_that_does_not_fit_the_new_cut_is_not_made_again(trainer):
    video = a_video()
    a_made_track(video)
    cut = Cut.objects.create(video=video, number=2, duration_seconds=50, edit_list=[])
    cut_making.put_in_use(cut, {"duration_seconds": 50})
    with pytest.raises(RuleBroken) as broken:
        tracks.retry(track=Track.objects.get(), by=trainer)
    assert broken.value.code == "track.length"


def test_what_is_taken_away_goes_with_its_files(trainer, django_capture_on_commit_callbacks):
    video = a_video()
    track = a_made_track(video)
    path = track.renditions.get().path
    with django_capture_on_commit_callbacks(execute=True):
        tracks.remove(track=track, by=trainer)
    assert not default_storage.exists(path)
    assert not Track.objects.exists()
    assert video.own_renditions().count() == 2
