"""What certificates cost on PostgreSQL: `python -m scripts.bench_certificates [certificates]`, in the environment.

Drawing is counted in CPU beside a bare reportlab page with the same words and the same QR, in turns. Then two workers,
started as in the Procfile, issue and seal as many certificates as are asked for (2,000 is what the goal speaks of; by
default fewer, at the same pace) while somebody goes on opening the page that checks one. At last that page stands
beside a Django that does a single query and nothing else.
"""

import io
import json
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from subprocess import Popen
from typing import Any

from scripts import steps
from scripts.bench import Figure, call, show, throw_away
from scripts.bench_floors import bare_worker_megabytes
from scripts.bench_learning import postmaster
from scripts.bench_load import Load, _take, cpu_of, press, request, serving
from scripts.steps import ROOT, VENV_PYTHON
from tests import services

MANY, OF_THE_GOAL, GOAL_SECONDS = 400, 2000, 300
DRAWN, SEALED, WARM_UPS = 40, 150, 20
WORKERS = 2
PAUSE_SECONDS = 0.1
SECONDS, CLIENTS, TURNS, CHECKED = 5, 8, 3, 200
PATIENCE_SECONDS = 900
MEGABYTES = 150
OWN_QUERY = "SELECT reference, person_name, course_title FROM certificates_certificate WHERE code = %s"
BARE = """
import json

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x" * 50, ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, USE_TZ=True, DATABASES=json.loads(%r)
)
django.setup()

from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpResponse
from django.urls import path


def one(request, code):
    with connection.cursor() as cursor:
        cursor.execute(%r, [code])
        return HttpResponse(" ".join(cursor.fetchone()))


urlpatterns = [path("one/<str:code>", one)]
application = get_wsgi_application()
"""


class Register:
    """Certificates to measure with: people of different names, one course, a design with logos and signatures."""

    def __init__(self) -> None:
        from tests.factories.courses import a_course  # noqa: PLC0415 Django is set up by now
        from tests.factories.templates import a_template  # noqa: PLC0415

        self.course = a_course(title="Cobro y registro de usuarios de agua potable")
        a_template(is_default=True, logos=2, signatories=2, is_signed=True)
        self._number = 0

    def completions(self, many: int) -> list:
        """So many people who are through; nobody has asked for their certificates yet."""
        from tests.factories.certificates import a_completion  # noqa: PLC0415
        from tests.factories.people import an_employee  # noqa: PLC0415

        found = []
        for _one in range(many):
            self._number += 1
            names = {"given_names": f"María {_name(self._number)}", "surnames": f"{_name(self._number * 7)} Xʼol"}
            found.append(a_completion(person=an_employee(**names), course=self.course))
        return found

    def certificates(self, many: int) -> list:
        """So many, issued, their files not drawn yet."""
        from certificates.domain import issuing  # noqa: PLC0415

        return [self._issued(issuing, completion) for completion in self.completions(many)]

    @staticmethod
    def _issued(issuing: Any, completion: Any) -> Any:
        issuing._note(completion, completion.person)  # and no job, which a worker would do later
        return issuing.issue(completion.public_id)


def _name(number: int) -> str:
    """A name as no other number has it."""
    return "".join("abcdeilmnorstu"[int(digit, 14)] for digit in _in_base_14(number + 3000)).capitalize()


def _in_base_14(number: int) -> Iterator[str]:
    while number:
        number, digit = divmod(number, 14)
        yield "0123456789abcd"[digit]


# What a paper costs


def bare_page(certificate: Any, address: str, draw_code: Callable) -> bytes:
    """The words of the paper in a face that every reader has, and the code: nothing archivable, read or sealed."""
    from reportlab.lib.pagesizes import landscape, letter  # noqa: PLC0415
    from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=landscape(letter))
    texts = certificate.facts["design"]["texts"]
    lines = [certificate.issuer, texts["grants"][0], texts["title"][0], texts["to"][0], certificate.person_name]
    lines += [texts["reason"][0], certificate.course_title, *texts["body"][0].splitlines()]
    lines += [one["name"] for one in certificate.facts["design"]["signatories"]]
    lines += [certificate.reference, certificate.grouped_code, texts["check"][0]]
    for number, line in enumerate(lines):
        canvas.setFont("Times-Roman", 14)
        canvas.drawString(128, 560 - 22 * number, line)
    draw_code(canvas, address)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def code_of_reportlab(canvas: Any, address: str) -> None:
    """By the library's own widget."""
    from reportlab.graphics import renderPDF  # noqa: PLC0415
    from reportlab.graphics.barcode.qr import QrCodeWidget  # noqa: PLC0415
    from reportlab.graphics.shapes import Drawing  # noqa: PLC0415

    drawing = Drawing(92, 92)
    drawing.add(QrCodeWidget(address, barLevel="M", barWidth=92, barHeight=92))
    renderPDF.draw(drawing, canvas, 640, 27)


def code_of_segno(canvas: Any, address: str) -> None:
    """As segno makes it, in one path: the least that somebody would write."""
    import segno  # noqa: PLC0415

    matrix = segno.make_qr(address, error="m").matrix
    cell = 92 / len(matrix)
    path = canvas.beginPath()
    for number, row in enumerate(matrix):
        for place, is_dark in enumerate(row):
            if is_dark:
                path.rect(640 + place * cell, 119 - (number + 1) * cell, cell, cell)
    canvas.drawPath(path, stroke=0, fill=1)


def measure_drawing(register: Register) -> list[Figure]:
    """The unsigned file, archivable and accessible and with its credential, beside two bare pages."""
    from certificates.domain import credentials, signed_facts  # noqa: PLC0415
    from certificates.pdf import render  # noqa: PLC0415

    ways: dict[str, Callable] = {
        "reportlab's QR": lambda one, _said, qr: bare_page(one, qr, code_of_reportlab),
        "segno's QR": lambda one, _said, qr: bare_page(one, qr, code_of_segno),
        "ours": render,
    }
    spent = dict.fromkeys(ways, 0.0)
    papers = [(one, credentials.issue(one), signed_facts.address_for(one)) for one in register.certificates(DRAWN)]
    for number, paper in enumerate([*papers[:5], *papers]):
        for way, draw in ways.items():
            begin = time.process_time()
            draw(*paper)
            if number >= 5:  # the first ones warm up
                spent[way] += 1000 * (time.process_time() - begin) / DRAWN
    ours = spent.pop("ours")
    return [
        Figure(
            f"Certificate, drawn (floor: text and {way})", "CPU ms", "≤ 1.3 × floor", floor, ours, ours <= 1.3 * floor
        )
        for way, floor in spent.items()
    ]


def measure_sealing(register: Register) -> list[Figure]:
    """Credential, QR, page, seal, storage and row; CPU of this process and of the database."""
    from certificates.domain import rendering  # noqa: PLC0415

    papers, there = register.certificates(SEALED + WARM_UPS), postmaster()
    for one in papers[:WARM_UPS]:
        rendering.ensure_file(one)
    here, database = time.process_time(), cpu_of(there)
    for one in papers[WARM_UPS:]:
        rendering.ensure_file(one)
    spent = time.process_time() - here + cpu_of(there) - database
    rate = SEALED / spent
    return [Figure("Certificates sealed, end to end", "a CPU second", "≥ 40", None, rate, rate >= 40)]


def measure_second_download(register: Register) -> list[Figure]:
    """The first draws; the second is nginx's, and Python only says which file."""
    from django.test import Client, override_settings  # noqa: PLC0415
    from django.urls import reverse  # noqa: PLC0415

    (one,) = register.certificates(1)
    client = Client()
    client.force_login(one.person)
    with override_settings(MEDIA_DELIVERY="nginx"):
        first, second = (client.get(reverse("certificates:download", args=[one.public_id])) for _time in range(2))
    if not first.headers.get("X-Accel-Redirect") == second.headers.get("X-Accel-Redirect") != None:  # noqa: E711
        raise steps.Stopped("a download was not handed to nginx")
    sent = len(second.content)
    return [Figure("Second download, sent by Python", "bytes", "0", None, sent, sent == 0)]


# Two workers


@contextmanager
def working(folder: Path, processes: int) -> Iterator[list[int]]:
    """So many processes with two workers each, as in the Procfile and without a clock; yields them."""
    command = [str(VENV_PYTHON.parent / "celery"), "--quiet", "-A", "lms", "worker", "--queues", "aula"]
    command += ["--pool", "threads", "--concurrency", "2", "--without-gossip", "--without-mingle"]
    command += ["--without-heartbeat", "--loglevel", "ERROR"]
    with ExitStack() as stack:
        started = []
        for number in range(processes):
            named = ["--hostname", f"bench-{number}@%h"]
            log = stack.enter_context((folder / f"worker-{number}.log").open("w"))
            process = Popen(["setpriv", "--pdeathsig", "TERM", *command, *named], cwd=ROOT, stdout=log, stderr=log)
            stack.callback(_end, process)
            started.append(process.pid)
        yield started


def _end(process: Popen) -> None:
    process.terminate()
    process.wait()


def measure_many(register: Register, folder: Path, many: int) -> list[Figure]:
    """In two processes; then in one with two workers in it, which is what the Procfile starts."""
    return _measure_many(register, folder, many, WORKERS) + _measure_many(register, folder, many, 1)


def _measure_many(register: Register, folder: Path, many: int, processes: int) -> list[Figure]:
    """From "through" to a sealed file, while somebody opens a page ten times a second."""
    from certificates.domain import issuing  # noqa: PLC0415
    from certificates.models import CertificateFile  # noqa: PLC0415

    (shown,) = register.certificates(1)
    path = f"/verificar/{shown.code}/"
    there = postmaster()
    warm, completions = register.completions(2 * WORKERS), register.completions(many)
    with serving("lms.wsgi", dict(os.environ), ROOT) as web, working(folder, processes) as workers:
        _let_work(issuing, warm, CertificateFile)
        at_first, begin = cpu_of(*workers, there), time.monotonic()
        with asking(web[1], path) as waits:
            _let_work(issuing, completions, CertificateFile)
            seconds = time.monotonic() - begin
        spent = cpu_of(*workers, there) - at_first
        memory = max(_peak_megabytes(process) for process in workers)
    if not waits:
        raise steps.Stopped("no page was answered meanwhile")
    late, pace = 1000 * sorted(waits)[len(waits) * 19 // 20], many / seconds
    least = OF_THE_GOAL / GOAL_SECONDS
    name = f"{f'{processes} processes' if processes > 1 else 'One process with 2 workers'}, {many:,} certificates"
    return [
        Figure(f"{name}: issued and sealed", "a second", f"≥ {least:.1f}", None, pace, pace >= least),
        Figure(f"{name}: CPU of one, workers and database", "CPU ms", "", None, 1000 * spent / many, True),
        Figure(f"{name}: pages meanwhile, nineteen in twenty", "ms", "≤ 1,000", None, late, late <= 1000),
        *_of_memory(name, memory, alone=processes > 1),
    ]


def _of_memory(name: str, megabytes: float, *, alone: bool) -> list[Figure]:
    """Of a process; and, where the two workers of the goal share one, of each of them."""
    bare = bare_worker_megabytes()
    if alone:
        return [Figure(f"{name}: most memory of one", "MB", f"< {MEGABYTES}", bare, megabytes, megabytes < MEGABYTES)]
    each = megabytes / WORKERS
    return [
        Figure(f"{name}: most memory of both", "MB", "", bare, megabytes, True),
        Figure(f"{name}: of that, for each", "MB", f"< {MEGABYTES}", None, each, each < MEGABYTES),
    ]


def _let_work(issuing: Any, completions: list, files: Any) -> None:
    """Owe them all, and wait until each has a file. Raises `Stopped` when that takes too long."""
    wanted, until = files.objects.count() + len(completions), time.monotonic() + PATIENCE_SECONDS
    for completion in completions:
        issuing.owe(completion)
    while files.objects.count() < wanted:
        if time.monotonic() > until:
            raise steps.Stopped("the workers of the measurement did not get through")
        time.sleep(0.2)


@contextmanager
def asking(port: int, path: str) -> Iterator[list[float]]:
    """Somebody who opens a page again and again; yields how many seconds each took."""
    waits: list[float] = []
    is_over = threading.Event()

    def go_on() -> None:
        with socket.create_connection(("127.0.0.1", port)) as line:
            while not is_over.wait(PAUSE_SECONDS):
                begin = time.monotonic()
                line.sendall(request("GET", path))
                _take(line)
                waits.append(time.monotonic() - begin)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield waits
    finally:
        is_over.set()
        thread.join()


def _peak_megabytes(process: int) -> float:
    said = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) for line in said.splitlines() if line.startswith("VmHWM")) / 1024


# The page that checks one


def of_each(address: str, codes: list[str]) -> Callable[[int], Iterator[bytes]]:
    """The page of one certificate after another, as those who check papers open it; each client begins elsewhere."""

    def ask(number: int) -> Iterator[bytes]:
        place = number * len(codes) // CLIENTS
        while True:
            yield request("GET", address % codes[place % len(codes)])
            place += 1

    return ask


def measure_check_page(register: Register, folder: Path) -> list[Figure]:
    """In turns, so that both meet the same weather."""
    from django.db import connection  # noqa: PLC0415

    codes = [one.code for one in register.certificates(CHECKED)]
    database = {"default": {**connection.settings_dict, "TIME_ZONE": None}}
    (folder / "bare.py").write_text(BARE % (json.dumps(database, default=str), OWN_QUERY))
    there, base = postmaster(), dict(os.environ)
    bare, ours = of_each("/one/%s", codes), of_each("/verificar/%s/", codes)
    turns: list[tuple[Load, Load]] = []
    with serving("lms.wsgi", base, ROOT) as web, serving("bare", base, folder) as plain:
        for _turn in range(TURNS):
            floor, page = (
                press(port, asked, clients=CLIENTS, seconds=SECONDS, watched=(process, there))
                for (process, port), asked in ((plain, bare), (web, ours))
            )
            turns.append((floor, page))
    floor, rate = (sorted(pair[which].a_second for pair in turns)[TURNS // 2] for which in (0, 1))
    least, spent = (sorted(pair[which].cpu_ms for pair in turns)[TURNS // 2] for which in (0, 1))
    name = f"Check page, {CHECKED} certificates in turn"
    return [
        Figure(name, "a second", "≥ 0.3 × floor", floor, rate, rate >= 0.3 * floor),
        Figure(f"{name}: CPU, web and database", "CPU ms", "", least, spent, True),
    ]


def measure(many: int) -> None:
    """In a process of its own, on the database that the environment names; prints JSON."""
    import django  # noqa: PLC0415

    django.setup()
    register = Register()
    with tempfile.TemporaryDirectory(prefix="aula-bench-") as name:
        folder = Path(name)
        figures = measure_drawing(register) + measure_sealing(register) + measure_second_download(register)
        figures += measure_many(register, folder, many) + measure_check_page(register, folder)
    print(json.dumps([asdict(figure) for figure in figures]))


def measure_certificates(many: int = MANY) -> list[Figure]:
    """All figures, on a throw-away database. Raises `services.Unavailable` where there is no PostgreSQL."""
    with services.running() as addresses, throw_away(**addresses) as full, steps.step("certificates, on PostgreSQL"):
        said = call([str(VENV_PYTHON), "-m", "scripts.bench_certificates", "measure", str(many)], full)
    return [Figure(**one) for one in json.loads(said.splitlines()[-1])]


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        measure(int(sys.argv[2]))
    else:
        with steps.one_line_on_failure():
            show(measure_certificates(int(sys.argv[1]) if sys.argv[1:] else MANY))
