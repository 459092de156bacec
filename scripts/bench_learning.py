"""What learning costs on PostgreSQL: `python -m scripts.bench_learning [enrolments]`, in the environment.

Writes of progress go through the web server as it runs in production, beside a Django that does a single upsert and
nothing else, on the same server and database, in turns. Pages are counted inside one process: CPU of it and of the
database. Everything is measured with few enrolments in the database and again with many.
"""

import json
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict
from io import BytesIO
from itertools import count
from pathlib import Path

from scripts import steps
from scripts.bench import Figure, call, show, throw_away
from scripts.bench_class import SEGMENT_SECONDS, Class, crowd
from scripts.bench_completing import measure_completing
from scripts.bench_load import Load, cpu_of, press, request, serving
from scripts.steps import VENV_PYTHON
from tests import services

FEW, MANY = 1_000, 1_000_000
CLIENTS = (8, 32)
SECONDS = 5
TURNS = 3
REPEATS = 40
# The goals of 7 and 8 ms were set on a machine where the bare view with an upsert took 0.39 to 0.50 ms of CPU. Machines
# differ, and one from hour to hour, so a page may cost as many of the bare views that were measured a moment before.
OF_COURSE_PAGE, OF_OWN_PAGE = 7 / 0.45, 8 / 0.45
OF_ONE = "CPU of one, web and database"
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


def upsert(request):
    body = json.loads(request.body)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_upsert (person, second) VALUES (%%s, %%s)"
            " ON CONFLICT (person) DO UPDATE SET second = greatest(bench_upsert.second, excluded.second)",
            [body["person"], body["second"]],
        )
    return HttpResponse(b"{}", content_type="application/json")


urlpatterns = [path("upsert", upsert), path("constant", lambda request: HttpResponse(b"hello"))]
application = get_wsgi_application()
"""


def bare_writes(number: int) -> Iterator[bytes]:
    """The same for the view that does an upsert."""
    second = 0
    while True:
        second += SEGMENT_SECONDS
        yield request("POST", "/upsert", body=f'{{"person":{number},"second":{second}}}', kind="application/json")


def again(text: bytes) -> Callable[[int], Iterator[bytes]]:
    """One request for ever."""

    def ask(_number: int) -> Iterator[bytes]:
        while True:
            yield text

    return ask


def postmaster() -> int:
    """The process of the database."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        return int((Path(cursor.fetchone()[0]) / "postmaster.pid").read_text().split()[0])


def measure_server(folder: Path, group: Class) -> list[Figure]:
    """Goals 1 and 4 of what many clients ask at once."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_upsert (person integer PRIMARY KEY, second integer)")
    database = {"default": {**connection.settings_dict, "TIME_ZONE": None}}
    (folder / "bare.py").write_text(BARE % json.dumps(database, default=str))
    base, there = dict(os.environ), postmaster()
    ways = {"by events": group.tells, "by segments": group.writes}
    ours: dict[str, dict[int, list[Load]]] = {way: {clients: [] for clients in CLIENTS} for way in ways}
    bare: dict[int, list[Load]] = {clients: [] for clients in CLIENTS}
    pages: list[tuple[Load, Load]] = []
    catalogue = again(request("GET", group.course.get_parent().url))
    with serving("lms.wsgi", base, steps.ROOT) as web, serving("bare", base, folder) as plain:
        for _turn in range(TURNS):
            for clients in CLIENTS:
                bare[clients].append(
                    press(plain[1], bare_writes, clients=clients, seconds=SECONDS, watched=(plain[0], there))
                )
                for way, writes in ways.items():
                    ours[way][clients].append(
                        press(web[1], writes, clients=clients, seconds=SECONDS, watched=(web[0], there))
                    )
            constant = again(request("GET", "/constant"))
            pages.append(
                (
                    press(plain[1], constant, clients=8, seconds=SECONDS, watched=(plain[0], there)),
                    press(web[1], catalogue, clients=8, seconds=SECONDS, watched=(web[0], there)),
                )
            )
    return [figure for way in ways for figure in _of_writes(way, bare, ours[way])] + _of_catalogue(pages)


def _of_writes(way: str, bare: dict[int, list[Load]], ours: dict[int, list[Load]]) -> list[Figure]:
    few, many = CLIENTS
    rates = {clients: (_median(bare[clients], "a_second"), _median(ours[clients], "a_second")) for clients in CLIENTS}
    late = _median(bare[many], "p95_ms"), _median(ours[many], "p95_ms")
    cost = _median(bare[few], "cpu_ms"), _median(ours[few], "cpu_ms")
    return [
        *(
            Figure(f"Progress {way}, {one} clients", "a second", "≥ 0.3 × floor", *rates[one], _least(rates[one], 0.3))
            for one in CLIENTS
        ),
        Figure(
            f"Progress {way}, {many} beside {few} clients",
            "a second",
            "≥ 0.9 × floor",
            rates[few][1],
            rates[many][1],
            rates[many][1] >= 0.9 * rates[few][1],
        ),
        Figure(
            f"Progress {way}, nineteen in twenty within, {many} clients",
            "ms",
            "≤ 3 × floor",
            *late,
            late[1] <= 3 * late[0],
        ),
        Figure(f"Progress {way}, {OF_ONE}", "ms", "", *cost, True),
    ]


def _of_catalogue(pages: list[tuple[Load, Load]]) -> list[Figure]:
    rates = tuple(statistics.median(pair[which].a_second for pair in pages) for which in (0, 1))
    return [Figure("Catalogue, nobody signed in", "a second", "≥ 0.3 × floor", *rates, _least(rates, 0.3))]


def _median(loads: list[Load], name: str) -> float:
    return statistics.median(getattr(load, name) for load in loads)


def _least(pair: tuple[float, ...], share: float) -> bool:
    return pair[1] >= share * pair[0]


class Asking:
    """Requests through all that a web server runs, in this process; counts statements and CPU."""

    warm_ups = 5

    def __init__(self) -> None:
        from lms.wsgi import application  # noqa: PLC0415 Django is set up by now

        self.application = application
        self.there = postmaster()

    def get(self, path: str, cookie: str) -> None:
        """One page. Raises `Stopped` when it is no 200."""
        statuses: list[str] = []
        environment = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_COOKIE": f"sessionid={cookie}",
            "wsgi.input": BytesIO(b""),
            "wsgi.errors": sys.stderr,
            "wsgi.url_scheme": "http",
        }
        answer = self.application(environment, lambda status, _headers: statuses.append(status))
        b"".join(answer)
        answer.close()
        if not statuses[0].startswith("200"):
            raise steps.Stopped(f"{path} answered {statuses[0]}")

    def statements(self, work: Callable[[], object]) -> int:
        """How many the work sends to the database, savepoints among them; to begin and to commit are not counted."""
        from django.db import connection  # noqa: PLC0415

        sent = count()

        def through(execute, sql, values, many, context):
            next(sent)
            return execute(sql, values, many, context)

        with connection.execute_wrapper(through):
            work()
        return next(sent)

    def milliseconds(self, work: Callable[[int], object], times: int = REPEATS) -> float:
        """CPU of one run, of this process and of the database."""
        for number in range(self.warm_ups):
            work(number)
        here, there = time.process_time(), cpu_of(self.there)
        for number in range(self.warm_ups, times + self.warm_ups):
            work(number)
        return 1000 * (time.process_time() - here + cpu_of(self.there) - there) / times


def measure_pages(asking: Asking, small: Class, large: Class, home: tuple[str, int], bare: float) -> list[Figure]:
    """Goal 4 of what one person sees: the course and one's own page, beside a bare view with an upsert (CPU ms)."""
    pages = [
        (f"Course page, {len(group.activities)} lessons", group.course.url, group.cookies[0], OF_COURSE_PAGE)
        for group in (small, large)
    ]
    cookie, courses = home
    pages.append((f"One's own page, {courses} courses", "/mi-aprendizaje/", cookie, OF_OWN_PAGE))
    found = []
    for title, path, cookie, most in pages:
        cost = asking.milliseconds(lambda _number, path=path, cookie=cookie: asking.get(path, cookie))
        sent = asking.statements(lambda path=path, cookie=cookie: asking.get(path, cookie))
        found.append(Figure(title, "CPU ms", f"≤ {most:.1f} × floor", bare, cost, cost <= most * bare))
        found.append(Figure(title, "statements", "≤ 8", None, sent, sent <= 8))
    return found


def measure_batches(group: Class) -> list[Figure]:
    """Goal 2: batches as an offline week leaves them; sent again they change nothing."""
    from courses.domain import watching  # noqa: PLC0415
    from courses.models import WatchProgress, WatchSegment  # noqa: PLC0415

    def batch(number: int) -> list[watching.Segment]:
        device = uuid.uuid4()
        return [
            watching.Segment(
                id=uuid.uuid4(),
                token=group.tokens[number],
                device=device,
                sequence=one,
                from_second=one * 5,
                to_second=one * 5 + 5,
                clock_from=500_000 + one * 5,
                clock_to=500_000 + one * 5 + 5,
            )
            for one in range(500)
        ]

    def state() -> tuple[int, list]:
        kept = WatchProgress.objects.order_by("pk").values_list("pk", "covered_seconds", "clock_until")
        return WatchSegment.objects.count(), list(kept.filter(enrolment__in=[one.pk for one in group.enrolments]))

    batches = [batch(number) for number in range(len(group.people))]
    speeds, states = [], []
    for _time in ("new", "again"):
        start = time.perf_counter()
        for person, segments in zip(group.people, batches, strict=True):
            watching.record(person=person, batch=segments)
        speeds.append(500 * len(batches) / (time.perf_counter() - start))
        states.append(state())
    if states[0] != states[1]:
        raise steps.Stopped("sending everything again changed something")
    return [
        Figure(f"Events in batches of 500, {name}", "a second", "≥ 10,000", None, speed, speed >= 10_000)
        for name, speed in zip(("new", "sent again"), speeds, strict=True)
    ]


def a_reader_of(courses: int) -> tuple[str, int]:
    """Somebody in so many courses, for the page with all of them: their session, and how many."""
    from django.test import Client  # noqa: PLC0415

    from courses.domain import enrolment  # noqa: PLC0415
    from courses.models import CoursePage  # noqa: PLC0415
    from tests.factories.courses import a_course, a_lesson  # noqa: PLC0415
    from tests.factories.people import an_employee  # noqa: PLC0415

    person = an_employee()
    for _number in range(courses):
        a_lesson(a_course())
    chosen = CoursePage.objects.live().order_by("-pk")[:courses]
    for course in chosen:
        enrolment.enrol(person=person, course=course, by=person)
    client = Client()
    client.force_login(person)
    return client.cookies["sessionid"].value, courses


def measure(many: int) -> None:
    """In a process of its own, on the database that the environment names; prints JSON."""
    import django  # noqa: PLC0415

    django.setup()
    with tempfile.TemporaryDirectory(prefix="aula-bench-") as name:
        folder = Path(name)
        small, large = Class(3, 64), Class(40, 64)
        home = a_reader_of(8)
        asking = Asking()
        figures: list[Figure] = []
        for number in (FEW, many):
            watched_once(small)
            crowd(small, number)
            these = measure_server(folder, small)
            bare = next(one.floor for one in these if one.name.endswith(OF_ONE) and one.floor)
            these += measure_pages(asking, small, large, home, bare)
            figures += [Figure(**{**asdict(one), "name": f"{one.name}; {number:,} enrolments"}) for one in these]
        figures += measure_batches(large) + measure_completing(asking, small, large)
    print(json.dumps([asdict(figure) for figure in figures]))


def watched_once(group: Class) -> None:
    """The first learner watched something and finished something: what the crowd is copied from."""
    from courses.domain import completion, watching  # noqa: PLC0415

    segment = watching.Segment(
        id=uuid.uuid4(),
        token=group.tokens[0],
        device=uuid.uuid4(),
        sequence=0,
        from_second=3000,
        to_second=3005,
        clock_from=1,
        clock_to=6,
    )
    watching.record(person=group.people[0], batch=[segment])
    completion.complete_activity(enrolment=group.enrolments[0], activity=group.activities[1])


def measure_learning(many: int = MANY) -> list[Figure]:
    """All figures, on a throw-away database. Raises `services.Unavailable` where there is no PostgreSQL."""
    with services.running() as addresses, throw_away(**addresses) as full, steps.step("learning, on PostgreSQL"):
        said = call([str(VENV_PYTHON), "-m", "scripts.bench_learning", "measure", str(many)], full)
    return [Figure(**one) for one in json.loads(said.splitlines()[-1])]


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        measure(int(sys.argv[2]))
    else:
        show(measure_learning(int(sys.argv[1]) if sys.argv[1:] else MANY))
