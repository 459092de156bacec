"""What heals the register: whatever should have happened and did not is asked for again."""

from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone

from certificates.models import Certificate, OwedCertificate
from courses.models import Completion
from lms.domain import jobs
from lms.models import Job

from .issuing import ATTEMPTS, ISSUE, RENDER, owe

# A sweep does so much and leaves the rest for the next, which comes within the minute.
BATCH = 500
# A job that failed by its own error (a full disk, a fault of ours) rests so long before it gets its attempts back.
REST = timedelta(minutes=2)


def sweep() -> int:
    """Owe what was completed, issue what is owed, draw what was issued. Returns how many jobs were asked for."""
    unheard = Completion.objects.exclude(certificate_kind="").filter(owed_certificate=None).order_by("pk")
    for completion in unheard[:BATCH]:
        owe(completion)
    owed = OwedCertificate.objects.filter(issued_at=None).order_by("pk")
    unissued = owed.values_list("completion__public_id", flat=True)[:BATCH]
    undrawn = Certificate.objects.filter(file=None).order_by("pk").values_list("public_id", flat=True)[:BATCH]
    return _ask_again(ISSUE, unissued) + _ask_again(RENDER, undrawn)


def _ask_again(kind: str, subjects: Iterable[object]) -> int:
    """Request a job for each subject that has none, and wake those that failed and have rested."""
    wanted = {str(subject) for subject in subjects}
    asked = 0
    newest: dict[str, Job] = {}
    for job in Job.objects.filter(kind=kind, subject__in=wanted).order_by("pk"):
        newest[job.subject] = job
    for subject in wanted:
        last = newest.get(subject)
        if last is None or last.state == Job.State.DONE:
            jobs.request(kind, subject, max_attempts=ATTEMPTS)
            asked += 1
        elif last.state == Job.State.FAILED and _may_try_again(last):
            jobs.retry(last, by=None)
            asked += 1
    return asked


def _may_try_again(job: Job) -> bool:
    lost_with_its_worker = job.reason == "lost"
    return lost_with_its_worker or (job.finished_at or job.created_at) < timezone.now() - REST
