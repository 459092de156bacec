"""What may be chosen beside the picture: another language, a spoken description, a signer in the corner."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lms.models import Language

from .videos import Video


class Track(models.Model):
    """A second sound, or a signer's film, over the same picture: it has renditions of its own and the same timeline.

    What is watched with a track counts for the video: there is one progress.
    """

    class Kind(models.TextChoices):
        """What the track adds."""

        SOUND = "sound", _("Otro idioma")
        DESCRIPTION = "description", _("Audiodescripción")
        SIGN = "sign", _("Lengua de señas (LENSEGUA)")

    class State(models.TextChoices):
        """Where a track stands between the upload and the learner."""

        WAITING = "waiting", _("En espera")
        PROCESSING = "processing", _("En proceso")
        READY = "ready", _("Listo")
        FAILED = "failed", _("No se pudo procesar")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    video = models.ForeignKey(Video, models.CASCADE, related_name="tracks")
    kind = models.CharField(_("clase"), max_length=12, choices=Kind)
    language = models.ForeignKey(
        Language, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("idioma")
    )
    state = models.CharField(_("estado"), max_length=10, choices=State, default=State.WAITING, editable=False)
    reason = models.TextField(_("motivo"), blank=True, editable=False)
    source_name = models.CharField(_("archivo original"), max_length=255, blank=True, editable=False)
    source_path = models.CharField(max_length=255, blank=True, editable=False)
    source_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    source_bytes = models.PositiveBigIntegerField(default=0, editable=False)
    duration_seconds = models.FloatField(_("duración en segundos"), default=0, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(_("subido el"), default=timezone.now, editable=False)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["kind", "language"]
        verbose_name = _("pista")
        verbose_name_plural = _("pistas")
        constraints = [
            models.UniqueConstraint(fields=["video", "kind", "language"], name="track_one_per_language"),
            models.UniqueConstraint(
                fields=["video", "kind"], condition=Q(language=None), name="track_one_without_language"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.video} · {self.label}"

    @property
    def label(self) -> str:
        """As the learner chooses it."""
        kind = self.get_kind_display()
        if self.kind == self.Kind.SOUND and self.language:
            return self.language.endonym
        return f"{kind} · {self.language.endonym}" if self.language else kind
