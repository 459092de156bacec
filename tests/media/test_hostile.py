"""Films that mean harm: none shows another's bytes, none costs more than its limits, and the next honest one is made.

Each protection is taken out here, too, and the harm is seen: otherwise nobody would know that it protects.
"""

import itertools
import json
import subprocess
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from lms.domain.errors import RuleBroken
from lms.models import Job
from media import ffmpeg, sandbox
from media.domain import inspection, library
from media.ffmpeg import reading
from media.models import Upload, Video
from tests.media import hostile
from tests.media.tus import create, patch

pytestmark = pytest.mark.once
FORBIDDEN = {"video.empty", "video.not_a_video", "video.unreadable", "video.no_picture", "video.size", "video.streams"}
REFUSALS = FORBIDDEN | {"video.too_long"}


@pytest.fixture(scope="session")
def stranger(tmp_path_factory) -> Path:
    """A neighbour's film."""
    return hostile.stranger(tmp_path_factory.mktemp("neighbour") / "film.mp4")


@pytest.fixture(scope="session")
def seeds(tmp_path_factory) -> Path:
    """A folder with an honest second in every container."""
    folder = tmp_path_factory.mktemp("seeds")
    for name in hostile.SEEDS:
        hostile.seed(name, folder)
    return folder


def refused(path: Path) -> str:
    with pytest.raises(RuleBroken) as refusal:
        inspection.inspect(path)
    return refusal.value.code


def written(folder: Path, content: bytes, name: str = "clase.mp4") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


# What lies in another file --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", hostile.LISTS)
def test_a_list_is_no_film(name, tmp_path, stranger):
    """Whatever it is called, and without any process."""
    assert refused(written(tmp_path, hostile.listed(name, stranger))) == "video.not_a_video"


PROTECTIONS = ("the first bytes", "one demuxer", "real containers", "no other files", "the cage")


@pytest.fixture
def leave(monkeypatch):
    """Take out every protection but those named; `bare` options come in their place."""

    def leave_only(*left: str, **bare: object) -> None:
        guards = reading.guards

        def some(demuxer: str) -> dict[str, object]:
            given = {"protocol_whitelist": "file,crypto,data"} | bare
            if "no other files" in left:
                given |= {"enable_drefs": 0, "use_absolute_path": 0}
            kept = {"format": "one demuxer", "format_whitelist": "real containers"}
            return given | {name: guards("mov")[name] for name, word in kept.items() if word in left}

        monkeypatch.setattr(reading, "guards", some)
        if "the first bytes" not in left:
            monkeypatch.setattr(inspection, "_demuxer", lambda _path: "mov")
        if "the cage" not in left:
            monkeypatch.setattr(sandbox, "has_bubble", lambda: False)

    return leave_only


def shows_the_stranger(path: Path, **bare: object) -> bool:
    """Whether any picture of a file, decoded, has the neighbour's colour."""
    options = [part for name, value in bare.items() for part in (f"-{name}", str(value))]
    command = ["ffmpeg", "-v", "quiet", "-nostdin", *options, "-i", str(path), "-vf", "scale=1:1"]
    pixels = subprocess.run(
        [*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], capture_output=True, check=False
    ).stdout
    near = zip(*[iter(pixels)] * 3, strict=True)
    return any(all(abs(one - other) < 40 for one, other in zip(dot, hostile.STRANGER, strict=True)) for dot in near)


@pytest.mark.parametrize("name", hostile.FOLLOWED)
@pytest.mark.parametrize("left", PROTECTIONS)
def test_each_protection_alone_keeps_a_list_from_its_neighbour(left, name, tmp_path, stranger, leave):
    if left == "no other files" or (left == "the cage" and not sandbox.has_bubble()):
        pytest.skip("this is not against it, or not on this machine")
    path = written(tmp_path, hostile.listed(name, stranger))
    leave(left)
    assert refused(path) in REFUSALS


@pytest.mark.parametrize("name", hostile.FOLLOWED)
def test_without_any_a_list_opens_its_neighbour(name, tmp_path, stranger, leave):
    """What the tests before protect from. Nothing but the protections of ours is gone."""
    path = written(tmp_path, hostile.listed(name, stranger))
    leave(**({"safe": 0} if name == "ffconcat" else {}))
    found = inspection.inspect(path)
    assert (found.width, found.height) == (64, 48)


@pytest.mark.django_db
def test_without_any_the_neighbour_is_published(tmp_path, stranger, leave, trainer, run_jobs):
    """To the very end: the picture of another's film in a rung of ours."""
    leave()
    path = written(tmp_path, hostile.listed("hls", stranger))
    video = library.add_video(title="x", source=path, source_name="x", by=trainer)
    assert run_jobs() == []
    assert shows_the_stranger(Path(default_storage.path(video.renditions.get(rung="240p").path)))


def test_a_film_that_points_into_another_file_has_nothing_of_it(tmp_path, stranger, monkeypatch):
    """The option, or the cage: either is enough."""
    path = written(tmp_path, hostile.referring(stranger))
    assert shows_the_stranger(path, enable_drefs=1, use_absolute_path=1)
    assert refused(path) == "video.unreadable"
    monkeypatch.setattr(sandbox, "has_bubble", lambda: False)
    assert refused(path) == "video.unreadable"


def test_with_the_option_the_cage_still_keeps_it(tmp_path, stranger, leave):
    path = written(tmp_path, hostile.referring(stranger))
    bare = {"enable_drefs": 1, "use_absolute_path": 1}
    if sandbox.has_bubble():
        leave("the first bytes", "one demuxer", "real containers", "the cage", **bare)
        assert refused(path) == "video.unreadable"
    leave("the first bytes", "one demuxer", "real containers", **bare)
    assert inspection.inspect(path).width == 64


# Bombs ----------------------------------------------------------------------------------------------------------------
def test_a_hundred_hours_in_a_few_kilobytes(tmp_path, seeds):
    """Where the packets say so, and where the head alone says so."""
    slow = written(tmp_path, hostile.stretched((seeds / "a.mp4").read_bytes(), hostile.HOURS_100), "slow.mp4")
    boast = written(tmp_path, hostile.promising((seeds / "a.mkv").read_bytes()), "boast.mkv")
    assert slow.stat().st_size < 86_000
    assert [refused(slow), refused(boast)] == ["video.too_long"] * 2


def test_hundreds_of_streams(tmp_path, monkeypatch):
    path = hostile.many_streams(tmp_path, 300)
    assert refused(path) == "video.streams"
    monkeypatch.setattr(inspection, "MAX_STREAMS", 1000)
    assert inspection.inspect(path).has_sound


def test_a_picture_larger_than_any_is_never_opened(tmp_path, monkeypatch):
    """The container says 64 × 48; the picture within says otherwise."""
    path = written(tmp_path, hostile.avi(b"MPNG", [hostile.png(16_000, 8_000)] * 2), "bomb.avi")
    source, out = ffmpeg.Source(path, "avi", duration_seconds=0.2), tmp_path / "poster.jpg"
    with pytest.raises(ffmpeg.Failed):
        ffmpeg.poster(source, out, width=64, height=48)
    guards = reading.guards
    monkeypatch.setattr(reading, "guards", lambda demuxer: guards(demuxer) | {"max_pixels": 2**30})
    ffmpeg.poster(source, out, width=64, height=48)
    assert out.exists()


def test_a_picture_that_says_how_large_it_is(tmp_path):
    path = written(tmp_path, hostile.avi(b"MPNG", [hostile.png(16_000, 8_000)], size=(16_000, 8_000)), "bomb.avi")
    assert refused(path) in {"video.size", "video.unreadable"}


def test_notes_without_end(tmp_path, seeds, monkeypatch):
    """What ffprobe says is bounded, too."""
    sound = (seeds / "a.mp3").read_bytes()
    path = written(tmp_path, hostile.noted(sound, {b"TXXX": b"\0x\0" + b"y" * 3_000_000}), "notes.mp3")
    assert refused(path) == "video.unreadable"
    monkeypatch.setattr(reading, "MAX_SAID", 10**8)
    assert inspection.inspect(path).has_sound


# Cut off, changed -----------------------------------------------------------------------------------------------------
def outcome(path: Path) -> inspection.Inspection | None:
    """What is found, or None for what is refused in one of our ways. Anything else fails the test."""
    found, code = None, ""
    try:
        found = inspection.inspect(path)
    except RuleBroken as refusal:
        code = refusal.code
    assert found is not None or code in REFUSALS
    assert found is None or 0 < found.duration_seconds <= inspection.MAX_SECONDS
    return found


@pytest.mark.parametrize("name", hostile.SEEDS)
def test_cut_off_anywhere(name, seeds, tmp_path):
    content = (seeds / name).read_bytes()
    for share in (0.002, 0.05, 0.3, 0.7, 0.97):
        outcome(written(tmp_path, content[: max(1, int(len(content) * share))], name))
    for skipped in (1, 1000):
        outcome(written(tmp_path, content[skipped:], name))


MUTANTS = 8


@pytest.mark.parametrize("name", hostile.SEEDS)
def test_changed_anywhere(name, seeds, tmp_path):
    content = (seeds / name).read_bytes()
    for number in range(MUTANTS):
        outcome(written(tmp_path, hostile.mutant(content, number), name))


HEARD = {
    "a list": lambda seeds, film: hostile.listed("hls", film),
    "half a film": lambda seeds, _film: (seeds / "a.mp4").read_bytes()[:3000],
    "a hundred hours": lambda seeds, _film: hostile.promising((seeds / "a.mkv").read_bytes()),
    "a picture": lambda _seeds, _film: hostile.png(64, 48),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", HEARD)
def test_whoever_sent_it_hears_why(name, seeds, stranger, signed_in, tree):
    """Through the door that people use: words, never a fault of ours; and nothing stays."""
    before = tree()
    content = HEARD[name](seeds, stranger)
    url = create(signed_in, size=len(content))["Location"]
    assert patch(signed_in, url, 0, content).status_code == 204
    given = {"title": "x", "collection": "1", "upload": str(Upload.objects.get().public_id)}
    answer = signed_in.post(reverse("media_videos:add"), given, headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert (len(answer.json()["error"]) > 20, answer.json()["is_kept"]) == (True, False)
    assert tree() == before
    assert not Video.objects.exists()


# All the way ----------------------------------------------------------------------------------------------------------
def leaves_nothing_foreign(video: Video) -> None:
    """No file that was made holds what the upload said beside its pictures and its sound."""
    folder = Path(default_storage.path(video.source_path)).parent
    for path in folder.iterdir():
        if path != Path(default_storage.path(video.source_path)):
            assert not hostile.carries_token(path.read_bytes()), path.name
            assert path.suffix not in {".mp4", ".jpg"} or not shows_the_stranger(path), path.name


def make(path: Path, trainer, run_jobs) -> Video:
    """From the upload to the rungs; the job ends well or badly, and nothing is half."""
    video = library.add_video(title="x", source=path, source_name="x", by=trainer)
    failed = run_jobs()
    video.refresh_from_db()
    job = Job.objects.get(subject=str(video.public_id))
    assert job.state == (Job.State.FAILED if failed else Job.State.DONE)
    assert video.state == (Video.State.FAILED if failed else Video.State.READY)
    assert bool(video.reason) is bool(failed)
    leaves_nothing_foreign(video)
    return video


@pytest.mark.django_db
@pytest.mark.parametrize("name", hostile.NASTY)
def test_what_is_taken_goes_on_as_pictures_and_sound_alone(name, tmp_path, stranger, trainer, run_jobs):
    path = written(tmp_path, hostile.NASTY[name](tmp_path, stranger), "nasty")
    video = make(path, trainer, run_jobs)
    assert video.state == Video.State.READY
    assert video.renditions.exists()


@pytest.mark.django_db
def test_the_worker_outlives_them(tmp_path, seeds, trainer, run_jobs):
    """Mutants that looked whole go all the way, one after another; then an honest film is made as always."""
    for name in ("a.mp4", "a.mkv", "a.avi", "a.mp3"):
        content = (seeds / name).read_bytes()
        for number in itertools.count(100):
            path = written(tmp_path, hostile.mutant(content, number), name)
            if outcome(path):
                make(path, trainer, run_jobs)
                break
        Job.objects.all().delete()
    video = make(written(tmp_path, (seeds / "a.mp4").read_bytes()), trainer, run_jobs)
    assert video.state == Video.State.READY
    assert {"240p", "audio", "slides"} <= set(video.renditions.values_list("rung", flat=True))
    tags = json.dumps([ffmpeg.probe(Path(default_storage.path(row.path)), "mov") for row in _films(video)])
    assert hostile.TOKEN not in tags


def _films(video: Video) -> list:
    return list(video.renditions.exclude(rung="mp3"))
