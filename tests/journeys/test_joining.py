"""From a town hall's assignment and a code on paper to a course on somebody's own page, in a browser."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]
CHIANTLA = "/personal/1302"


def is_well_made(visitor) -> None:
    """Nothing wider than the window, no barrier."""
    assert visitor.what_scrolls_sideways() == []
    assert visitor.barriers() == []


def choose_course(page: Page, words: str) -> None:
    option = page.locator("select[name=course] option", has_text=words)
    page.select_option("select[name=course]", value=option.get_attribute("value"))


@pytest.mark.parametrize("width", [360, 1280])
def test_a_delegate_assigns_a_course_to_whom_she_sees(visit, width):
    hr = visit("hr", width=width)
    page, main = hr.page, hr.page.locator("main")
    hr.goto(f"{CHIANTLA}/")
    page.click("main a:has-text('Asignar cursos')")
    is_well_made(hr)
    page.click("main a:has-text('Asignar un curso')")
    is_well_made(hr)
    choose_course(page, "ingresos propios")
    page.fill("input[name=due_days]", "15")
    page.fill("input[name=reason]", "Lo pide el plan de este año.")
    page.click("text=Ver a quién le llega")
    expect(main.locator("h2")).to_contain_text("A quién le llega")
    expect(main).to_contain_text("Izote Demo, Víctor Manuel")
    is_well_made(hr)
    page.locator("label:has-text('Izote Demo') input").check()
    page.click("text=Asignar solo a las marcadas")
    expect(main).to_contain_text("Izote Demo, Víctor Manuel")
    expect(main).to_contain_text("Solo estas personas")
    is_well_made(hr)

    def is_in() -> bool:
        page.reload()
        return "En curso" in main.inner_text()

    for _try in range(60):
        if is_in():
            break
        page.wait_for_timeout(500)
    assert is_in()
    page.click("text=Terminar esta asignación")
    page.click("text=Sí, terminarla")
    expect(main).to_contain_text("Terminó el")
    assert hr.complaints == []


def test_a_code_on_paper_is_typed_on_a_telephone(visit):
    hr = visit("hr", width=360)
    page = hr.page
    hr.goto(f"{CHIANTLA}/invitaciones/")
    is_well_made(hr)
    choose_course(page, "agua")
    page.fill("input[name=max_uses]", "3")
    page.click("text=Hacer la invitación >> nth=-1")
    code = page.locator("main .big").inner_text()
    assert re.fullmatch(r"[A-Z2-9]{4}-[A-Z2-9]{4}", code)
    assert page.locator("main img.qr").evaluate("image => image.naturalWidth") > 0
    is_well_made(hr)

    other = visit("by_cui", width=360)
    other.goto("/invitacion/")
    is_well_made(other)
    other.page.fill("input[name=code]", code.lower().replace("-", " "))
    other.page.click("main form button")
    expect(other.page.locator("main")).to_contain_text("Le invitan al curso")
    is_well_made(other)
    assert (hr.complaints, other.complaints) == ([], [])


@pytest.mark.parametrize("width", [360, 1280])
def test_the_own_page_says_what_is_due_and_what_the_post_asks(visit, width):
    employee = visit("employee", width=width)
    main = employee.page.locator("main")
    employee.goto("/mi-aprendizaje/")
    expect(main).to_contain_text("Se lo asignó ANAM, hasta el")
    expect(main).to_contain_text("Le faltan 2 de 2 cursos:")
    is_well_made(employee)
    employee.page.click("main a:has-text('Para servir en la DAFIM')")
    expect(main.locator("h1")).to_contain_text("Para servir en la DAFIM")
    is_well_made(employee)
    assert employee.complaints == []


@pytest.mark.parametrize("width", [360, 1280])
def test_who_follows_sees_who_lacks_what(visit, width):
    follower = visit("administrator", width=width)
    page, main = follower.page, follower.page.locator("main")
    follower.goto("/personal/rutas/")
    expect(main).to_contain_text("Ejemplo Demo, Ana Lucía")
    is_well_made(follower)
    follower.goto("/personal/rutas/?path=servir-en-la-dafim-demo&state=completa")
    expect(main).not_to_contain_text("Ejemplo Demo, Ana Lucía")
    is_well_made(follower)
    for address in ("/asignaciones/", "/asignaciones/nueva/", "/rutas/"):
        follower.goto(address)
        is_well_made(follower)
    page.goto(follower.url + "/asignaciones/")
    page.click("main table a >> nth=0")
    expect(main).to_contain_text("Ejemplo Demo, Ana Lucía")
    is_well_made(follower)
    assert follower.complaints == []
