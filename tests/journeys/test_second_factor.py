"""The second step and the shared telephone, in a real browser: an application of codes, a passkey, the next person."""

import re
import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

pytestmark = [pytest.mark.journey, pytest.mark.once]
PASSWORD = "puente-y-camino-26"
EMAILS = [f"paso{number}{time.time_ns()}@example.org" for number in range(3)]
MAKE = f"""
from lms.domain import people, roles
for email in {EMAILS}:
    person = people.register(given_names="Prueba", surnames="Del Segundo Paso", password="{PASSWORD}", email=email)
    roles.grant(person=person, role="auditor", by=None)
"""
INDEX = "/mi-cuenta/segundo-paso/"


def application(secret: str) -> str:
    """What an application of codes on a telephone shows now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


@pytest.fixture(scope="module")
def holders(running_system) -> list[str]:
    """As many as the tests here ask for, made at once."""
    running_system.python(MAKE)
    return list(EMAILS)


@pytest.fixture
def holder(holders) -> str:
    """Somebody with a role who is not of the demo: the second step is asked of them even here."""
    return holders.pop()


def arrived(visitor, path: str) -> None:
    """Wait until the page is this one, not one that leads to it."""
    visitor.page.wait_for_url(visitor.url + path)


def looks_right(visitor) -> None:
    assert visitor.barriers() == []
    assert visitor.what_scrolls_sideways() == []


@pytest.mark.parametrize("width", [360, 1280])
def test_an_application_is_set_up_and_asked_for_the_next_time(visit, holder, width):
    visitor = visit(width=width)
    page = visitor.page
    visitor.goto("/entrar/")
    looks_right(visitor)
    visitor.sign_in(holder, PASSWORD)
    assert page.url.startswith(f"{visitor.url}{INDEX}")
    assert visitor.goto("/cms/").url.startswith(f"{visitor.url}{INDEX}")
    looks_right(visitor)
    page.get_by_role("link", name="Agregar la aplicación").click()
    looks_right(visitor)
    box = page.locator("img.qr").evaluate("image => [image.complete, image.naturalWidth]")
    assert box[0]
    assert box[1] > 0
    page.get_by_text("No puedo usar la cámara").click()
    secret = page.locator(".secret").inner_text().strip()
    page.get_by_label("Código de seis números").fill("000000")
    page.get_by_role("button", name="Agregar").click()
    assert "El código no es ese" in page.locator("main").inner_text()
    page.get_by_label("Código de seis números").fill(application(secret))
    page.get_by_role("button", name="Agregar").click()
    page.wait_for_url("**/codigos/")
    looks_right(visitor)
    codes = page.locator(".codes li").all_inner_texts()
    assert len(codes) == 10
    page.get_by_role("link", name="Ya los copié").click()
    looks_right(visitor)
    page.get_by_role("link", name="Seguir").click()
    page.wait_for_url("**/cms/")

    later = visit(width=width)
    later.goto("/entrar/?next=/mi-cuenta/")
    later.page.get_by_label("CUI, correo o teléfono").fill(holder)
    later.page.get_by_label("Contraseña").fill(PASSWORD)
    later.page.get_by_role("button", name="Entrar", exact=True).click()
    later.page.wait_for_url("**/entrar/segundo-paso/")
    looks_right(later)
    later.page.get_by_label("Código", exact=True).fill(codes[3])
    later.page.get_by_role("button", name="Entrar").click()
    arrived(later, "/mi-cuenta/")
    looks_right(later)
    # Chromium reports the refused forms (422) as failed loads.
    assert [one for one in visitor.complaints + later.complaints if "422" not in one] == []


def test_a_passkey_is_the_second_step_and_lets_in_by_itself(visit, holder):
    visitor = visit()
    page = visitor.page
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    made = device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    visitor.sign_in(holder, PASSWORD)
    page.get_by_role("link", name="Agregar una llave").click()
    looks_right(visitor)
    page.get_by_label("Nombre de la llave").fill("Mi teléfono")
    page.get_by_role("button", name="Agregar la llave").click()
    page.wait_for_url("**/codigos/")
    assert "La llave de acceso quedó agregada" in page.locator("main").inner_text()
    [kept] = device.send("WebAuthn.getCredentials", {"authenticatorId": made["authenticatorId"]})["credentials"]
    assert kept["isResidentCredential"]
    visitor.goto("/mi-expediente/")
    assert page.url.endswith("/mi-expediente/")

    visitor.goto("/mi-cuenta/")
    page.locator("main").get_by_role("button", name="Salir").click()
    visitor.goto("/entrar/?next=/mi-cuenta/")
    page.get_by_role("button", name="Entrar con llave de acceso").click()
    arrived(visitor, "/mi-cuenta/")
    assert "Prueba Del Segundo Paso" in page.locator("main").inner_text()

    page.locator("main").get_by_role("button", name="Salir").click()
    visitor.goto("/entrar/?next=/mi-expediente/")
    page.get_by_label("CUI, correo o teléfono").fill(holder)
    page.get_by_label("Contraseña").fill(PASSWORD)
    page.get_by_role("button", name="Entrar", exact=True).click()
    page.wait_for_url("**/entrar/segundo-paso/")
    page.get_by_role("button", name="Usar mi llave").click()
    arrived(visitor, "/mi-expediente/")

    visitor.goto(INDEX)
    page.get_by_role("link", name="Mi teléfono").click()
    looks_right(visitor)
    page.get_by_role("link", name="Quitar la llave").click()
    looks_right(visitor)
    page.get_by_role("button", name="Quitar").click()
    page.wait_for_url(f"**{INDEX}")
    assert "Agregue otro antes de quitar este" in page.locator("main").inner_text()

    device.send("WebAuthn.clearCredentials", {"authenticatorId": made["authenticatorId"]})
    visitor.goto("/mi-cuenta/")
    page.locator("main").get_by_role("button", name="Salir").click()
    visitor.goto("/entrar/")
    page.get_by_role("button", name="Entrar con llave de acceso").click()
    page.get_by_text("El teléfono no dio la llave").wait_for()
    assert visitor.complaints == []


def test_a_code_comes_by_a_message_and_lets_in(visit, running_system):
    phone = f"4{time.time_ns() % 10**7:07d}"
    running_system.python(
        "from lms.domain import people\n"
        f"people.register(given_names='Ana', surnames='Demo', password='{PASSWORD}', phone='{phone}')"
    )
    visitor = visit()
    page = visitor.page
    visitor.goto("/entrar/")
    page.get_by_role("link", name="Recibir un código por mensaje o correo").click()
    looks_right(visitor)
    page.get_by_label("CUI, correo o teléfono").fill(phone)
    page.get_by_role("button", name="Enviar el código").click()
    page.wait_for_url("**/recibido/")
    looks_right(visitor)
    messages = running_system.folder / "messages"
    end = time.monotonic() + 30
    while not (found := [path for path in messages.glob("*.txt") if path.read_text().startswith(phone)]):
        assert time.monotonic() < end, running_system.log("worker")
        page.wait_for_timeout(100)
    page.get_by_label("Código de seis números").fill(re.search(r"\b\d{6}\b", found[0].read_text())[0])
    page.get_by_role("button", name="Entrar").click()
    page.wait_for_url("**/mi-aprendizaje/")
    visitor.goto("/entrar/")
    assert visitor.complaints == []


SEGMENTS = """async () => {
  const db = await new Promise((done, fail) => {
    const asked = indexedDB.open("aula", 1);
    asked.onupgradeneeded = () =>
      asked.result.createObjectStore("segments", { keyPath: "id" }).createIndex("person", "person");
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  const work = db.transaction("segments", "readonly").objectStore("segments").getAll();
  return new Promise((done) => { work.onsuccess = () => { db.close(); done(work.result); }; });
}"""
PUT = """async (rows) => {
  const db = await new Promise((done) => {
    const asked = indexedDB.open("aula", 1);
    asked.onsuccess = () => done(asked.result);
  });
  const work = db.transaction("segments", "readwrite");
  rows.forEach((row) => work.objectStore("segments").put(row));
  await new Promise((done) => { work.oncomplete = done; });
  db.close();
  localStorage.setItem("aula.sequence", "7");
}"""


def a_segment(number: int, person: str) -> dict:
    """As recorder.js keeps it; its token is not good any more, which the server says, and then it is forgotten."""
    return {
        "id": f"10000000-1000-4000-8000-{number:012d}", "person": person, "token": "vencido", "sequence": number,
        "device": "10000000-1000-4000-8000-100000000000", "from": 0, "to": 10, "clock_from": 0, "clock_to": 10,
        "rate": 1, "visible": True, "audio": False, "offline": False,
    }  # fmt: skip


def test_the_next_person_takes_the_telephone(visit, running_system):
    visitor = visit()
    page = visitor.page
    visitor.goto("/entrar/")
    page.get_by_label("CUI, correo o teléfono").fill("egresado@demo.aula")
    page.get_by_label("Contraseña").fill("volcan-y-milpa-26")
    page.get_by_label("Este teléfono es compartido").check()
    page.get_by_role("button", name="Entrar", exact=True).click()
    page.wait_for_url("**/mi-aprendizaje/")
    me = page.locator("form[data-switch]").first.get_attribute("data-person")
    assert page.evaluate(SEGMENTS) == []
    stranger = "20000000-2000-4000-8000-200000000000"
    page.evaluate(PUT, [a_segment(1, me), a_segment(2, stranger)])
    page.get_by_text("Menú").click()
    looks_right(visitor)
    page.get_by_role("button", name="Cambiar de persona").click()
    page.wait_for_url("**/entrar/")
    looks_right(visitor)
    # One's own was sent; what waits for somebody else is neither lost nor sent in one's name.
    assert [row["person"] for row in page.evaluate(SEGMENTS)] == [stranger]
    assert "egresado" not in page.content()
    page.go_back()
    page.wait_for_url(lambda url: "/entrar/" in url)
    assert "egresado" not in page.content().lower()

    page.evaluate("() => new Promise((done) => { indexedDB.deleteDatabase('aula').onsuccess = done; })")
    page.get_by_label("CUI, correo o teléfono").fill("empleada@demo.aula")
    page.get_by_label("Contraseña").fill("volcan-y-milpa-26")
    page.get_by_role("button", name="Entrar", exact=True).click()
    page.wait_for_url("**/mi-aprendizaje/")
    page.evaluate(SEGMENTS)
    me = page.locator("form[data-switch]").first.get_attribute("data-person")
    page.evaluate(PUT, [a_segment(3, me)])
    page.get_by_text("Menú").click()
    page.get_by_role("button", name="Cambiar de persona").click()
    page.wait_for_url("**/entrar/")
    assert page.evaluate("() => localStorage.length") == 0
    assert page.evaluate("async () => (await indexedDB.databases()).length") == 0
    assert visitor.complaints == []
