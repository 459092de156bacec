"""Where a film goes on: what somebody does while the next one is on its way is not undone when it comes."""

import pytest

from tests.media.viewing import Watching
from tests.system import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.django_db(transaction=True)]
# A browser that takes its time to open a Media Source.
HOLD_SOURCES = """const listen = EventTarget.prototype.addEventListener; window.held = null;
  MediaSource.prototype.addEventListener = function (name, act, options) { listen.call(this, name, (event) =>
    (name === 'sourceopen' && window.held ? window.held.push(() => act(event)) : act(event)), options); };"""
RELEASE_SOURCES = "() => { const all = window.held; window.held = null; all.forEach((act) => act()); }"


class Line:
    """The line to the films, held until it is let go."""

    def __init__(self, somebody: Watching) -> None:
        self.page = somebody.page
        self.waiting: list = []
        self.is_held = True
        somebody.context.route("**/*.mp4", self._take)

    def _take(self, route) -> None:
        if self.is_held:
            self.waiting.append(route)
        else:
            route.continue_()

    def wait(self) -> None:
        """Until the player asks."""
        wait_until(lambda: self.waiting or self.page.wait_for_timeout(50), 30)

    def let_go(self) -> None:
        self.is_held = False
        for route in self.waiting:
            route.continue_()


def test_seeking_and_pausing_before_the_film_has_come(watch, long_film):
    somebody = watch(long_film)
    somebody.open("144p")
    line, press = Line(somebody), somebody.page.keyboard.press
    somebody.play()
    line.wait()
    for key in "llk":
        press(key)
    line.let_go()
    facts = somebody.until(lambda facts: facts["streams"] and facts["spans"] and not facts["seeking"])
    assert (facts["at"], facts["paused"]) == (pytest.approx(20, abs=0.1), True)
    press("k")
    somebody.until(lambda facts: facts["at"] > 20.5)
    assert somebody.problems == []


def test_seeking_while_another_film_comes(watch, long_film):
    """The one before plays on meanwhile, and the next begins where that one is."""
    somebody = watch(long_film)
    somebody.open("144p")
    somebody.play()
    somebody.until(lambda facts: facts["at"] > 1 and facts["spans"][-1][1] > 20)
    line = Line(somebody)
    somebody.page.select_option("[data-rungs]", "audio")
    line.wait()
    somebody.page.locator("video").focus()
    somebody.page.keyboard.press("5")
    assert somebody.facts["at"] >= 16
    line.let_go()
    facts = somebody.until(lambda facts: facts["height"] == 0 and facts["spans"] and not facts["seeking"])
    assert 16 <= facts["at"] < 32
    assert not facts["paused"]
    assert somebody.problems == []


def test_choosing_twice_before_the_first_is_there(watch, long_film):
    """The element never says that it is at the beginning, which would be stored as the place to go on at."""
    somebody = watch(long_film)
    somebody.context.add_init_script(HOLD_SOURCES)
    somebody.open("144p")
    somebody.play()
    before = somebody.until(lambda facts: facts["at"] > 2)
    page = somebody.page
    page.evaluate("() => { window.held = []; }")
    for count, rung in enumerate(["audio", "240p"], start=1):
        page.select_option("[data-rungs]", rung)
        page.wait_for_function("(count) => window.held.length === count", arg=count)
        assert somebody.facts["at"] >= before["at"]
    page.evaluate(RELEASE_SOURCES)
    after = somebody.until(lambda facts: facts["height"] == 90 and facts["spans"])
    assert before["at"] <= after["at"] < before["at"] + 20
    assert not after["paused"]
    assert somebody.problems == []
