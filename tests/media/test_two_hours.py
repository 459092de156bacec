"""A lecture of two hours at a low bit rate: every rung whole, a storyboard within its limits, playable at its end.

By default the lecture lasts eight minutes; `LECTURE_SECONDS=7200` makes the real one, which costs four minutes of the
processor and is for those who change how films are made. What grows with the length (the index, the sheet of pictures,
the limits of the cage, the clock of the player) is the same in both.
"""

import os
import subprocess
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from media.domain import delivery, library
from media.models import Rendition, Video
from tests.courses.watching_cases import a_viewer
from tests.factories.courses import a_lesson
from tests.media.conftest import ffmpeg
from tests.media.playing import NOT_OFFERED, SPEED
from tests.media.test_honest import assert_conserved
from tests.media.viewing import Watching

SECONDS = int(os.environ.get("LECTURE_SECONDS", "480"))
PIECE = 120  # a whole number of packets of sound, or they would not join; the whole is this over and over, copied
END_SECONDS = 20
RUNGS = {"240p", "slides", "audio", "opus", "mp3"}
# The last seconds of a film, in the bare element or in the player of the page; one that stands still is stuck.
PLAY_THE_END = """async ({ url, rung, seconds, rate }) => {
  const root = document.querySelector("[data-player]");
  const v = url ? document.body.appendChild(document.createElement("video")) : root.querySelector("video");
  v.muted = true;
  if (url) {
    v.src = url;
    v.defaultPlaybackRate = v.playbackRate = rate;
    v.play().catch(() => {});
  } else {
    root.querySelector("[data-rungs]").value = rung;
    root.querySelector("[data-go]").click();
  }
  let at = -1, since = performance.now(), sought = null;
  while (!v.ended && !v.error && performance.now() - since < 60_000) {
    if (sought === null && v.duration > seconds && v.currentTime > 0) v.currentTime = sought = v.duration - seconds;
    if (v.currentTime !== at) [at, since] = [v.currentTime, performance.now()];
    await new Promise((done) => setTimeout(done, 50));
  }
  const facts = { ended: v.ended, error: v.error && v.error.message, sought, at: v.currentTime, duration: v.duration,
    frames: v.getVideoPlaybackQuality().totalVideoFrames, streams: v.src.startsWith("blob:") };
  if (url) v.remove();
  return facts;
}"""


@pytest.fixture
def lecture(tmp_path) -> Path:
    """Slides, one picture a second, that change every ten; a voice at 16 kbit/s. Made in a second of any length."""
    piece, whole = tmp_path / "piece.mp4", tmp_path / "lecture.mp4"
    slides = ["-f", "lavfi", "-i", f"testsrc2=s=160x120:r=1/10:d={PIECE},fps=1"]
    voice = ["-f", "lavfi", "-i", f"sine=f=220:d={PIECE},tremolo=f=4:d=0.9,volume=-8dB"]
    coded = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "60", "-pix_fmt", "yuv420p"]
    coded += ["-c:a", "aac", "-b:a", "16k", "-ac", "1", "-ar", "16000"]
    ffmpeg(*slides, *voice, *coded, str(piece))
    ffmpeg("-stream_loop", "-1", "-i", str(piece), "-c", "copy", "-t", str(SECONDS), str(whole))
    return whole


@pytest.fixture
def finished(lecture, trainer, run_jobs) -> Video:
    """The video that was made of it, by the whole way and in the real cage."""
    video = library.add_video(title="Clase larga", source=lecture, source_name="clase.mp4", by=trainer)
    assert run_jobs() == []
    video.refresh_from_db()
    assert (video.state, video.reason) == (Video.State.READY, "")
    return video


def assert_sheet(video: Video) -> None:
    """At most a hundred small pictures, on one sheet of the size that is told; the last is of the last minutes."""
    sheet = video.storyboard
    assert 0 < sheet["count"] <= 100
    assert (sheet["count"] - 1) * sheet["every_seconds"] < SECONDS <= sheet["count"] * sheet["every_seconds"]
    with Image.open(default_storage.path(video.storyboard_path)) as picture:
        assert picture.size == (sheet["columns"] * sheet["width"], sheet["rows"] * sheet["height"])
        column, row = (sheet["count"] - 1) % sheet["columns"], (sheet["count"] - 1) // sheet["columns"]
        left, top = column * sheet["width"], row * sheet["height"]
        last = picture.convert("L").crop((left, top, left + sheet["width"], top + sheet["height"]))
    darkest, lightest = last.getextrema()
    assert lightest - darkest > 100, "the last place of the sheet is filled"


def pictures(row: Rendition) -> int:
    """How many a decoder makes of a rung, from its first to its last."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", default_storage.path(row.path), "-map", "0:v", "-f", "null"]
    said = subprocess.run([*command, "-progress", "pipe:1", "-"], capture_output=True, text=True, check=True)
    assert said.stderr == ""
    return int([line for line in said.stdout.splitlines() if line.startswith("frame=")][-1].partition("=")[2])


@pytest.mark.once
@pytest.mark.timeout(3600)
@pytest.mark.django_db(transaction=True)
def test_a_long_lecture_is_whole_and_plays_at_its_end(finished, browser, live_server):
    """In Chromium through the bare element and our own module: sought close to its end, and played to it."""
    rows = {row.rung: row for row in finished.renditions.select_related("video")}
    assert set(rows) == RUNGS
    assert finished.duration_seconds == pytest.approx(SECONDS, abs=0.05)
    assert_conserved(finished)
    assert_sheet(finished)
    assert len(Path(default_storage.path(finished.waveform_path)).read_bytes()) == pytest.approx(10 * SECONDS, abs=1)
    for rung in ("240p", "slides"):
        assert pictures(rows[rung]) == rows[rung].manifest["frames"]

    viewer = a_viewer()
    viewer.lesson = a_lesson(viewer.course, ("video", {"video": finished, "is_required": True}))
    somebody = Watching(browser, live_server, viewer)
    (choice,) = delivery.playback(finished, person=viewer.person).choices
    sources = {source.rung: source for source in [*choice.downloads, *choice.sources]}
    assert set(sources) == RUNGS
    plays = [(rung, sources[rung].url) for rung in sorted(RUNGS)]
    plays += [(rung, "") for rung in sorted(RUNGS - NOT_OFFERED)]
    asked = {"seconds": END_SECONDS, "rate": SPEED}
    for rung, url in plays:
        somebody.open(rate=SPEED)
        facts = somebody.page.evaluate(PLAY_THE_END, asked | {"url": url, "rung": rung})
        said = f"{rung} {'bare' if url else 'own'}: {facts}"
        assert (facts["ended"], facts["error"], facts["streams"]) == (True, None, not url), said
        assert facts["sought"] == pytest.approx(SECONDS - END_SECONDS, abs=0.5), said
        assert facts["duration"] == pytest.approx(SECONDS, abs=0.2), said
        assert facts["at"] == pytest.approx(facts["duration"], abs=0.1), said
        assert bool(facts["frames"]) == bool(rows[rung].width), said
    assert somebody.problems == []
