"""Playing many published rungs to their ends in a real browser: bare, by our own module, by hls.js."""

import os
from dataclasses import dataclass
from pathlib import Path

from django.core.files.storage import default_storage
from playwright.sync_api import Page

from media.domain import delivery
from media.models import Rendition, Video

HLS = (Path(__file__).parent.parent / "vendor/hls.js/hls.light.min.js").read_text()
# Of sounds alone the player offers the lightest that the browser plays; an MP3 is to take away.
NOT_OFFERED = {Rendition.Rung.AUDIO, Rendition.Rung.MP3}
AT_ONCE = 12
SPEED = 8
# That it waited for data is the machine's doing: other tests run beside this one.
HARMLESS = ["bufferStalledError", "bufferNudgeOnStall"]
# Plays `all` of [way, address, number of the player on the page, rung]; one that stands still for a minute is stuck.
PLAY = """async ({ all, atOnce, speed, harmless }) => {
  const wait = (v, said) => new Promise((done) => {
    let at = -1, since = 0;
    const look = setInterval(() => {
      if (v.currentTime !== at) [at, since] = [v.currentTime, performance.now()];
      const stuck = performance.now() - since > 60_000;
      if (!(v.ended || v.error || stuck || said.some(([_details, fatal]) => fatal))) return;
      clearInterval(look);
      done({ ended: v.ended, stuck, error: v.error && v.error.message, at: v.currentTime, duration: v.duration,
        frames: v.getVideoPlaybackQuality().totalVideoFrames, height: v.videoHeight, streams: v.src.startsWith("blob:"),
        said: said.filter(([details, fatal]) => fatal || !harmless.includes(details)) });
    }, 20);
  });
  const element = () => {
    const v = document.createElement("video");
    Object.assign(v, { muted: true, defaultPlaybackRate: speed, playbackRate: speed });
    return document.body.appendChild(v);
  };
  const ways = {
    async bare(url) {
      const v = element();
      v.src = url;
      v.play().catch(() => {});
      const facts = await wait(v, []);
      v.removeAttribute("src");
      v.load();
      v.remove();
      return facts;
    },
    async hls(url) {
      const v = element(), said = [], hls = new Hls({ enableWorker: false });
      hls.on(Hls.Events.ERROR, (_name, error) => said.push([error.details, error.fatal]));
      hls.on(Hls.Events.MANIFEST_PARSED, () => v.play().catch(() => {}));
      hls.loadSource(url);
      hls.attachMedia(v);
      const facts = await wait(v, said);
      hls.destroy();
      v.remove();
      return facts;
    },
    async own(_url, number, rung) {
      const root = document.querySelectorAll("[data-player]")[number], v = root.querySelector("video");
      v.muted = true;
      root.querySelector("[data-rungs]").value = rung;
      root.querySelector("[data-go]").click();
      return wait(v, []);
    },
  };
  const left = all.map((one, place) => [place, one]), found = [];
  const work = async () => {
    for (let next; (next = left.shift());) found[next[0]] = await ways[next[1][0]](...next[1].slice(1));
  };
  await Promise.all([...Array(atOnce)].map(work));
  return found;
}"""


@dataclass
class Finished:
    """A video whose making was rolled back: its rows as they were, and its files, which nobody else deletes."""

    video: Video
    renditions: list[Rendition]
    folder: Path

    @classmethod
    def kept(cls, video: Video, folder: Path) -> "Finished":
        """Keep what was made of `video` in `folder`."""
        renditions = list(video.renditions.all())
        for row in renditions:
            os.link(default_storage.path(row.path), folder / Path(row.path).name)
        return cls(video, renditions, folder)

    def put_back(self) -> Video:
        """The same video in the database of another test."""
        self.video.pk = self.video.uploaded_by = None
        self.video.poster_path = ""
        self.video.save(force_insert=True)
        for row in self.renditions:
            row.pk, row.video = None, self.video
            path = Path(default_storage.path(row.path))
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                os.link(self.folder / path.name, path)
        Rendition.objects.bulk_create(self.renditions)
        return self.video


def play(page: Page, plays: list["Play"]) -> list[str]:
    """Play all of them on a lesson's page, several at a time; returns what was not as it must be."""
    page.evaluate(HLS + "; window.Hls = globalThis.Hls; 0")
    asked = {"all": [one.arguments for one in plays], "atOnce": AT_ONCE, "speed": SPEED, "harmless": HARMLESS}
    found = page.evaluate(PLAY, asked)
    return [fault for one, facts in zip(plays, found, strict=True) for fault in one.faults(facts)]


@dataclass(frozen=True)
class Play:
    """One rung to play in one way; `number` is that of the video's player on the page."""

    way: str
    number: int
    source: delivery.Source
    row: Rendition

    @property
    def arguments(self) -> list:
        """As the page's script takes them."""
        url = self.source.playlist_url if self.way == "hls" else self.source.url
        return [self.way, url, self.number, str(self.row.rung)]

    def faults(self, facts: dict) -> list[str]:
        """What is not as it must be when it was played."""
        seconds = self.row.duration_seconds
        checks = {
            "did not end": facts["ended"],
            "failed": facts["error"] is None and not facts["said"],
            "has another length": abs(facts["duration"] - seconds) <= 0.2,
            "ended elsewhere": abs(facts["at"] - facts["duration"]) <= 0.1,
            "lost pictures": facts["frames"] == self.row.manifest["frames"],
            "has another size": facts["height"] == self.row.height,
            "left the module": facts["streams"] == (self.way != "bare"),
        }
        return [f"{self.row.video} {self.row.rung} {self.way} {name}: {facts}" for name, ok in checks.items() if not ok]
