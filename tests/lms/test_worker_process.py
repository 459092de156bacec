"""The embedded worker as a process: killed outright, and asked to stop."""

import os
import signal
from pathlib import Path

import pytest

from tests.system import ROOT, installed, wait_until

OPTIONS = ["--include", "tests.lms.slow_work"]
REQUEST = """
from lms.domain import jobs
for number in range(3):
    jobs.request("test.slow", number)
"""
STATES = """
from lms.models import Job
print([(job.subject, job.state, job.attempts) for job in Job.objects.order_by("subject")])
"""


@pytest.fixture
def system(django_db_setup):
    """An installation whose abandoned jobs are free again after two seconds."""
    with installed(AULA_JOB_LEASE_SECONDS="2", PYTHONPATH=str(ROOT)) as system:
        yield system


def notes(folder: Path, word: str) -> list[str]:
    path = folder / "notes"
    lines = path.read_text().splitlines() if path.exists() else []
    return sorted(line.split()[1] for line in lines if line.startswith(word))


def members(group: int) -> set[int]:
    """The processes of a group that are alive."""
    alive = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, its_group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(its_group) == group and state != "Z":
            alive.add(int(stat.parent.name))
    return alive


def test_what_a_killed_worker_was_doing_is_done_by_the_next(system):
    first = system.start_worker(*OPTIONS)
    system.python(REQUEST)
    wait_until(lambda: len(notes(system.folder, "begun")) == 2, 60, lambda: system.log("worker"))
    wait_until(lambda: len(members(first.pid)) == 2, 30)  # the worker and its clock
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    wait_until(lambda: not members(first.pid), 15, lambda: "the clock outlived its worker")

    (system.folder / "permission").touch()
    system.start_worker(*OPTIONS)
    wait_until(lambda: len(notes(system.folder, "ended")) == 3, 60, lambda: system.log("worker"))
    assert notes(system.folder, "ended") == ["0", "1", "2"]
    assert system.python(STATES).strip() == "[('0', 'done', 2), ('1', 'done', 2), ('2', 'done', 1)]"


def test_a_worker_that_is_asked_to_stop_gives_its_work_back(system):
    worker = system.start_worker(*OPTIONS)
    system.python(REQUEST)
    wait_until(lambda: len(notes(system.folder, "begun")) == 2, 60, lambda: system.log("worker"))
    assert list(system.folder.glob("beat-schedule*")), "the clock keeps its schedule in the folder of the system"
    assert not list(ROOT.glob("celerybeat-schedule*"))

    worker.terminate()
    assert worker.wait(20) == 0, "it gives its work back instead of waiting for its end"
    wait_until(lambda: not members(worker.pid), 15, lambda: "something outlived the worker")
    assert system.python(STATES).strip() == "[('0', 'waiting', 0), ('1', 'waiting', 0), ('2', 'waiting', 0)]"
