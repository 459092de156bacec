"""Who did what, when, on whom. Rows are added, never changed; no foreign keys, so history never blocks a deletion."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AuditEvent(models.Model):
    """One thing that somebody did. `subject` is `app.model:public_id`; `digest` chains to the event before it.

    `origin` is the network address that the request came from; empty for what the system does by itself.
    """

    at = models.DateTimeField(_("cuándo"), default=timezone.now)
    actor = models.CharField(_("quién"), max_length=64, blank=True)
    action = models.CharField(_("qué"), max_length=60)
    subject = models.CharField(_("sobre"), max_length=120, blank=True)
    origin = models.CharField(_("desde dónde"), max_length=45, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    previous_digest = models.CharField(max_length=64, unique=True)
    digest = models.CharField(max_length=64, unique=True)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["pk"]
        verbose_name = _("suceso")
        verbose_name_plural = _("bitácora")
        indexes = [
            models.Index(fields=["subject", "at"]),
            models.Index(fields=["action", "at"]),
            models.Index(fields=["actor", "at"]),
            models.Index(fields=["at"]),
            models.Index(fields=["origin"]),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action} {self.subject}"


class AuditHead(models.Model):
    """The one row that is locked while an event is appended; it holds the digest of the newest event."""

    digest = models.CharField(max_length=64)

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return self.digest
