"""Whose turn it is: a message of the carrier says that there is work in a queue, the ledger says which comes first.

A carrier's queue knows no order but that of arrival. There is one message for each waiting job, so whoever takes a
message may do the most urgent job of its queue instead of the one that it names: the last message finds the last job.
"""

from django.conf import settings
from django.db.models import Count, Min, Q
from django.utils import timezone

from lms.models import Job

from . import jobs

TRIES = 5  # another worker may be quicker, time and again


def run(job_id: int) -> bool:
    """Do the job whose turn it is in the queue in which the message about `job_id` came; False if there is none."""
    for _try in range(TRIES):
        found = find_next(job_id)
        if found is None:
            return False
        if jobs.run(found):
            return True
    return jobs.run(job_id)


def find_next(job_id: int) -> int | None:
    """The key of the most urgent job of the queue of `job_id`, None when nothing can be taken.

    In the queue of everyday work the named job stays, unless another is more urgent. In a queue of long work, those of
    equal urgency take turns by who asked: first whoever was served least today, so that one's first video does not wait
    behind somebody's fifty.
    """
    named = Job.objects.filter(pk=job_id).first()
    if named is None:
        return None
    queue = _kinds_beside(named.kind)
    now = timezone.now()
    # What failed rests until it is due; what was never begun is due at once, whatever its message did.
    ready = Q(state=Job.State.WAITING) & (Q(attempts=0) | Q(due_at__lte=now) | Q(pk=job_id))
    free = Job.objects.claimable(now).filter(queue).filter(ready | Q(pk=job_id))
    if jobs.queue_of(named.kind) == settings.CELERY_TASK_DEFAULT_QUEUE:
        itself = free.filter(pk=job_id).values_list("pk", flat=True).first()
        urgent = free.filter(priority__lt=named.priority) if itself else free
        return urgent.order_by("priority", "created_at", "pk").values_list("pk", flat=True).first() or itself
    return _least_served(free, queue)


def _kinds_beside(kind: str) -> Q:
    """The kinds that travel in the same queue: those that are named in the settings, or all others."""
    name = jobs.queue_of(kind)
    elsewhere = [one for one, queue in settings.JOB_QUEUES.items() if queue != name]
    if name == settings.CELERY_TASK_DEFAULT_QUEUE:
        return ~Q(kind__in=elsewhere)
    return Q(kind__in=[one for one, queue in settings.JOB_QUEUES.items() if queue == name])


def _least_served(free, queue: Q) -> int | None:
    urgency = free.order_by("priority").values_list("priority", flat=True).first()
    if urgency is None:
        return None
    first = free.filter(priority=urgency).order_by().values("requested_by").annotate(oldest=Min("pk"))
    oldest = {row["requested_by"]: row["oldest"] for row in first}
    since = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    begun = Job.objects.filter(queue, begun_at__gte=since).order_by()
    rows = begun.values("requested_by").annotate(times=Count("pk")).values_list("requested_by", "times")
    served = dict(rows)
    return min(oldest.items(), key=lambda pair: (served.get(pair[0], 0), pair[1]))[1]
