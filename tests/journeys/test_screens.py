"""Every main screen on a telephone: no barrier, nothing wider than the window, no complaint, and few bytes."""

import pytest
from playwright.sync_api import Request

from scripts.screenshots import COURSE, LESSON

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.timeout(300)]

STAFF = "/personal/1302/"
DATA = "/mi-cuenta/datos-personales/"
SCREENS = {
    "": [
        "/entrar/",
        "/entrar/codigo/",
        "/entrar/recursos-humanos/",
        "/registro/",
        "/registro/menores/",
        "/registro/red/",
        "/invitacion/",
        "/rutas/",
        "/rutas/servir-en-la-dafim-demo/",
    ],
    "employee": ["/mi-aprendizaje/", COURSE, LESSON, "/mi-cuenta/", "/mi-cuenta/puestos/"],
    "graduate": [
        "/mi-expediente/",
        *(DATA + page for page in ("", "bitacora/", "descarga/", "correccion/", "borrado/")),
    ],
    "youth": ["/cursos/?family=OP"],
    "coordinator": ["/redes/"],
    "hr": [
        *(STAFF, f"{STAFF}formacion/", f"{STAFF}hoja/", "/personal/importar/nueva/", "/mi-cuenta/segundo-paso/"),
        *(f"{STAFF}asignaciones/nueva/", f"{STAFF}invitaciones/"),
    ],
    "departmental": ["/personal/", "/personal/formacion/", "/personal/rutas/"],
    "administrator": ["/seguimiento/", "/asignaciones/", "/asignaciones/nueva/"],
    "auditor": ["/seguimiento/?department=13"],
}
# Wagtail's own pages are heavy: those of ours among them, in one scheme of colours.
OFFICE = {
    "administrator": [
        "/cms/",
        *(f"/cms/{page}/" for page in ("personas/new", "roles/new", "duplicados", "duplicados/elegir", "uniones")),
        *(f"/cms/{page}/" for page in ("solicitudes", "puestos", "redes", "trabajos", "consumo")),
        *("/cms/rutas/", "/cms/rutas/add/"),
        *("/cms/almacenamiento/", "/cms/almacenamiento/new/", "/cms/almacenamiento/resumen/"),
    ],
    "trainer": ["/cms/", "/cms/presencial/", "/cms/videos/", "/cms/videos/new/"],
    "auditor": ["/cms/", "/cms/personas/", "/cms/roles/", "/cms/roles/en-un-dia/", "/cms/bitacora/"],
}
FIRST_VISIT_BYTES = 100_000
SECOND_VISIT_BYTES = 15_000


def what_is_wrong(visitor, path: str, *schemes: str) -> list[str]:
    """Open a page; what keeps somebody from using it, in each scheme of colours."""
    status = visitor.goto(path).status
    found = [] if status == 200 else [f"answers {status}"]
    if visitor.page.locator("h1").count() != 1:
        found.append("not one heading")
    found += visitor.what_scrolls_sideways()
    for scheme in schemes:
        # Without motion, no colour is caught on its way to another.
        visitor.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found += [f"{scheme}: {one}" for one in visitor.barriers()]
    return found


@pytest.mark.parametrize("account", SCREENS)
def test_no_screen_has_a_barrier(visit, account):
    visitor = visit(account, width=360)
    wrong = {path: what_is_wrong(visitor, path, "light", "dark") for path in SCREENS[account]}
    assert {path: found for path, found in wrong.items() if found} == {}
    assert visitor.complaints == []


@pytest.mark.parametrize("account", OFFICE)
def test_no_screen_of_the_back_office_has_a_barrier(visit, account):
    visitor = visit(account, width=360)
    wrong = {path: what_is_wrong(visitor, path, "light") for path in OFFICE[account]}
    wrong |= {path: what_is_wrong(visitor, path, "light") for path in single_records(visitor, account)}
    assert {path: found for path, found in wrong.items() if found} == {}
    assert visitor.complaints == []


def single_records(visitor, account: str) -> list[str]:
    """Pages on one person, on two side by side, on one event."""
    links = "links => links.map(one => one.getAttribute('href'))"

    def listed(path: str, links_at: str = "main .listing td.title a") -> list[str]:
        visitor.goto(path)
        return visitor.page.locator(links_at).evaluate_all(links)

    if account == "auditor":
        person = listed("/cms/personas/?q=encino")[0]
        return [person, person.replace("personas/inspect", "roles/en-el-tiempo"), listed("/cms/bitacora/")[0]]
    if account == "trainer":
        key = listed("/cms/videos/", "main h2 a[href*=edit]")[0].rstrip("/").rpartition("/")[2]
        pages = ("edit/{}/", "cortes/{}/", "pistas/{}/", "subtitulos/{}/en/es/")
        return [f"/cms/videos/{page.format(key)}" for page in pages]
    one, other = (path.rstrip("/").rpartition("/")[2] for path in listed("/cms/personas/")[:2])
    return [f"/cms/personas/edit/{one}/", f"/cms/duplicados/comparar/{one}/{other}/"]


def test_no_page_on_somebody_of_the_staff_has_a_barrier(visit):
    visitor = visit("hr", width=360)
    visitor.goto(f"{STAFF}?q=izote")
    visitor.page.click("main table a:has-text('Izote')")
    links = "links => links.map(one => one.getAttribute('href')).filter(path => path.length > '/personal/1302/'.length)"
    paths = visitor.page.locator("main a[href^='/personal/']").evaluate_all(links)
    assert {path.rstrip("/").rpartition("/")[2] for path in paths} == {
        "datos", "acceso", "formacion", "fin", "traslado", "anulacion", "correccion", "nombramiento",
    }  # fmt: skip
    wrong = {path: what_is_wrong(visitor, path, "light", "dark") for path in paths}
    assert {path: found for path, found in wrong.items() if found} == {}
    assert visitor.complaints == []


@pytest.mark.parametrize("account", ["hr", "administrator"])
def test_the_menu_takes_one_row_on_a_desk(visit, account):
    visitor = visit(account, width=1280)
    visitor.goto("/mi-cuenta/")
    assert visitor.page.locator(".site-in").bounding_box()["height"] < 70


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
    # What a service worker passes on has no size here; it passes on what it is given.
    visitor = visit("employee", width=360, service_workers="block")
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
