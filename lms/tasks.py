"""What Celery carries for the kernel, and how a worker leaves."""

import os
from threading import Timer

from celery import shared_task
from celery.signals import worker_shutting_down

from lms.domain import jobs

# A worker that is asked to stop may finish what takes no longer than this.
LEAVE_AFTER_SECONDS = 4


@shared_task(name="lms.tasks.run_job")
def run_job(job_id: int) -> None:
    """Do one job of the ledger."""
    jobs.run(job_id)


@shared_task(name="lms.tasks.reap_jobs")
def reap_jobs() -> None:
    """Send again what was lost on the way."""
    jobs.reap()


@worker_shutting_down.connect
def leave_in_time(**_facts: object) -> None:
    """Celery would wait for running tasks without limit; a transcoding takes longer than any supervisor waits."""
    timer = Timer(LEAVE_AFTER_SECONDS, _leave)
    timer.daemon = True
    timer.start()


def _leave() -> None:
    try:
        jobs.give_back()
    finally:
        # Threads cannot be stopped; programs they started end with this process (PR_SET_PDEATHSIG).
        os._exit(0)
