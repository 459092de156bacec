"""The outbox in a real browser: whose things it sends, what it tells, what it keeps."""

import uuid

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect

from courses.models import ActivityCompletion, LearningEvent
from tests.courses.event_cases import a_learner
from tests.courses.test_recorder import STORED, a_page
from tests.system import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.django_db(transaction=True)]
PUT = """(rows) => new Promise((done) => { const asked = indexedDB.open("aula", 1);
  asked.onsuccess = () => { const work = asked.result.transaction("segments", "readwrite");
    rows.forEach((row) => work.objectStore("segments").put(row));
    work.oncomplete = () => { asked.result.close(); done(rows.length); }; }; })"""
KEPT = STORED.replace("all.result.length", "all.result.map((one) => one.id)")


@pytest.fixture
def phone(browser, live_server):
    """A telephone on "Mi aprendizaje", and whose it is."""
    learner = a_learner()
    context, page = a_page(browser, live_server, learner.person, b"")
    page.goto(live_server.url + "/mi-aprendizaje/")
    expect(page.locator("[data-state]")).to_have_text("En línea")
    yield context, page, learner
    context.close()


def a_row(person, token: str, **fields) -> dict:
    made = {"id": str(uuid.uuid4()), "person": str(person.public_id), "device": str(uuid.UUID(int=3)), "kind": "read"}
    return {**made, "token": token, "clock": 5, "course_version": "1.7", **fields}


def test_what_is_refused_is_told_in_words_and_not_sent_again(phone):
    _context, page, learner = phone
    refused = a_row(learner.person, learner.tokens["quiz"])
    spoilt = a_row(learner.person, learner.tokens["reading"], kind="nobody knows")
    good = a_row(learner.person, learner.tokens["reading"])
    page.evaluate(PUT, [refused, spoilt, good])
    page.reload()
    told = page.locator("[data-refused] li")
    expect(told).to_have_count(2)
    said = {"Esto no se completa solo con leerlo.", "No se pudo leer. Abra la página de nuevo."}
    assert set(told.all_text_contents()) == said
    assert page.evaluate(KEPT) == []
    assert ActivityCompletion.objects.get().activity == learner.reading
    page.reload()
    expect(page.locator("[data-state]")).to_have_text("En línea")
    expect(page.locator("[data-refused]")).to_be_hidden()
    assert LearningEvent.objects.count() == 2


def test_what_another_person_left_is_not_sent(phone):
    _context, page, learner = phone
    other = a_learner()
    theirs = a_row(other.person, other.tokens["reading"])
    bodies: list[str] = []
    page.on("request", lambda request: bodies.append(request.post_data or ""))
    page.evaluate(PUT, [theirs, a_row(learner.person, learner.tokens["reading"])])
    page.reload()
    wait_until(ActivityCompletion.objects.exists, 60)
    wait_until(lambda: page.evaluate(KEPT) == [theirs["id"]], 60)
    assert not [body for body in bodies if theirs["id"] in body]
    assert list(ActivityCompletion.objects.values_list("enrolment", flat=True)) == [learner.enrolment.pk]


def test_a_server_that_fails_loses_nothing_and_is_asked_again(phone, monkeypatch):
    """The server itself fails, not a route of the page: the service worker asks it, too, and would be answered."""
    _context, page, learner = phone
    asked = []

    def fail(**_batch):
        asked.append(1)
        raise RuntimeError("the server fails")

    with monkeypatch.context() as failing:
        failing.setattr("courses.domain.events.record", fail)
        page.evaluate(PUT, [a_row(learner.person, learner.tokens["reading"])])
        page.reload()
        expect(page.locator("[data-state]")).to_have_text("En línea · 1 avance por enviar")
        before = len(asked)
        page.get_by_role("button", name="Enviar ahora").click()
        wait_until(lambda: len(asked) > before, 30)
        assert page.evaluate(STORED) == 1
        assert not LearningEvent.objects.exists()
    # By the button or without it: the outbox or the service worker may be first.
    page.evaluate("document.querySelector('[data-send]').click()")
    expect(page.locator("[data-state]")).to_have_text("En línea", timeout=60_000)
    wait_until(lambda: page.evaluate(STORED) == 0, 60)
    assert ActivityCompletion.objects.get().activity == learner.reading


def test_somebody_else_came_in_on_another_page(phone):
    """A page of before still stands open; its person's things wait for them."""
    context, page, learner = phone
    other = a_learner()
    stranger = Client()
    stranger.force_login(other.person)
    key = stranger.session.session_key
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": page.url.partition("mi-aprendizaje")[0]}]
    )
    page.evaluate(PUT, [a_row(learner.person, learner.tokens["reading"])])
    page.evaluate("window.outbox.flush()")
    expect(page.locator("[data-state]")).to_have_text("Entre de nuevo para enviar sus avances · 1 avance por enviar")
    assert page.evaluate(STORED) == 1
    assert not LearningEvent.objects.exists()
