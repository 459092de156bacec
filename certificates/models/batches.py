"""Certificates by the hundred: a list that two people issue at once, and many files put into one."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class CertificateBatch(models.Model):
    """One list of people for one course or workshop: asked by one person, certified whole by another.

    Each of the list is a `CertificateAct` that waits; a job carries them out one by one. `facts` is what all their
    papers say, `faults` the lines of the list that led to nobody, as [number, why]; what stood in them is not kept.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    facts = models.JSONField()
    faults = models.JSONField(default=list)
    reason = models.CharField(_("explicación"), max_length=300)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision = models.CharField(max_length=10, blank=True)
    answer = models.CharField(max_length=300, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(asked_by=F("decided_by")), name="certificate_batch_by_two"),
            models.CheckConstraint(
                condition=Q(decided_at=None, decided_by=None, decision="")
                | Q(decided_at__isnull=False, decided_by__isnull=False, decision__in=["certified", "refused"]),
                name="certificate_batch_decided_whole",
            ),
        ]

    def __str__(self) -> str:
        return str(self.facts["course_title"])


class CertificateBundle(models.Model):
    """Many certificates in one file, made by a job for whoever asked, and gone after some days.

    `certificates` are public ids in the order of the file. `path` is empty until it is made, and after it is gone.
    """

    class Form(models.TextChoices):
        """What it is."""

        ZIP = "zip", _("Un ZIP con los PDF")
        PRINT = "print", _("Un PDF para imprimir")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    form = models.CharField(max_length=5, choices=Form)
    certificates = models.JSONField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    path = models.CharField(max_length=255, blank=True)
    bytes = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-asked_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.form} {self.public_id}"

    @property
    def is_ready(self) -> bool:
        """Whether it can be taken away."""
        return bool(self.path) and self.expires_at > timezone.now()
