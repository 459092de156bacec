"""Reminders: what was sent to whom on which day, and who wants none."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Digest(models.Model):
    """That a person's reminders of a day were taken up, once. Written before anything is sent.

    So they are sent at most once: of a worker that dies in between, the row stays without `sent_at`, and nobody sends
    that day's again. `has_failed` says that the way out refused them; another day may try again.
    """

    class Channel(models.TextChoices):
        """The one way out."""

        EMAIL = "email", _("Correo electrónico")
        SMS = "sms", _("Mensaje de texto")

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="digests")
    day = models.DateField(db_index=True)
    channel = models.CharField(max_length=5, choices=Channel)
    claimed_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    has_failed = models.BooleanField(default=False)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["day", "pk"]
        constraints = [models.UniqueConstraint(fields=["person", "day"], name="digest_once_a_day")]

    def __str__(self) -> str:
        return f"{self.day} · {self.channel}"


class DigestChoice(models.Model):
    """Whether a person wants reminders. Without a row they do."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="digest_choice")
    is_wanted = models.BooleanField()
    changed_at = models.DateTimeField(default=timezone.now)

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return str(self.is_wanted)
