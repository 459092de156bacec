"""The ledger of durable work. The database is the ledger, Celery only the carrier (`lms.domain.jobs`)."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class JobQuerySet(models.QuerySet["Job"]):
    """Sets of jobs."""

    def unfinished(self) -> "JobQuerySet":
        """Jobs that still have to end."""
        return self.filter(state__in=[Job.State.WAITING, Job.State.RUNNING])

    def abandoned(self, at=None) -> "JobQuerySet":
        """Running jobs whose lease ran out, and waiting jobs whose turn came without a carrier.

        Also those that wait for a moment which a clock that was wrong said: asked for, or begun, after today.
        """
        at = at or timezone.now()
        ahead = _beyond_every_lease(at)
        was_wrong = Q(created_at__gt=ahead) | Q(begun_at__gt=ahead)
        waiting = Q(due_at__lt=at) | Q(was_wrong, due_at__gt=ahead)
        return self.filter(_let_go(at) | Q(waiting, state=Job.State.WAITING))

    def claimable(self, at=None) -> "JobQuerySet":
        """Jobs that a worker may take now; one that was asked to stop is taken by nobody."""
        at = at or timezone.now()
        free = Q(state=Job.State.WAITING) | _let_go(at)
        return self.filter(free, attempts__lt=F("max_attempts"), cancel_asked_at=None)

    def for_subject(self, kind: str, subject: object) -> "JobQuerySet":
        """Jobs of a kind about one thing; `subject` is its public id."""
        return self.filter(kind=kind, subject=str(subject))


def _let_go(at: datetime) -> Q:
    """Running, but not held: the lease ran out, or ends later than any that is given now, for the clock went back."""
    over = Q(lease_until__lt=at) | Q(lease_until__gt=_beyond_every_lease(at))
    return Q(over, state=Job.State.RUNNING)


def _beyond_every_lease(at: datetime) -> datetime:
    """A minute, for clocks of two machines, after the last moment until which a job can be held or rest with reason."""
    return at + timedelta(seconds=settings.JOB_LEASE_SECONDS, minutes=1)


class Job(models.Model):
    """One piece of work that must end: transcode a video, issue a certificate, send a mail.

    A worker claims it by a conditional update that raises `fence` and sets a lease; every later write names the fence,
    so a worker that was thought dead cannot write over its successor. `done`/`total` feed the progress bars.
    """

    class State(models.TextChoices):
        """Where a job stands."""

        WAITING = "waiting", _("En espera")
        RUNNING = "running", _("En curso")
        DONE = "done", _("Terminado")
        FAILED = "failed", _("Falló")
        CANCELLED = "cancelled", _("Cancelado")

    class Priority(models.IntegerChoices):
        """Whose turn comes first (`lms.domain.turns`)."""

        HIGH = 1, _("Alta")
        NORMAL = 2, _("Normal")
        LOW = 3, _("Baja")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(_("clase"), max_length=40)
    subject = models.CharField(_("sobre"), max_length=64)
    payload = models.JSONField(default=dict, blank=True)
    state = models.CharField(_("estado"), max_length=9, choices=State, default=State.WAITING)
    priority = models.PositiveSmallIntegerField(_("prioridad"), choices=Priority, default=Priority.NORMAL)
    stage = models.CharField(_("etapa"), max_length=120, blank=True)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(_("intentos"), default=0)
    max_attempts = models.PositiveSmallIntegerField(default=3)
    # How often it got its attempts back by itself (`lms.domain.jobs.wake`).
    wakes = models.PositiveSmallIntegerField(_("veces retomado"), default=0)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(default=timezone.now)
    reason = models.TextField(_("motivo"), blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("pedido el"), default=timezone.now)
    begun_at = models.DateTimeField(_("empezado el"), null=True, blank=True)  # the last attempt
    finished_at = models.DateTimeField(_("terminado el"), null=True, blank=True)
    cancel_asked_at = models.DateTimeField(_("cancelado el"), null=True, blank=True)
    cancel_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = JobQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("trabajo")
        verbose_name_plural = _("trabajos")
        indexes = [
            models.Index(fields=["state", "due_at"]),
            models.Index(fields=["kind", "subject"]),
            models.Index(fields=["state", "priority", "created_at"], name="job_by_turn"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=Q(state__in=["waiting", "running"]),
                name="job_one_unfinished_per_subject",
            ),
            models.CheckConstraint(condition=Q(total=0) | Q(done__lte=F("total")), name="job_done_within_total"),
            models.CheckConstraint(
                condition=~Q(state="cancelled") | Q(cancel_asked_at__isnull=False), name="job_cancelled_was_asked"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"

    @property
    def percent(self) -> int:
        """Progress from 0 to 100."""
        if self.state == self.State.DONE:
            return 100
        return int(100 * self.done / self.total) if self.total else 0
