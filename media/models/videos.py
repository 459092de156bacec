"""Videos and recordings of the library, and the cuts that replaced one another.

Nothing that was uploaded is ever served: the worker makes renditions of it.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from taggit.managers import TaggableManager
from wagtail.models import CollectionMember
from wagtail.search import index

from lms.models import Language


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

    class Kind(models.TextChoices):
        """Whether there is a picture."""

        FILM = "film", _("Video")
        SOUND = "sound", _("Audio")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(_("clase"), max_length=5, choices=Kind, default=Kind.FILM, editable=False)
    cut = models.PositiveIntegerField(_("corte"), default=1, editable=False)
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
    trim_start_seconds = models.FloatField(default=0, editable=False)
    trim_end_seconds = models.FloatField(null=True, blank=True, editable=False)
    poster_second = models.FloatField(_("segundo de la portada"), null=True, blank=True, editable=False)
    poster_path = models.CharField(max_length=255, blank=True, editable=False)
    storyboard_path = models.CharField(max_length=255, blank=True, editable=False)
    storyboard = models.JSONField(default=dict, blank=True, editable=False)
    waveform_path = models.CharField(max_length=255, blank=True, editable=False)
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

    tags = TaggableManager(verbose_name=_("etiquetas"), blank=True, help_text=None)

    objects = VideoQuerySet.as_manager()

    search_fields = [
        *CollectionMember.search_fields,
        index.SearchField("title", boost=10),
        index.AutocompleteField("title"),
        index.SearchField("description"),
        index.RelatedFields("tags", [index.SearchField("name", boost=5), index.AutocompleteField("name")]),
        index.FilterField("kind"),
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

    def own_renditions(self) -> models.QuerySet:
        """The renditions of the cut in use, with the sound and picture the video came with."""
        return self.renditions.filter(cut=self.cut, track=None)


class Cut(models.Model):
    """A new version of a video: another source, or the same one trimmed. The first gets its row when it is replaced.

    `edit_list` says where the seconds of the cut before went: [[from, to, new from], …] in milliseconds of the old and
    the new timeline; what is in no part is gone. Once it is ready, the video takes it over (`Video.cut`), and the
    progress of those who were not finished moves along. `captions` are those that the video had when the cut was
    replaced, for whoever takes it up again.
    """

    class State(models.TextChoices):
        """Where a cut stands."""

        WAITING = "waiting", _("En espera")
        PROCESSING = "processing", _("En proceso")
        IN_USE = "in_use", _("En uso")
        REPLACED = "replaced", _("Reemplazado")
        FAILED = "failed", _("No se pudo procesar")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    video = models.ForeignKey(Video, models.CASCADE, related_name="cuts")
    number = models.PositiveIntegerField()
    state = models.CharField(_("estado"), max_length=10, choices=State, default=State.WAITING)
    reason = models.TextField(_("motivo"), blank=True)
    source_name = models.CharField(_("archivo original"), max_length=255, blank=True)
    source_path = models.CharField(max_length=255, blank=True)
    source_sha256 = models.CharField(max_length=64, blank=True)
    source_bytes = models.PositiveBigIntegerField(default=0)
    duration_seconds = models.FloatField(_("duración en segundos"), default=0)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    has_sound = models.BooleanField(default=False)
    trim_start_seconds = models.FloatField(default=0)
    trim_end_seconds = models.FloatField(null=True, blank=True)
    edit_list = models.JSONField(default=list)
    captions = models.JSONField(default=dict, help_text="language: [WebVTT, whether a machine made it]")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    in_use_at = models.DateTimeField(null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["video", "-number"]
        verbose_name = _("corte")
        verbose_name_plural = _("cortes")
        constraints = [
            models.UniqueConstraint(fields=["video", "number"], name="cut_numbered_once"),
            models.UniqueConstraint(
                fields=["video"], condition=Q(state__in=["waiting", "processing"]), name="cut_one_in_the_making"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.video} · {self.number}"
