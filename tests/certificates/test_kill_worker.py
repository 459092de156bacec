"""A worker that is killed twenty times while it issues two hundred certificates issues two hundred certificates."""

import os
import random
import signal
import time

import pytest

from tests.nursery import Child
from tests.system import ROOT, System, installed, wait_until

PEOPLE = 200
KILLS = 20
OWE = f"""
from certificates.domain import issuing
from tests.factories.certificates import a_completion
from tests.factories.courses import a_course
from tests.factories.people import an_employee
from django.db import transaction
course = a_course()
with transaction.atomic():
    for _ in range({PEOPLE}):
        issuing.owe(a_completion(person=an_employee(), course=course))
"""
ISSUED = "SELECT COUNT(*) FROM certificates_certificate"
DRAWN = "SELECT COUNT(*) FROM certificates_certificatefile"
TRIED_AGAIN = "SELECT COUNT(*) FROM lms_job WHERE attempts > 1"
NUMBERS = "SELECT number FROM certificates_certificate ORDER BY number"


@pytest.fixture
def system(django_db_setup):
    """An installation whose abandoned jobs are free again after two seconds."""
    with installed(AULA_JOB_LEASE_SECONDS="2", CELERY_SKIP_CHECKS="1", PYTHONPATH=str(ROOT)) as system:
        yield system


def ask(system: System, sql: str) -> list[int]:
    """The first column of a query on the system's own database."""
    return [row[0] for row in system.sql(sql)]


def steps(system: System) -> int:
    """How much is done, of twice the number of people."""
    return ask(system, ISSUED)[0] + ask(system, DRAWN)[0]


def start_and_kill(system: System, chance: random.Random) -> None:
    """One life of a worker: mostly ended in the middle of its work, now and then while it starts."""
    before = steps(system)
    worker = system.fork_worker()
    if chance.random() < 0.2:
        time.sleep(chance.uniform(0, 1))
    else:
        end = time.monotonic() + 60
        while steps(system) == before and before < 2 * PEOPLE and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.3))
    _kill(worker)


def _kill(worker: Child) -> None:
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


@pytest.mark.timeout(900)  # half a minute on two idle cores
def test_twenty_kills_lose_and_repeat_nothing(system):
    system.python(OWE)
    chance = random.Random(2026)  # noqa: S311 where to kill is no secret
    for _ in range(KILLS):
        start_and_kill(system, chance)

    system.fork_worker()
    wait_until(lambda: ask(system, DRAWN) == [PEOPLE], 120, lambda: f"{steps(system)} steps: {system.log('worker')}")
    assert ask(system, TRIED_AGAIN)[0] > 0, "no kill hit a job"
    assert ask(system, NUMBERS) == list(range(1, PEOPLE + 1))
    assert system.manage("verify_registry").strip() == f"{PEOPLE} certificates, {PEOPLE} leaves: all hold"
    files = list((system.folder / "files" / "certificates").rglob("*.pdf"))
    assert len(files) == PEOPLE
