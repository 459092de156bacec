"""Several files go up; a laptop is closed and another computer goes on; the keyboard and a phone are enough."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.factories.papers import a_paper

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

PAGE = "/cms/videos/new/"
SIZE = 9 * 1024**2
ROW = "[data-upload-list] > li"


@pytest.fixture(scope="session")
def recording(tmp_path_factory) -> Path:
    """A second of film, as little as there is."""
    path = tmp_path_factory.mktemp("recording") / "Mi_primera-leccion.mp4"
    command = [
        str(shutil.which("ffmpeg")),
        "-v",
        "error",
        "-nostdin",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=160x120:r=10:d=1",
    ]
    subprocess.run([*command, "-c:v", "libx264", "-preset", "ultrafast", str(path)], check=True)
    return path


def slow_down(visitor, bytes_a_second: int) -> None:
    """What leaves the browser leaves it slowly."""
    session = visitor.page.context.new_cdp_session(visitor.page)
    session.send("Network.enable")
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_a_second}
    session.send("Network.emulateNetworkConditions", conditions)


def cancel(visitor, row) -> None:
    """And wait until the server has heard of it."""
    with visitor.page.expect_response(lambda answer: answer.request.method == "DELETE"):
        row.locator("[data-row-cancel]").click()
    expect(row).to_have_count(0)


def test_several_files_are_saved_as_they_arrive(bring, recording, tmp_path):
    paper = tmp_path / "plan.pptx"
    paper.write_bytes(a_paper(".pptx"))
    macros = tmp_path / "macros.docx"
    macros.write_bytes(a_paper(".docx", {"word/vbaProject.bin": b"x"}))
    trainer = bring()
    page = trainer.page
    trainer.goto(PAGE)
    page.locator("input[type=file]").set_input_files([recording, paper, macros])
    rows = page.locator(ROW)
    expect(rows).to_have_count(3)
    for number in range(3):
        expect(rows.nth(number).locator("[data-row-words]")).to_contain_text("llegó completo")
    assert rows.nth(0).locator("[name=title]").input_value() == "Mi primera leccion"
    rows.nth(1).locator("[name=title]").fill("Plan de agua")
    assert trainer.barriers() == []
    page.locator("main form[data-upload] button[type=submit]").click()
    expect(rows.nth(0).locator("[data-row-words]")).to_have_text("Guardado.")
    expect(rows.nth(1).locator("[data-row-words]")).to_have_text("Guardado.")
    expect(rows.nth(2).locator("[data-row-words]")).to_contain_text("macros")
    rows.nth(2).locator("[data-row-cancel]").click()
    expect(page.locator("[data-upload-summary]")).to_have_text("Se guardaron 2 archivos.")
    assert trainer.barriers() == []
    rows.nth(1).locator("a").click()
    expect(page.locator("input[name=title]")).to_have_value("Plan de agua")
    assert [one for one in trainer.complaints if "422" not in one] == []


def test_another_computer_goes_on_where_the_laptop_was_closed(bring, tmp_path):
    """By its bytes, not by its name; another file of that name and size begins anew."""
    content = os.urandom(SIZE)
    one, other = tmp_path / "lunes" / "clase.mp4", tmp_path / "martes" / "copia de clase.mp4"
    false = tmp_path / "otra" / "clase.mp4"
    for path, written in ((one, content), (other, content), (false, os.urandom(SIZE))):
        path.parent.mkdir()
        path.write_bytes(written)
    laptop = bring()
    laptop.goto(PAGE)
    slow_down(laptop, 3 * 1024**2)
    laptop.page.locator("input[type=file]").set_input_files(one)
    laptop.page.wait_for_function("() => document.querySelector('[data-row-bar]')?.value > 4_500_000")
    laptop.page.context.close()

    desk = bring()
    desk.goto(PAGE)
    expect(desk.page.locator("main")).to_contain_text("Subidas sin terminar")
    sent = []
    desk.page.on("request", lambda asked: sent.append((asked.method, asked.headers.get("upload-offset"))))
    desk.page.locator("input[type=file]").set_input_files(false)
    row = desk.page.locator(ROW)
    expect(row.locator("[data-row-words]")).to_contain_text("llegó completo")
    assert ("PATCH", "0") in sent
    cancel(desk, row)
    sent.clear()
    desk.page.locator("input[type=file]").set_input_files(other)
    expect(row.locator("[data-row-words]")).to_contain_text("llegó completo")
    offsets = [int(offset) for method, offset in sent if method == "PATCH"]
    assert offsets[0] > 1024**2
    assert ("POST", None) not in sent
    cancel(desk, row)
    desk.goto(PAGE)
    expect(desk.page.locator("main")).not_to_contain_text("clase.mp4")


def test_pause_and_cancel_by_keyboard_on_a_phone_one_after_another(bring, tmp_path):
    paths = [tmp_path / f"parte {number}.mp4" for number in (1, 2)]
    for path in paths:
        path.write_bytes(os.urandom(6 * 1024**2))
    phone = bring(width=360)
    page = phone.page
    phone.goto(PAGE)
    slow_down(phone, 2 * 1024**2)
    page.locator("input[type=file]").set_input_files(paths)
    first, second = page.locator(ROW).nth(0), page.locator(ROW).nth(1)
    expect(first.locator("[data-row-numbers]")).to_contain_text("por segundo")
    expect(second.locator("[data-row-words]")).to_have_text("Espera su turno.")
    assert phone.barriers() == []
    assert phone.what_scrolls_sideways() == []
    first.locator("[data-row-pause]").focus()
    page.keyboard.press("Enter")
    expect(first.locator("[data-row-words]")).to_contain_text("En pausa")
    expect(second.locator("[data-row-words]")).to_have_text("Subiendo…")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(ROW)).to_have_count(1)
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.closest('li') !== null")
    page.locator("[data-row-cancel]").click()
    expect(page.locator(ROW)).to_have_count(0)
