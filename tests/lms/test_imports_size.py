"""A long list, in a process of its own whose memory is measured; and a run whose worker is killed."""

import json
import os
import signal
import sys

import pytest
from django.db import connections

from tests.factories import staff_lists
from tests.system import ROOT, installed, wait_until

# `make bench` takes in 35,000 on both engines; what could go wrong with them goes wrong with these.
SIZES = {"sqlite": 10_000, "postgresql": 3_500}
MOST_MEGABYTES = 500
SCRIPT = """
import json, resource, sys
import django
django.setup()
from lms.domain import audit, imports, jobs
from lms.models import Appointment, AuditEvent, Municipality, Person
from tests.factories import staff_lists
from tests.factories.people import somebody_with_role

size = int(sys.argv[1])
by = somebody_with_role("administrator")
def bring_in(content, *begin):
    place = Municipality.objects.get(code="1413")
    one = imports.take(file_name="x", content=content, municipality=place, by=by)
    if len(begin) == 1:
        one.state = "checked"
        one.save()
    told = []
    for start in begin:
        job = start(one)
        jobs.run(job.pk)
        job.refresh_from_db()
        assert job.state == "done", job.reason
        assert job.done == job.total == size
        told.append(list(one.faults.filter(is_warning=False).values_list("row", "column", "code")))
        assert not one.faults.filter(is_warning=True).exists()
    one.refresh_from_db()
    return one.foreseen, one.counts, told

def check(one):
    return imports.start_check(staff_import=one, mapping=one.mapping, by=by)

def run(one):
    return imports.start_run(staff_import=one, by=by)

def state():
    return [
        hash(tuple(Person.objects.order_by("pk").values_list("pk", "search_text", "email", "phone", "cui_digest"))),
        hash(tuple(Appointment.objects.order_by("pk").values_list("pk", "person", "post", "renglon", "starts_on"))),
        AuditEvent.objects.filter(action="person.imported").count(),
    ]

first = bring_in(staff_lists.as_xlsx(row for row, _fault in staff_lists.rows(size)), check, run)
after_first, people = state(), Person.objects.count() - 1
second = bring_in(staff_lists.as_csv(row for row, _fault in staff_lists.rows(size)).encode(), run)
print(json.dumps({
    "first": first, "second": second, "same": after_first == state(), "people": people,
    "held": Appointment.objects.filter(confirmed_by=by).count(), "chain": list(audit.find_faults()),
    "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
"""


@pytest.mark.timeout(600)
def test_a_list_of_thousands_of_rows(django_db_setup):
    size = SIZES[connections["default"].vendor]
    expected = [
        [number, staff_lists.HEADINGS[fault[0]], fault[1]]
        for number, (_row, fault) in enumerate(staff_lists.rows(size), start=2)
        if fault
    ]
    assert len(expected) == size // 50
    with installed(PYTHONPATH=str(ROOT), DJANGO_SETTINGS_MODULE="lms.settings") as system:
        told = json.loads(system.run(sys.executable, "-c", SCRIPT, str(size)).splitlines()[-1])
    good = size - len(expected)
    assert told["megabytes"] < MOST_MEGABYTES
    assert told["first"][2] == [expected, expected]
    assert told["second"][2] == [expected]
    assert told["first"][0] == told["first"][1]
    assert (told["first"][1]["new_people"], told["first"][1]["out"]) == (good, len(expected))
    assert (told["second"][1]["unchanged"], told["second"][1]["out"]) == (good, len(expected))
    assert (told["people"], told["held"], told["same"], told["chain"]) == (good, good, True, [])


# So many that a worker is still at it when it is looked at.
KILLED_AMID = 6_000
BEGIN = f"""
from lms.domain import imports
from lms.models import Municipality
from tests.factories import staff_lists
from tests.factories.people import somebody_with_role
by = somebody_with_role("administrator")
content = staff_lists.as_csv(row for row, _fault in staff_lists.rows({KILLED_AMID})).encode()
one = imports.take(file_name="x.csv", content=content, municipality=Municipality.objects.get(code="1413"), by=by)
one.state = "checked"
one.save()
imports.start_run(staff_import=one, by=by)
"""
LOOK = """
from lms.domain import audit
from lms.models import Appointment, Job, Person, StaffImport, StaffImportFault
one, job = StaffImport.objects.get(), Job.objects.get()
print(one.state, job.attempts, Person.objects.count(), Appointment.objects.count(), one.counts.get("new_people"),
      one.counts.get("rows"), StaffImportFault.objects.count(), len(list(audit.find_faults())))
"""


@pytest.fixture
def system(django_db_setup):
    """An installation whose abandoned jobs are free again after two seconds."""
    with installed(AULA_JOB_LEASE_SECONDS="2", CELERY_SKIP_CHECKS="1", PYTHONPATH=str(ROOT)) as system:
        yield system


def test_a_run_whose_worker_is_killed_is_ended_by_the_next(system):
    system.python(BEGIN)
    worker = system.fork_worker()
    wait_until(lambda: int(system.python(LOOK).split()[2]) > 100, 90, lambda: system.log("worker"))
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    state, _attempts, people, appointments, *_rest = system.python(LOOK).split()
    faults = KILLED_AMID // 50
    good = KILLED_AMID - faults
    assert state == "running"
    assert 100 < int(people) < good + 1
    assert int(appointments) == int(people) - 1

    system.fork_worker()
    wait_until(lambda: system.python(LOOK).split()[0] == "done", 240, lambda: system.log("worker"))
    assert system.python(LOOK).split() == [
        "done",
        "2",
        str(good + 1),
        str(good),
        str(good),
        str(KILLED_AMID),
        str(faults),
        "0",
    ]
