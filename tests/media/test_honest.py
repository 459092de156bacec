"""Whatever an honest person sends becomes rungs in which nothing is lost."""

from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from media.domain import conservation, inspection, ladder, library
from media.models import Video
from tests.media import honest

pytestmark = pytest.mark.once
SOUNDS = {"audio", "opus", "mp3"}


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
def test_an_honest_file_becomes_rungs(name, tmp_path, trainer, run_jobs):
    wanted = honest.HONEST[name]
    path = honest.make(name, tmp_path)
    video = library.add_video(title=name, source=path, source_name=name, by=trainer)
    assert run_jobs() == []
    video.refresh_from_db()
    assert (video.state, video.reason) == (Video.State.READY, "")
    assert (video.kind == Video.Kind.FILM, video.has_sound) == (wanted.is_film, wanted.has_sound)
    rungs = set(video.renditions.values_list("rung", flat=True))
    assert rungs >= SOUNDS if wanted.has_sound else not SOUNDS & rungs
    assert ("240p" in rungs) == wanted.is_film
    assert_conserved(video)
    if wanted.has_sound and name != "silence.mp4":
        assert all(conservation.is_level(row.manifest["loudness"]) for row in video.renditions.all())


def test_a_telephones_voice_memo(tmp_path, trainer, run_jobs):
    """AMR: half of a second of nothing is a sound, too."""
    path = tmp_path / "memo.amr"
    path.write_bytes(honest.AMR)
    video = library.add_video(title="memo", source=path, source_name="memo.amr", by=trainer)
    assert run_jobs() == []
    video.refresh_from_db()
    assert (video.state, video.kind) == (Video.State.READY, Video.Kind.SOUND)
    assert_conserved(video)
