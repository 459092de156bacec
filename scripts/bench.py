"""Measure the system beside the bare parts it is made of: `python -m scripts.bench [rows]`, in the virtual environment.

Absolute times differ from machine to machine, so each figure stands beside a floor that was measured in the same run:
what it would cost with nothing around it. Everything happens on throw-away databases, on SQLite and, where it is
installed, on PostgreSQL and Redis; the running system is not touched. Let the machine rest meanwhile.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from io import BytesIO
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

from scripts import steps
from scripts.steps import ROOT, VENV_PYTHON
from tests import services

ROWS = 35_000
PEOPLE = 35_000
SIGN_INS = 40
SECONDS_HELD = 3
EMAIL = "medida@example.org"
PASSWORD = "maíz-y-frijol-2026"  # noqa: S105 of a person who lives as long as the measurement
ADDRESSES = count()


@dataclass
class Figure:
    """One thing measured. `floor` and `figure` are in `unit`; `holds` says whether the goal is met."""

    name: str
    unit: str
    goal: str
    floor: float | None
    figure: float
    holds: bool

    @property
    def ratio(self) -> str:
        """The figure in floors."""
        return f"{self.figure / self.floor:.2f}" if self.floor else ""


def measure_sign_in() -> list[Figure]:
    """The whole view against the least it has to do, in turn, so that both meet the same weather."""
    from django.conf import settings  # noqa: PLC0415 Django is set up by now
    from django.db import connection  # noqa: PLC0415

    person = one_of_many()
    sessions = count()

    def floor() -> None:
        """One argon2id check and four queries: find the person, their roles; note the day, keep a session."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM lms_person WHERE email = %s", [person.email])
            cursor.fetchone()
            if not person.check_password(PASSWORD):
                raise steps.Stopped("the password does not fit")
            cursor.execute("SELECT role FROM lms_rolegrant WHERE person_id = %s", [person.pk])
            cursor.fetchall()
            cursor.execute("UPDATE lms_person SET last_login = CURRENT_TIMESTAMP WHERE id = %s", [person.pk])
            cursor.execute(
                "INSERT INTO django_session VALUES (%s, %s, CURRENT_TIMESTAMP)", [f"bench-{next(sessions)}", "x" * 200]
            )

    floors, views = [], []
    for number in range(SIGN_INS + 3):  # the first ones warm up
        connection.ensure_connection()  # the request before gave it back, and to open one is none of the four
        times = timed(floor), timed(sign_in)
        if number >= 3:
            floors.append(times[0])
            views.append(times[1])
    at_least, whole = statistics.median(floors), statistics.median(views)
    held = sign_ins_a_second()
    hasher = settings.PASSWORD_HASHERS[0].rpartition(".")[2]
    return [
        Figure(f"Sign-in ({hasher})", "ms", "≤ 1.5 × floor", at_least, whole, whole <= 1.5 * at_least),
        Figure("Sign-ins at once", "a second", "≥ 40", None, held, held >= 40),
    ]


def one_of_many():
    """A person among as many as the town halls employ, or a look-up without an index would cost nothing."""
    from lms.models import Person  # noqa: PLC0415

    person = Person(given_names="Persona", surnames="De Medida", email=EMAIL)
    person.set_password(PASSWORD)
    person.save()
    Person.objects.bulk_create((Person(email=f"{number}@example.org") for number in range(PEOPLE)), 2000)
    return person


def timed(work: Callable[[], None]) -> float:
    """How many milliseconds it took."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def sign_in() -> None:
    """A stranger's browser sends the form; each comes from an address of its own, through all that a web server runs.

    Not by Django's test client: it makes the whole stack of middleware anew, sends the form as if it held files, skips
    the check of its mark, and keeps the database's connection from one request to the next.
    """
    from lms.wsgi import application  # noqa: PLC0415

    number, mark = next(ADDRESSES), "a" * 32
    body = urlencode({"identifier": EMAIL, "password": PASSWORD, "csrfmiddlewaretoken": mark}).encode()
    statuses: list[str] = []
    answer = application(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/entrar/",
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
            "HTTP_COOKIE": f"csrftoken={mark}",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.url_scheme": "http",
        },
        lambda status, _headers: statuses.append(status),
    )
    answer.close()
    if not statuses[0].startswith("302"):
        raise steps.Stopped(f"signing in answered {statuses[0]}")


def sign_ins_a_second() -> float:
    """With as many threads as processors, for a few seconds."""
    from django.db import connection  # noqa: PLC0415

    end = time.monotonic() + SECONDS_HELD

    def go_on() -> int:
        done = 0
        while time.monotonic() < end:
            sign_in()
            done += 1
        connection.close()
        return done

    threads, start = os.cpu_count() or 1, time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        done = sum(pool.map(lambda _thread: go_on(), range(threads)))
    return done / (time.monotonic() - start)


def measure_import(rows: int) -> list[Figure]:
    """A generated list with two faults in a hundred rows: the dry run, the run, and the most memory meanwhile."""
    import resource  # noqa: PLC0415 where there is none, the rest still measures

    from lms.domain import imports, jobs  # noqa: PLC0415
    from lms.models import Job, Municipality, StaffImport  # noqa: PLC0415
    from tests.factories import staff_lists  # noqa: PLC0415
    from tests.factories.people import somebody_with_role  # noqa: PLC0415

    by, place = somebody_with_role("administrator"), Municipality.objects.get(code="1413")
    content = staff_lists.as_xlsx(row for row, _fault in staff_lists.rows(rows))
    staff_import = imports.take(file_name="medida.xlsx", content=content, municipality=place, by=by)
    at_most = bare_rows_a_second(min(rows, 3000))

    def speed(job: Job) -> float:
        milliseconds = timed(lambda: jobs.run(job.pk))
        job.refresh_from_db()
        if job.state != Job.State.DONE:
            raise steps.Stopped(f"the import ended with: {job.reason}")
        return rows / milliseconds * 1000

    checked = speed(imports.start_check(staff_import=staff_import, mapping=staff_import.mapping, by=by))
    taken = speed(imports.start_run(staff_import=StaffImport.objects.get(pk=staff_import.pk), by=by))
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        Figure(f"Import: dry run of {rows:,} rows", "rows/s", "≥ 500", None, checked, checked >= 500),
        Figure(f"Import: {rows:,} rows taken in (floor: row by row)", "rows/s", "≥ 500", at_most, taken, taken >= 500),
        Figure("Import: most memory", "MB", "< 500", None, megabytes, megabytes < 500),
    ]


def bare_rows_a_second(rows: int) -> float:
    """As many transactions of three inserts and two updates, and nothing of ours around them.

    What the database allows to whoever takes rows in one by one, as it still goes with those that change somebody. New
    people go in by groups, so the figure may well be above this floor.
    """
    from django.db import connection, transaction  # noqa: PLC0415

    from lms.domain.imports.working import written_soon  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_bare (id integer, one text, two text)")
        cursor.execute("CREATE UNIQUE INDEX bench_bare_one ON bench_bare (one)")
        cursor.execute("INSERT INTO bench_bare VALUES (-1, 'head', '')")
        start = time.perf_counter()
        with written_soon():
            for number in range(rows):
                with transaction.atomic():
                    for part in "abc":
                        cursor.execute(
                            "INSERT INTO bench_bare VALUES (%s, %s, %s)", [number, f"{number}{part}", "x" * 300]
                        )
                    for text in "yz":
                        cursor.execute("UPDATE bench_bare SET two = %s WHERE one = 'head'", [f"{text}{number}"])
        taken = time.perf_counter() - start
        cursor.execute("DROP TABLE bench_bare")
    return rows / taken


def measure(what: str, rows: int) -> None:
    """In a process of its own, on the database that the environment names; prints JSON."""
    import django  # noqa: PLC0415

    django.setup()
    figures = measure_sign_in() if what == "sign-in" else measure_import(rows)
    print(json.dumps([asdict(figure) for figure in figures]))


@contextmanager
def throw_away(**environment: str) -> Iterator[dict[str, str]]:
    """An environment with a folder and a database that vanish, migrated and with the country's reference data."""
    with tempfile.TemporaryDirectory(prefix="aula-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        full = {
            **{key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}},
            "AULA_MODE": "embedded",
            "AULA_VAR_DIR": name,
            "AULA_FILES_DIR": str(folder / "files"),
            "AULA_UPLOADS_DIR": str(folder / "uploads"),
            "AULA_WORK_DIR": str(folder / "work"),
            "AULA_HASHED_STATIC": "false",
            "AULA_PUBLIC_URL": "http://testserver",
            "AULA_LOG_LEVEL": "ERROR",
            "DATABASE_URL": f"sqlite:///{folder / 'bench.sqlite3'}",
            "DJANGO_SETTINGS_MODULE": "lms.settings",
            "PYTHONWARNINGS": "ignore",
            **environment,
        }
        (folder / "static").mkdir()
        for command in (["migrate", "-v0"], ["load_reference_data"], ["load_site_tree"], ["load_groups"]):
            call([str(VENV_PYTHON), "manage.py", *command], full)
        yield full


def call(command: list[str], environment: dict[str, str]) -> str:
    """Run to the end; returns what it printed. Raises `Stopped` with the last line of a failure."""
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode:
        last = (answer.stderr.strip() or answer.stdout.strip() or "no word").splitlines()[-1]
        raise steps.Stopped(f"{' '.join(command[1:])} failed: {last}")
    return answer.stdout


def measure_engine(engine: str, rows: int, **environment: str) -> list[Figure]:
    """All figures on one engine, each kind in a process of its own."""
    found: list[Figure] = []
    with steps.step(f"{engine}: a database"), throw_away(**environment) as full:
        for what in ("sign-in", "import"):
            with steps.step(f"{engine}: {what}"):
                said = call([str(VENV_PYTHON), "-m", "scripts.bench", "measure", what, str(rows)], full)
                found += [
                    Figure(**{**one, "name": f"{one['name']}, {engine}"}) for one in json.loads(said.splitlines()[-1])
                ]
    return found


def measure_delivery() -> list[Figure]:
    """Films by nginx with the check of who asks, beside plain nginx."""
    with steps.step("nginx: films"), tempfile.TemporaryDirectory(prefix="aula-bench-") as name:
        full = {**os.environ, "AULA_MODE": "embedded", "AULA_VAR_DIR": name, "AULA_HASHED_STATIC": "false"}
        said = call([str(VENV_PYTHON), "-m", "scripts.bench_delivery", "--json"], full)
    found = json.loads(said.splitlines()[-1])
    facts = ("Films by nginx: ranges of 256 KB", "a CPU second", "≥ 0.8 × floor", found["plain"], found["checked"])
    return [Figure(*facts, found["ratio"] >= 0.8)]


def show(figures: list[Figure]) -> None:
    """The table."""
    headings = ("what", "unit", "goal", "floor", "figure", "ratio", "holds")
    rows = [
        (
            one.name,
            one.unit,
            one.goal,
            f"{one.floor:,.1f}" if one.floor else "",
            f"{one.figure:,.1f}",
            one.ratio,
            "yes" if one.holds else "NO",
        )
        for one in figures
    ]
    widths = [max(len(row[column]) for row in [headings, *rows]) for column in range(len(headings))]
    steps.say("")
    for row in [headings, tuple("─" * width for width in widths), *rows]:
        steps.say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def main(rows: int) -> None:
    """Measure on every engine there is, then what making a video costs, and show the table."""
    from scripts import bench_certificates, bench_learning, bench_media  # noqa: PLC0415 they draw their tables with this module

    with steps.one_line_on_failure():
        figures = measure_engine("SQLite", rows)
        try:
            with services.running() as addresses:
                figures += measure_engine("PostgreSQL", rows, **addresses)
        except services.Unavailable as missing:
            steps.say(f"PostgreSQL was not measured: {missing}")
        else:
            figures += [Figure(**asdict(one)) for one in bench_learning.measure_learning()]
            figures += [Figure(**asdict(one)) for one in bench_certificates.measure_certificates()]
        figures += [Figure(**asdict(one)) for one in bench_media.measure_media()]
        try:
            figures += measure_delivery()
        except steps.Stopped as missing:
            steps.say(f"nginx was not measured: {missing}")
        show(figures)


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        measure(sys.argv[2], int(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
