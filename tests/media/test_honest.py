"""Whatever an honest person sends becomes rungs in which nothing is lost, and each is played to its end."""

from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from media.domain import conservation, delivery, inspection, ladder, library
from media.models import Rendition, Video
from tests.courses.watching_cases import a_viewer
from tests.factories.courses import a_lesson
from tests.media import honest, playing
from tests.media.playing import NOT_OFFERED, SPEED, Finished, Play
from tests.media.viewing import Watching

pytestmark = pytest.mark.once
SOUNDS = {"audio", "opus", "mp3"}


@pytest.fixture(scope="session")
def corpus() -> dict[str, Finished]:
    """What was made of each file, by its name: made once, played afterwards."""
    return {}


@pytest.fixture
def finish(corpus, tmp_path, tmp_path_factory, trainer, run_jobs):
    """Makes all rungs of an honest file, and keeps them."""

    def make(name: str) -> Video:
        path = honest.make(name, tmp_path)
        video = library.add_video(title=name, source=path, source_name=name, by=trainer)
        assert run_jobs() == []
        video.refresh_from_db()
        assert (video.state, video.reason) == (Video.State.READY, "")
        corpus[name] = Finished.kept(video, tmp_path_factory.mktemp("finished"))
        return Video.objects.get(pk=video.pk)

    return make


def assert_conserved(video: Video) -> None:
    """Every planned rung is there, and holds when it is read again; so does what lies beside."""
    source = inspection.inspect(Path(default_storage.path(video.source_path)))
    planned = {step.rung: step for step in ladder.plan(source)}
    rows = {row.rung: row for row in video.renditions.all()}
    assert set(rows) == set(planned)
    seconds = float(ladder.whole_seconds(source))
    for rung, row in rows.items():
        path = Path(default_storage.path(row.path))
        index = conservation.read(planned[rung], path, seconds=seconds)
        ends = row.manifest["init"][1]
        for offset, size, _seconds in row.manifest["fragments"]:
            assert offset == ends
            ends += size
        assert ends == row.bytes == path.stat().st_size
        assert abs(index.seconds - seconds) <= 0.2
    assert bool(video.poster_path) == bool(video.storyboard_path) == source.has_picture
    assert bool(video.waveform_path) == source.has_sound


@pytest.mark.parametrize("name", honest.HONEST)
def test_an_honest_file_becomes_rungs(name, finish):
    wanted = honest.HONEST[name]
    video = finish(name)
    assert (video.kind == Video.Kind.FILM, video.has_sound) == (wanted.is_film, wanted.has_sound)
    rungs = set(video.renditions.values_list("rung", flat=True))
    assert rungs >= SOUNDS if wanted.has_sound else not SOUNDS & rungs
    assert ("240p" in rungs) == wanted.is_film
    assert_conserved(video)
    if wanted.has_sound and name != "silence.mp4":
        assert all(conservation.is_level(row.manifest["loudness"]) for row in video.renditions.all())


def test_a_telephones_voice_memo(finish):
    """AMR: half of a second of nothing is a sound, too."""
    video = finish(honest.MEMO)
    assert video.kind == Video.Kind.SOUND
    assert_conserved(video)


@pytest.fixture
def somebody(browser, live_server, corpus, finish):
    """Somebody before a lesson with all of them; what was not made yet is made now."""
    names = [*honest.HONEST, honest.MEMO]
    for name in names:
        if name not in corpus:
            finish(name).delete()
    videos = [corpus[name].put_back() for name in names]
    viewer = a_viewer()
    viewer.lesson = a_lesson(viewer.course, *[("video", {"video": video, "is_required": True}) for video in videos])
    viewer.videos = videos
    return Watching(browser, live_server, viewer)


def plays_of(viewer) -> dict[str, list[Play]]:
    """Every rung in every way that can play it, by way."""
    plays: dict[str, list[Play]] = {"bare": [], "hls": [], "own": []}
    for number, video in enumerate(viewer.videos):
        rows = {row.rung: row for row in video.renditions.select_related("video")}
        (choice,) = delivery.playback(video, person=viewer.person).choices
        sources = {source.rung: source for source in [*choice.downloads, *choice.sources]}
        assert set(sources) == set(rows)
        for rung, row in rows.items():
            plays["bare"].append(Play("bare", number, sources[rung], row))
            if rung != Rendition.Rung.MP3:
                plays["hls"].append(Play("hls", number, sources[rung], row))
            if rung not in NOT_OFFERED:
                plays["own"].append(Play("own", number, sources[rung], row))
    return plays


def rounds(plays: list[Play]) -> list[list[Play]]:
    """No player of the page twice in a round."""
    left, found = list(plays), []
    while left:
        first = {play.number: play for play in reversed(left)}
        found.append(list(first.values()))
        left = [play for play in left if play not in found[-1]]
    return found


@pytest.mark.timeout(1200)
@pytest.mark.django_db(transaction=True)
def test_each_of_them_plays_to_its_end(somebody):
    """In Chromium, through the bare element, hls.js and our own module: the length, the pictures, no fault."""
    faults = []
    plays = plays_of(somebody.viewer)
    for together in [plays["bare"], plays["hls"], *rounds(plays["own"])]:
        somebody.open(rate=SPEED)
        faults += playing.play(somebody.page, together)
    assert faults == []
    assert somebody.problems == []
