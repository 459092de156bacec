"""Every main screen on a telephone: no barrier, nothing wider than the window, no complaint, and few bytes."""

import pytest
from playwright.sync_api import Request

from scripts.screenshots import COURSE, LESSON

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

SCREENS = [
    ("employee", "/mi-aprendizaje/"),
    ("employee", COURSE),
    ("employee", LESSON),
    ("employee", "/mi-cuenta/"),
    ("employee", "/mi-cuenta/puestos/"),
    ("graduate", "/mi-expediente/"),
    ("youth", "/cursos/?family=OP"),
    ("coordinator", "/redes/"),
    ("administrator", "/seguimiento/"),
    ("auditor", "/seguimiento/?department=13"),
]
FIRST_VISIT_BYTES = 100_000
SECOND_VISIT_BYTES = 15_000


@pytest.mark.parametrize(("account", "path"), SCREENS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_screen_is_without_barriers(visit, account, path, scheme):
    visitor = visit(account, width=360, color_scheme=scheme)
    assert visitor.goto(path).status == 200
    assert visitor.page.locator("h1").count() == 1
    assert visitor.what_scrolls_sideways() == []
    assert visitor.barriers() == []
    assert visitor.complaints == []


def test_the_keyboard_reaches_the_content_and_every_link_shows_where_it_is(visit):
    visitor = visit("employee", width=1280)
    page = visitor.page
    visitor.goto(COURSE)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#contenido"
    for _step in range(5):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_a_lesson_costs_few_bytes_and_a_second_visit_fewer(visit):
    visitor = visit("employee", width=360)
    costs: list[int] = []

    def count(request: Request) -> None:
        if request.resource_type in {"document", "stylesheet", "script"}:
            costs.append(request.sizes()["responseBodySize"])

    visitor.page.on("requestfinished", count)
    visitor.goto(LESSON)
    visitor.page.wait_for_load_state("networkidle")
    first = sum(costs)
    costs.clear()
    visitor.goto(LESSON)
    visitor.page.wait_for_load_state("networkidle")
    assert 0 < first <= FIRST_VISIT_BYTES
    assert 0 < sum(costs) <= SECOND_VISIT_BYTES
    assert not [
        path
        for path in visitor.page.evaluate("performance.getEntriesByType('resource').map(e => e.name)")
        if ".mp4" in path
    ]


@pytest.mark.parametrize("account", ["employee"])
def test_reading_watching_and_answering_work_without_javascript(visit, account):
    visitor = visit(account, width=360, java_script_enabled=False)
    page = visitor.page
    visitor.goto(LESSON)
    assert page.locator("video[controls][src*='.mp4']").count() == 1
    answer = page.context.request.get(
        visitor.url + page.locator("video").get_attribute("src").partition("#")[0], headers={"Range": "bytes=0-99"}
    )
    assert (answer.status, len(answer.body())) == (206, 100)
    visitor.goto(COURSE)
    page.locator(".thread a").last.click()
    page.click("button:has-text('Responder el cuestionario'), button:has-text('Seguir respondiendo')")
    page.locator("label.option input").first.check()
    page.click("button[value=review]")
    assert "Revise antes de enviar" in page.locator("h1").inner_text()
