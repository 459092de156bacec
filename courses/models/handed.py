"""Files that were handed in as an answer: seen by whoever handed them in and by whoever marks them, by nobody else."""

import uuid

from django.db import models
from django.utils import timezone

from .progress import Answer


class HandedFile(models.Model):
    """One file, at `path` in the default storage; `suffix` is what its own bytes call for, such as `.pdf`."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    answer = models.ForeignKey(Answer, models.CASCADE, related_name="handed")
    name = models.CharField(max_length=200)
    suffix = models.CharField(max_length=8)
    path = models.CharField(max_length=200, unique=True)
    bytes = models.PositiveBigIntegerField()
    handed_at = models.DateTimeField(default=timezone.now)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_picture(self) -> bool:
        """Whether it may be shown in a page: a picture that was drawn anew."""
        return self.suffix in {".jpg", ".png", ".webp"}
