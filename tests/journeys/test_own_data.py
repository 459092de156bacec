"""Somebody looks at what is kept of them, takes it away, and asks for a correction; ANAM answers."""

import json

import pytest
from playwright.sync_api import expect

from certificates.demo import people

pytestmark = pytest.mark.journey
DATA = "/mi-cuenta/datos-personales/"


def assert_sound(visitor) -> None:
    assert visitor.complaints == []
    assert visitor.what_scrolls_sideways() == []
    assert visitor.barriers() == []


def test_a_person_sees_their_data_takes_them_away_and_asks_for_a_correction(visit):
    visitor = visit("by_cui", width=360)
    page = visitor.page
    visitor.goto("/mi-cuenta/")
    page.click(f"a[href='{DATA}']")
    assert_sound(visitor)
    expect(page.locator("main")).to_contain_text("•••• ••••• 0805")

    page.click("text=Ver mi CUI completo")
    expect(page.locator(".big")).to_have_text("0000 00019 0805")
    assert page.url.endswith(f"{DATA}cui/")
    assert_sound(visitor)
    page.click("text=Ocultar")

    page.click("text=Quién vio mi CUI")
    expect(page.locator("ol.thread")).to_contain_text("Usted")
    assert_sound(visitor)

    _take_away(visitor)

    visitor.goto(f"{DATA}correccion/")
    page.fill("#id_cui", "12")
    page.fill("#id_surnames", "Nacimiento Ajpop Demo")
    page.click("text=Enviar a ANAM")
    expect(page.locator(".error").first).to_be_visible()
    expect(page.locator("#id_surnames")).to_have_value("Nacimiento Ajpop Demo")
    visitor.complaints.clear()  # Chromium reports the form that came back, 422, as an error
    assert_sound(visitor)
    page.fill("#id_cui", "")
    page.click("text=Enviar a ANAM")
    expect(page.locator("main")).to_contain_text("Pide corregir: apellidos.")
    assert_sound(visitor)

    page.click("text=Retirar esta solicitud")
    expect(page.locator("button:has-text('Retirar la solicitud')")).to_be_visible()
    assert_sound(visitor)
    page.click("button:has-text('Retirar la solicitud')")
    expect(page.locator("main")).to_contain_text("Retirada por la persona")

    visitor.goto(f"{DATA}borrado/")
    assert_sound(visitor)


def _take_away(visitor) -> None:
    """Both files, after the password if the sign-in is some minutes old."""
    page = visitor.page
    visitor.goto(f"{DATA}descarga/")
    if page.locator("#id_password").count():
        page.fill("#id_password", people.people_data()["password"])
        page.click("text=Continuar")
    assert_sound(visitor)
    with page.expect_download() as pdf:
        page.click("text=Descargar PDF")
    assert pdf.value.path().read_bytes().startswith(b"%PDF")
    with page.expect_download() as file:
        page.click("text=Descargar JSON")
    document = json.loads(file.value.path().read_text(encoding="utf-8"))
    assert document["record"]["kernel"]["identity"]["cui"] == "0000000190805"
