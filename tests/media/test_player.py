"""The player in a real browser: what it plays, what that costs, what it does when something goes wrong."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from lms.models import Language
from media.domain import captions
from media.models import Track
from tests.media import films
from tests.system import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.django_db(transaction=True)]
HLS = Path(__file__).parent.parent / "vendor/hls.js/hls.light.min.js"
# 400 kbit/s and a third of a second there and back.
SLOW = {"offline": False, "latency": 300, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
NO_MEDIA_SOURCE = "delete self.MediaSource; delete self.ManagedMediaSource;"
SIDEWAYS = """() => { const wide = document.documentElement.clientWidth;
  return [...document.querySelectorAll('.player *')].filter((one) => one.getBoundingClientRect().right > wide + 1)
    .map((one) => one.outerHTML.slice(0, 120)); }"""
SMALL_TARGETS = """() => [...document.querySelectorAll('.player :is(button, select, a, summary)')]
  .filter((one) => one.offsetParent && one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)"""
COUNT_STOPS = """() => { window.stops = 0;
  document.querySelector('video').addEventListener('waiting', () => { stops += 1; }); }"""
WITH_HLS = """async (address) => { const v = document.createElement('video'); v.muted = true;
  document.querySelector('[data-player]').before(v);
  const hls = new Hls({ enableWorker: false }); window.said = [];
  hls.on(Hls.Events.ERROR, (_name, error) => said.push([error.details, error.fatal, String(error.error || '')]));
  hls.on(Hls.Events.MANIFEST_PARSED, () => { v.playbackRate = 2; v.play(); });
  hls.loadSource(address); hls.attachMedia(v); }"""


@pytest.fixture(scope="module")
def hour(tmp_path_factory):
    """Much longer than anybody in these tests looks."""
    return films.make(tmp_path_factory.mktemp("hour"), 90, "144p")


def test_the_own_module_plays_to_the_end(watch, short_film):
    somebody = watch(short_film)
    somebody.open(rate=2)
    assert somebody.sent_bytes == 0
    somebody.play()
    facts = somebody.until(lambda facts: facts["ended"])
    assert facts["streams"]
    assert facts["frames"] == 60
    assert facts["at"] == pytest.approx(6, abs=0.1)
    assert somebody.problems == []


def test_the_bare_element_plays_to_the_end(watch, short_film):
    """Where there is no Media Source."""
    somebody = watch(short_film)
    somebody.context.add_init_script(NO_MEDIA_SOURCE)
    somebody.open(rate=2)
    somebody.play()
    facts = somebody.until(lambda facts: facts["ended"])
    assert "240p" in facts["src"]
    assert facts["frames"] == 60
    assert somebody.problems == []


def test_hls_js_plays_to_the_end(watch, short_film):
    """The playlists are good enough for the library that most others use."""
    somebody = watch(short_film)
    somebody.open()
    somebody.page.evaluate(HLS.read_text() + "; window.Hls = globalThis.Hls; 0")
    playlist = somebody.page.evaluate("() => document.querySelector('[data-more]').dataset.more")
    somebody.page.evaluate(WITH_HLS, playlist.replace("opciones/", "240p.m3u8"))
    facts = somebody.until(lambda facts: facts["ended"])
    # That it waited for data is the machine's doing: other tests run beside this one.
    assert [one for one in somebody.page.evaluate("() => said") if one[:2] != ["bufferStalledError", False]] == []
    assert facts["frames"] == 60


def test_without_javascript_a_film_and_links(watch, short_film):
    somebody = watch(short_film, java_script_enabled=False)
    page = somebody.page
    page.goto(somebody.url + somebody.viewer.lesson.url)
    assert "240p" in page.locator("video").get_attribute("src")
    assert page.locator("[data-go]").is_hidden()
    page.locator(".player noscript a").last.click()
    downloads = page.locator(".player-downloads a")
    expect(downloads).to_have_count(4)
    assert [text.split(" · ")[0] for text in downloads.all_inner_texts()] == ["144p", "240p", "480p", "Solo audio"]
    with page.expect_download() as download:
        downloads.first.click()
    assert download.value.suggested_filename == f"{somebody.viewer.video.title} - 144p.mp4"


def test_on_a_slow_line_no_byte_is_sent_twice(watch, long_film):
    """400 kbit/s, played to the end: bytes sent ÷ bytes of the film ≤ 1.10, and it never stops for want of data."""
    somebody = watch(long_film)
    somebody.open("144p", rate=4)
    somebody.wire.send("Network.emulateNetworkConditions", SLOW)
    somebody.play()
    somebody.until(lambda facts: facts["at"] > 1)
    somebody.page.evaluate(COUNT_STOPS)
    somebody.until(lambda facts: facts["ended"], 90)
    whole = somebody.viewer.video.renditions.get(rung="144p").bytes
    assert whole <= somebody.sent_bytes <= 1.10 * whole
    assert somebody.page.evaluate("() => stops") == 0
    assert somebody.page.locator("[data-count]").inner_text() == f"Bajado aquí: {whole / 1e6:.1f} MB"
    assert somebody.problems == []


def test_who_stops_after_twenty_seconds_has_not_paid_for_the_rest(watch, hour):
    somebody = watch(hour)
    somebody.open("144p", rate=4)
    somebody.wire.send("Network.emulateNetworkConditions", SLOW | {"downloadThroughput": 100_000})
    somebody.play()
    somebody.until(lambda facts: facts["at"] >= 20)
    somebody.page.evaluate("() => document.querySelector('video').pause()")
    counts = [-1]

    def is_quiet() -> bool:
        somebody.page.wait_for_timeout(1500)
        counts.append(somebody.sent_bytes)
        return counts[-1] == counts[-2]

    wait_until(is_quiet, 60)
    facts = somebody.facts
    assert facts["streams"]
    assert facts["spans"][-1][1] - facts["at"] < 40
    rendition = somebody.viewer.video.renditions.get(rung="144p")
    parts = rendition.manifest["fragments"]
    wanted = sum(size for _offset, size, _seconds in parts[: round(facts["at"] + 40) // 4])
    assert somebody.sent_bytes <= rendition.manifest["init"][1] + wanted


def test_another_rung_without_a_gap_and_without_losing_the_place(watch, long_film):
    somebody = watch(long_film)
    somebody.open("144p")
    somebody.play()
    before = somebody.until(lambda facts: facts["at"] > 1 and facts["spans"][-1][1] > 20)
    assert before["height"] == 72
    somebody.page.select_option("[data-rungs]", "480p")
    after = somebody.until(lambda facts: facts["height"] == 180)
    assert before["at"] < after["at"] < before["at"] + 15
    assert len(after["spans"]) == 1
    somebody.page.select_option("[data-rungs]", "audio")
    sound = somebody.until(lambda facts: facts["height"] == 0 and facts["at"] > after["at"] + 0.5)
    assert sound["at"] < after["at"] + 20
    assert somebody.page.evaluate("() => localStorage.getItem('aula.rung')") == "audio"
    assert somebody.problems == []


def test_a_line_that_cannot_carry_the_rung_gets_a_smaller_one(watch, long_film):
    """By itself only downwards, and said in words."""
    somebody = watch(long_film)
    somebody.open("480p")
    somebody.wire.send("Network.emulateNetworkConditions", SLOW)
    somebody.play()
    expect(somebody.page.locator("[data-note]")).to_contain_text("La conexión no alcanza: ", timeout=60_000)
    somebody.until(lambda facts: facts["height"] in {72, 90})
    assert somebody.page.locator("[data-rungs]").input_value() == "480p"
    assert somebody.page.evaluate("() => localStorage.getItem('aula.rung')") == "480p"


def test_a_fault_in_the_module_leaves_the_film_to_the_element(watch, long_film):
    """At the same second, still playing."""
    somebody = watch(long_film)
    somebody.open()
    part = somebody.viewer.video.renditions.get(rung="240p").manifest["fragments"][2]
    asked = []

    def refuse(route) -> None:
        asked.append(route.request.headers.get("range", ""))
        if asked[-1].startswith(f"bytes={part[0]}-"):
            route.fulfill(status=404)
        else:
            route.continue_()

    somebody.context.route("**/*.mp4", refuse)
    somebody.play()
    facts = somebody.until(lambda facts: "240p" in facts["src"] and facts["at"] > 1 and not facts["paused"])
    assert not facts["streams"]
    assert f"bytes={part[0]}-{part[0] + part[1] - 1}" in asked


def test_a_line_that_drops_is_taken_up_again(watch, hour):
    somebody = watch(hour)
    somebody.open(rate=2)
    somebody.wire.send("Network.emulateNetworkConditions", SLOW)
    somebody.play()
    somebody.until(lambda facts: facts["at"] > 2)
    somebody.wire.send("Network.emulateNetworkConditions", SLOW | {"offline": True})
    expect(somebody.page.locator("[data-note]")).to_contain_text("Se perdió la conexión", timeout=30_000)
    kept = somebody.facts["spans"][-1][1]
    somebody.wire.send("Network.emulateNetworkConditions", SLOW)
    facts = somebody.until(lambda facts: facts["spans"][-1][1] > kept + 8)
    assert facts["streams"]
    expect(somebody.page.locator("[data-note]")).to_have_text("")


def test_by_keys_alone(watch, short_film):
    """Only while the focus is in the player, and never what a field needs."""
    somebody = watch(short_film)
    viewer = somebody.viewer
    spanish = Language.objects.get(key="es")
    captions.save(video=viewer.video, language=spanish, text="WEBVTT\n\n00:00.000 --> 00:05.000\nHola\n", by=None)
    somebody.open()
    page, press = somebody.page, somebody.page.keyboard.press
    page.keyboard.press("k")
    assert somebody.facts["paused"]
    page.locator("[data-go]").focus()
    press("Enter")
    somebody.until(lambda facts: facts["at"] > 0.2)
    press("k")
    assert somebody.facts["paused"]
    assert page.evaluate("() => document.activeElement.tagName") == "VIDEO"
    for key, name, wanted in [
        ("0", "at", 0),
        ("5", "at", 3),
        ("ArrowLeft", "at", 0),
        ("ArrowRight", "at", 5),
        ("j", "at", 0),
        ("l", "at", 6),
        ("1", "at", 0.6),
        ("m", "muted", False),
        ("ArrowDown", "volume", 0.9),
        ("ArrowUp", "volume", 1),
        (">", "rate", 1.25),
        ("<", "rate", 1),
        ("c", "text", "es"),
        ("c", "text", ""),
        ("Space", "paused", False),
        ("Space", "paused", True),
    ]:
        press(key)
        found = somebody.until(lambda facts: not facts["seeking"])[name]  # one jump after the other, as by hand
        assert found == (pytest.approx(wanted, abs=0.1) if isinstance(wanted, int | float) else wanted), key
    before = somebody.facts
    page.locator("[data-speeds]").focus()
    for key in ("k", "m", "0", "ArrowDown"):
        press(key)
    after = somebody.facts
    assert (after["at"], after["paused"], after["muted"], after["volume"]) == tuple(
        before[name] for name in ("at", "paused", "muted", "volume")
    )
    assert somebody.problems == []


def test_the_options(watch, short_film):
    """Captions and their size, another sound over the same picture, downloads, the month; kept for the next video."""
    somebody = watch(short_film)
    video = somebody.viewer.video
    kiche = Language.objects.get(key="quc")
    track = Track.objects.create(video=video, kind=Track.Kind.SOUND, language=kiche, state=Track.State.READY)
    films.publish(video, short_film, "144p", "240p", track=track)
    text = "WEBVTT\n\n00:00.000 --> 00:05.000\nHola\n"
    captions.save(video=video, language=kiche, text=text, by=None, is_machine_made=True)
    somebody.open()
    page = somebody.page
    somebody.play()
    somebody.until(lambda facts: facts["at"] > 0.5)
    page.locator("[data-more]").click()
    options = page.locator(".player-options")
    expect(options).to_contain_text("Este mes: ")
    page.select_option("select[data-captions]", label="K'iche' (hecho por máquina, sin revisar)")
    page.select_option("select[data-letters]", "large")
    assert somebody.facts["text"] == "quc"
    before = somebody.facts["at"]
    page.select_option("select[data-tracks]", label="K'iche'")
    spoken = f"/{track.pk}/240p/"
    somebody.until(lambda facts: any(spoken in url for url in somebody.films.values()) and facts["at"] > before)
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 740})
        assert page.evaluate(SIDEWAYS) == []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = Axe().run(page).response["violations"]
        assert [one["id"] for one in found if one["impact"] in {"serious", "critical"}] == []
    small = page.evaluate(SMALL_TARGETS)
    assert small == []
    page.reload()
    assert somebody.facts["text"] == ""
    somebody.play()
    somebody.until(lambda facts: facts["at"] > 0.2)
    assert somebody.facts["text"] == "quc"
    assert somebody.problems == []
