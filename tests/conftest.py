"""Fixtures that every test may use, and the order in which they run."""

import gc
import os
import shutil
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.test import TransactionTestCase
from playwright.sync_api import expect, sync_playwright

from lms.domain import jobs, kept
from lms.models import Job
from tests import browsers, databases
from tests.clients import FullClient

# A busy machine makes an example slow, not wrong.
hypothesis.settings.register_profile(
    "aula", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], database=None
)
hypothesis.settings.load_profile("aula")

# What takes longest begins first, or one process would still be at it when the others have nothing left to do.
LONGEST = (
    "tests/certificates/test_faults_while_owed.py",
    "tests/certificates/test_kill_worker.py",
    "tests/lms/test_imports_size.py",
    "tests/matrix/test_site.py",
    "tests/lms/test_worker_process.py",
    "tests/lms/test_garbage.py",
    "tests/matrix/",
    "tests/media/",
    "tests/lms/test_checks.py",
    "tests/certificates/test_demo.py",
    "tests/lms/test_limits.py",
    "tests/repository/test_production.py",
)
NEEDS_A_DATABASE = {"db", "transactional_db", "django_db_setup", "running_system", "upload_system"}


def pytest_addoption(parser) -> None:
    """What the second round may leave out."""
    parser.addoption(
        "--database-only", action="store_true", help="leave out what touches no database: one engine is as good as two"
    )


def pytest_configure(config) -> None:
    """Thousands of tests in one process: the collector would look through the same million objects again and again."""
    gc.set_threshold(50_000, 20, 50)
    expect.set_options(timeout=30_000)  # a busy machine makes a page slow, not wrong


def pytest_sessionstart(session) -> None:
    """Passwords are hashed with the algorithm in force at its least cost. `test_signing` asks for the real."""
    settings.PASSWORD_HASHERS = ["tests.hashers.CheapArgon2id"]


def _rank(item) -> int:
    path = item.nodeid.partition("::")[0]
    return next((rank for rank, start in enumerate(LONGEST) if path.startswith(start)), len(LONGEST))


def _asks_a_database(item) -> bool:
    if item.get_closest_marker("once"):
        return False
    return bool(item.get_closest_marker("django_db") or NEEDS_A_DATABASE & set(item.fixturenames))


def pytest_collection_modifyitems(config, items: list) -> None:
    """The longest first, file by file; in the second round only what the other engine may answer differently."""
    items.sort(key=_rank)
    if config.getoption("--database-only"):
        kept = [one for one in items if _asks_a_database(one)]
        config.hook.pytest_deselected(items=[one for one in items if one not in set(kept)])
        items[:] = kept


@pytest.fixture
def browser(monkeypatch):
    """A browser for a test that asks the database itself, too; the journeys have one for all of them."""
    # Playwright's loop runs in this thread.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as playwright:
        chromium = browsers.launch(playwright)
        yield chromium
        chromium.close()
        connections.close_all()  # in this loop, where they were opened, or the database could not be given back


@pytest.fixture
def client() -> FullClient:
    """Django's test client; `force_login` gives the second factor, too. The gate itself is never off."""
    return FullClient()


@pytest.fixture
def keeping(settings):
    """What is the same for every reader is kept, as in production; nothing of another test is."""

    def forget() -> None:
        cache.delete(kept.MARK)
        for store in (kept.pages, kept.values, kept.drawn):
            store.clear()

    settings.KEPT_SECONDS = 60
    forget()
    yield
    forget()


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    """A database copied from the template; a test that commits gives it back as it was."""
    database = databases.test_database()
    with django_db_blocker.unblock():
        database.ensure_template()
        database.restore()

    def restore(self) -> None:
        databases.disconnect()
        database.restore()

    flush, TransactionTestCase._fixture_teardown = TransactionTestCase._fixture_teardown, restore
    yield
    TransactionTestCase._fixture_teardown = flush
    with django_db_blocker.unblock():
        databases.disconnect()
        database.drop()


@pytest.fixture(autouse=True)
def no_witnesses():
    """A database that begins anew with each test looks like one that was restored: nothing tells of numbers before."""
    shutil.rmtree(Path(settings.MEDIA_ROOT, "certificates", "testigos"), ignore_errors=True)


@pytest.fixture
def run_jobs(django_capture_on_commit_callbacks):
    """Do every waiting job, as a worker would, and what follows from each; returns the jobs that failed."""

    def run() -> list[Job]:
        for _round in range(20):
            waiting = list(Job.objects.filter(state=Job.State.WAITING).values_list("pk", flat=True))
            if not waiting:
                break
            for job_id in waiting:
                with django_capture_on_commit_callbacks(execute=True):
                    jobs.run(job_id)
        return list(Job.objects.filter(state=Job.State.FAILED))

    return run
