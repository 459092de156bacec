"""The editor of captions and the transcript in a real browser: by keyboard, offline, against a colleague."""

import subprocess

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from lms.domain import roles
from lms.models import Language
from media.domain import captions
from media.models import TranscriptLine
from tests.clients import FullClient
from tests.courses.watching_cases import a_viewer
from tests.factories.media import a_video
from tests.factories.people import somebody_with_role
from tests.system import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.django_db(transaction=True)]
TWO = (
    "WEBVTT\n\n00:00:01.000 --> 00:00:03.000\nBuenos días\n\n"
    "00:00:05.000 --> 00:00:08.000\nHoy hablamos de la rendición de cuentas\n"
)
NOW = "document.querySelector('video').currentTime"
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    source = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=10:duration=20"]
    flags = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    subprocess.run(["ffmpeg", "-loglevel", "error", *source, *flags, str(path)], check=True)
    return path.read_bytes()


@pytest.fixture
def window(browser, live_server, film):
    """Opens a page as somebody; what the browser complains of is in `page.complaints`."""

    def serve(route) -> None:
        first, _dash, last = route.request.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last or len(film)), len(film) - 1)
        headers = {"Content-Range": f"bytes {start}-{end}/{len(film)}", "Accept-Ranges": "bytes"}
        route.fulfill(status=206, body=film[start : end + 1], headers=headers, content_type="video/mp4")

    def open_as(person, address: str, *, width: int = 1280, client: type[Client] = FullClient):
        signed_in = client()
        signed_in.force_login(person)
        context = browser.new_context(viewport={"width": width, "height": 800}, locale="es-GT")
        key = signed_in.session.session_key
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}])
        context.route("**/video/**/*.mp4", serve)
        page = context.new_page()
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(live_server.url + address)
        return page

    return open_as


@pytest.fixture
def trainer(transactional_db):
    roles.ensure_groups()
    person = somebody_with_role("trainer")
    roles.sync_groups(person)
    return person


@pytest.fixture
def video(trainer):
    made = a_video(duration_seconds=20, uploaded_by=trainer)
    peaks = bytes(abs(128 - (7 * n) % 256) for n in range(200))
    made.waveform_path = default_storage.save(f"video/{made.public_id}/onda.bin", ContentFile(peaks))
    made.save(update_fields=["waveform_path"])
    captions.save(video=made, language=Language.objects.get(key="es"), text=TWO, by=None)
    return made


def editor_of(video) -> str:
    return reverse("media_videos:captions_edit", args=[video.pk, "es"])


def barriers(page) -> list[str]:
    found = Axe().run(page, context="main").response["violations"]
    return [
        f"{one['id']}: {node['html'][:200]}"
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


def texts(page) -> list[str]:
    return page.locator("[data-list] textarea").evaluate_all("all => all.map((one) => one.value)")


def wait_for(page, condition: str) -> None:
    """Playwright's own waiting evaluates a text, which the content security policy forbids."""
    wait_until(lambda: page.evaluate(condition) or page.wait_for_timeout(100), 30)


def seek(page, second: float) -> None:
    page.evaluate(f"new Promise((d) => {{ const v = document.querySelector('video'); v.onseeked = d; "
                  f"v.currentTime = {second}; }})")  # fmt: skip


def test_captions_are_written_by_keyboard_alone_and_saved(window, video, trainer):
    page = window(trainer, editor_of(video))
    first = page.locator("[data-list] textarea").first
    expect(first).to_have_value("Buenos días")
    expect(page.locator("[data-plain]")).to_be_hidden()
    first.focus()
    page.keyboard.press("End")
    page.keyboard.type(" a todas y a todos los que nos escuchan hoy")
    check = page.locator("[data-list] .captions-check").first
    expect(check).to_contain_text("Demasiado rápido: 27 letras por segundo")
    expect(check).to_contain_text("Una línea tiene 54 letras")
    expect(page.locator("[data-summary]")).to_contain_text("1 difíciles de leer")
    # Split where the cursor stands, look at both, join them again, and take the joining back.
    for _letter in range(len(" a todas y a todos los que nos escuchan hoy")):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Alt+Enter")
    assert texts(page)[:2] == ["Buenos días", "a todas y a todos los que nos escuchan hoy"]
    page.keyboard.press("Alt+U")
    assert len(texts(page)) == 2
    page.keyboard.press("Alt+z")
    assert len(texts(page)) == 3
    # Next goes there in the video, too; the time at the playhead becomes its end; a new one begins where it stands.
    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("Alt+ArrowDown")
    assert page.evaluate(NOW) == pytest.approx(5)
    seek(page, 9)
    page.keyboard.press("Alt+o")
    seek(page, 12)
    page.keyboard.press("Alt+n")
    page.keyboard.type("¿Preguntas?")
    page.keyboard.press("Alt+j")
    assert page.evaluate(NOW) == pytest.approx(10)
    page.keyboard.press("Control+s")
    expect(page.locator("[data-state]")).to_contain_text("Guardado a las")
    kept = captions.parse(video.captions.get().text)
    assert [cue.text for cue in kept][-2:] == ["Hoy hablamos de la rendición de cuentas", "¿Preguntas?"]
    assert [(cue.start, cue.end) for cue in kept][-2:] == [(5000, 9000), (12000, 14000)]
    assert TranscriptLine.objects.count() == 4
    assert "aula.subtitulos" not in page.evaluate("JSON.stringify({ ...localStorage })")
    assert page.complaints == []


def test_a_time_that_means_nothing_is_not_sent_and_order_is_kept(window, video, trainer):
    page = window(trainer, editor_of(video))
    start = page.locator("[data-list] [data-at=start]")
    start.nth(1).fill("mañana")
    page.keyboard.press("Control+s")
    expect(page.locator("[data-state]")).to_contain_text("No se entiende el tiempo")
    expect(start.nth(1)).to_be_focused()
    start.nth(1).fill("0.2")
    page.keyboard.press("Tab")
    expect(page.locator("[data-list] textarea").first).to_have_value("Hoy hablamos de la rendición de cuentas")
    page.locator("[data-list] [data-at=end]").first.fill("0:00.1")
    page.keyboard.press("Control+s")
    expect(page.locator("[data-state]")).to_contain_text("Termina antes de empezar")
    assert video.captions.get().text == TWO
    assert page.complaints == []


def test_a_colleagues_save_in_between_loses_neither_text(window, video, trainer):
    page = window(trainer, editor_of(video))
    spanish = Language.objects.get(key="es")
    captions.save(video=video, language=spanish, text=TWO.replace("Buenos días", "Lo de ella"), by=None)
    page.locator("[data-list] textarea").first.fill("Lo mío")
    page.locator("[data-save]").click()
    expect(page.locator("[data-conflict]")).to_contain_text("Otra persona guardó estos subtítulos")
    assert "Lo de ella" in page.locator("[data-conflict-text]").input_value()
    assert texts(page)[0] == "Lo mío"
    assert "Lo de ella" in video.captions.get().text
    assert barriers(page) == []
    page.locator("[data-conflict-theirs]").click()
    assert texts(page)[0] == "Lo de ella"
    page.keyboard.press("Alt+z")  # mine is a step back away
    assert texts(page)[0] == "Lo mío"
    page.locator("[data-save]").click()
    expect(page.locator("[data-state]")).to_contain_text("Guardado a las")
    assert "Lo mío" in video.captions.get().text
    assert page.complaints == []


def test_what_was_typed_outlives_the_line_and_the_window(window, video, trainer, live_server):
    page = window(trainer, editor_of(video))
    page.context.set_offline(True)
    page.locator("[data-list] textarea").first.fill("Sin conexión")
    page.keyboard.press("Control+s")
    expect(page.locator("[data-state]")).to_contain_text("No hay conexión")
    page.context.set_offline(False)
    expect(page.locator("[data-state]")).to_contain_text("Guardado a las")
    assert "Sin conexión" in video.captions.get().text
    page.locator("[data-list] textarea").first.fill("A medias")
    expect(page.locator("[data-state]")).to_contain_text("a salvo en este navegador")
    page.goto(live_server.url + editor_of(video))
    expect(page.locator("[data-found]")).to_contain_text("quedaron cambios sin guardar")
    assert page.locator("[data-list]").evaluate("list => list.inert")
    page.locator("[data-found-use]").click()
    assert texts(page)[0] == "A medias"
    page.locator("[data-save]").click()
    expect(page.locator("[data-state]")).to_contain_text("Guardado a las")
    assert "A medias" in video.captions.get().text
    # A session that ended in the meantime neither loses the text nor claims to have kept it.
    page.locator("[data-list] textarea").first.fill("Fuera")
    page.context.clear_cookies()
    page.keyboard.press("Control+s")
    expect(page.locator("[data-state]")).to_contain_text("Su sesión terminó")
    assert "Fuera" in page.evaluate("JSON.stringify({ ...localStorage })")


@pytest.mark.parametrize("width", [360, 1280])
def test_the_editor_fits_a_telephone_and_has_no_barriers(width, window, video, trainer):
    page = window(trainer, editor_of(video), width=width)
    expect(page.locator("[data-list] textarea").first).to_be_visible()
    assert barriers(page) == []
    assert page.evaluate(SIDEWAYS) <= 0
    assert page.locator("[data-do]:visible").evaluate_all(
        "all => all.filter((one) => one.getBoundingClientRect().height < 44).length"
    ) == 0  # fmt: skip
    page.locator("[data-do=next]").click()
    page.locator("[data-do=add]").click()
    assert len(texts(page)) == 3


@pytest.mark.parametrize("width", [360, 1280])
def test_a_learner_reads_searches_and_jumps(width, window):
    viewer = a_viewer(length=20)
    captions.save(video=viewer.video, language=Language.objects.get(key="es"), text=TWO, by=None)
    kiche = TWO.replace("Buenos días", "Saqarik, qꞌij")
    captions.save(
        video=viewer.video, language=Language.objects.get(key="quc"), text=kiche, by=None, is_machine_made=True
    )
    page = window(viewer.person, viewer.lesson.url, width=width, client=Client)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    assert "rendición" not in page.content()
    page.locator("[data-transcript] > summary").click()
    lines = page.locator("[data-lines] button")
    expect(lines).to_have_count(2)
    assert sum("es.vtt" in url for url in asked) == 1
    assert barriers(page) == []
    assert page.evaluate(SIDEWAYS) <= 0
    page.locator("[data-transcript] [data-look-for]").fill("RENDICION cuentas")
    expect(page.locator("[data-lines] li:visible")).to_have_count(1)
    expect(page.locator("[data-lines] mark")).to_have_text(["rendición", "cuentas"])
    expect(page.locator("[data-transcript] [data-note]")).to_have_text("1 línea")
    page.evaluate("document.querySelector('video').muted = true")
    lines.nth(1).click()
    wait_for(page, f"{NOW} > 5.2")
    expect(lines.nth(1)).to_have_attribute("aria-current", "true")
    page.evaluate("document.querySelector('video').pause()")
    page.locator("[data-transcript] [data-look-for]").fill("")
    lines.nth(0).focus()
    page.keyboard.press("End")
    expect(lines.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    wait_for(page, f"{NOW} < 4")
    page.locator("[data-language]").select_option(index=1)
    expect(lines.first).to_contain_text("Saqarik")
    assert "hecho por máquina" in page.locator("[data-language]").inner_text()
    expect(page.locator("[data-lines]")).to_have_attribute("lang", "quc")
    assert page.complaints == []
