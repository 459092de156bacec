"""The bank's pages in a real browser: as wide as a telephone, without a barrier, and a question chosen for a quiz."""

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.db import connections
from django.urls import reverse
from playwright.sync_api import expect, sync_playwright

from courses.models import BankQuestion, Topic
from courses.question_forms import KINDS
from tests import browsers
from tests.clients import FullClient
from tests.courses.test_bank_files import GIFT
from tests.courses.test_marking_office import RUBRIC, address, handed_in
from tests.courses.test_question_writing import BODIES, GAPS_TEXT
from tests.factories.courses import a_question
from tests.factories.people import somebody_with_role

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("BANK_SHOTS", "")
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def window(monkeypatch, live_server):
    """A page of somebody who writes courses, and what it complains of; `person` is who."""
    # Playwright's loop runs in this thread; the test still asks the database itself.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as playwright:
        chromium = browsers.launch(playwright)
        page = chromium.new_context(locale="es-GT").new_page()
        page.set_default_timeout(30_000)
        client, page.person = FullClient(), somebody_with_role("trainer")
        client.force_login(page.person)
        key = client.session.session_key
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}])
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.look = lambda path, name, *widths: look(page, live_server.url + path, name, *widths)
        yield page
        chromium.close()
        connections.close_all()


def look(page, url: str, name: str, *widths: int) -> None:
    """At both widths, unless one is named: nothing sideways, nothing serious for axe."""
    for width in widths or (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        if url:
            page.goto(url)
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{name}-{width}.png", full_page=True)
        assert page.evaluate(SIDEWAYS) <= 0, (name, width)
        found = Axe().run(page).response["violations"]
        serious = [one["id"] for one in found if one["impact"] in {"serious", "critical"}]
        assert serious == [], (name, width, [one["nodes"][0]["html"] for one in found])


def every_kind(person) -> list[BankQuestion]:
    topic = Topic.objects.create(name="Agua", made_by=person)
    made = []
    for kind in KINDS:
        prose = GAPS_TEXT if kind == "cloze" else "<p>¿Cómo se cobra el servicio?</p>"
        body = {"kind": kind, **BODIES[kind]}
        said = a_question().latest.said.model_validate({"name": "x", "text": prose, "body": body})
        made.append(a_question(f"Clase {kind}", body=said.body, prose=prose, made_by=person, topic=topic))
    return made


def test_every_page_fits_a_telephone_and_has_no_barrier(window):
    made = every_kind(window.person)
    for name in ("index", "kinds", "topics", "topic_add", "import"):
        window.look(reverse(f"courses_bank:{name}"), name)
    for question in made:
        window.look(reverse("courses_bank:edit", args=[question.public_id]), f"edit-{question.kind}", 360)
        window.look(reverse("courses_bank:preview", args=[question.public_id]), f"preview-{question.kind}", 360)
    window.look(reverse("courses_bank:history", args=[made[0].public_id]), "history")
    (answer,) = handed_in(RUBRIC, owner=window.person)
    window.look(reverse("courses_marking:index"), "marking")
    window.look(address(answer), "mark")
    assert window.complaints == []


def test_a_file_is_looked_at_and_taken_in(window, live_server):
    window.goto(live_server.url + reverse("courses_bank:import"))
    file = {"name": "preguntas.txt", "mimeType": "text/plain", "buffer": GIFT.encode()}
    window.set_input_files("[name=file]", file)
    window.get_by_role("button", name="Ver lo que trae").click()
    expect(window.get_by_text("2 preguntas")).to_be_visible(timeout=30_000)
    look(window, "", "look")
    window.get_by_role("button", name="Traer al banco").click()
    expect(window.get_by_text("Se trajeron 2 preguntas.")).to_be_visible(timeout=30_000)
    assert BankQuestion.objects.filter(made_by=window.person).count() == 2


def test_a_question_is_chosen_for_a_quiz_in_the_dialogue(window, live_server):
    every_kind(window.person)
    window.goto(live_server.url + reverse("wagtailsnippets_courses_quiz:add"))
    window.get_by_role("textbox", name="Título").fill("Del agua")
    window.get_by_role("button", name="Elegir una pregunta").first.click()
    window.locator(".modal-body #id_q").fill("clase ESSAY")
    expect(window.locator(".modal-body .listing tbody tr")).to_have_count(1, timeout=30_000)
    window.get_by_role("link", name="Clase essay").click()
    expect(window.get_by_text("Clase essay")).to_be_visible(timeout=30_000)
    look(window, "", "quiz")
    assert window.complaints == []
