"""The recorder in a real browser: what is played while the line is down arrives when it is back, and only once."""

import subprocess

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect

from courses.domain import bitmap
from courses.models import WatchProgress, WatchSegment
from tests.courses.watching_cases import a_viewer
from tests.factories.people import an_employee

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
STORED = """new Promise((done) => { const asked = indexedDB.open("aula", 1);
  asked.onsuccess = () => { const all = asked.result.transaction("segments").objectStore("segments").getAll();
    all.onsuccess = () => { asked.result.close(); done(all.result.length); }; }; })"""
PLAY = "(at) => { const v = document.querySelector('video'); v.muted = true; v.currentTime = at; return v.play(); }"
PAUSE = "document.querySelector('video').pause()"


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    source = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=10:duration=20"]
    flags = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    subprocess.run(["ffmpeg", "-loglevel", "error", *source, *flags, str(path)], check=True)
    return path.read_bytes()


def serve(route, film):
    """The film by byte ranges, or the browser could not seek."""
    first, _dash, last = route.request.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")
    start, end = int(first), min(int(last or len(film)), len(film) - 1)
    headers = {"Content-Range": f"bytes {start}-{end}/{len(film)}", "Accept-Ranges": "bytes"}
    route.fulfill(status=206, body=film[start : end + 1], headers=headers, content_type="video/mp4")


def a_page(browser, live_server, person, film):
    client = Client()
    client.force_login(person)
    context = browser.new_context(viewport={"width": 360, "height": 800}, locale="es-GT")
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": client.session.session_key, "url": live_server.url}
    context.add_cookies([cookie])
    context.route("**/video/**/*.mp4", lambda route: serve(route, film))
    return context, context.new_page()


def test_a_cut_line_loses_nothing_and_sends_nothing_twice(browser, live_server, film):
    viewer = a_viewer(length=20)
    context, page = a_page(browser, live_server, viewer.person, film)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(live_server.url + viewer.lesson.url)
    state = page.locator("[data-state]")
    expect(state).to_have_text("En línea")
    page.evaluate(PLAY, 0)
    page.wait_for_timeout(1500)
    context.set_offline(True)
    page.wait_for_timeout(1500)
    page.evaluate(PAUSE)
    expect(state).to_have_text("Sin conexión · 1 avance por enviar")
    page.evaluate(PLAY, 10)
    page.wait_for_timeout(2500)
    page.evaluate(PAUSE)
    expect(state).to_have_text("Sin conexión · 2 avances por enviar")
    assert page.evaluate(STORED) == 2
    assert not WatchSegment.objects.exists()
    context.set_offline(False)
    expect(page.locator("[data-bar] rect")).to_have_count(2)
    assert page.evaluate(STORED) == 0
    stored = WatchProgress.objects.get()
    (first, second) = bitmap.runs_of(stored.bitmap)
    assert (first[0], second[0]) == (0, 10)
    assert stored.covered_seconds == bitmap.count(stored.bitmap) >= 4
    assert WatchSegment.objects.filter(is_offline=True, grade="A").count() == 2
    assert problems == []


def test_what_one_page_left_behind_is_sent_by_the_next_but_only_under_its_own_person(browser, live_server, film):
    viewer = a_viewer(length=20)
    context, page = a_page(browser, live_server, viewer.person, film)
    page.goto(live_server.url + viewer.lesson.url)
    context.set_offline(True)
    page.evaluate(PLAY, 0)
    page.wait_for_timeout(1500)
    page.evaluate(PAUSE)
    expect(page.locator("[data-state]")).to_have_text("Sin conexión · 1 avance por enviar")
    page.close()

    other = a_viewer(length=20, course=viewer.course, person=an_employee())
    stranger = Client()
    stranger.force_login(other.person)
    mine = context.cookies()
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": stranger.session.session_key, "url": live_server.url}]
    )
    # The browser itself may send now what waits; the server takes nothing from a stranger.
    context.set_offline(False)
    page = context.new_page()
    page.goto(live_server.url + other.lesson.url)
    page.wait_for_timeout(1000)
    assert page.evaluate(STORED) == 1
    assert not WatchSegment.objects.exists()

    context.add_cookies([cookie for cookie in mine if cookie["name"] == settings.SESSION_COOKIE_NAME])
    page.goto(live_server.url + other.lesson.url)
    for _attempt in range(50):
        if not page.evaluate(STORED):
            break
        page.wait_for_timeout(100)
    stored = WatchSegment.objects.get()
    assert (stored.activity, stored.grade) == (viewer.activity, "A")


def test_a_page_hears_what_the_browser_sent_in_its_place(browser, live_server, film):
    viewer = a_viewer(length=20)
    context, page = a_page(browser, live_server, viewer.person, film)
    page.goto(live_server.url + viewer.lesson.url)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    context.set_offline(True)
    page.evaluate(PLAY, 0)
    page.wait_for_timeout(1500)
    page.evaluate(PAUSE)
    state = page.locator("[data-state]")
    expect(state).to_have_text("Sin conexión · 1 avance por enviar")
    page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('not by the page')); }")
    context.set_offline(False)
    (worker,) = context.service_workers
    worker.evaluate("(person) => flush(person)", str(viewer.person.public_id))
    expect(page.locator("[data-bar] rect")).to_have_count(1)
    expect(state).not_to_contain_text("por enviar")
    assert page.evaluate(STORED) == 0
    assert page.evaluate("outbox.waiting()") == []
    assert WatchSegment.objects.get().grade == "A"
