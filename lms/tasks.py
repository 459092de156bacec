"""What Celery carries for the kernel, and how a worker leaves."""

import os
from threading import Timer

from celery import shared_task
from celery.signals import worker_shutting_down

from lms.domain import access, duplicates, imports, jobs, suggesting, turns

# A worker that is asked to stop may finish what takes no longer than this.
LEAVE_AFTER_SECONDS = 4


@shared_task(name="lms.tasks.run_job")
def run_job(job_id: int) -> None:
    """Do one job of the ledger: this one, or one of its queue that is more urgent."""
    turns.run(job_id)


@shared_task(name="lms.tasks.reap_jobs")
def reap_jobs() -> None:
    """Send again what was lost on the way."""
    jobs.reap()


@shared_task(name="lms.tasks.sweep_access_codes")
def sweep_access_codes() -> None:
    """Forget the codes that were sent and are long over."""
    access.sweep()


@shared_task(name="lms.tasks.sweep_imports")
def sweep_imports() -> None:
    """Let go of lists of staff that nobody came back to."""
    imports.sweep()


@shared_task(name="lms.tasks.seek_duplicates")
def seek_duplicates() -> None:
    """Ask for the nightly search for duplicates, and let go of what can no longer be undone."""
    suggesting.ask(by=None)
    duplicates.forget_journals()


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
