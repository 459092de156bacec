"""Short secrets by which a person comes in without a password."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .people import Person


class AccessCode(models.Model):
    """A code that lets somebody in once: sent to their telephone or e-mail, or handed over by Human Resources.

    Of the code itself only a keyed digest is kept. Whoever asks for a code with an identifier that nobody has gets a
    row without a person, so that both ways take the same steps. `digest` is empty until the code was made.
    """

    class Kind(models.TextChoices):
        """How it reaches the person."""

        SENT = "sent", _("Enviado al teléfono o al correo")
        HANDED = "handed", _("Entregado por Recursos Humanos")

    class Channel(models.TextChoices):
        """By which way a sent code goes."""

        SMS = "sms", _("Mensaje al teléfono")
        EMAIL = "email", _("Correo electrónico")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=6, choices=Kind)
    channel = models.CharField(max_length=5, choices=Channel, blank=True)
    person = models.ForeignKey(Person, models.CASCADE, null=True, related_name="access_codes")
    issued_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    digest = models.CharField(max_length=64, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("código de entrada")
        verbose_name_plural = _("códigos de entrada")
        indexes = [models.Index(fields=["person", "kind", "asked_at"], name="lms_accessc_person__idx")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.asked_at:%Y-%m-%d %H:%M}"
