"""Films from a bucket in a real browser: of another origin, by addresses that end while somebody watches."""

import json
import re
from pathlib import Path

import pytest
from django.core.cache import cache

from media.domain import addresses
from tests.media import films
from tests.system import ROOT

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.django_db(transaction=True)]
NO_MEDIA_SOURCE = "delete self.MediaSource; delete self.ManagedMediaSource;"
# Of one answer: a quarter of the film, so that a minute of it is never there at once.
MOST_BYTES = 180_000


@pytest.fixture(scope="module")
def long(tmp_path_factory) -> Path:
    return films.make(tmp_path_factory.mktemp("long"), 90, "144p")


@pytest.fixture
def led(monkeypatch) -> list[int]:
    """How long each address of the storage lasts that somebody was led to."""
    made, real = [], addresses.storage_url

    def note(*asked, seconds: int, **more) -> str:
        made.append(seconds)
        return real(*asked, seconds=seconds, **more)

    monkeypatch.setattr(addresses, "storage_url", note)
    return made


@pytest.fixture
def afar(bucket, watch, live_server):
    """`watch`, with the films in a bucket that lets our pages read as docs/operations.md tells to let them."""
    told = re.search(r"^\{\"CORSRules\".*$", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    bucket.gate.rules = json.loads(told[0])["CORSRules"]
    bucket.gate.rules[0]["AllowedOrigins"] = [live_server.url]
    return watch


def ended(bucket) -> None:
    """Time passed: no address of the storage that was used opens anything any more."""
    cache.clear()  # first: who asks in between would be led to what has just ended, and be right to give up
    bucket.gate.end_addresses()


def lasting(somebody) -> int:
    """How long an address is good for that a bare element is led to."""
    return addresses.element_seconds(somebody.viewer.video.renditions.get(rung="144p").duration_seconds)


def answers(bucket) -> list[int]:
    """What the storage said to our script."""
    films = [seen for seen in bucket.gate.seen if seen.path.endswith(".mp4") and seen.method == "GET"]
    return [seen.status for seen in films if seen.origin]


def test_the_own_module_asks_us_once_a_stretch(afar, bucket, led, long):
    """Every byte from the storage, in ranges; and when its address has ended it asks ours again, and goes on."""
    somebody = afar(long)
    somebody.open("144p")
    somebody.play()
    somebody.until(lambda facts: facts["at"] > 1 and facts["spans"][-1][1] > 25)
    assert led == [addresses.FETCHED_SECONDS]
    assert set(answers(bucket)) == {206}
    assert len(answers(bucket)) > 6
    ended(bucket)
    somebody.page.evaluate("() => { document.querySelector('video').currentTime = 70; }")
    facts = somebody.until(lambda facts: facts["at"] > 71)
    assert facts["streams"]
    assert led == [addresses.FETCHED_SECONDS] * 2
    assert answers(bucket).count(403) == 1
    assert somebody.page.locator("[data-note]").inner_text() == ""
    assert [one for one in somebody.problems if "403" not in one] == []


def test_the_bare_element_goes_on_when_its_address_has_ended(afar, bucket, led, long):
    """Chromium keeps to the address that it was led to: it breaks, and is led once more; paused it stays paused."""
    bucket.gate.is_terse = True
    somebody = afar(long)
    somebody.context.add_init_script(NO_MEDIA_SOURCE)
    bucket.gate.most_bytes = MOST_BYTES
    somebody.open("144p")
    somebody.play()
    somebody.until(lambda facts: facts["at"] > 1)
    lasts = lasting(somebody)
    assert led == [lasts]
    ended(bucket)
    somebody.page.evaluate("() => { document.querySelector('video').currentTime = 60; }")
    facts = somebody.until(lambda facts: facts["at"] > 61 and not facts["paused"])
    assert not facts["streams"]
    assert led == [lasts] * 2
    somebody.page.evaluate("() => document.querySelector('video').pause()")
    ended(bucket)
    somebody.page.evaluate("() => { document.querySelector('video').currentTime = 50; }")
    facts = somebody.until(lambda facts: len(led) == 3 and facts["height"] and not facts["seeking"])
    assert (facts["paused"], facts["at"], facts["error"]) == (True, 50, None)
    assert somebody.page.locator("[data-note]").inner_text() == ""


def test_who_comes_back_the_next_day_is_led_anew_before_anything_breaks(afar, bucket, led, long):
    somebody = afar(long)
    somebody.context.add_init_script(NO_MEDIA_SOURCE)
    bucket.gate.most_bytes = MOST_BYTES
    somebody.open("144p")
    somebody.play()
    somebody.until(lambda facts: facts["at"] > 1)
    somebody.page.evaluate("() => document.querySelector('video').pause()")
    ended(bucket)
    somebody.page.evaluate(f"() => {{ const now = Date.now; Date.now = () => now() + {1000 * lasting(somebody)}; }}")
    somebody.page.evaluate("() => { document.querySelector('video').currentTime = 60; }")
    somebody.page.evaluate("() => { document.querySelector('video').play(); }")
    somebody.until(lambda facts: facts["at"] > 61 and not facts["paused"])
    assert led == [lasting(somebody)] * 2
    assert 403 not in [seen.status for seen in bucket.gate.seen]
    assert somebody.problems == []


def test_what_is_lost_is_said(afar, bucket, led, long):
    """Where the storage gives nothing at all it is asked twice, and no more."""
    somebody = afar(long)
    somebody.context.add_init_script(NO_MEDIA_SOURCE)
    bucket.gate.fails = lambda request: request.path.endswith(".mp4")
    somebody.open("144p")
    somebody.play()
    somebody.until(lambda _facts: "No se pudo cargar" in somebody.page.locator("[data-note]").inner_text())
    assert len(led) == 2
