"""What heals the register: whatever should have happened and did not is asked for again."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from certificates.models import Certificate, OwedCertificate
from courses.models import Completion
from lms.domain import jobs
from lms.domain.errors import RuleBroken
from lms.models import Job

from . import batches, renewals
from .batches import ISSUE_BATCH
from .issuing import ATTEMPTS, ISSUE, RENDER, UNASKED, owe
from .renewals import RENEW

# A sweep does so much and leaves the rest for the next, which comes within the minute.
BATCH = 500
# A job that failed by its own error (a full disk, a fault of ours) rests so long before it gets its attempts back, each
# time twice as long as before, and is given up after so many times: after almost three days, a week-end and a night.
REST = timedelta(minutes=2)
MOST_WAKES = 11


def sweep() -> int:
    """Owe what was completed, issue what is owed, draw what was issued. Returns how many jobs were asked for.

    Of lists that were certified whatever is left is asked for, too.

    What waits for a confirmation is passed over by the query itself, so it never fills a sweep, and so is what rests or
    was given up; what was confirmed without our hearing of it, and whoever turned eighteen, is found here. So is what
    another record of the same person has already. A job that was given up stands failed on the board of jobs.
    """
    for completion in unheard()[:BATCH]:
        owe(completion)
    unissued = OwedCertificate.objects.due().exclude(completion__public_id__in=_left_alone(ISSUE)).order_by("owed_at")
    undrawn = Certificate.objects.filter(file=None).exclude(public_id__in=_left_alone(RENDER)).order_by("pk")
    renewing = renewals.unheard().exclude(public_id__in=_left_alone(RENEW))
    listed = batches.unfinished().exclude(public_id__in=_left_alone(ISSUE_BATCH))
    _ask_again(ISSUE_BATCH, listed.values_list("public_id", flat=True)[:BATCH])
    _ask_again(RENEW, renewing.values_list("public_id", flat=True)[:BATCH])
    return _ask_again(ISSUE, unissued.values_list("completion__public_id", flat=True)[:BATCH]) + _ask_again(
        RENDER, undrawn.values_list("public_id", flat=True)[:BATCH]
    )


def unheard() -> QuerySet[Any]:
    """Completions that `owe` would owe and that nobody asked it for."""
    same = OwedCertificate.objects.standing().filter(
        completion__course_key=OuterRef("course_key"), completion__edition=OuterRef("edition")
    )
    # Two searches: for either column there is an index, and for the one or the other of them there is none.
    under_the_standing_record = Exists(same.filter(completion__person=OuterRef("holder")))
    under_one_taken_in = Exists(same.filter(completion__person__merged_into=OuterRef("holder")))
    # What two people issued was never owed, and is held all the same.
    held = Certificate.objects.in_force().filter(course_key=OuterRef("course_key"), edition=OuterRef("edition"))
    held_by_the_standing = Exists(held.filter(person=OuterRef("holder")))
    held_by_one_taken_in = Exists(held.filter(person__merged_into=OuterRef("holder")))
    found = Completion.objects.with_holder().exclude(certificate_kind="").filter(owed_certificate=None)
    found = found.exclude(UNASKED)
    found = found.exclude(held_by_the_standing).exclude(held_by_one_taken_in)
    return found.exclude(under_the_standing_record).exclude(under_one_taken_in).order_by("pk")


def _newest(kind: str, subjects: Any) -> dict[str, Job]:
    """The newest job about each subject."""
    return {job.subject: job for job in Job.objects.filter(kind=kind, subject__in=subjects).order_by("pk")}


def _left_alone(kind: str) -> list[str]:
    """The subjects whose job failed and rests, or was given up."""
    failed = Job.objects.filter(kind=kind, state=Job.State.FAILED)
    newest = _newest(kind, failed.values("subject"))
    return [subject for subject, job in newest.items() if job.state == Job.State.FAILED and not _may_be_woken(job)]


def _ask_again(kind: str, subjects: Iterable[object]) -> int:
    """Request a job for each subject that has none, and wake those that failed and have rested."""
    wanted = {str(subject) for subject in subjects}
    asked = 0
    newest = _newest(kind, wanted)
    for subject in wanted:
        last = newest.get(subject)
        if last is None or last.state == Job.State.DONE:
            jobs.request(kind, subject, max_attempts=ATTEMPTS)
            asked += 1
        elif last.state == Job.State.FAILED and _may_be_woken(last):
            with suppress(RuleBroken):  # somebody was quicker
                jobs.wake(last)
                asked += 1
    return asked


def _may_be_woken(job: Job) -> bool:
    """Whether it has rested. One that was lost with its worker need not the first time: it may not be its fault."""
    if job.wakes >= MOST_WAKES:
        return False
    lost_with_its_worker = job.reason == "lost" and not job.wakes
    now, ended = timezone.now(), job.finished_at or job.created_at
    # What ended tomorrow ended while a clock was wrong, and would rest until then.
    return lost_with_its_worker or ended < now - REST * 2**job.wakes or ended > now + REST
