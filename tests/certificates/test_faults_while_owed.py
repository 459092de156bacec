"""Everything goes wrong while three hundred are owed: in the end there are three hundred, once each, without a gap.

One installation with real workers, and one fault after the other until all are drawn; half a minute of it is drawing.
What each protection prevents is seen in `test_faults_without`.
"""

import os
import random
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import disks, services
from tests.media.test_broker_away import FolderOfMessages
from tests.nursery import Child
from tests.system import POOL, ROOT, System, installed, wait_until

PEOPLE, LISTED, LATE = 250, 30, 20
EVERYBODY = PEOPLE + LISTED + LATE
KILLS = 5
MIB = 1024**2
OWE = f"""
from datetime import timedelta
from lms.models import Appointment
from certificates.domain import batches, issuing
from django.db import transaction
from django.utils import timezone
from tests.factories.certificates import a_completion
from tests.factories.courses import a_course
from tests.factories.people import an_employee, somebody_with_role
course = a_course()
with transaction.atomic():
    for _ in range({PEOPLE}):
        issuing.owe(a_completion(person=an_employee(), course=course))
listed = [an_employee(email=f"p{{number}}@example.org") for number in range({LISTED})]
day = timezone.localdate()
batch = batches.ask(
    by=somebody_with_role("administrator"),
    reason="Acta 12",
    text="\\n".join(one.email for one in listed),
    said={{"kind": "constancia", "title": "Taller", "hours": 4, "started_on": day, "completed_on": day}},
)
batches.certify(batch=batch, by=somebody_with_role("certifier"))
# Confirmed before the moment to which the clock goes back: whoever was not yet is rightly refused.
Appointment.objects.update(confirmed_at=timezone.now() - timedelta(days=9))
"""
# While nobody takes messages.
OWE_MORE = f"""
from certificates.domain import issuing
from courses.models import CoursePage
from tests.factories.certificates import a_completion
from tests.factories.people import an_employee
from lms.domain import jobs
lost = []
jobs.log.exception = lambda *said: lost.append(said)
for _ in range({LATE}):
    issuing.owe(a_completion(person=an_employee(), course=CoursePage.objects.first()))
print(len(lost))
"""
# Six threads of another process, each through all of them, in an order of its own.
CLICK = """
import random
from concurrent.futures import ThreadPoolExecutor
from django.db import connection
from certificates.domain import issuing
from certificates.models import OwedCertificate
keys = list(OwedCertificate.objects.filter(issued_at=None).values_list("completion__public_id", flat=True))
def click(seed):
    mine = random.Random(seed).sample(keys, len(keys))
    try:
        return {key: issuing.issue(key).reference for key in mine[:60]}
    finally:
        connection.close()
with ThreadPoolExecutor(6) as threads:
    answers = list(threads.map(click, range(6)))
for key in keys:
    assert len({one[key] for one in answers if key in one}) <= 1, key
print(len(keys))
"""
BUNDLE = """
from certificates.domain import bundles
from certificates.models import Certificate
from tests.factories.people import somebody_with_role
bundles.ask(certificates=Certificate.objects.all(), form="zip", by=somebody_with_role("certifier"))
"""
CHECK_BUNDLE = """
import zipfile
from django.core.files.storage import default_storage
from certificates.models import CertificateBundle, CertificateFile
bundle = CertificateBundle.objects.get()
with zipfile.ZipFile(default_storage.open(bundle.path)) as archive:
    assert archive.testzip() is None
    print(len(set(archive.namelist())))
"""
WORKER = [*POOL, "--include", "tests.media.fuse", "--include", "tests.certificates.wrong_clock"]
ISSUED = "SELECT COUNT(*) FROM certificates_certificate"
DRAWN = "SELECT COUNT(*) FROM certificates_certificatefile"
SERIES = "SELECT year, number FROM certificates_certificate c JOIN certificates_series s ON s.id = c.series_id"
UNFINISHED = """
SELECT kind, state, attempts, wakes, reason, due_at, COUNT(*) FROM lms_job WHERE state <> 'done'
GROUP BY kind, state, attempts, wakes, reason, due_at
"""
LONG_AGO = "2001-01-01 00:00:00+00:00"


@pytest.fixture
def broker_url() -> Iterator[services.RedisServer | None]:
    """A server of the test's own, where the engine in force has one."""
    with ExitStack() as stack:
        if not os.environ.get("REDIS_URL"):
            yield None
            return
        server = services.RedisServer(stack.enter_context(services.folder_of_services()))
        yield server
        server.go()


@pytest.fixture
def system(django_db_setup, broker_url) -> Iterator[System]:
    """An installation with a small disk for its files, whose abandoned jobs are free again after two seconds."""
    more = {"REDIS_URL": broker_url.url} if broker_url else {}
    settings = {"AULA_JOB_LEASE_SECONDS": "2", "CELERY_SKIP_CHECKS": "1", "PYTHONPATH": str(ROOT)}
    with installed(**settings, **more) as system:
        if disks.world():
            disks.mount(system, bytes_each=128 * MIB, folders=[system.folder / "files"])
        yield system
        system.kill()


def count(system: System, sql: str) -> int:
    return system.sql(sql)[0][0]


def steps(system: System) -> int:
    return count(system, ISSUED) + count(system, DRAWN)


def a_worker(system: System) -> Child:
    return system.fork_worker(*WORKER)


def get_on(system: System, by: int = 1) -> None:
    """Until so many steps more are done."""
    aim = min(steps(system) + by, 2 * EVERYBODY)
    wait_until(lambda: steps(system) >= aim, 120, lambda: f"{system.sql(UNFINISHED)}: {system.log('worker')}")


def kill(worker: Child) -> None:
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def let_rest_end(system: System) -> None:
    system.sql("UPDATE lms_job SET due_at = %s WHERE state = 'waiting'", LONG_AGO)


def set_clock(system: System, seconds: float) -> None:
    """What the workers believe, less what it is."""
    fresh = system.folder / "clock.new"
    fresh.write_text(str(seconds))
    fresh.rename(system.folder / "clock")


@pytest.mark.timeout(600)
def test_three_hundred_are_issued_once_whatever_happens(system, broker_url):
    chance = random.Random(2026)  # noqa: S311 where to kill is no secret
    broker = broker_url or FolderOfMessages(system.folder / "queue" / "messages")
    system.python(OWE)
    assert count(system, ISSUED) == 0

    broker.tell("FLUSHALL")  # whatever was asked for by then was lost on the way
    worker = a_worker(system)
    let_rest_end(system)
    get_on(system)

    for _ in range(KILLS):  # in the middle of issuing, and of the list
        get_on(system, chance.randrange(1, 20))
        kill(worker)
        worker = a_worker(system)

    for seconds in (40 * 86400, -3 * 86400, 0):  # a month ahead over the end of a year, three days back, and right
        set_clock(system, seconds)
        get_on(system, 5)
        kill(worker)
        worker = a_worker(system)

    # Six threads of another process click on the same ones, beside the worker that does what they ask for.
    assert int(system.python(CLICK)) > 0, "nothing was owed any more"

    broker.hang()
    broker.go()
    assert system.python(OWE_MORE).strip() == str(LATE)
    broker.come()
    let_rest_end(system)
    get_on(system, 3)

    if disks.world():
        disks.fill(system.files, leaving=100_000)
        full = "SELECT COUNT(*) FROM lms_job WHERE reason LIKE 'OSError: [Errno 28]%%'"
        wait_until(lambda: count(system, full) > 0, 60, lambda: system.log("worker"))
        disks.make_room(system.files)
        let_rest_end(system)

    def told() -> str:
        return f"{steps(system)} steps: {system.sql(UNFINISHED)}: {system.log('worker')}"

    wait_until(lambda: count(system, DRAWN) == EVERYBODY, 240, told)
    assert count(system, "SELECT COUNT(*) FROM lms_job WHERE attempts > 1"), "no kill hit a job"

    system.python(BUNDLE)
    made = "SELECT COUNT(*) FROM certificates_certificatebundle WHERE path <> ''"
    begun = "SELECT COUNT(*) FROM lms_job WHERE kind = 'certificates.make_bundle' AND state <> 'waiting'"
    wait_until(lambda: count(system, begun), 60, told)
    kill(worker)
    worker = a_worker(system)
    wait_until(lambda: count(system, made), 60, told)
    assert system.python(CHECK_BUNDLE).strip() == str(EVERYBODY)

    numbers: dict[int, list[int]] = {}
    for year, number in system.sql(f"{SERIES} ORDER BY year, number"):
        numbers.setdefault(year, []).append(number)
    assert sum(map(len, numbers.values())) == EVERYBODY
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())
    assert f"{EVERYBODY} certificates, {EVERYBODY} leaves: all hold" in system.manage("verify_registry")
    files = [*Path(system.files / "certificates").glob("2*/*.pdf")]
    assert len(files) == EVERYBODY
