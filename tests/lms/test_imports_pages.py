"""The pages of lists of staff, and the files that leave through them."""

import io

import openpyxl
import pytest
from django.urls import reverse

from lms.domain import imports, people
from lms.models import AuditEvent, Job, Municipality, Person, StaffImport
from tests.clients import FullClient
from tests.factories import staff_lists
from tests.factories.people import a_cui, somebody_with_role
from tests.lms.list_steps import check, line, take

pytestmark = pytest.mark.django_db


@pytest.fixture
def hr():
    return somebody_with_role("hr_delegate", municipality="1413")


@pytest.fixture
def browser(hr):
    client = FullClient()
    client.force_login(hr)
    return client


def upload(browser, content: bytes, name: str = "nómina.csv"):
    file = io.BytesIO(content)
    file.name = name
    return browser.post(reverse("lms:import_new"), {"file": file})


def test_the_whole_way_through_the_pages(browser, hr, run_jobs):
    content = "DPI;Nombres;Apellidos;Cargo\n;ANA;CEIBA DEMO;Cajera\n12;EVA;MILPA DEMO;Cajera\n".encode("cp1252")
    answer = upload(browser, content)
    staff_import = StaffImport.objects.get()
    assert answer.url == reverse("lms:import_columns", args=[staff_import.public_id])
    page = browser.get(answer.url).content.decode()
    assert page.count("<select") == 4
    answer = browser.post(answer.url, {"c0": "cui", "c1": "given_names", "c2": "surnames", "c3": "post"})
    detail = reverse("lms:import_list", args=[staff_import.public_id])
    assert answer.url == detail
    assert "<progress" in browser.get(detail).content.decode()
    assert run_jobs() == []
    page = browser.get(detail).content.decode()
    assert "Fila 3" in page
    assert "El CUI tiene 13 números" in page
    file = browser.get(reverse("lms:import_faults", args=[staff_import.public_id]))
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(file.streaming_content))).active
    assert [cell.value for cell in sheet[2]] == [3, "DPI", "El CUI tiene 13 números. Revíselo en el DPI.", "No"]
    assert browser.post(reverse("lms:import_run", args=[staff_import.public_id])).url == detail
    assert run_jobs() == []
    assert people.visible_to(hr, "manage_staff").filter(surnames="Ceiba Demo").exists()
    assert "Terminada" in browser.get(reverse("lms:import_index")).content.decode()


def test_a_refused_file_comes_back_with_what_is_wrong(browser):
    answer = upload(browser, b"\xd0\xcf\x11\xe0" + b"x" * 99, "vieja.xls")
    assert answer.status_code == 422
    assert "guárdelo como .xlsx" in answer.content.decode()
    assert browser.post(reverse("lms:import_new"), {}).status_code == 422


def test_columns_that_are_said_wrongly_come_back(browser, hr):
    staff_import = take(hr, line())
    address = reverse("lms:import_columns", args=[staff_import.public_id])
    answer = browser.post(address, {"c1": "given_names", "c2": "given_names"})
    assert answer.status_code == 422
    assert "Ya eligió otra columna" in answer.content.decode()
    assert browser.post(address, {"c1": "given_names"}).status_code == 422


def test_the_lists_of_other_town_halls_are_not_there(browser):
    foreign = take(somebody_with_role("hr_delegate", municipality="0101"), line(), place="0101")
    for name in ("import_list", "import_columns", "import_faults"):
        assert browser.get(reverse(f"lms:{name}", args=[foreign.public_id])).status_code == 404
    for name in ("import_columns", "import_run", "import_cancel"):
        assert browser.post(reverse(f"lms:{name}", args=[foreign.public_id])).status_code == 404
    assert "nómina.xlsx" not in browser.get(reverse("lms:import_index")).content.decode()


def test_no_page_and_no_file_holds_a_number_of_the_list(browser, hr, run_jobs):
    cui = a_cui()
    wrong = line(cui=cui[:12], given=cui, post=cui, act=cui, place=cui)
    staff_import = check(take(hr, line(cui=cui), wrong), hr)
    pages = [
        browser.get(reverse(f"lms:{name}", args=[staff_import.public_id])) for name in ("import_list", "import_columns")
    ]
    texts = [page.content.decode() for page in pages]
    file = browser.get(reverse("lms:import_faults", args=[staff_import.public_id]))
    book = openpyxl.load_workbook(io.BytesIO(b"".join(file.streaming_content)))
    texts.append(str([[cell.value for cell in row] for row in book.active.iter_rows()]))
    texts.append(str(list(Job.objects.values("payload", "subject", "reason"))))
    texts.append(str(list(AuditEvent.objects.values_list("facts", flat=True))))
    texts.append(str(list(staff_import.faults.values_list("facts", flat=True))))
    assert not [text for text in texts if cui[:12] in text]


def test_the_file_name_carries_no_number():
    assert imports._harmless("planilla 2456 78905 1401.xlsx") == "planilla ….xlsx"
    assert imports._harmless("enero-2026.xlsx") == "enero-2026.xlsx"


def test_headings_that_are_formulas_stay_text(browser, hr):
    content = staff_lists.as_xlsx([["Ana", "Ceiba Demo", "RECEP", "x@@y"]], ["Nombres", "Apellidos", "Puesto", "=1+1"])
    staff_import = take_content(hr, content)
    staff_import.mapping["email"] = 3
    check(staff_import, hr)
    file = browser.get(reverse("lms:import_faults", args=[staff_import.public_id]))
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(file.streaming_content))).active
    assert (sheet["B2"].value, sheet["B2"].data_type) == ("=1+1", "s")


def take_content(by: Person, content: bytes) -> StaffImport:
    place = Municipality.objects.get(code="1413")
    return imports.take(file_name="x.xlsx", content=content, municipality=place, by=by)
