"""Durable work: the database is the ledger, Celery only the carrier.

A job is written in the transaction of the change that asks for it and sent on commit. A worker claims it with a
conditional update that raises the fence and sets a lease; a reaper sends again what nobody holds. So a lost message, a
message that comes twice and a worker killed at any moment all end in the same place: the work is done once.
"""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Thread

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, IntegrityError, InterfaceError, connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from lms.models import Job, Person
from lms.models.inserting import insert_unless_there
from lms.models.jobs import JobQuerySet

from . import audit
from .errors import RuleBroken

log = logging.getLogger(__name__)
_performers: dict[str, Callable[["Claim"], None]] = {}
_told_of_cancelling: dict[str, Callable[[Job], None]] = {}
_held_here: set["Claim"] = set()


class LeaseLost(Exception):
    """Another worker took the job over; stop at once and write nothing."""


class Cancelled(LeaseLost):
    """Somebody cancelled the job; stop at once and publish nothing more."""


class NotYet(Exception):
    """What it says cannot be done before `until`; the try does not count."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


class Claim:
    """A worker's hold on a running job. Every write names the fence; `progress` also renews the lease."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.fence = job.fence

    def _write(self, **fields: object) -> None:
        if not self._ours().update(**fields):
            raise self._stopped()

    def _ours(self) -> JobQuerySet:
        held = {"pk": self.job.pk, "fence": self.fence, "state": Job.State.RUNNING}
        return Job.objects.filter(**held, cancel_asked_at=None)

    def _stopped(self) -> LeaseLost:
        """Why the row is not ours any more."""
        asked = Job.objects.filter(pk=self.job.pk, fence=self.fence, cancel_asked_at__isnull=False).exists()
        return (Cancelled if asked else LeaseLost)(str(self.job.public_id))

    def progress(self, done: int, total: int, stage: str = "") -> None:
        """Tell how far it is. Raises `LeaseLost` when the job is no longer ours, `Cancelled` when it should stop."""
        self._write(done=min(done, total), total=total, stage=stage[:120], lease_until=_lease_end())

    def renew(self) -> None:
        """Hold the lease a while longer. Raises `LeaseLost`."""
        self._write(lease_until=_lease_end())

    def note(self, **facts: object) -> None:
        """Keep facts for whoever tries it next, such as that a message goes out now. Raises `LeaseLost`."""
        payload = self.job.payload | facts
        self._write(payload=payload)
        self.job.payload = payload

    def assert_held(self) -> None:
        """Lock the job's row and check the fence: call it inside the transaction that publishes a result."""
        if not self._ours().select_for_update().exists():
            raise self._stopped()

    @contextmanager
    def publishing(self, *, gets_on: bool = False) -> Iterator[None]:
        """A transaction under our fence. Raises `LeaseLost`.

        `gets_on`: what it publishes is never made again, so tries are counted from here. Work that dies at one place
        again and again is given up; work that gets further with each life (a power cut every hour) comes to its end.
        """
        with transaction.atomic():
            self.assert_held()
            if gets_on:
                self._write(attempts=1)
            yield
        if gets_on:
            self.job.attempts = 1

    @property
    def is_last_try(self) -> bool:
        """Whether what fails now is not tried again by itself."""
        return self.job.attempts >= self.job.max_attempts

    def finish(self) -> None:
        """Say that the job is done, in the transaction that publishes its last result: neither without the other."""
        self._write(state=Job.State.DONE, reason="", finished_at=timezone.now(), lease_until=None)


def _lease_end():
    return timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)


def performs(kind: str) -> Callable[[Callable[[Claim], None]], Callable[[Claim], None]]:
    """Register the function that does jobs of `kind`. It must be idempotent; it gets the claim."""

    def register(perform: Callable[[Claim], None]) -> Callable[[Claim], None]:
        _performers[kind] = perform
        return perform

    return register


def lets_cancel(kind: str) -> Callable[[Callable[[Job], None]], Callable[[Job], None]]:
    """Register what is told of a job of `kind` that ends cancelled, in the transaction that says so.

    Only such kinds can be cancelled: the others stand for something that is owed, and somebody would ask again.
    """

    def register(told: Callable[[Job], None]) -> Callable[[Job], None]:
        _told_of_cancelling[kind] = told
        return told

    return register


def may_be_cancelled(kind: str) -> bool:
    """Whether jobs of `kind` can be cancelled."""
    return kind in _told_of_cancelling


def request(
    kind: str,
    subject: object,
    *,
    by: Person | None = None,
    payload: dict | None = None,
    max_attempts: int = 3,
    priority: int = Job.Priority.NORMAL,
) -> Job:
    """Ask for work about one thing; an unfinished job of the same kind and subject is returned instead.

    Sent to the carrier when the surrounding transaction commits.
    """
    job = Job(
        kind=kind,
        subject=str(subject),
        payload=payload or {},
        requested_by=by,
        max_attempts=max_attempts,
        priority=priority,
        # The carrier gets it at once; the reaper steps in when that did not happen.
        due_at=timezone.now() + timedelta(seconds=15),
    )
    while not insert_unless_there(job):
        # An unfinished one stands there, unless it ended in this moment.
        if found := Job.objects.for_subject(kind, subject).unfinished().first():
            return found
    transaction.on_commit(lambda: _send(job.pk, kind))
    return job


def queue_of(kind: str) -> str:
    """The queue in which jobs of `kind` travel."""
    return settings.JOB_QUEUES.get(kind, settings.CELERY_TASK_DEFAULT_QUEUE)


def _send(job_id: int, kind: str) -> None:
    try:
        current_app.send_task("lms.tasks.run_job", args=[job_id], queue=queue_of(kind))
    except Exception:
        # The row is the record: the reaper sends it again when the broker is back.
        log.exception("The broker did not take job %s", job_id)


def claim(job_id: int) -> Claim | None:
    """Take a job that is waiting or abandoned; None when it is finished or another worker holds it."""
    now = timezone.now()
    taken = (
        Job.objects.claimable(now)
        .filter(pk=job_id)
        .update(
            state=Job.State.RUNNING,
            attempts=F("attempts") + 1,
            fence=F("fence") + 1,
            lease_until=_lease_end(),
            begun_at=now,
            done=0,
            total=0,
        )
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
    except Cancelled:
        end_cancelled(held.job.pk, fence=held.fence)
    except LeaseLost:
        log.warning("Job %s was taken over", held.job.public_id)
    except NotYet as wait:
        _put_off(held, wait.until)
    except RuleBroken as broken:
        _end(held, Job.State.FAILED, broken.message)
    except Exception as failure:
        reason = _reason_of(failure)
        # The frames, without what the failure itself says: a database says the values of the row, too.
        frames = "".join(traceback.format_tb(failure.__traceback__))
        log.error("Job %s (%s) failed: %s\n%s", held.job.public_id, held.job.kind, reason, frames)
        _put_back(held, reason)
    else:
        _end(held, Job.State.DONE, "")
    finally:
        _held_here.discard(held)
    return True


def _reason_of(failure: Exception) -> str:
    """What is kept of a failure: its type and text; where a database refused, the constraint's name and no text."""
    told: BaseException | None = failure
    while told is not None:
        if isinstance(told, DatabaseError | InterfaceError):
            diagnosis = getattr(told.__cause__, "diag", None)
            words = str(told).partition("constraint failed: ")[2] if connection.vendor == "sqlite" else ""
            name = getattr(diagnosis, "constraint_name", None) or words
            return f"{type(failure).__name__}: {name}" if name else type(failure).__name__
        told = told.__cause__ or told.__context__
    return f"{type(failure).__name__}: {failure}"


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


def end_cancelled(job_id: int, **only: object) -> bool:
    """Write down that a job that was asked to stop has stopped, and tell whom it concerns; False if it had not.

    `only` are conditions on the row, the fence of whoever held it.
    """
    with transaction.atomic():
        asked = Job.objects.unfinished().filter(pk=job_id, cancel_asked_at__isnull=False, **only)
        if not asked.update(state=Job.State.CANCELLED, finished_at=timezone.now(), lease_until=None):
            return False
        job = Job.objects.select_related("cancel_asked_by").get(pk=job_id)
        audit.record("job.cancelled", by=job.cancel_asked_by, subject=named(job), facts={"type": job.kind})
        _told_of_cancelling[job.kind](job)
    return True


def named(job: Job) -> str:
    """How the trail names a job."""
    return f"lms.job:{job.public_id}"


def _put_back(held: Claim, reason: str) -> None:
    if end_cancelled(held.job.pk, fence=held.fence):  # it failed before it heard of it
        return
    if held.is_last_try:
        _end(held, Job.State.FAILED, reason)
        return
    pause = timedelta(seconds=5 * 3**held.job.attempts)
    Job.objects.filter(pk=held.job.pk, fence=held.fence, state=Job.State.RUNNING).update(
        state=Job.State.WAITING, reason=reason[:2000], due_at=timezone.now() + pause, lease_until=None
    )


def _put_off(held: Claim, until: datetime) -> None:
    # It was begun, so it rests until it is due; one more try stands for the one that was none.
    Job.objects.filter(pk=held.job.pk, fence=held.fence, state=Job.State.RUNNING).update(
        state=Job.State.WAITING, max_attempts=F("max_attempts") + 1, due_at=until, lease_until=None
    )


def reap() -> int:
    """Send again every job that nobody holds; end those that were tried too often. Returns how many were sent."""
    now = timezone.now()
    for job_id in Job.objects.abandoned(now).filter(cancel_asked_at__isnull=False).values_list("pk", flat=True):
        end_cancelled(job_id)  # its worker died or was let go before it could say so
    Job.objects.abandoned(now).filter(attempts__gte=F("max_attempts")).update(
        state=Job.State.FAILED, reason="lost", finished_at=now, lease_until=None
    )
    jobs = dict(Job.objects.abandoned(now).order_by("priority", "due_at", "pk").values_list("pk", "kind")[:500])
    # All of them wait now, and are not due again at once, or a slow queue would be filled with copies of its messages.
    Job.objects.abandoned(now).filter(pk__in=jobs).update(
        state=Job.State.WAITING, due_at=now + timedelta(seconds=60), lease_until=None
    )
    for job_id, kind in jobs.items():
        _send(job_id, kind)
    return len(jobs)


def retry(job: Job, *, by: Person | None) -> None:
    """Give a failed or cancelled job its attempts back; it may be woken as often as a new one.

    Raises `job.not_failed` and `job.already_waiting`.
    """
    ended = (Job.State.FAILED, Job.State.CANCELLED)
    _begin_again(job, ended, wakes=0, requested_by=by, cancel_asked_at=None, cancel_asked_by=None)


def wake(job: Job) -> None:
    """Give a failed job its attempts back by itself, and count it: whoever does so must stop one day. As `retry`."""
    _begin_again(job, (Job.State.FAILED,), wakes=F("wakes") + 1)


def _begin_again(job: Job, ended: tuple[str, ...], **fields: object) -> None:
    try:
        with transaction.atomic():
            again = Job.objects.filter(pk=job.pk, state__in=ended).update(
                state=Job.State.WAITING, attempts=0, reason="", finished_at=None, due_at=timezone.now(), **fields
            )
            if not again:
                raise RuleBroken("job.not_failed", _("Este trabajo no ha fallado."))
            transaction.on_commit(lambda: _send(job.pk, job.kind))
    except IntegrityError as error:  # asked for anew since it failed
        raise RuleBroken("job.already_waiting", _("Ya hay otro trabajo igual en espera o en curso.")) from error
