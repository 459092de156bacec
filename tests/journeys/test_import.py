"""A delegate of human resources hands in a messy list: columns, dry run, errors, run, and the people are there."""

import io
import re

import openpyxl
import pytest
from playwright.sync_api import expect

from tests.factories import staff_lists
from tests.system import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

HEADINGS = ["No. DPI", "PRIMER NOMBRE", "Segundo nombre", "APELLIDOS", "Puesto que ocupa", "Renglón", "Celular", "Obs."]
ROWS = [
    ["sin DPI", "PEDRO", "ANTONIO", "BARRANCO DEMO", "CAJERO", 11, 50010001, "al día"],
    [24567, "Luisa", "", "Vereda Demo", "cajera", "022", "", ""],
    ["-", "MARÍA", "DE LOS ÁNGELES", "QʼEQOM DEMO", "Fontanera Municipal", "31", "5001-0003", ""],
    ["S/D", "Hugo", "", "Cumbre Demo", "Astronauta", "", "", ""],
]


def pages_are_good(visitor) -> None:
    assert visitor.barriers() == []
    assert visitor.what_scrolls_sideways() == []


@pytest.mark.parametrize("width", [360, 1280])
def test_a_messy_list_is_tried_out_and_taken_in(visit, tmp_path, width):
    hr = visit("hr", width=width)
    page = hr.page
    hr.goto("/personal/importar/")
    pages_are_good(hr)
    page.get_by_role("link", name="Subir una lista").click()
    pages_are_good(hr)
    file = tmp_path / f"Nómina {width}.xlsx"
    file.write_bytes(staff_lists.as_xlsx(ROWS, HEADINGS))
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Subir", exact=True).click()

    expect(page.get_by_role("heading", name="¿Qué hay en cada columna?")).to_be_visible()
    pages_are_good(hr)
    expect(page.get_by_label("No. DPI")).to_have_value("cui")
    expect(page.get_by_label("PRIMER NOMBRE")).to_have_value("given_names")
    page.get_by_label("Puesto que ocupa").select_option("post")
    expect(page.get_by_label("Obs.")).to_have_value("")
    page.get_by_role("button", name="Revisar la lista").click()

    # The page looks by itself how far it is.
    wait_until(lambda: page.get_by_role("heading", name="Esto es lo que pasaría").is_visible(), 60)
    pages_are_good(hr)
    wrong = page.locator(".faults > li")
    expect(wrong).to_have_count(2)
    expect(wrong.first).to_contain_text("Fila 3")
    expect(wrong.first).to_contain_text("El CUI tiene 13 números.")
    expect(wrong.last).to_contain_text("No conocemos el puesto «Astronauta»")
    with page.expect_download() as download:
        page.get_by_role("link", name="Descargar los errores").click()
    book = openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes()))
    assert [row[:2] for row in book.active.iter_rows(min_row=2, values_only=True)] == [
        (3, "No. DPI"),
        (5, "Puesto que ocupa"),
    ]

    page.get_by_role("button", name="Importar las filas buenas").click()
    wait_until(lambda: page.get_by_role("heading", name="Esto es lo que pasó").is_visible(), 60)
    pages_are_good(hr)
    expect(page.locator(".figures")).to_contain_text(re.compile(r"2\s+filas quedan fuera"))
    hr.goto("/personal/1302/")
    expect(page.get_by_text("Barranco Demo, Pedro Antonio").first).to_be_visible()
    expect(page.get_by_text("Qʼeqom Demo, María de los Ángeles").first).to_be_visible()
    assert hr.complaints == []
