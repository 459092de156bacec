"""What is said when the register comes back from a backup. Rows are added, never changed (migration 0017)."""

import uuid

from django.db import models
from django.utils import timezone

from .register import Series


class Restoration(models.Model):
    """One return from a backup, declared by whoever restored it: a leaf of the log tells of it.

    `leaves` is how many leaves the backup had. `checkpoints` are the notes, word for word, that were published after
    the backup was made, so that the log from here on does not contain what they were signed over.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    at = models.DateTimeField(default=timezone.now)
    leaves = models.PositiveBigIntegerField()
    checkpoints = models.JSONField(default=list)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.leaves}"


class VoidNumber(models.Model):
    """A number that was, or may have been, given out after the backup: the register knows no certificate of it.

    It is never given out again. `code_sha256` is the digest (hex) of the code of the certificate that was lost, where
    the storage still knew it.
    """

    restoration = models.ForeignKey(Restoration, models.PROTECT, related_name="numbers")
    series = models.ForeignKey(Series, models.PROTECT, related_name="void_numbers")
    number = models.PositiveIntegerField()
    code_sha256 = models.CharField(max_length=64, blank=True, db_index=True)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["series", "number"], name="void_number_in_series"),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="void_number_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.series}-{self.number:06d}"
