"""Uploads, videos, their renditions and captions.

What a trainer sends is an `Upload`; once inspected it becomes the source of a `Video`; the worker makes `Rendition`s.
Nothing that was uploaded is ever served.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail.models import CollectionMember
from wagtail.search import index

from lms.models import Language


class Upload(models.Model):
    """Bytes on their way: a resumable upload (tus). `offset` is what is safely on disk, in bytes."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="uploads")
    file_name = models.CharField(_("archivo"), max_length=255)
    size = models.PositiveBigIntegerField(_("tamaño"))
    offset = models.PositiveBigIntegerField(default=0)
    fingerprint = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(offset__lte=F("size")), name="upload_offset_within_size"),
        ]

    def __str__(self) -> str:
        return self.file_name


class VideoQuerySet(models.QuerySet["Video"]):
    """Sets of videos."""

    def playable(self) -> "VideoQuerySet":
        """Videos with at least one published rendition."""
        return self.filter(renditions__isnull=False).distinct()


class Video(CollectionMember, index.Indexed, models.Model):
    """A video of the library. `duration_seconds` is the source's, and the length of every progress bitmap."""

    class State(models.TextChoices):
        """Where a video stands between the upload and the learner."""

        WAITING = "waiting", _("En espera")
        PROCESSING = "processing", _("En proceso")
        READY = "ready", _("Listo para ver")
        FAILED = "failed", _("No se pudo procesar")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField(_("título"), max_length=160)
    description = models.TextField(_("descripción"), blank=True)
    language = models.ForeignKey(
        Language, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("idioma hablado")
    )
    state = models.CharField(_("estado"), max_length=10, choices=State, default=State.WAITING, editable=False)
    reason = models.TextField(_("motivo"), blank=True, editable=False)
    source_name = models.CharField(_("archivo original"), max_length=255, blank=True, editable=False)
    source_path = models.CharField(max_length=255, blank=True, editable=False)
    source_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    source_bytes = models.PositiveBigIntegerField(default=0, editable=False)
    duration_seconds = models.FloatField(_("duración en segundos"), default=0, editable=False)
    width = models.PositiveIntegerField(default=0, editable=False)
    height = models.PositiveIntegerField(default=0, editable=False)
    has_sound = models.BooleanField(default=False, editable=False)
    poster_path = models.CharField(max_length=255, blank=True, editable=False)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="videos",
        verbose_name=_("subido por"),
    )
    created_at = models.DateTimeField(_("subido el"), default=timezone.now, editable=False)

    objects = VideoQuerySet.as_manager()

    search_fields = [
        *CollectionMember.search_fields,
        index.SearchField("title", boost=10),
        index.AutocompleteField("title"),
        index.SearchField("description"),
        index.FilterField("state"),
        index.FilterField("uploaded_by"),
        index.FilterField("created_at"),
    ]

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("video")
        verbose_name_plural = _("videos")

    def __str__(self) -> str:
        return self.title

    @property
    def length_seconds(self) -> int:
        """Whole seconds of the progress bitmap: the duration rounded, at least 1."""
        return max(1, round(self.duration_seconds))


class Rendition(models.Model):
    """One published file made from a video: a fragmented MP4 with an index, at `path` in the default storage."""

    class Rung(models.TextChoices):
        """The ladder, by short side; `audio` is sound alone."""

        P720 = "720p", "720p"
        P480 = "480p", "480p"
        P360 = "360p", "360p"
        P240 = "240p", "240p"
        P144 = "144p", "144p"
        AUDIO = "audio", _("Solo audio")

    video = models.ForeignKey(Video, models.CASCADE, related_name="renditions")
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
        constraints = [models.UniqueConstraint(fields=["video", "rung"], name="rendition_one_per_rung")]

    def __str__(self) -> str:
        return f"{self.video} {self.rung}"


class Caption(models.Model):
    """Captions of a video in one language, as WebVTT text that was parsed and written anew."""

    video = models.ForeignKey(Video, models.CASCADE, related_name="captions")
    language = models.ForeignKey(Language, models.PROTECT, related_name="+", verbose_name=_("idioma"))
    text = models.TextField(_("subtítulos"), help_text=_("WebVTT o SRT"))
    updated_at = models.DateTimeField(auto_now=True)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["language"]
        verbose_name = _("subtítulos")
        verbose_name_plural = _("subtítulos")
        constraints = [models.UniqueConstraint(fields=["video", "language"], name="caption_one_per_language")]

    def __str__(self) -> str:
        return f"{self.video} · {self.language}"
