"""Fixtures that every test may use."""

import pytest
from django.test import TransactionTestCase

from lms.domain import jobs
from lms.models import Job
from tests import databases


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
