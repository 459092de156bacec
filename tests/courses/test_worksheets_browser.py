"""A worksheet on a telephone whose line comes and goes: nothing that was typed is lost."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from courses.domain import enrolment as enrolments
from courses.models import FilledWorksheet
from tests.factories.courses import a_course, a_lesson
from tests.factories.people import an_employee
from tests.system import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.django_db(transaction=True)]


def written() -> list[str]:
    return [one["text"] for filled in FilledWorksheet.objects.all() for one in filled.written]


def test_what_is_typed_without_a_line_arrives_when_there_is_one(browser, live_server):
    prompts = [{"prompt": "¿Cuántos usuarios hay?", "lines": 2}, {"prompt": "¿Quién cobra?", "lines": 3}]
    lesson = a_lesson(a_course(), ("worksheet", {"title": "Mi padrón", "prompts": prompts}))
    person, client = an_employee(), Client()
    enrolments.enrol(person=person, course=lesson.course, by=person)
    client.force_login(person)
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="es-GT")
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": client.session.session_key, "url": live_server.url}
    context.add_cookies([cookie])
    address = reverse("courses:worksheet", args=[lesson.translation_key, "es", lesson.body[0].id])
    page = context.new_page()
    page.goto(live_server.url + address)
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.locator("textarea").first.fill("Doscientos")
    expect(page.locator("[data-state]")).to_contain_text("Guardado.")
    assert written() == ["Doscientos"]

    context.set_offline(True)
    page.locator("textarea").last.fill("Rosa, cada mes")
    expect(page.locator("[data-state]")).to_contain_text("Guardado en este aparato")
    page.get_by_role("button", name="Guardar").click()
    assert page.locator("textarea").last.input_value() == "Rosa, cada mes"
    page.close()
    assert written() == ["Doscientos"]

    context.set_offline(False)
    again = context.new_page()
    again.goto(live_server.url + address)
    assert again.locator("textarea").last.input_value() == "Rosa, cada mes"
    wait_until(lambda: written() == ["Doscientos", "Rosa, cada mes"], 60)
    expect(again.locator("[data-state]")).to_contain_text("Guardado.")
    assert again.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('aula.worksheet')).length") == 0
    context.close()
