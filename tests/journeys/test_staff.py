"""The town hall's staff: an HR delegate works from a phone, a departmental delegate reads at a desk."""

import csv
import io

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]


def test_a_delegate_keeps_the_staff_from_a_phone(visit):
    hr = visit("hr", width=360)
    page, main = hr.page, hr.page.locator("main")

    def is_well_made() -> None:
        assert hr.what_scrolls_sideways() == []
        assert hr.barriers() == []

    hr.goto("/mi-cuenta/")
    page.click("summary:has-text('Menú')")
    page.locator("details.menu a:has-text('Personal')").first.click()
    expect(main).to_contain_text("Personal de Chiantla")
    expect(main).to_contain_text("personas trabajan aquí")
    is_well_made()

    page.click("text=Revisar ahora")
    is_well_made()
    page.locator("label:has-text('Lidia Marisol') input").check()
    page.click("text=Confirmar a quienes marqué")
    expect(main).to_contain_text("Confirmó 1 nombramiento.")

    page.click("a:has-text('Rechazar') >> nth=0")
    is_well_made()
    page.click("text=Cancelar")

    hr.goto("/personal/1302/busqueda/")
    is_well_made()
    page.fill("input[name=identifier]", "empleada@demo.aula")
    page.click("main form button")
    expect(main).to_contain_text("Ana Lucía Ejemplo Demo")
    assert "empleada@" not in main.inner_text()
    is_well_made()

    hr.goto("/personal/1302/nueva/")
    page.fill("input[name=given_names]", "Vitalina")
    page.fill("input[name=surnames]", "Sauce Demo")
    page.select_option("select[name=post]", label="Fontanero municipal")
    is_well_made()
    page.click("text=Abrir el registro")
    expect(main).to_contain_text("Vitalina Sauce Demo")
    is_well_made()
    page.click("main a:has-text('Terminar')")
    page.select_option("select[name=end_reason]", "other")
    page.click("text=Guardar el último día")
    expect(main).to_contain_text("Otro motivo")

    hr.goto("/personal/1302/?q=pinabete")
    page.click("main table a:has-text('Pinabete')")
    page.click("main summary:has-text('Ver CUI')")
    page.locator("input[name=reason]").first.check()
    page.click("main details button")
    expect(main).to_contain_text("0000 00027 1302")
    is_well_made()
    page.goto(page.url.removesuffix("cui/"))
    assert "00027" not in main.inner_text()
    assert hr.complaints == []


def test_a_departmental_delegate_reads_the_department_at_a_desk(visit):
    delegate = visit("departmental", width=1280)
    page, main = delegate.page, delegate.page.locator("main")
    delegate.goto("/personal/")
    assert (delegate.what_scrolls_sideways(), delegate.barriers()) == ([], [])
    page.click("text=Formación por municipalidad")
    expect(main).to_contain_text("Huehuetenango")
    assert (delegate.what_scrolls_sideways(), delegate.barriers()) == ([], [])
    page.click("main table a:has-text('Chiantla')")
    expect(main).to_contain_text("Encino Demo")
    assert (delegate.what_scrolls_sideways(), delegate.barriers()) == ([], [])
    with page.expect_download() as download:
        page.click("text=Descargar CSV")
    listed = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert {row["Estado"] for row in listed if row["Apellidos"] == "Encino Demo"} >= {"Certificado vigente"}
    page.click("main table a:has-text('Encino')")
    expect(main).to_contain_text("Todo lo que ha completado")
    assert (delegate.what_scrolls_sideways(), delegate.barriers()) == ([], [])
    delegate.goto("/personal/1302/")
    assert delegate.what_scrolls_sideways() == []
    assert "Anotar a una persona" not in main.inner_text()
    assert delegate.complaints == []
    assert delegate.goto("/personal/0101/").status == 404
    assert delegate.goto("/personal/1302/por-confirmar/").status == 403
