"""What was made from a video: one published file for each rung, cut and track."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .tracks import Track
from .videos import Video


class Rendition(models.Model):
    """One published file made from a video: a fragmented MP4 with an index, at `path` in the default storage."""

    class Rung(models.TextChoices):
        """The ladder, by short side; `slides` is stills over the sound; the last three are sound alone."""

        P720 = "720p", "720p"
        P480 = "480p", "480p"
        P360 = "360p", "360p"
        P240 = "240p", "240p"
        P144 = "144p", "144p"
        SLIDES = "slides", _("Diapositivas y audio")
        AUDIO = "audio", _("Solo audio")
        OPUS = "opus", _("Solo audio, lo más liviano")
        MP3 = "mp3", _("Audio para descargar (MP3)")

    video = models.ForeignKey(Video, models.CASCADE, related_name="renditions")
    cut = models.PositiveIntegerField(default=1)
    track = models.ForeignKey(Track, models.CASCADE, null=True, blank=True, related_name="renditions")
    rung = models.CharField(max_length=8, choices=Rung)
    path = models.CharField(max_length=255)
    bytes = models.PositiveBigIntegerField()
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    duration_seconds = models.FloatField()
    codecs = models.CharField(max_length=60)
    sha256 = models.CharField(max_length=64)
    manifest = models.JSONField(default=dict, help_text="init range and [[offset, bytes, seconds], …] per fragment")
    created_at = models.DateTimeField(default=timezone.now)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["video", "height", "rung"]
        constraints = [
            models.UniqueConstraint(
                fields=["video", "cut", "rung"], condition=Q(track=None), name="rendition_one_per_rung"
            ),
            models.UniqueConstraint(fields=["track", "cut", "rung"], name="rendition_one_per_rung_and_track"),
        ]

    def __str__(self) -> str:
        return f"{self.video} {self.rung}"
