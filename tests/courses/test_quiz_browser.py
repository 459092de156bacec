"""A quiz with a question of each kind, on a telephone: saved as one goes, without a barrier, ended by its clock."""

import os
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from courses.models import Attempt, QuizItem
from courses.questions import Essay
from tests.courses.test_grading import a_quiz_to_take, started
from tests.courses.test_quiz_pages import KINDS
from tests.factories.courses import a_question
from tests.system import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.django_db(transaction=True)]
GAPS = 'Una <span data-gap="g"></span> y otra <span data-gap="h"></span>.'
SHOTS = os.environ.get("QUIZ_SHOTS", "")


@pytest.fixture
def taking(browser, live_server):
    """A person's telephone, an attempt at a quiz with one question of each kind, and what the browser complains of."""
    enrolment, activity = a_quiz_to_take(questions=1, minutes=30)
    for order, (kind, (body, _form)) in enumerate(KINDS.items(), start=1):
        asked = a_question(f"Clase {kind}", prose=GAPS if kind == "cloze" else f"<p>¿Cómo es {kind}?</p>", body=body)
        QuizItem.objects.create(quiz=activity.quiz, question=asked, sort_order=order)
    essay = a_question("Texto", body=Essay(least_words=3))
    QuizItem.objects.create(quiz=activity.quiz, question=essay, sort_order=50)
    attempt = started(enrolment, activity)
    client = Client()
    client.force_login(enrolment.person)
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="es-GT")
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": client.session.session_key, "url": live_server.url}
    context.add_cookies([cookie])
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
    page.goto(live_server.url + reverse("courses:attempt_question", args=[attempt.public_id, 1]))
    yield page, attempt, complaints
    context.close()


def fill(page, form: dict[str, str]) -> None:
    """What the form says, by whatever field there is."""
    for name, value in form.items():
        field = page.locator(f"[name='{name}']")
        if field.first.evaluate("one => one.type") in {"radio", "checkbox"}:
            page.check(f"[name='{name}'][value='{value}']")
        elif field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


def barriers(page) -> list[str]:
    found = Axe().run(page).response["violations"]
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [one["id"] for one in found if one["impact"] in {"serious", "critical"}] + ["wide"] * wide


def test_each_kind_is_answered_saved_by_itself_and_without_a_barrier(taking):
    page, attempt, complaints = taking
    fills = [{}, *(form for _body, form in KINDS.values()), {"answer": "Con el agua de todos."}]
    for number, form in enumerate(fills, start=1):
        expect(page.locator("#place")).to_contain_text(f"Pregunta {number} de {len(fills)}")
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/q{number}.png", full_page=True)
        assert barriers(page) == []
        if form:
            fill(page, form)
        else:
            page.locator("label.option").first.click()
        expect(page.locator("[data-autosave-state]")).to_contain_text("Respuesta guardada")
        page.locator("[name=go][value=next]").click()
    assert barriers(page) == []
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/review.png", full_page=True)
    page.locator(".quiz-send").click()
    expect(page.locator("h1")).to_contain_text("Recibimos sus respuestas")
    assert barriers(page) == []
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/result.png", full_page=True)
    worth = list(attempt.answers.values_list("percent", flat=True))
    assert [int(one) for one in worth[1:-1]] == [100] * len(KINDS)
    assert worth[-1] is None
    assert complaints == []


def test_what_is_typed_is_there_after_the_page_is_closed(taking):
    page, attempt, _complaints = taking
    page.goto(page.url.rsplit("/", 2)[0] + "/4/")
    page.locator("[name=answer]").press_sequentially("mam")
    wait_until(lambda: attempt.answers.get(order=4).given == {"text": "mam"}, 30)
    page.reload()
    expect(page.locator("[name=answer]")).to_have_value("mam")


def test_the_clock_sends_what_is_there(taking):
    page, attempt, _complaints = taking
    Attempt.objects.update(ends_at=timezone.now() + timedelta(seconds=3))
    page.reload()
    page.locator("label.option").first.click()
    expect(page.locator("h1")).to_contain_text("Todavía no lo aprueba", timeout=60_000)
    attempt.refresh_from_db()
    assert attempt.closed_at is not None
    assert attempt.answers.get(order=1).answered_at is not None
