"""A trainer keeps the library of videos, with a keyboard and nothing else."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.system import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.timeout(300)]
MOST_TABS = 120


def reach(page: Page, wanted: Locator) -> None:
    """Press Tab until `wanted` has the focus; it must be seen there."""
    for _press in range(MOST_TABS):
        page.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            assert wanted.evaluate("one => one.matches(':focus-visible')")
            return
    raise AssertionError(f"{MOST_TABS} presses of Tab do not come to {wanted}")


def press(page: Page, wanted: Locator) -> None:
    reach(page, wanted)
    page.keyboard.press("Enter")


@pytest.fixture
def trainer(visit):
    visitor = visit("trainer", width=1280)
    visitor.goto("/cms/videos/")
    return visitor


def test_a_poster_is_taken_from_where_the_film_stands(trainer):
    page = trainer.page
    press(page, page.locator(".video-card h2 a").first)
    title = page.locator("h1").first.inner_text()
    before = page.locator("[data-player] video").get_attribute("poster")
    press(page, page.locator("[data-player] [data-go]"))
    film = page.locator("[data-player] video")
    wait_until(lambda: film.evaluate("one => one.currentTime") > 1, 60)
    press(page, page.locator("[data-this-moment]"))
    assert film.evaluate("one => one.paused")
    stands = film.evaluate("one => one.currentTime")
    minutes, seconds = page.locator("[name=moment]").input_value().split(":")
    assert stands - 0.11 <= 60 * int(minutes) + float(seconds) <= stands + 0.01
    press(page, page.locator(".video-poster button:not([type=button])"))
    expect(page.locator(".messages")).to_contain_text(re.compile("portada", re.IGNORECASE))

    # What the browser keeps of the old picture is not shown in its place.
    def is_another() -> bool:
        page.reload()
        return page.locator("[data-player] video").get_attribute("poster") != before

    wait_until(is_another, 60, lambda: title)
    assert trainer.complaints == []


def test_a_video_gets_a_tag_and_is_found_by_it(trainer):
    page = trainer.page
    title = page.locator(".video-card h2 a").first.inner_text()
    press(page, page.locator(".video-card h2 a").first)
    field = page.locator(".tagit-new input")
    expect(field).to_have_attribute("aria-label", re.compile(r"\w"))
    reach(page, field)
    page.keyboard.type("agua potable,")
    with page.expect_navigation():
        press(page, page.locator("main form button[type=submit]").last)
    trainer.goto("/cms/videos/")
    with page.expect_navigation():
        press(page, page.locator(".video-tag", has_text="agua potable"))
    assert page.locator(".video-card h2 a").all_inner_texts() == [title]
    assert trainer.complaints == []


def test_the_ends_of_a_trim_are_taken_from_the_film(trainer):
    page = trainer.page
    trainer.goto(page.locator(".video-card h2 a").first.get_attribute("href").replace("/edit/", "/cortes/"))
    film = page.locator("[data-trim] video")
    for end, second in (("start", 2.0), ("end", 4.5)):
        film.evaluate("(one, second) => { one.currentTime = second; }", second)
        wait_until(lambda: not film.evaluate("one => one.seeking"), 30)
        press(page, page.locator(f"[data-take={end}]"))
        at = film.evaluate("one => one.currentTime")
        minutes, seconds = page.locator(f"[data-trim] [name$={end}]").input_value().split(":")
        assert 60 * int(minutes) + float(seconds) == pytest.approx(at, abs=0.06)
    press(page, page.locator("[data-show=end]"))
    wait_until(lambda: film.evaluate("one => one.paused && one.currentTime >= 4.4"), 30)
    assert trainer.complaints == []
