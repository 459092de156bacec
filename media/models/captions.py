"""Captions, and their lines for whoever looks for a word."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from lms.models import Language

from .videos import Video


class Caption(models.Model):
    """Captions of a video in one language, as WebVTT text that was parsed and written anew."""

    video = models.ForeignKey(Video, models.CASCADE, related_name="captions")
    language = models.ForeignKey(Language, models.PROTECT, related_name="+", verbose_name=_("idioma"))
    text = models.TextField(_("subtítulos"), help_text=_("WebVTT o SRT"))
    is_machine_made = models.BooleanField(_("hecho por máquina, sin revisar"), default=False)
    revision = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(auto_now=True)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["language"]
        verbose_name = _("subtítulos")
        verbose_name_plural = _("subtítulos")
        constraints = [models.UniqueConstraint(fields=["video", "language"], name="caption_one_per_language")]

    def __str__(self) -> str:
        return f"{self.video} · {self.language}"


class TranscriptLine(models.Model):
    """One cue of captions, for the search.

    `folded` is the text without accents and capitals, a line's end, and how the next cue begins: a phrase that is split
    between two is found (`media.domain.transcripts`).
    """

    caption = models.ForeignKey(Caption, models.CASCADE, related_name="lines")
    start_ms = models.PositiveIntegerField()
    end_ms = models.PositiveIntegerField()
    text = models.TextField()
    folded = models.TextField()

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["caption", "start_ms"]

    def __str__(self) -> str:
        return self.text
