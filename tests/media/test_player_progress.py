"""One progress for whatever is played of a video: another voice, and the cut that a page was opened with."""

import pytest
from playwright.sync_api import expect

from courses.domain import bitmap
from courses.models import ActivityCompletion, WatchProgress, WatchSegment
from lms.models import Language
from media.domain import library, tracks
from media.models import Rendition, Track
from tests.courses.recutting_cases import trimmed
from tests.courses.watching_cases import a_viewer
from tests.media import honest
from tests.media.conftest import ffmpeg, tone
from tests.media.viewing import Watching

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.django_db(transaction=True)]
PLAY = "(at) => { const v = document.querySelector('video'); v.currentTime = at; v.play(); }"
SEND = "() => dispatchEvent(new Event('online'))"
PAINTED = """() => [...document.querySelectorAll('[data-bar] rect')]
  .map((one) => [one.x.baseVal.value, one.x.baseVal.value + one.width.baseVal.value])"""


def play_from(somebody: Watching, start: float, end: float) -> None:
    """Play a stretch, and send it."""
    somebody.page.evaluate(
        "(at) => { const v = document.querySelector('video'); v.currentTime = at; v.play(); }", start
    )
    somebody.until(lambda facts: facts["at"] >= end and not facts["seeking"])
    somebody.page.evaluate("() => document.querySelector('video').pause()")
    somebody.until(lambda facts: facts["paused"])
    somebody.page.evaluate(SEND)


def test_begun_in_one_language_and_ended_in_another(browser, live_server, trainer, run_jobs, tmp_path):
    """Another sound over the same pictures, made as it is made: the same second, the same progress, one completion."""
    video = library.add_video(
        title="Agua", source=honest.make("low_bitrate.mp4", tmp_path), source_name="agua.mp4", by=trainer
    )
    assert run_jobs() == []
    ffmpeg(*tone(12), str(tmp_path / "voice.wav"))
    kiche = Language.objects.get(key="quc")
    source = {"source": tmp_path / "voice.wav", "source_name": "voice.wav"}
    video.refresh_from_db()
    track = tracks.add(video=video, kind=Track.Kind.SOUND, language=kiche, by=trainer, **source)
    assert run_jobs() == []
    viewer = a_viewer(video=video, watch_threshold_percent=75)
    somebody = Watching(browser, live_server, viewer)
    somebody.open(rate=2)
    somebody.play()
    before = somebody.until(lambda facts: facts["at"] > 4)
    page = somebody.page
    page.locator("[data-more]").click()
    page.select_option("select[data-tracks]", label="K'iche'")
    spoken = f"/{track.pk}/240p/"
    after = somebody.until(lambda facts: any(spoken in url for url in somebody.films.values()) and facts["spans"])
    assert after["at"] >= before["at"]
    ended = somebody.until(lambda facts: facts["ended"])
    assert ended["at"] == pytest.approx(12, abs=0.2)
    page.evaluate(SEND)
    expect(page.locator("[data-words]")).to_have_text("Video visto", timeout=30_000)
    progress = WatchProgress.objects.get()
    assert (progress.video, progress.length_seconds) == (video, 12)
    assert bitmap.runs_of(bytes(progress.bitmap))[0][0] == 0
    assert bitmap.runs_of(bytes(progress.bitmap))[-1][1] == 12
    assert ActivityCompletion.objects.get().activity == viewer.activity
    assert any("/0/240p/" in url for url in somebody.films.values())
    assert somebody.problems == []


def test_a_page_left_open_stays_with_its_own_cut(watch, long_film):
    """Its bar is not painted with seconds that are others now; it says so, and what is played on it counts."""
    somebody = watch(long_film)
    viewer, page = somebody.viewer, somebody.page
    somebody.open(rate=2)
    somebody.play()
    play_from(somebody, 0, 4.2)
    expect(page.locator("[data-bar] rect")).to_have_count(1)
    painted = page.evaluate(PAINTED)
    rows = list(viewer.video.renditions.all())
    trimmed(viewer.video, 10, 32)
    for row in rows:
        row.pk, row.cut = None, 2
    Rendition.objects.bulk_create(rows)
    play_from(somebody, 12, 16.2)
    expect(page.locator("[data-reason]")).to_contain_text("Este video cambió. Recargue la página", timeout=30_000)
    assert page.evaluate(PAINTED) == painted
    assert set(WatchSegment.objects.values_list("cut", "grade")) == {(1, "A")}
    progress = WatchProgress.objects.get()
    (run,) = bitmap.runs_of(bytes(progress.bitmap))
    assert (progress.cut, progress.length_seconds) == (2, 22)
    assert run[0] in {2, 3}
    assert run[1] in {6, 7}
    page.reload()
    assert page.evaluate(PAINTED) == [list(run)]
    assert somebody.problems == []
