"""Stopping a job that nobody wants any more, and saying which should come first."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lms.models import Job, Person

from . import audit, jobs
from .errors import RuleBroken

ACTION = "manage_jobs"


def cancel(*, job: Job, by: Person | None) -> Job:
    """Cancel a waiting job at once; ask a running one to stop, which it does when it next tells how far it is.

    What it published before stays. Raises `job.not_cancellable` and `job.already_ended`.
    """
    if not jobs.may_be_cancelled(job.kind):
        raise RuleBroken("job.not_cancellable", _("Este trabajo hace falta y no se puede cancelar."))
    with transaction.atomic():
        asked = {"cancel_asked_at": timezone.now(), "cancel_asked_by": by}
        open_to_it = Job.objects.unfinished().filter(pk=job.pk, cancel_asked_at=None)
        if not open_to_it.update(**asked):
            raise RuleBroken("job.already_ended", _("Este trabajo ya terminó o ya se pidió cancelarlo."))
        # Whoever holds it hears of it; what nobody holds ends here.
        if not jobs.end_cancelled(job.pk, state=Job.State.WAITING):
            audit.record("job.cancel_asked", by=by, subject=jobs.named(job), facts={"type": job.kind})
    job.refresh_from_db()
    return job


def set_priority(*, job: Job, priority: int, by: Person | None) -> None:
    """Say how urgent a waiting job is. Raises `job.not_waiting`."""
    chosen = Job.Priority(priority)
    with transaction.atomic():
        changed = Job.objects.filter(pk=job.pk, state=Job.State.WAITING).update(priority=chosen)
        if not changed:
            raise RuleBroken("job.not_waiting", _("Este trabajo ya no está en espera."))
        facts = {"type": job.kind, "priority": chosen.name.lower()}
        audit.record("job.priority_set", by=by, subject=jobs.named(job), facts=facts)
