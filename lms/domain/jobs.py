"""Durable work: the database is the ledger, Celery only the carrier.

A job is written in the transaction of the change that asks for it and sent on commit. A worker claims it with a
conditional update that raises the fence and sets a lease; a reaper sends again what nobody holds. So a lost message, a
message that comes twice and a worker killed at any moment all end in the same place: the work is done once.
"""

import logging
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread

from celery import current_app
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from lms.models import Job, Person

from .errors import RuleBroken

log = logging.getLogger(__name__)
_performers: dict[str, Callable[["Claim"], None]] = {}
_held_here: set["Claim"] = set()


class LeaseLost(Exception):
    """Another worker took the job over; stop at once and write nothing."""


class Claim:
    """A worker's hold on a running job. Every write names the fence; `progress` also renews the lease."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.fence = job.fence

    def _write(self, **fields: object) -> None:
        held = Job.objects.filter(pk=self.job.pk, fence=self.fence, state=Job.State.RUNNING)
        if not held.update(**fields):
            raise LeaseLost(str(self.job.public_id))

    def progress(self, done: int, total: int, stage: str = "") -> None:
        """Tell how far it is. Raises `LeaseLost` when the job is no longer ours."""
        self._write(done=min(done, total), total=total, stage=stage[:120], lease_until=_lease_end())

    def renew(self) -> None:
        """Hold the lease a while longer. Raises `LeaseLost`."""
        self._write(lease_until=_lease_end())

    def assert_held(self) -> None:
        """Lock the job's row and check the fence: call it inside the transaction that publishes a result."""
        held = Job.objects.select_for_update().filter(pk=self.job.pk, fence=self.fence, state=Job.State.RUNNING)
        if not held.exists():
            raise LeaseLost(str(self.job.public_id))


def _lease_end():
    return timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)


def performs(kind: str) -> Callable[[Callable[[Claim], None]], Callable[[Claim], None]]:
    """Register the function that does jobs of `kind`. It must be idempotent; it gets the claim."""

    def register(perform: Callable[[Claim], None]) -> Callable[[Claim], None]:
        _performers[kind] = perform
        return perform

    return register


def request(
    kind: str, subject: object, *, by: Person | None = None, payload: dict | None = None, max_attempts: int = 3
) -> Job:
    """Ask for work about one thing; an unfinished job of the same kind and subject is returned instead.

    Sent to the carrier when the surrounding transaction commits.
    """
    with transaction.atomic():
        job, created = Job.objects.get_or_create(
            kind=kind,
            subject=str(subject),
            state__in=[Job.State.WAITING, Job.State.RUNNING],
            defaults={
                "payload": payload or {},
                "requested_by": by,
                "max_attempts": max_attempts,
                # The carrier gets it at once; the reaper steps in when that did not happen.
                "due_at": timezone.now() + timedelta(seconds=15),
                "state": Job.State.WAITING,
            },
        )
        if created:
            transaction.on_commit(lambda: _send(job.pk, kind))
    return job


def _send(job_id: int, kind: str) -> None:
    queue = settings.JOB_QUEUES.get(kind, settings.CELERY_TASK_DEFAULT_QUEUE)
    try:
        current_app.send_task("lms.tasks.run_job", args=[job_id], queue=queue)
    except Exception:
        # The row is the record: the reaper sends it again when the broker is back.
        log.exception("The broker did not take job %s", job_id)


def claim(job_id: int) -> Claim | None:
    """Take a job that is waiting or abandoned; None when it is finished or another worker holds it."""
    now = timezone.now()
    free = Q(state=Job.State.WAITING) | Q(state=Job.State.RUNNING, lease_until__lt=now)
    taken = Job.objects.filter(free, pk=job_id, attempts__lt=F("max_attempts")).update(
        state=Job.State.RUNNING,
        attempts=F("attempts") + 1,
        fence=F("fence") + 1,
        lease_until=_lease_end(),
        done=0,
        total=0,
    )
    return Claim(Job.objects.get(pk=job_id)) if taken else None


@contextmanager
def kept_alive(held: Claim):
    """Renew the lease from a thread while a long step runs."""
    stop = Event()

    def renew() -> None:
        while not stop.wait(settings.JOB_LEASE_SECONDS / 4):
            try:
                held.renew()
            except LeaseLost:
                return
            except Exception:
                log.exception("Could not renew the lease of job %s", held.job.public_id)
            finally:
                connection.close()

    thread = Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def run(job_id: int) -> bool:
    """Claim and do one job; False when there was nothing to do. What fails is tried again later, up to its cap."""
    held = claim(job_id)
    if held is None:
        return False
    _held_here.add(held)
    try:
        with kept_alive(held):
            _performers[held.job.kind](held)
    except LeaseLost:
        log.warning("Job %s was taken over", held.job.public_id)
    except RuleBroken as broken:
        _end(held, Job.State.FAILED, broken.message)
    except Exception as failure:
        log.exception("Job %s (%s) failed", held.job.public_id, held.job.kind)
        _put_back(held, f"{type(failure).__name__}: {failure}")
    else:
        _end(held, Job.State.DONE, "")
    finally:
        _held_here.discard(held)
    return True


def give_back() -> int:
    """Let go of everything this process is doing, for a worker that must leave now; returns how many jobs.

    The attempt does not count, and another worker need not wait for the lease to run out. Whatever this process still
    writes about them afterwards raises `LeaseLost`.
    """
    return sum(
        Job.objects.filter(pk=held.job.pk, fence=held.fence, state=Job.State.RUNNING).update(
            state=Job.State.WAITING, attempts=F("attempts") - 1, due_at=timezone.now(), lease_until=None
        )
        for held in list(_held_here)
    )


def _end(held: Claim, state: str, reason: str) -> None:
    Job.objects.filter(pk=held.job.pk, fence=held.fence, state=Job.State.RUNNING).update(
        state=state, reason=reason[:2000], finished_at=timezone.now(), lease_until=None
    )


def _put_back(held: Claim, reason: str) -> None:
    if held.job.attempts >= held.job.max_attempts:
        _end(held, Job.State.FAILED, reason)
        return
    pause = timedelta(seconds=5 * 3**held.job.attempts)
    Job.objects.filter(pk=held.job.pk, fence=held.fence, state=Job.State.RUNNING).update(
        state=Job.State.WAITING, reason=reason[:2000], due_at=timezone.now() + pause, lease_until=None
    )


def reap() -> int:
    """Send again every job that nobody holds; end those that were tried too often. Returns how many were sent."""
    now = timezone.now()
    Job.objects.abandoned(now).filter(attempts__gte=F("max_attempts")).update(
        state=Job.State.FAILED, reason="lost", finished_at=now, lease_until=None
    )
    jobs = dict(Job.objects.abandoned(now).values_list("pk", "kind")[:500])
    # All of them wait now, and are not due again at once, or a slow queue would be filled with copies of its messages.
    Job.objects.abandoned(now).filter(pk__in=jobs).update(
        state=Job.State.WAITING, due_at=now + timedelta(seconds=60), lease_until=None
    )
    for job_id, kind in jobs.items():
        _send(job_id, kind)
    return len(jobs)


def retry(job: Job, *, by: Person | None) -> None:
    """Give a failed job its attempts back. Raises `job.not_failed` and `job.already_waiting`."""
    try:
        with transaction.atomic():
            again = Job.objects.filter(pk=job.pk, state=Job.State.FAILED).update(
                state=Job.State.WAITING, attempts=0, reason="", finished_at=None, due_at=timezone.now(), requested_by=by
            )
            if not again:
                raise RuleBroken("job.not_failed", _("Este trabajo no ha fallado."))
            transaction.on_commit(lambda: _send(job.pk, job.kind))
    except IntegrityError as error:  # asked for anew since it failed
        raise RuleBroken("job.already_waiting", _("Ya hay otro trabajo igual en espera o en curso.")) from error
