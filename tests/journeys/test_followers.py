"""Those who follow others' learning, and those who try what they may not."""

import csv
import io

import openpyxl
import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

REFUSED = {
    "texto.mp4": b"Esto es una carta, no un video.\n" * 40,
    "vacio.mp4": b"",
    "lista.mp4": b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n/etc/hostname\n#EXT-X-ENDLIST\n",
    "concat.mp4": b"ffconcat version 1.0\nfile /etc/hostname\n",
}


def test_the_coordinator_of_the_youth_network_sees_how_its_members_get_on(visit):
    coordinator = visit("coordinator", width=360)
    coordinator.goto("/redes/")
    coordinator.page.click("main a:has-text('Red de Jóvenes')")
    main = coordinator.page.locator("main")
    expect(main).to_contain_text("Organización e incidencia juvenil")
    expect(main).to_contain_text("Ixchʼumil Sofía")
    assert "@" not in main.inner_text()
    assert coordinator.what_scrolls_sideways() == []
    assert coordinator.barriers() == []

    member = visit("youth", width=360)
    assert member.goto(coordinator.page.url.removeprefix(coordinator.url)).status == 404


def test_the_administrator_filters_who_is_certified_and_takes_the_list_along(visit):
    administrator = visit("administrator", width=1280)
    page = administrator.page
    administrator.goto("/seguimiento/?department=13")
    rows = page.locator("table tbody tr:has-text('ANAM-')")
    assert rows.count() > 0
    expect(page.locator("main")).to_contain_text("Huehuetenango")
    page.click("text=Descargar esta lista")
    with page.expect_download() as download:
        page.click("text=Descargar CSV")
    listed = list(csv.reader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    with page.expect_download() as download:
        page.click("text=Descargar Excel")
    sheet = openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes())).active
    assert len(listed) == sheet.max_row
    assert len(listed) - 1 == rows.count()
    assert administrator.barriers() == []
    assert administrator.complaints == []


@pytest.mark.parametrize("account", ["employee", "youth"])
def test_a_learner_sees_neither_the_lists_nor_the_back_office(visit, account):
    learner = visit(account, width=360)
    assert learner.goto("/seguimiento/").status == 403
    assert learner.goto("/seguimiento/certificados.csv").status == 403
    assert learner.goto("/cms/").status == 403


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_video_is_refused_in_words_and_leaves_nothing_behind(visit, running_system, tmp_path, name):
    def left() -> str:
        return running_system.python(
            "from media.models import Upload, Video; from django.core.files.storage import default_storage as s; "
            "print(Video.objects.count(), sorted(s.listdir('video')[0]))"
        )

    before = left()
    path = tmp_path / name
    path.write_bytes(REFUSED[name])
    trainer = visit("trainer", width=1280)
    trainer.goto("/cms/videos/new/")
    trainer.page.locator("input[type=file]").set_input_files(path)
    trainer.page.fill("input[name=title]", "No es un video")
    trainer.page.locator("main form button[type=submit]").click()
    trainer.page.wait_for_selector(".help-critical, .error-message, [role=alert]")
    assert left() == before
    assert trainer.page.locator("input[name=title]").input_value() == "No es un video"


def test_the_sheet_of_a_certificate_belongs_to_its_owner(visit):
    owner = visit("graduate", width=360)
    owner.goto("/mi-expediente/")
    address = owner.page.locator("a[href$='.pdf']").first.get_attribute("href")
    assert owner.page.context.request.get(owner.url + address).status == 200
    assert visit("employee").page.context.request.get(owner.url + address).status == 404
    assert "/entrar/" in visit().goto(address).url
