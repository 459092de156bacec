"""What a town hall hands over at a change of government: one sealed package, made by a worker, kept for a while."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from lms.models import Municipality


class HandoverPackage(models.Model):
    """A package that was asked for. `path` is its ZIP in the default storage, empty until it is ready and once it went.

    `sha256` is that of the ZIP. Of a municipality one is being made at a time.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    municipality = models.ForeignKey(Municipality, models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    ready_at = models.DateTimeField(null=True)
    path = models.CharField(max_length=200, blank=True)
    bytes = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["municipality"], condition=Q(ready_at=None), name="handover_one_at_a_time")
        ]

    def __str__(self) -> str:
        return str(self.public_id)
