"""Doing the jobs that the demo asks for at once, so that set-up ends with everything ready."""

import time

from lms.domain import jobs
from lms.models import Job

PATIENCE_SECONDS = 600


def finish(kind: str, subject: object) -> None:
    """Do the unfinished job of this kind about this thing, or wait while a worker does it. Raises `RuntimeError`."""
    job = Job.objects.unfinished().for_subject(kind, subject).first()
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while job and job.state in {Job.State.WAITING, Job.State.RUNNING}:
        if not jobs.run(job.pk):
            if time.monotonic() > ends_at:
                raise RuntimeError(f"{job} is not done after {PATIENCE_SECONDS} s")
            time.sleep(0.5)
        job.refresh_from_db()
    if job and job.state == Job.State.FAILED:
        raise RuntimeError(f"{job}: {job.reason}")
