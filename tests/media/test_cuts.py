"""A new cut of a video, with real files: made beside the one in use, put in use at once, and undone."""

import uuid
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from lms.domain import jobs
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Job, Language
from media.domain import captions, cut_making, cuts, delivery, tracks
from media.models import Caption, Cut, Rendition, Track, Video
from media.signals import video_recut
from tests.factories.media import a_video

pytestmark = pytest.mark.django_db
WORDS = "WEBVTT\n\n00:00.500 --> 00:01.500\nUno\n\n00:02.000 --> 00:02.900\nDos\n\n00:02.950 --> 00:03.000\nTres\n"


@pytest.fixture
def recuts():
    """What listeners were told."""
    told = []

    def hear(sender, **facts) -> None:
        assert transaction.get_connection().in_atomic_block
        told.append((facts["video"].cut, facts["old_length_seconds"], facts["new_length_seconds"], facts["edit_list"]))

    video_recut.connect(hear)
    yield told
    video_recut.disconnect(hear)


def cue_times(video):
    caption = Caption.objects.get(video=video)
    return [(cue.start, cue.end, cue.text) for cue in captions.cues_of(caption)]


def files_of(video):
    return {f"video/{video.public_id}/{name}" for name in default_storage.listdir(f"video/{video.public_id}")[1]}


def named(video):
    """Every file that a row speaks of."""
    paths = {video.source_path, video.poster_path, video.storyboard_path, video.waveform_path}
    paths |= set(video.renditions.values_list("path", flat=True)) | set(
        video.cuts.values_list("source_path", flat=True)
    )
    return paths - {""}


def test_trimmed_and_undone(add, trainer, run_jobs, recuts):
    video = add("sound_longer.webm")
    run_jobs()
    video.refresh_from_db()
    captions.save(video=video, language=Language.objects.get(key="es"), text=WORDS, by=trainer)
    first = {rendition.rung: rendition.path for rendition in video.own_renditions()}

    cut = cuts.trim(video=video, start_seconds=1, end_seconds=2.2, by=trainer)
    video.refresh_from_db()
    # The one in use plays on as long as the other is made.
    assert (video.cut, cut.number, video.state) == (1, 2, "ready")
    assert run_jobs() == []
    video.refresh_from_db()
    assert (video.cut, video.length_seconds, video.trim_start_seconds, video.trim_end_seconds) == (2, 1, 1, 2.2)
    made = {rendition.rung: rendition for rendition in video.own_renditions()}
    assert set(made) == set(first)
    assert all(rendition.duration_seconds == pytest.approx(1.2, abs=0.15) for rendition in made.values())
    assert recuts == [(2, 3, 1, [[1000, 2200, 0]])]
    # Clipped at both ends; the third is gone.
    assert cue_times(video) == [(0, 500, "Uno"), (1000, 1200, "Dos")]
    # Nothing lies about, and what an address may still name is there.
    assert files_of(video) == named(video)
    assert set(first.values()) <= files_of(video)

    cuts.undo(video=video, by=trainer)
    assert run_jobs() == []
    video.refresh_from_db()
    assert (video.cut, video.length_seconds, video.trim_end_seconds) == (3, 3, None)
    # As they were before, the third with them.
    assert cue_times(video) == [(500, 1500, "Uno"), (2000, 2900, "Dos"), (2950, 3000, "Tres")]
    assert files_of(video) == named(video)
    assert list(Cut.objects.order_by("number").values_list("number", "state")) == [
        (1, "replaced"),
        (2, "replaced"),
        (3, "in_use"),
    ]
    told = AuditEvent.objects.filter(action="video.recut").order_by("pk")
    assert [event.facts["cut"] for event in told] == [2, 3]


def test_replaced_by_another_file(samples, trainer, run_jobs, recuts):
    video = a_video(duration_seconds=100, width=1, height=1)
    facts = {"video": video, "source": samples / "silent.mp4", "source_name": "otra.mp4", "by": trainer}
    with pytest.raises(RuleBroken) as broken:
        cuts.undo(video=video, by=trainer)
    assert broken.value.code == "cut.nothing_to_undo"
    cut = cuts.replace(**facts, shift_seconds=-1, keep_source=True)
    assert cut.edit_list == [(1000, 3000, 0)]
    assert run_jobs() == []
    video.refresh_from_db()
    assert (video.cut, video.source_name, video.width, video.has_sound) == (2, "otra.mp4", 320, False)
    assert video.own_renditions().filter(rung="240p").exists()
    assert recuts == [(2, 100, 2, [[1000, 3000, 0]])]


def test_what_is_kept_of_a_replaced_cut_goes_a_day_later(add, trainer, run_jobs, django_capture_on_commit_callbacks):
    video = add("silent.mp4")
    run_jobs()
    cuts.trim(video=video_now(video), start_seconds=0, end_seconds=1.2, by=trainer)
    run_jobs()
    old = set(Rendition.objects.filter(video=video, cut=1).values_list("path", flat=True))
    assert old
    with django_capture_on_commit_callbacks(execute=True):
        assert cuts.sweep(timezone.now() + timedelta(hours=18)) == 0
    assert old <= files_of(video)
    with django_capture_on_commit_callbacks(execute=True):
        assert cuts.sweep(timezone.now() + timedelta(hours=25)) == len(old)
    assert not old & files_of(video)
    assert files_of(video) == named(video_now(video))
    # The one before can still be taken up again.
    assert cuts.find_before(video_now(video)).number == 1


def video_now(video):
    return Video.objects.get(pk=video.pk)


def an_asked(video, **fields):
    facts = {"number": video.cut + 1, "duration_seconds": 50, "edit_list": [[0, 50_000, 0]]} | fields
    return Cut.objects.create(video=video, **facts)


def test_one_cut_at_a_time(trainer):
    video = a_video(source_path="")
    an_asked(video)
    with pytest.raises(RuleBroken) as broken:
        cuts.trim(video=video, start_seconds=1, end_seconds=9, by=trainer)
    assert broken.value.code == "cut.already_making"
    with pytest.raises(IntegrityError), transaction.atomic():
        an_asked(video, number=7)


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        (0, None, "cut.nothing_trimmed"),
        (5, 5.5, "cut.ends"),
        (-1, 50, "cut.ends"),
        (99.5, None, "cut.ends"),
        (float("nan"), 50, "cut.ends"),
    ],
)
def test_ends_that_make_no_cut(start, end, code, trainer):
    video = a_video()
    video.source_path = video.own_renditions().first().path
    with pytest.raises(RuleBroken) as broken:
        cuts.trim(video=video, start_seconds=start, end_seconds=end, by=trainer)
    assert (broken.value.code, Cut.objects.count()) == (code, 0)


def test_without_the_original_there_is_nothing_to_trim(trainer):
    with pytest.raises(RuleBroken) as broken:
        cuts.trim(video=a_video(), start_seconds=1, end_seconds=50, by=trainer)
    assert broken.value.code == "cut.no_original"


def test_a_refused_file_leaves_nothing(trainer, tree, tmp_path):
    video, before = a_video(), tree()
    bad = tmp_path / "lista.mp4"
    bad.write_text("#EXTM3U\n#EXTINF:9,\nvecino.mp4\n")
    with pytest.raises(RuleBroken):
        cuts.replace(video=video, source=bad, source_name="lista.mp4", by=trainer)
    assert (tree(), bad.exists(), Cut.objects.count(), Job.objects.count()) == (before, False, 0, 0)


def test_a_failed_cut_changes_nothing_and_may_be_tried_again_or_taken_away(trainer, run_jobs, tree):
    video = a_video(source_path="video/gone")
    cut = an_asked(
        video, source_path=default_storage.save(f"video/{video.public_id}/source-x", ContentFile(b"no film"))
    )
    jobs.request(cuts.KIND, cut.public_id)
    assert [job.kind for job in run_jobs()] == [cuts.KIND]
    cut.refresh_from_db()
    assert (cut.state, bool(cut.reason), video_now(video).cut) == ("failed", True, 1)
    cuts.retry(cut=cut, by=trainer)
    cut.refresh_from_db()
    assert (cut.state, cut.reason) == ("waiting", "")
    with pytest.raises(RuleBroken):
        cuts.retry(cut=cut, by=trainer)
    with pytest.raises(RuleBroken):
        cuts.abandon(cut=cut, by=trainer)
    run_jobs()
    with transaction.atomic():
        cuts.abandon(cut=Cut.objects.get(), by=trainer)
    assert not Cut.objects.exists()


def test_a_job_that_was_taken_over_puts_nothing_in_use(trainer):
    video = a_video()
    cut = an_asked(video, state=Cut.State.PROCESSING)
    job = jobs.request(cuts.KIND, cut.public_id)
    claim = jobs.claim(job.pk)
    Job.objects.filter(pk=job.pk).update(fence=9)
    with pytest.raises(jobs.LeaseLost):
        cut_making.put_in_use(cut, {"duration_seconds": 50}, claim=claim)
    assert video_now(video).cut == 1


def test_put_in_use_twice_is_once(recuts):
    cut = an_asked(a_video(), state=Cut.State.PROCESSING)
    cut_making.put_in_use(cut, {"duration_seconds": 50})
    cut_making.put_in_use(cut, {"duration_seconds": 50})
    assert len(recuts) == 1


def test_given_up_work_is_told(trainer):
    video = a_video()
    cut, track = an_asked(video), Track.objects.create(video=video, kind="sign")
    for kind, row in ((cuts.KIND, cut), (tracks.KIND, track)):
        Job.objects.filter(pk=jobs.request(kind, row.public_id).pk).update(state=Job.State.FAILED)
    assert (cuts.end_lost(), tracks.end_lost()) == (1, 1)
    assert {Cut.objects.get().state, Track.objects.get().state} == {"failed"}
    assert (cuts.end_lost(), tracks.end_lost()) == (0, 0)


def test_captions_that_were_corrected_since_are_not_written_over_by_an_undo(trainer):
    video, spanish = a_video(), Language.objects.get(key="es")
    captions.save(video=video, language=spanish, text=WORDS, by=trainer)
    cut_making.put_in_use(an_asked(video, source_sha256="b", edit_list=[[1000, 9000, 0]]), {"duration_seconds": 8})
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\nCorregido\n"
    captions.save(video=video, language=spanish, text=text, by=trainer)
    undone = an_asked(video_now(video), duration_seconds=100, edit_list=[[0, 8000, 1000]])
    cut_making.put_in_use(undone, {"duration_seconds": 100})
    assert cue_times(video) == [(2000, 3000, "Corregido")]


def test_a_poster_goes_with_its_picture(trainer):
    video = a_video(poster_second=40)
    cut_making.put_in_use(an_asked(video, edit_list=[[10_000, 60_000, 0]]), {"duration_seconds": 50})
    assert video_now(video).poster_second == 30
    cut_making.put_in_use(an_asked(video_now(video), edit_list=[[40_000, 50_000, 0]]), {"duration_seconds": 10})
    assert video_now(video).poster_second is None


def test_addresses_of_the_cut_before_go_on(client, trainer):
    video = a_video()
    client.force_login(trainer)
    address = delivery.playback(video, person=trainer).sources[0].url
    body = b"".join(client.get(address).streaming_content)
    cut_making.put_in_use(an_asked(video), {"duration_seconds": 50})
    Rendition.objects.create(
        video=video, cut=2, rung="144p", path=f"video/{uuid.uuid4()}/x.mp4", bytes=1, duration_seconds=1, codecs="x"
    )
    assert b"".join(client.get(address).streaming_content) == body
