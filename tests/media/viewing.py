"""Somebody before a film in a real browser: what the element says, what came over the wire."""

import json

from django.conf import settings
from django.test import Client

from tests.system import wait_until

FACTS = """() => { const v = document.querySelector('video'); const spans = [...Array(v.buffered.length).keys()];
  return { at: v.currentTime, seeking: v.seeking,
    ended: v.ended, paused: v.paused, rate: v.playbackRate, volume: v.volume, muted: v.muted,
    frames: v.getVideoPlaybackQuality().totalVideoFrames, streams: v.src.startsWith('blob:'), height: v.videoHeight,
    error: v.error && v.error.message, spans: spans.map((i) => [v.buffered.start(i), v.buffered.end(i)]),
    src: v.src, duration: v.duration, text: [...v.textTracks].find((t) => t.mode === 'showing')?.language || "" }; }"""


class Watching:
    """Somebody before a lesson with one video."""

    def __init__(self, browser, live_server, viewer, **options) -> None:
        client = Client()
        client.force_login(viewer.person)
        self.url = live_server.url
        self.viewer = viewer
        self.context = browser.new_context(viewport={"width": 360, "height": 740}, locale="es-GT", **options)
        self.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": client.session.session_key, "url": live_server.url}]
        )
        self.page = self.context.new_page()
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.problems.append(said.text))
        self.wire = self.context.new_cdp_session(self.page)
        self.wire.send("Network.enable")
        self.films: dict[str, str] = {}
        self.sent: dict[str, int] = {}
        self.wire.on("Network.responseReceived", self._begin)
        self.wire.on("Network.dataReceived", self._count)

    def _begin(self, event) -> None:
        if ".mp4" in event["response"]["url"]:
            self.films[event["requestId"]] = event["response"]["url"]

    def _count(self, event) -> None:
        if event["requestId"] in self.films:
            self.sent[event["requestId"]] = self.sent.get(event["requestId"], 0) + event["encodedDataLength"]

    @property
    def sent_bytes(self) -> int:
        """Bytes of film that came over the wire."""
        return sum(self.sent.values())

    def open(self, rung: str = "", *, rate: float = 1) -> None:
        """Open the lesson with a rung and a speed chosen the last time."""
        kept = json.dumps({"aula.rate": str(rate)} | ({"aula.rung": rung} if rung else {}))
        self.page.add_init_script(f"if (!localStorage.length) Object.assign(localStorage, {kept});")
        self.page.goto(self.url + self.viewer.lesson.url)
        self.page.evaluate("() => { document.querySelector('video').muted = true; }")

    def play(self) -> None:
        self.page.locator("[data-go]").click()

    @property
    def facts(self) -> dict:
        return self.page.evaluate(FACTS)

    def until(self, is_so, seconds: float = 40) -> dict:
        """Wait until the facts are such."""
        facts = {}

        def look() -> bool:
            facts.update(self.facts)
            return is_so(facts) or self.page.wait_for_timeout(100)

        wait_until(look, seconds, lambda: f"{facts} {self.problems} {self.page.locator('[data-note]').inner_text()}")
        return facts
