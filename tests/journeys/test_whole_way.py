"""A cashier's whole way on a telephone: register, enrol, watch, lose the line, go on elsewhere, pass, be certified.

Everything through the browser as a person does it, against web, worker and database as they run for real.
"""

import io
import json
import re

import pypdf
import pytest

from tests.factories.people import a_cui
from tests.system import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(420)]

COURSE = "/cursos/registro-de-usuarios-de-agua/"
NAME = ("Juana <b>María</b>", "Xajꞌil & Maẍʼ de la Prueba")
PASSWORD = "milpa-y-volcán-29"
PLAY = "(v) => { v.muted = true; v.playbackRate = 2; return v.play(); }"

CONFIRM = f"""
from lms.domain import people
from lms.models import Appointment, Person
appointment = Appointment.objects.get(person__surnames={NAME[1]!r})
people.confirm_appointment(appointment=appointment, by=Person.objects.get(email="anam@demo.aula"))
"""


def until(page, script: str, argument=None, seconds: float = 60) -> None:
    """Wait until a script says yes. (`wait_for_function` needs eval, which our pages refuse.)"""
    wait_until(lambda: page.evaluate(script, argument) or page.wait_for_timeout(100), seconds, lambda: script)


def play_until(page, second: float) -> None:
    """Play the page's video at twice the speed until it has reached a second."""
    page.locator("video").evaluate(PLAY)
    until(page, "(s) => document.querySelector('video').currentTime >= s", second)
    page.locator("video").evaluate("(v) => v.pause()")


def right_answers(system, title: str) -> dict[str, list[str]]:
    """What somebody who learnt would choose: for each question's text, the texts of the right options."""
    code = f"""
import json
from courses.models import QuizItem
from courses.questions import wording
from courses.questions.prose import to_plain
asked = [item.question.latest.said for item in QuizItem.objects.filter(quiz__title={title!r})]
print(json.dumps({{to_plain(said.text): wording.solution(said) for said in asked}}))
"""
    return json.loads(system.python(code))


def answer_all(page, answers: dict[str, list[str]] | None) -> str:
    """Answer every question (`None`: the last option of each), hand in, return the result's text."""
    seen = ""
    page.wait_for_selector("form[data-autosave]")
    while page.locator("form[data-autosave]").count():
        seen += page.content()
        right = answers[page.locator("h1").inner_text()] if answers else None
        options = page.locator("label.option")
        for index in range(options.count()):
            option = options.nth(index)
            if option.inner_text() in right if right else index == options.count() - 1:
                option.locator("input").check()
        before = page.url
        page.locator("button[value=next]").click()
        page.wait_for_url(lambda url, before=before: url != before)
    assert "Explicación" not in seen
    page.locator("button.quiz-send").click()
    page.wait_for_url("**/resultado/")
    return page.locator("main").inner_text()


def test_from_the_first_visit_to_a_certificate_that_a_stranger_can_check(visit, running_system):
    cui = a_cui(place="1413")
    cashier = visit(width=360, device_scale_factor=2)
    page = cashier.page

    # Registers: CUI and password, then municipality and post.
    cashier.goto("/registro/")
    page.fill("#id_given_names", NAME[0])
    page.fill("#id_surnames", NAME[1])
    page.fill("#id_cui", f"{cui[:4]} {cui[4:9]} {cui[9:]}")
    page.fill("#id_password", PASSWORD)
    page.click("main form .btn")
    page.fill("#q", "nebaj")
    page.click("main form .btn")
    page.click("text=Nebaj >> nth=0")
    page.select_option(
        "select[name=post]", label=page.locator("select[name=post] option:has-text('cajero')").inner_text()
    )
    page.click("main form .btn >> nth=0")
    page.wait_for_url(re.compile("/mi-aprendizaje/"))

    # Finds the course without accents, enrols: the first lesson opens.
    cashier.goto("/cursos/?q=codigo+agua")
    page.click(".cards h2 a, .cards h3 a")
    assert page.url.endswith(COURSE)
    page.click("text=Inscribirme >> nth=0")
    page.wait_for_selector("[data-watch] video")
    lesson = page.url

    # Dragging to the end is not watching.
    length = float(page.locator("[data-watch]").get_attribute("data-length"))
    page.locator("video").evaluate(PLAY)
    until(page, "() => document.querySelector('video').currentTime > 0.2")
    page.locator("video").evaluate("(v) => { v.currentTime = v.duration - 0.4; }")
    until(page, "() => document.querySelector('video').ended")
    page.wait_for_timeout(500)
    assert "ok" not in page.locator("[data-words]").get_attribute("class").split()

    # Watches the first half while the line drops; nothing is lost, and what was not sent goes out again.
    page.reload()
    page.wait_for_selector("[data-watch] video")
    page.locator("video").evaluate("(v) => { v.currentTime = 0; }")
    play_until(page, 1)
    page.context.set_offline(True)
    play_until(page, length / 2)
    page.wait_for_selector("[data-sync] >> text=por enviar")
    page.context.set_offline(False)
    until(page, "() => !document.querySelector('[data-sync]').innerText.includes('por enviar')")
    cashier.complaints.clear()  # Chromium complains about the line itself

    # Goes on where she was, on another device, signing in with the CUI.
    other = visit(width=1280)
    other.sign_in(cui, PASSWORD)
    other.page.goto(lesson)
    other.page.click("[data-resume]")
    assert other.page.locator("video").evaluate("(v) => v.currentTime") >= length / 2 - 3
    play_until(other.page, length - 0.5)
    other.page.wait_for_selector("[data-words].ok", timeout=30_000)

    # The rest of the course; the quiz is failed once, then passed.
    finish_course(cashier, running_system, length)

    # The certificate comes from the worker, once the town hall has confirmed the post.
    cashier.goto("/mi-expediente/")
    assert "Su certificado sale cuando Recursos Humanos de Nebaj" in page.locator("main").inner_text()
    running_system.python(CONFIRM)
    cashier.goto("/mi-expediente/")
    for _try in range(40):
        if page.locator("text=Descargar PDF").count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    with page.expect_download() as download:
        page.click("text=Descargar PDF")
    text = pypdf.PdfReader(io.BytesIO(download.value.path().read_bytes())).pages[0].extract_text()
    assert " ".join(NAME) in re.sub(r"\s+", " ", text)
    assert re.search(r"ANAM-\d{4}-\d{6}", text)

    # A stranger checks it without signing in and learns no number of hers.
    address = page.locator("text=Ver página pública").get_attribute("href")
    stranger = visit(width=360)
    stranger.goto(address.removeprefix(running_system.url))
    content = stranger.page.content()
    assert "Certificado auténtico y vigente" in stranger.page.locator("main").inner_text()
    assert " ".join(NAME) in stranger.page.locator("main").inner_text()
    assert cui not in content
    assert cui[:9] not in content
    assert stranger.barriers() == []
    assert cashier.barriers() == []
    assert [*cashier.complaints, *other.complaints, *stranger.complaints] == []


def finish_course(cashier, system, length: float) -> None:
    """Do everything that is still missing, following the links that say so."""
    page = cashier.page
    for _round in range(12):
        cashier.goto(COURSE)
        if not page.locator("text=Continuar").count():
            return
        page.click("text=Continuar >> nth=0")
        page.wait_for_selector("article.lesson")
        if page.locator("text=Marcar como leída").count():
            page.click("text=Marcar como leída")
            page.wait_for_selector("text=Lección completada")
        if page.locator("[data-watch] .state.wait[data-words]").count():
            end = float(page.locator("[data-watch]").get_attribute("data-length"))
            page.locator("video").evaluate("(v) => { v.currentTime = 0; }")
            play_until(page, end - 0.5)
            page.wait_for_selector("[data-words].ok", timeout=30_000)
        if page.locator("text=Responder el cuestionario").count():
            title = page.locator("h3").first.inner_text()
            page.click("text=Responder el cuestionario")
            assert "Aprob" not in answer_all(page, None)[:40]
            page.go_back()
            page.goto(system.url + COURSE)
            page.click("text=Continuar >> nth=0")
            page.click("text=Intentar de nuevo")
            answer_all(page, right_answers(system, title))
