"""A line that is cut in the middle of a file that is handed in: what arrived stays, and the rest follows by itself."""

import hashlib
from dataclasses import dataclass, field

import pytest
from django.core.files.storage import default_storage
from playwright.sync_api import Request, expect

from courses.models import HandedFile
from tests.courses.test_handing_browser import STATE, a_file, taking, trainer
from tests.courses.test_handing_pieces import a_large_pdf
from tests.system import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.django_db(transaction=True)]
__all__ = ["taking", "trainer"]
SIZE = 1_500_000
LARGEST = 1024 * 1024
WAIT_MS = 120_000
ONLINE = {"offline": False, "latency": 20, "downloadThroughput": -1, "uploadThroughput": 150_000}


@dataclass
class Sent:
    """What of a file left the telephone: from which byte, how many."""

    pieces: list[tuple[int, int]] = field(default_factory=list)
    whole: int = 0

    def note(self, request: Request) -> None:
        if request.method == "PATCH":
            self.pieces.append((int(request.headers["upload-offset"]), len(request.post_data_buffer or b"")))
        elif request.method == "POST" and len(request.post_data_buffer or b"") > LARGEST // 2:
            self.whole += 1


@pytest.fixture
def line(taking):
    """A weak line of the telephone, and what went over it."""
    tab, attempt = taking
    sent, session = Sent(), tab.context.new_cdp_session(tab)
    tab.on("request", sent.note)
    tab.route("**/intentos/**", lambda route: route.continue_())  # without one, nobody says how large a piece is
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", ONLINE)
    return tab, attempt, session, sent


def begin(tab, content: bytes) -> None:
    tab.set_input_files("[name=answer]", [a_file("plan.pdf", content)])
    tab.click("[name=go][value=stay]")


def assert_whole(attempt, content: bytes) -> None:
    kept = HandedFile.objects.get()
    with default_storage.open(kept.path) as file:
        assert hashlib.sha256(file.read()).hexdigest() == hashlib.sha256(content).hexdigest()
    assert attempt.answers.get().given == {"files": [str(kept.public_id)]}


def test_a_cut_inside_a_file_costs_one_piece_at_most(line):
    tab, attempt, session, sent = line
    content = a_large_pdf(SIZE)
    begin(tab, content)
    bar = tab.locator("[data-handing-bar]")
    wait_until(lambda: bar.evaluate("bar => bar.value") > 30 or tab.wait_for_timeout(50), WAIT_MS // 1000)
    expect(bar).to_be_visible()
    session.send("Network.emulateNetworkConditions", ONLINE | {"offline": True})
    expect(tab.locator(STATE)).to_contain_text("Se cortó la señal", timeout=WAIT_MS)
    assert HandedFile.objects.count() == 0
    before = len(sent.pieces)
    assert 1 < before < SIZE // (32 * 1024)
    session.send("Network.emulateNetworkConditions", ONLINE | {"uploadThroughput": -1})
    expect(tab.locator(".handed-files li")).to_have_count(1, timeout=WAIT_MS)
    assert_whole(attempt, content)
    twice = sum(size for _start, size in sent.pieces) - len(content)
    assert 0 <= twice <= max(size for _start, size in sent.pieces)
    resumed = sent.pieces[before:]
    assert resumed[0][0] >= sent.pieces[before - 1][0] > 0  # no earlier than the piece that was cut
    assert sent.whole == 0


def test_a_file_goes_on_after_its_page_was_closed(line):
    """On the same telephone, another day: chosen again it is known by its content."""
    tab, attempt, session, sent = line
    content = a_large_pdf(SIZE)
    begin(tab, content)
    bar = tab.locator("[data-handing-bar]")
    wait_until(lambda: bar.evaluate("bar => bar.value") > 30 or tab.wait_for_timeout(50), WAIT_MS // 1000)
    session.send("Network.emulateNetworkConditions", ONLINE | {"offline": True})
    expect(tab.locator(STATE)).to_contain_text("elija el mismo archivo", timeout=WAIT_MS)
    address, before = tab.url, len(sent.pieces)
    again = tab.context.new_page()
    tab.close()
    again.on("request", sent.note)
    again.route("**/intentos/**", lambda route: route.continue_())
    again.goto(address)
    expect(again.locator("p.notice")).to_contain_text("«plan.pdf» quedó a medias")
    begin(again, content)
    expect(again.locator(".handed-files li")).to_have_count(1, timeout=WAIT_MS)
    expect(again.locator("p.notice")).to_have_count(0)
    assert_whole(attempt, content)
    assert sent.pieces[before][0] >= sent.pieces[before - 1][0] > 0
    begin(again, content)
    expect(again.locator(STATE)).to_contain_text("ya está entre los archivos", timeout=WAIT_MS)
    assert HandedFile.objects.count() == 1


def test_answers_that_are_lost_send_nothing_again(taking):
    """Three in a row: that of the beginning, of a piece and of the end."""
    tab, attempt = taking
    sent, lost = Sent(), []

    def lose(route) -> None:
        name = "PATCH" if route.request.method == "PATCH" else route.request.url.rsplit("/", 2)[-2]
        kind = "begin" if route.request.method == "POST" and "/archivos/" in route.request.url else name
        if route.request.method in {"POST", "PATCH"} and kind not in lost and "/intentos/" in route.request.url:
            lost.append(kind)
            route.fetch()
            route.abort()
        else:
            route.continue_()

    tab.on("request", sent.note)
    tab.route("**/*", lose)
    content = a_large_pdf(SIZE)
    begin(tab, content)
    expect(tab.locator(".handed-files li")).to_have_count(1, timeout=WAIT_MS)
    assert len(lost) == 3
    assert_whole(attempt, content)
    assert sum(size for _start, size in sent.pieces) == len(content)


def test_what_is_refused_piece_by_piece_is_said(taking):
    tab, _attempt = taking
    begin(tab, b"MZ" + bytes(400_000))
    expect(tab.locator(STATE)).to_contain_text("Ese archivo no se puede entregar aquí", timeout=WAIT_MS)
    expect(tab.locator("[data-handing-bar]")).to_be_hidden()
    begin(tab, bytes(31 * 1024 * 1024))
    expect(tab.locator(STATE)).to_contain_text("es demasiado grande", timeout=WAIT_MS)
    assert HandedFile.objects.count() == 0
