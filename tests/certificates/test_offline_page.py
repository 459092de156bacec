"""The verifier on the device: what it is made of, and in a real browser with the line cut."""

import json
import os
import random
import re
import subprocess
from base64 import urlsafe_b64encode
from datetime import timedelta
from io import BytesIO

import pypdfium2
import pytest
from django.core.files.storage import default_storage
from django.db import connections
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import sync_playwright

from certificates import keyring
from certificates.domain import codes, rendering, signed_facts, status_lists
from tests import browsers
from tests.certificates.test_signed_facts import letters_of, signed_paper
from tests.courses.test_bank_screens import look, window
from tests.factories.certificates import a_certificate, a_lifting, a_revocation, a_suspension
from tests.factories.people import an_employee

PAGE = "certificates:offline"
LONG = 60_000
pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]
__all__ = ["window"]


@pytest.fixture(autouse=True)
def own_keys(settings, tmp_path):
    settings.SEAL_KEYS_DIR = tmp_path / "keys"


def device_of(response) -> dict:
    """What the page brings for its script."""
    return json.loads(re.search(r'<script id="aparato"[^>]*>(.*?)</script>', response.content.decode(), re.DOTALL)[1])


class TestPage:
    def test_it_brings_every_key_and_the_names_of_the_lists(self, client):
        certificate = a_certificate()
        rendering.ensure_file(certificate)
        keyring.ensure(anew=True)
        device = device_of(client.get(reverse(PAGE)))
        assert [one["id"] for one in device["keys"]] == [
            signed_facts.key_id(key).hex() for key in keyring.history(keyring.Use.QR)
        ]
        assert len(device["keys"]) == 2
        assert device["lists"] == [certificate.status_entry.list]

    def test_lists_are_named_as_they_are_filled(self, monkeypatch):
        for _turn in range(5):
            a_certificate()
        monkeypatch.setattr(status_lists, "MOST", 2)
        year = timezone.localdate().year
        assert status_lists.names() == [f"ANAM-{year}-{number}" for number in (1, 2, 3)]

    def test_it_says_nothing_of_who_reads(self, client):
        """It is kept on a device that others use, too."""

        def bare() -> str:
            return re.sub(r'"made": "[^"]*"', "", client.get(reverse(PAGE)).content.decode())

        stranger = bare()
        client.force_login(an_employee(given_names="Filomena"))
        assert bare() == stranger
        for name in ("offline", "offline_worker", "offline_manifest"):
            assert client.get(reverse(f"certificates:{name}"))["Cache-Control"] == "no-cache"

    def test_a_new_key_makes_devices_fetch_it_anew(self, client):
        def worker() -> str:
            return client.get(reverse("certificates:offline_worker")).content.decode()

        first = worker()
        assert worker() == first
        keyring.ensure()
        assert worker() != first

    def test_what_the_worker_keeps_is_there(self, client):
        worker = client.get(reverse("certificates:offline_worker"))
        assert worker["Content-Type"].startswith("text/javascript")
        files = json.loads(re.search(r"FILES = (\[.*?\]);?,? PAGE", worker.content.decode())[1])
        assert files[0] == reverse(PAGE)
        device = device_of(client.get(reverse(PAGE)))
        assert {*device["modules"], device["reader"]} < set(files)
        body = client.get(reverse(PAGE)).content.decode()
        linked = re.findall(r'(?:src|href)="([^"]+\.(?:css|js|svg|webmanifest))"', body)
        assert set(linked) <= set(files)

    def test_it_can_be_installed(self, client):
        said = json.loads(client.get(reverse("certificates:offline_manifest")).content)
        assert said["start_url"] == said["scope"] == reverse(PAGE) == "/verificar/sin-conexion/"
        assert said["display"] == "standalone"

    def test_the_check_page_leads_there(self, client):
        assert f'href="{reverse(PAGE)}"' in client.get(reverse("certificates:verify")).content.decode()


# What the browser packs, ours unpacks: nothing, one byte over and over, chance, words, and a few bits.
UNPACK = """async () => {
    const say = JSON.parse(document.getElementById("aparato").textContent);
    const { gunzip } = await import(say.inflater);
    const few = new Uint8Array(16384);
    for (let turn = 0; turn < 900; turn++) few[(turn * 7919) % 16384] |= 1 << turn % 8;
    const chance = crypto.getRandomValues(new Uint8Array(40000));
    const words = new TextEncoder().encode("Sin señal también se sabe. ".repeat(900) + "x");
    const held = [];
    for (const bytes of [new Uint8Array(0), new Uint8Array(16384), chance, words, few]) {
        const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
        const back = gunzip(new Uint8Array(await new Response(stream).arrayBuffer()));
        held.push(back.length === bytes.length && back.every((byte, place) => byte === bytes[place]));
    }
    return held;
}"""


@pytest.fixture
def papers(own_keys, tmp_path):
    """Two certificates and pictures of their papers, made before there is a browser: both run a loop of their own."""
    made = []
    for name in ("María Candelaria", "Wenceslao Estanislao Maximiliano Hermenegildo"):
        certificate = a_certificate(person=an_employee(given_names=name))
        file = rendering.ensure_file(certificate)
        with default_storage.open(file.path) as stored:
            drawn = pypdfium2.PdfDocument(BytesIO(stored.read()))[0].render(scale=200 / 72)
        picture = tmp_path / f"{certificate.code}.png"
        drawn.to_pil().save(picture)
        made.append((certificate, file.qr, picture))
    return made


def kept(page):
    """The page, once all of it is on the device."""
    page.look(reverse(PAGE), "offline")
    page.locator("[data-ready]").wait_for(timeout=LONG)
    page.get_by_text("que guarda este aparato es del").wait_for(timeout=LONG)


def again(page) -> None:
    """As if it was opened anew."""
    page.reload()
    page.locator("[data-app]").wait_for(timeout=LONG)


def answer(page, words: str) -> str:
    """What is said, once it is that."""
    page.locator("[data-told] h2", has_text=words).wait_for(timeout=LONG)
    return page.inner_text("[data-told]")


def answering(body: str):
    """What stands between the device and us, and answers in our place."""
    return lambda route: route.fulfill(body=body, content_type="application/jwt")


def paste(page, text: str, words: str) -> str:
    page.fill("#texto", text)
    page.locator("[data-paste] button").click()
    return answer(page, words)


@pytest.mark.journey
class TestBrowser:
    def test_without_a_line_it_is_read_from_a_picture(self, papers, window):
        (revoked, _qr, picture), (_other, other_qr, other_picture) = papers
        sent = []
        window.on("request", lambda request: sent.append((request.method, request.post_data)))
        kept(window)
        window.context.set_offline(True)
        again(window)
        window.set_input_files("[data-picture]", picture)
        said = answer(window, "Auténtico. Vigente según la lista del")
        assert "No sabemos si fue revocado después del" in said
        for fact in (revoked.person_name, revoked.course_title, revoked.reference, revoked.grouped_code, "4 horas"):
            assert fact in said
        assert window.evaluate("document.activeElement.tagName") == "H2"
        look(window, "", "offline-valid")
        window.set_input_files("[data-picture]", other_picture)
        window.locator("[data-told] dd", has_text="Wenceslao").wait_for(timeout=LONG)

        a_revocation(revoked)
        window.set_input_files("[data-picture]", picture)
        answer(window, "Vigente según la lista del")  # nobody told this device yet
        window.context.set_offline(False)
        window.locator("[data-refresh]").click()
        window.get_by_text("La lista está al día").wait_for(timeout=LONG)
        window.context.set_offline(True)
        again(window)
        window.set_input_files("[data-picture]", picture)
        assert "Ya no tiene validez" in answer(window, "Auténtico, pero REVOCADO")
        look(window, "", "offline-revoked")
        paste(window, other_qr.lower() + "\n", "Auténtico. Vigente según la lista del")
        assert "más largo en el papel" not in window.inner_text("[data-told]")
        assert {method for method, _body in sent} == {"GET"}
        assert [body for _method, body in sent if body] == []
        assert [one for one in window.complaints if "ERR_INTERNET" not in one] == []

    def test_what_is_suspended_says_so_until_it_is_lifted(self, papers, window):
        certificate, qr, _picture = papers[0]

        def refreshed() -> None:
            window.evaluate("document.querySelector('[data-busy]').textContent = ''")
            window.locator("[data-refresh]").click()
            window.get_by_text("La lista está al día").wait_for(timeout=LONG)

        kept(window)
        paste(window, qr, "Auténtico. Vigente según la lista del")
        a_suspension(certificate)
        refreshed()
        window.context.set_offline(True)
        again(window)
        assert "Por ahora no tiene validez" in paste(window, qr, "Auténtico, pero SUSPENDIDO")
        look(window, "", "offline-suspended")
        window.context.set_offline(False)
        a_lifting(certificate)
        refreshed()
        paste(window, qr, "Auténtico. Vigente según la lista del")
        a_revocation(certificate)
        refreshed()
        paste(window, qr, "Auténtico, pero REVOCADO")

    def test_a_list_is_believed_for_its_signature_alone(self, papers, settings, tmp_path, window):
        """Who stands between, or at the device itself, gives it a list that says that nothing was revoked."""
        certificate, qr, _picture = papers[0]
        name = certificate.status_entry.list
        clean = status_lists.publish(name, as_token=True)
        suspensions = status_lists.publish(name, "suspension", as_token=True)
        a_revocation(certificate)
        true = status_lists.publish(name, as_token=True)
        settings.SEAL_KEYS_DIR = tmp_path / "theirs"
        foreign = status_lists.publish(name, as_token=True)
        settings.SEAL_KEYS_DIR = tmp_path / "keys"
        head, said, signature = true.split(".")
        none = urlsafe_b64encode(b'{"alg":"none","kid":"x#' + clean.encode()[:4] + b'"}').decode().rstrip("=")
        lies = {
            "changed": f"{head}.{clean.split('.')[1]}.{signature}",
            "of another key": foreign,
            "of another purpose": suspensions,
            "unsigned": f"{none}.{clean.split('.')[1]}.",
            "cut": f"{head}.{said}.{signature[:-4]}",
            "as it was, without proof": json.dumps(status_lists._document(name, "revocation", timezone.now())),
        }
        kept(window)
        paste(window, qr, "Auténtico, pero REVOCADO")
        address = f"**/estados/{name}.jwt"
        for told, lie in lies.items():
            window.unroute(address)
            window.route(address, answering(lie))
            window.evaluate("document.querySelector('[data-busy]').textContent = ''")
            window.locator("[data-refresh]").click()
            window.get_by_text("No se pudo actualizar la lista").wait_for(timeout=LONG)
            assert paste(window, qr, "Auténtico, pero REVOCADO"), told
        window.context.set_offline(True)
        put = """async ([address, text]) => (await caches.open("aula-estados-2")).put(address, new Response(text))"""
        for told, lie in lies.items():  # somebody with the device in their hands
            window.evaluate(put, [f"/estados/{name}", lie])
            assert "no tiene la lista" in paste(window, qr, "No sabemos si sigue vigente"), told
            window.evaluate(put, [f"/estados/{name}", true])
            paste(window, qr, "Auténtico, pero REVOCADO")

    def test_a_list_of_ours_that_is_older_takes_no_place(self, papers, window):
        certificate, qr, _picture = papers[0]
        name = certificate.status_entry.list
        begun = timezone.now() - timedelta(days=2)
        old = status_lists._sign_token(name, "revocation", begun, keyring.current(keyring.Use.QR))
        a_revocation(certificate)
        kept(window)
        paste(window, qr, "Auténtico, pero REVOCADO")
        window.route(f"**/estados/{name}.jwt", answering(old))
        window.locator("[data-refresh]").click()
        window.get_by_text("No se pudo actualizar la lista").wait_for(timeout=LONG)
        paste(window, qr, "Auténtico, pero REVOCADO")

    def test_twins_are_refused(self, papers, settings, tmp_path, window):
        good = papers[0][1]
        settings.SEAL_KEYS_DIR = tmp_path / "theirs"
        theirs = letters_of(signed_paper())
        settings.SEAL_KEYS_DIR = tmp_path / "keys"
        kept(window)
        paste(window, good, "Auténtico")
        assert "No es de ninguna de nuestras llaves" in paste(window, theirs, "No lo emitimos nosotros")
        for place in (40, 120, 250, len(good) - 40):
            paste(window, good, "Auténtico")
            paste(window, good[:place] + ("B" if good[place] == "A" else "A") + good[place + 1 :], "No lo emitimos")
        look(window, "", "offline-forged", 360)
        for cut in (good[:-1], good[:-8], good[:-16], good + "A" * 8, good + "A", good + good[-200:]):
            paste(window, good, "Auténtico")
            paste(window, cut, "No se puede leer")
        paste(window, "hola", "No se puede leer")
        said = paste(window, papers[0][0].facts["verify_url"], "no se puede comprobar sin señal")
        assert "de los de antes" in said
        assert window.locator("[data-told] a").get_attribute("href") == f"/verificar/{papers[0][0].code}/"

    def test_a_bit_an_age_and_an_end(self, papers, window):
        first = papers[0][0]
        status = {"status": first.facts["status"]}
        over, unlisted = signed_paper(code=codes.new_code()), signed_paper(code=codes.new_code())
        over.facts |= status | {"expires_on": "2026-06-30"}
        unlisted.facts["status"] = {"list": "https://aula.example.org/estados/ANAM-2019-1.json", "index": 3}
        later = signed_paper(issued_at=timezone.now() + timedelta(days=1))
        later.facts |= status
        kept(window)
        over.person_name = "Wenceslao " * 17
        assert "más largo en el papel" in paste(window, letters_of(over), "Auténtico, pero vencido")
        assert "Venció el 30 de junio de 2026" in paste(window, letters_of(over), "Auténtico, pero vencido")
        assert "no tiene la lista" in paste(window, letters_of(unlisted), "Auténtico. No sabemos si sigue vigente")
        paste(window, papers[0][1], "Vigente según la lista del")
        assert "es anterior al certificado" in paste(
            window, letters_of(later), "Auténtico. No sabemos si sigue vigente"
        )
        window.context.set_offline(True)
        window.clock.set_fixed_time(timezone.now() + timedelta(days=40))
        assert "La lista tiene 40 días" in paste(window, papers[0][1], "Vigente según la lista del")

    def test_a_browser_that_unpacks_nothing_reads_the_list_too(self, papers, window):
        (revoked, qr, _picture), (_other, other_qr, _other_picture) = papers
        a_revocation(revoked)
        window.add_init_script("delete globalThis.DecompressionStream")
        kept(window)
        paste(window, qr, "Auténtico, pero REVOCADO")
        paste(window, other_qr, "Auténtico. Vigente según la lista del")
        assert window.evaluate(UNPACK) == [True] * 5

    def test_the_camera_sees_a_paper(self, papers, monkeypatch, live_server, tmp_path):
        """A camera of the browser's own, which films the foot of the paper."""
        certificate, _qr, picture = papers[0]
        film = tmp_path / "camera.y4m"
        near = ["-vf", "crop=600:450:iw-600:ih-450,scale=1280:960", "-pix_fmt", "yuv420p", "-frames:v", "5"]
        subprocess.run(["ffmpeg", "-v", "error", "-loop", "1", "-i", picture, *near, film], check=True)
        # Playwright's loop runs in this thread; the test still asks the database itself.
        monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        camera = f"--use-file-for-fake-video-capture={film}"
        with sync_playwright() as playwright:
            chromium = browsers.launch(
                playwright, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", camera
            )
            page = chromium.new_context(locale="es-GT", permissions=["camera"]).new_page()
            page.goto(live_server.url + reverse(PAGE))
            page.locator("[data-ready]").wait_for(timeout=LONG)
            page.context.set_offline(True)
            page.locator("[data-camera]").click()
            assert certificate.reference in answer(page, "Auténtico. Vigente según la lista del")
            assert page.evaluate("document.querySelector('[data-video]').srcObject") is None  # it looks no longer
            chromium.close()
        connections.close_all()

    def test_without_a_camera_that_is_said(self, papers, window):
        kept(window)
        window.locator("[data-camera]").click()
        window.get_by_text("No se pudo usar la cámara").wait_for(timeout=LONG)

    def test_no_text_breaks_the_page(self, papers, window):
        """Beside what chance makes: our own with something changed, cut, doubled or put in."""
        good, chance = papers[0][1].rpartition("/")[2], random.Random(7)  # noqa: S311 (nothing is secret here)
        texts = [
            "",
            "/",
            "\x00",
            "😀" * 50,
            "A" * 1200,
            "2" * 1200,
            "2K" + "A" * 400,
            good + good,
            good[8:],
            None,
            7,
            {},
        ]
        for _turn in range(600):
            start, end = sorted(chance.sample(range(len(good)), 2))
            put = "".join(chance.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=chance.choice([0, 1, 8, 40])))
            texts.append(good[:start] + put + good[chance.choice([start, start + 1, end]) :])
        for name in ("A", "AB", "ABC", "ABCD", "ABCDE"):  # of other spare bits at the end
            one = letters_of(signed_paper(person_name=name))
            texts += [one[:-1] + other for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" if other != one[-1]]
        kept(window)
        found = window.evaluate(
            """async (texts) => {
                const say = JSON.parse(document.getElementById("aparato").textContent);
                const { open } = await import(say.modules[0]);
                const counts = {};
                for (const text of texts) {
                    const { is } = await open(text, say.keys);
                    counts[is] = (counts[is] ?? 0) + 1;
                }
                return counts;
            }""",
            [text for text in texts if text != good],
        )
        assert set(found) == {"forged", "unreadable"}
        assert min(found.values()) > 5
        assert window.complaints == []
