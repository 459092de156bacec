"""Bytes of films that reached people, by day; and how far nginx's log of them is read."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from .videos import Video


class Delivered(models.Model):
    """What one person was sent of one rung of a video on one day of Guatemala, all cuts and tracks together.

    Who was erased leaves sums without a person; a video that was deleted leaves sums without a video. `seconds` is how
    much playing the bytes are worth.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="delivered")
    day = models.DateField()
    video = models.ForeignKey(Video, models.SET_NULL, null=True, related_name="delivered")
    rung = models.CharField(max_length=8)
    bytes = models.PositiveBigIntegerField(default=0)
    seconds = models.FloatField(default=0)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-day", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["person", "day", "video", "rung"], name="delivered_once_a_day"),
            models.CheckConstraint(condition=Q(bytes__gte=0, seconds__gte=0), name="delivered_grows"),
        ]
        indexes = [models.Index(fields=["day", "video", "rung"], name="delivered_by_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.rung}: {self.bytes}"


class DeliveryLog(models.Model):
    """A file that nginx wrote, known by its first line wherever it was moved to, and how much of it was counted."""

    first_line_sha256 = models.CharField(max_length=64, unique=True)
    offset = models.PositiveBigIntegerField(default=0)
    lines = models.PositiveBigIntegerField(default=0)
    skipped_lines = models.PositiveBigIntegerField(default=0)
    read_at = models.DateTimeField(default=timezone.now)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-read_at"]

    def __str__(self) -> str:
        return self.first_line_sha256
