"""What Celery carries for the kernel."""

from celery import shared_task

from lms.domain import jobs


@shared_task(name="lms.tasks.run_job")
def run_job(job_id: int) -> None:
    """Do one job of the ledger."""
    jobs.run(job_id)


@shared_task(name="lms.tasks.reap_jobs")
def reap_jobs() -> None:
    """Send again what was lost on the way."""
    jobs.reap()
