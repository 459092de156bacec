"""Sessions in person in a real browser: the screen without a line, the list without a line, no barrier anywhere."""

import os
from io import BytesIO

import pytest
import zxingcpp
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.urls import reverse
from PIL import Image
from playwright.sync_api import expect

from courses.domain import attendance, sessions
from courses.models import Attendance, CoursePage, LessonPage
from tests.clients import FullClient
from tests.factories.people import an_employee, somebody_with_role
from tests.factories.sessions import a_part, a_session, enrolled, hold, noted
from tests.system import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("SESSION_SHOTS", "")
NAMES = ("Ajú Tzoc", "Brito Raymundo", "Ceto Marroquín de la Cruz")
KEPT = "Object.entries(localStorage).filter(([key]) => key.startsWith('aula-asistencia')).map(([, value]) => value)"


@pytest.fixture
def trainer():
    return somebody_with_role("trainer", given_names="Ana Lucía", surnames="Gómez Facilitadora")


@pytest.fixture
def session(trainer):
    """One that has begun, with three people."""
    part = a_part(title="Taller de ingresos propios", hours=8)
    made = a_session(part, trainer=trainer, notes="Lleve su DPI y el presupuesto de su oficina.")
    a_session(part, trainer=trainer, meeting=2, room="Casa de la cultura, 3.ª calle 4-20, zona 1")
    a_session(part, trainer=trainer, meeting=2, room="Biblioteca municipal")
    CoursePage.objects.filter(translation_key=part.course_key).update(owner=trainer)
    for surnames in NAMES:
        who = enrolled(made, an_employee(given_names="María", surnames=surnames))
        sessions.register(enrolment=who, session=made, by=None)
    return hold(made)


@pytest.fixture
def opened(browser, live_server):
    """Windows of somebody: a page, and what the browser complains of."""
    contexts = []

    def open_window(person, path: str, *, width: int = 360):
        client = FullClient()
        client.force_login(person)
        context = browser.new_context(viewport={"width": width, "height": 740}, locale="es-GT")
        contexts.append(context)
        kept = [{"name": name, "value": one.value, "url": live_server.url} for name, one in client.cookies.items()]
        assert settings.SESSION_COOKIE_NAME in client.cookies
        context.add_cookies(kept)
        page, complaints = context.new_page(), []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        page.goto(live_server.url + path)
        return page, complaints

    yield open_window
    for context in contexts:
        context.close()


def barriers(page) -> list[str]:
    page.emulate_media(reduced_motion="reduce")
    found = [
        f"{page.url} {one['id']}: {node['html'][:200]}"
        for one in Axe().run(page).response["violations"]
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return [*found, *([f"{page.url} scrolls sideways"] if wide else [])]


def office(name: str, session) -> str:
    return reverse(f"courses_sessions:{name}", args=[session.public_id])


@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_has_a_barrier(opened, session, trainer, width):
    who = session.registrations.first().enrolment
    noted(session, who, by=trainer)
    lesson = LessonPage.objects.get(translation_key=session.activity.lesson_key)
    add = reverse("courses_sessions:add", args=[session.activity.public_id])
    index = reverse("courses_sessions:index")
    pages = {name: (trainer, office(name, session)) for name in ("attendance", "sheet", "screen", "change", "cancel")}
    pages |= {"index": (trainer, index), "add": (trainer, add), "lesson": (who.person, lesson.url)}
    pages["course"] = (trainer, reverse("wagtailadmin_pages:edit", args=[lesson.get_parent().pk]))
    wrong = []
    for name, (person, path) in pages.items():
        page, complaints = opened(person, path, width=width)
        if name != "course":  # Wagtail's own page
            wrong += barriers(page) + complaints
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{name}-{width}.png", full_page=True)
    assert wrong == []


def test_the_screen_goes_on_without_a_line_and_a_telephone_reads_it(opened, session, trainer, live_server):
    page, complaints = opened(trainer, office("screen", session), width=1280)
    canvas = page.locator("[data-screen] canvas")
    expect(canvas).to_be_visible(timeout=60_000)
    first = canvas.get_attribute("data-step")
    page.context.set_offline(True)
    expect(canvas).not_to_have_attribute("data-step", first, timeout=120_000)
    seen = zxingcpp.read_barcodes(Image.open(BytesIO(canvas.screenshot())), formats=zxingcpp.BarcodeFormat.QRCode)
    [address] = [one.text for one in seen]
    assert address.startswith(f"{live_server.url}/asistencia/{session.code}/")
    who = session.registrations.first().enrolment
    learner, said = opened(who.person, address.removeprefix(live_server.url))
    assert barriers(learner) == []
    if SHOTS:
        learner.screenshot(path=f"{SHOTS}/scan-360.png", full_page=True)
    learner.get_by_role("button", name="Sí, soy yo").click()
    expect(learner.get_by_text("Su asistencia quedó anotada.")).to_be_visible(timeout=60_000)
    assert attendance.state_of(session=session, enrolment=who).way == "qr"
    assert complaints + said == []


def test_the_list_keeps_marks_without_a_line_and_sends_them_once(opened, session, trainer):
    page, _complaints = opened(trainer, office("attendance", session))
    one, other, third = (seat.enrolment for seat in session.registrations.order_by("number"))
    state = page.locator("[data-waiting]")
    page.context.set_offline(True)

    def press(who, value: str) -> None:
        page.locator(f"[data-mark='{who.public_id}'] input[value={value}]").check()

    press(one, "si")
    press(other, "si")
    press(other, "no")
    expect(state).to_contain_text("2 marcas por enviar", timeout=60_000)
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/offline-360.png", full_page=True)
    assert not Attendance.objects.exists()
    page.context.set_offline(False)
    expect(state).to_contain_text("Todo está enviado", timeout=60_000)
    press(third, "si")
    wait_until(lambda: Attendance.objects.count() == 3, 60)
    held = {row.enrolment: row.is_present for row in attendance.rows_of(session)}
    assert held == {one: True, other: False, third: True}
    press(one, "no")
    row = page.locator(f"[data-mark='{one.public_id}']")
    expect(row.get_by_text("Escriba por qué cambia")).to_be_visible(timeout=60_000)
    row.get_by_label("Si cambia, ¿por qué?").fill("Marqué mal")
    row.get_by_label("Si cambia, ¿por qué?").blur()
    wait_until(lambda: Attendance.objects.count() == 4, 60)
    assert attendance.state_of(session=session, enrolment=one).is_present is False
    page.reload()
    assert page.evaluate(KEPT) == ["{}"]


def test_what_is_waiting_is_there_after_the_page_is_opened_anew(opened, session, trainer):
    page, _complaints = opened(trainer, office("attendance", session))
    who = session.registrations.first().enrolment
    page.route("**/marcas/", lambda route: route.abort())
    page.locator(f"[data-mark='{who.public_id}'] input[value=si]").check()
    expect(page.locator("[data-waiting]")).to_contain_text("1 marca por enviar", timeout=60_000)
    page.reload()
    expect(page.locator("[data-waiting]")).to_contain_text("1 marca por enviar", timeout=60_000)
    expect(page.locator(f"[data-mark='{who.public_id}'] input[value=si]")).to_be_checked()
    page.unroute("**/marcas/")
    page.reload()
    expect(page.locator("[data-waiting]")).to_contain_text("Todo está enviado", timeout=60_000)
    assert Attendance.objects.get().enrolment == who
