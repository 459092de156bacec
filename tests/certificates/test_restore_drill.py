"""The drill: yesterday's backup, a day of work, the database destroyed, and restored as docs/operations.md says."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests.services import postgres_program
from tests.system import ROOT, System, installed, wait_until

BEFORE, LOST, AFTER = 5, 4, 3
OWE = """
from certificates.domain import issuing, rendering
from courses.models import CoursePage
from tests.factories.certificates import a_completion
from tests.factories.courses import a_course
from tests.factories.people import an_employee
course = CoursePage.objects.first() or a_course()
owed = [issuing.owe(a_completion(person=an_employee(), course=course)) for _ in range({count})]
"""
DRAW = """
for one in owed:
    rendering.ensure_file(issuing.issue(one.completion.public_id))
"""
PUBLISH = "from certificates.domain import checkpoints; checkpoints.publish()"
ISSUED = "SELECT reference, code FROM certificates_certificate ORDER BY number"
DRAWN = "SELECT COUNT(*) FROM certificates_certificatefile"
REFUSED = "SELECT reason FROM lms_job WHERE kind = 'certificates.issue' AND state = 'failed'"


@pytest.fixture(scope="module")
def installation(django_db_setup) -> Iterator[System]:
    """Starting one takes longer than all that is done in it: each test goes on where the one before it ended."""
    with installed(CELERY_SKIP_CHECKS="1", AULA_HASHED_STATIC="false", PYTHONPATH=str(ROOT)) as system:
        yield system


@pytest.fixture
def system(installation) -> Iterator[System]:
    """The same; whoever works in it dies with the test."""
    yield installation
    installation.kill()


def _path(system: System) -> Path:
    return Path(system.environment["DATABASE_URL"].removeprefix("sqlite:///"))


def back_up(system: System) -> Path:
    """As docs/operations.md says; nothing is stopped for it."""
    if connection.vendor == "sqlite":
        copy = system.folder / "backup.sqlite3"
        copy.unlink(missing_ok=True)
        system.sql(f"VACUUM INTO '{copy}'")  # as `.backup` of the command line does: one moment, in one file
        return copy
    copy = system.folder / "backup.dump"
    _postgres("pg_dump", "--format=custom", f"--file={copy}", system.environment["DATABASE_URL"])
    return copy


def restore(system: System, copy: Path) -> None:
    """The database is lost whole, and comes back from the copy. The files are those of today."""
    system.kill()
    if connection.vendor == "sqlite":
        for suffix in ("", "-wal", "-shm"):
            Path(f"{_path(system)}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(copy, _path(system))
        return
    system.sql("DROP SCHEMA public CASCADE")
    system.sql("CREATE SCHEMA public")
    url = system.environment["DATABASE_URL"]
    _postgres("pg_restore", "--clean", "--if-exists", "--no-owner", f"--dbname={url}", str(copy))


def _postgres(program: str, *arguments: str) -> None:
    subprocess.run([postgres_program(program), *arguments], check=True, capture_output=True, env=os.environ)


def a_day(system: System, count: int, more: str = "") -> list[tuple[str, str]]:
    """So many more are issued and drawn; reference and code of all that there are."""
    system.python(OWE.format(count=count) + DRAW + more)
    return system.sql(ISSUED)


def faults(system: System) -> str:
    with pytest.raises(RuntimeError) as found:
        system.manage("verify_registry")
    return str(found.value)


@pytest.mark.timeout(300)
def test_yesterday_s_backup_gives_no_number_out_again(system):
    before = a_day(system, BEFORE)
    copy = back_up(system)
    given_out = a_day(system, LOST, PUBLISH)
    restore(system, copy)
    assert system.sql(ISSUED) == before

    # Nobody remembers what is to be done: nothing is issued, and administrators read why.
    system.python(OWE.format(count=AFTER))
    system.fork_worker()
    wait_until(lambda: len(system.sql(REFUSED)) == AFTER, 60, lambda: system.log("worker"))
    assert "manage.py after_restore" in system.sql(REFUSED)[0][0]
    assert system.sql(ISSUED) == before
    assert "were given out and are lost" in faults(system)

    said = system.manage("after_restore")
    assert f"void from {number_of(before[-1]) + 1} to {number_of(given_out[-1])}" in said
    assert "published, and lost" in said
    wait_until(lambda: system.sql(DRAWN) == [(len(before) + AFTER,)], 90, lambda: system.log("worker"))
    now = system.sql(ISSUED)
    assert now[: len(before)] == before
    last = number_of(given_out[-1])
    assert [number_of(row) for row in now[len(before) :]] == [*range(last + 1, last + AFTER + 1)]
    system.python(PUBLISH)
    assert "all hold" in system.manage("verify_registry")
    # What was lost lies there still, its sealed file with it.
    files = system.folder / "files" / "certificates"
    assert len([*files.glob("2*/*.pdf")]) == len(now) + LOST


@pytest.mark.timeout(300)
def test_where_the_files_of_the_day_are_lost_too_somebody_says_the_last_number(system):
    """And, as a negative control, what happens where nobody does."""
    a_day(system, BEFORE)
    copy = back_up(system)
    given_out = a_day(system, LOST)
    numbers = {number_of(row) for row in given_out}
    restore(system, copy)
    forget(system)
    again = a_day(system, AFTER)
    assert {number_of(row) for row in again} < numbers
    assert again != given_out[: len(again)]

    restore(system, copy)
    forget(system)
    series = given_out[-1][0].rpartition("-")[0]
    system.manage("after_restore", "--last", f"{series}={max(numbers)}")
    afterwards = a_day(system, AFTER)
    assert [number_of(row) for row in afterwards[-AFTER:]] == [*range(max(numbers) + 1, max(numbers) + AFTER + 1)]
    assert "all hold" in system.manage("verify_registry")


def number_of(row: tuple[str, str]) -> int:
    return int(row[0].rpartition("-")[2])


def forget(system: System) -> None:
    """As if the storage, too, had come back from yesterday's copy."""
    shutil.rmtree(system.folder / "files" / "certificates" / "testigos")
