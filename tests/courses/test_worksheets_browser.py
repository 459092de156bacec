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


def test_what_two_telephones_typed_without_a_line_is_all_kept(browser, live_server):
    lesson = a_lesson(
        a_course(), ("worksheet", {"title": "Mi padrón", "prompts": [{"prompt": "¿Cuántos?", "lines": 2}]})
    )
    person, client = an_employee(), Client()
    enrolments.enrol(person=person, course=lesson.course, by=person)
    client.force_login(person)
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": client.session.session_key, "url": live_server.url}
    address = reverse("courses:worksheet", args=[lesson.translation_key, "es", lesson.body[0].id])
    contexts = [browser.new_context(viewport={"width": 360, "height": 740}, locale="es-GT") for _each in range(2)]
    pages = []
    for context, text in zip(contexts, ("Hay 200 en el pueblo", "Hay 30 en la aldea"), strict=True):
        context.add_cookies([cookie])
        page = context.new_page()
        page.goto(live_server.url + address)
        context.set_offline(True)
        page.locator("textarea").fill(text)
        expect(page.locator("[data-state]")).to_contain_text("Guardado en este aparato")
        pages.append(page)
    contexts[0].set_offline(False)
    expect(pages[0].locator("[data-state]")).to_contain_text("Guardado.")
    contexts[1].set_offline(False)
    expect(pages[1].locator("[data-state]")).to_contain_text("Quedaron las dos respuestas")
    both = "Hay 200 en el pueblo\n\nHay 30 en la aldea"
    assert pages[1].locator("textarea").input_value() == both
    assert written() == [both]
    # The first does not know of it, and goes on with what it has.
    pages[0].locator("textarea").press("End")
    pages[0].locator("textarea").press_sequentially(", contados")
    expect(pages[0].locator("[data-state]")).to_contain_text("Quedaron las dos respuestas")
    wait_until(lambda: all(text in written()[0] for text in (both, "contados")), 60)
    for context in contexts:
        context.close()
