"""A trainer's whole way in the back-office: a video, a quiz, a course with a lesson; preview; publish."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.system import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(420)]

TITLE = "Cómo atender en ventanilla"


@pytest.fixture(scope="session")
def phone_recording(tmp_path_factory) -> Path:
    """Four seconds held upright, with sound, under a wrong extension: what phones and people really send."""
    path = tmp_path_factory.mktemp("recording") / "VID_2026.mov"
    command = [
        str(shutil.which("ffmpeg")),
        "-v",
        "error",
        "-nostdin",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=360x640:r=30:d=4",
    ]
    command += ["-f", "lavfi", "-i", "sine=440:d=4", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-f"]
    subprocess.run([*command, "matroska", str(path)], check=True)
    return path


def insert_block(page: Page, name: str) -> None:
    """Add a block at the end of the lesson's content."""
    page.locator(".c-sf-add-button:visible").last.click()
    page.locator("[role=option]:visible", has_text=re.compile(f"^{name}$")).click()


def write(page: Page, field: str, text: str) -> None:
    """Type into a rich text field, and wait until the editor has put it into its form."""
    page.locator(f"[data-contentpath={field}] [role=textbox]").last.click()
    page.keyboard.type(text)
    holds = "([field, text]) => [...document.querySelectorAll(`[name^=${field}]`)].some((i) => i.value.includes(text))"
    wait_until(lambda: page.evaluate(holds, [field, text]) or page.wait_for_timeout(100), 10)


def publish(page: Page) -> None:
    """Through the menu beside `Guardar borrador`, as trainers do."""
    page.locator("footer [data-w-dropdown-target=toggle]").click()
    page.locator("button[name=action-publish]").click()
    page.wait_for_selector(".messages .success")


def upload(page: Page, recording: Path) -> None:
    """Send the video and wait until every rung is there."""
    page.locator("input[type=file]").set_input_files(recording)
    page.fill("input[name=title]", TITLE)
    page.locator("main form button[type=submit]").click()
    page.wait_for_selector("text=Listo para ver", timeout=120_000)


def write_question(page: Page) -> None:
    """One question of the bank, one right option."""
    page.fill("[name=text]", "¿Qué se entrega siempre al vecino?")
    page.fill("[name$='0-text']", "Un recibo")
    page.locator("[name$='0-is_right']").check()
    page.fill("[name$='1-text']", "Nada")
    page.locator(".bank-buttons button").click()
    page.wait_for_selector(".messages .success")


def write_quiz(page: Page) -> None:
    """It asks the one question."""
    page.fill("input[name=title]", TITLE)
    page.get_by_role("button", name="Elegir una pregunta").first.click()
    page.locator(".modal-body #id_q").fill("entrega siempre")
    page.get_by_role("link", name="¿Qué se entrega siempre al vecino?").click()
    expect(page.locator("#id_items-0-question-title")).to_contain_text("¿Qué se entrega siempre al vecino?")
    page.locator("footer button[type=submit]").first.click()
    page.wait_for_selector(".messages .success")


def write_course(page: Page) -> None:
    """The course's own page."""
    page.fill("[name=title]", TITLE)
    page.fill("[name=summary]", "Trato, recibo y cierre de caja.")
    write(page, "outcomes", "Atender con orden y dar recibo.")
    page.select_option("[name=family]", "FI")
    page.select_option("[name=languages]", label="Español")
    publish(page)


def test_a_trainer_makes_a_course_that_a_learner_can_take(visit, running_system, phone_recording):
    trainer = visit("trainer", width=1280)
    page = trainer.page
    trainer.goto("/cms/videos/new/")
    upload(page, phone_recording)
    trainer.goto("/cms/preguntas/agregar/single/")
    write_question(page)
    trainer.goto("/cms/cuestionarios/add/")
    write_quiz(page)

    trainer.goto("/cms/")
    page.click("nav >> text=Cursos")
    page.locator("a[href*='add_subpage'], a[href*='/add/courses/coursepage/']").first.click()
    write_course(page)

    course = newest(running_system, "CoursePage")
    page.goto(f"{running_system.url}/cms/pages/{course}/add_subpage/")
    page.fill("[name=title]", "Primera lección")
    insert_block(page, "Video")
    page.click("text=Elegir un video")
    page.click(f".modal-dialog >> text={TITLE}")
    insert_block(page, "Texto")
    write(page, "body", "Salude, escuche y entregue el recibo.")
    insert_block(page, "Cuestionario")
    page.locator("[data-contentpath=body] button:visible", has_text="Seleccionar cuestionario").click()
    page.click(f".modal-dialog >> text={TITLE}")

    # The preview is what a learner sees, and plays.
    page.locator("footer button[type=submit]").first.click()
    page.wait_for_selector(".messages .success")
    lesson = newest(running_system, "LessonPage")
    preview = page.context.new_page()
    preview.goto(running_system.url + f"/cms/pages/{lesson}/view_draft/")
    expect(preview.locator("main")).to_contain_text("Salude, escuche y entregue el recibo.")
    assert preview.locator("video").evaluate("(v) => { v.muted = true; return v.play().then(() => true); }")
    publish(page)

    # A learner finds it at once; the right answer is nowhere in the page.
    learner = visit("graduate", width=360)
    learner.goto("/cursos/?q=ventanilla")
    learner.page.locator(".cards a", has_text=TITLE).first.click()
    learner.page.click("text=Inscribirme >> nth=0")
    expect(learner.page.locator("h1")).to_have_text("Primera lección")
    assert learner.page.locator("video").evaluate("(v) => { v.muted = true; return v.play().then(() => true); }")
    assert "is_right" not in learner.page.content()
    assert learner.barriers() == []
    assert learner.what_scrolls_sideways() == []
    assert learner.complaints == []


def newest(system, model: str) -> str:
    """The key of the newest page of a model."""
    return system.python(
        f"from courses.models import {model}; print({model}.objects.order_by('-pk').values_list('pk', flat=True)[0])"
    ).strip()
