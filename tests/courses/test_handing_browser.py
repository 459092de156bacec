"""Handing in files on a line that is cut: what arrived is kept once, what did not goes again by itself."""

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect

from courses.models import HandedFile
from tests.courses.test_handing_in import an_attempt, page, trainer
from tests.factories.papers import PDF

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.django_db(transaction=True)]
__all__ = ["trainer"]
STATE = "[data-autosave-state]"


@pytest.fixture
def taking(browser, live_server, trainer):
    """A person's telephone at a question that asks for files, and its attempt."""
    attempt = an_attempt(trainer)
    client = Client()
    client.force_login(attempt.enrolment.person)
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="es-GT")
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": client.session.session_key, "url": live_server.url}
    context.add_cookies([cookie])
    tab = context.new_page()
    tab.goto(live_server.url + page(attempt))
    yield tab, attempt
    context.close()


def a_file(name: str, content: bytes = PDF) -> dict:
    return {"name": name, "mimeType": "application/pdf", "buffer": content}


def test_a_cut_before_and_one_after_it_arrived_leave_each_file_once(taking):
    tab, attempt = taking
    said: list[str] = []

    def cut(route) -> None:
        """The first never arrives; of the second the answer is lost; the others pass."""
        if route.request.method != "POST" or len(said) >= 2:
            route.continue_()
            return
        said.append("cut")
        if len(said) == 2:
            route.fetch()
        route.abort()

    tab.route("**/*", cut)
    tab.set_input_files("[name=answer]", [a_file("plan.pdf"), a_file("acta.pdf")])
    tab.click("[name=go][value=stay]")
    expect(tab.locator(STATE)).to_contain_text("Se cortó la señal", timeout=60_000)
    expect(tab.locator(".handed-files li")).to_have_count(2, timeout=60_000)
    assert sorted(HandedFile.objects.values_list("name", flat=True)) == ["acta.pdf", "plan.pdf"]
    assert len(attempt.answers.get().given["files"]) == 2
    tab.click("[name=go][value=next]")
    expect(tab.locator("h1")).to_contain_text("Revise antes de enviar", timeout=60_000)


def test_what_is_refused_is_said_and_what_is_chosen_stays(taking):
    tab, _attempt = taking
    tab.set_input_files("[name=answer]", [a_file("plan.pdf"), a_file("virus.exe", b"MZ" + bytes(200))])
    tab.click("[name=go][value=stay]")
    expect(tab.locator(STATE)).to_contain_text("Ese archivo no se puede entregar aquí", timeout=60_000)
    assert HandedFile.objects.get().name == "plan.pdf"
    assert tab.evaluate("document.querySelector('[name=answer]').files.length") == 2


def test_a_session_that_ended_loses_no_choice(taking):
    tab, _attempt = taking
    tab.context.clear_cookies()
    tab.set_input_files("[name=answer]", [a_file("plan.pdf")])
    tab.click("[name=go][value=stay]")
    expect(tab.locator(STATE)).to_contain_text("su sesión se cerró", timeout=60_000)
    assert tab.evaluate("document.querySelector('[name=answer]').files.length") == 1
