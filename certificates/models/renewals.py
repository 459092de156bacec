"""Which completed course renewed which certificate. Rows are added, never changed."""

from django.db import models
from django.utils import timezone

from .register import Certificate


class Renewal(models.Model):
    """What became of a completion that renews another course's certificate, decided once.

    `certificate` is the one that was issued for it, in the place of the one that it supersedes; null where the time to
    renew was over.
    """

    completion = models.OneToOneField("courses.Completion", models.PROTECT, related_name="renewal")
    certificate = models.OneToOneField(Certificate, models.PROTECT, null=True, related_name="renewal")
    decided_at = models.DateTimeField(default=timezone.now)

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return f"{self.completion_id}: {self.certificate or '—'}"
