"""What devices told of a person's learning, each thing once."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .enrolment import Enrolment
from .progress import Activity


class LearningEvent(models.Model):
    """One thing that happened in learning, as a device told it, and what became of it. Append-only.

    `client_id` is made by the client. `happened_at` is the grant of the page plus the page's clock: never before the
    grant, never after `received_at`. What it led to stands elsewhere (segments, answers, completions); the `digest` of
    its body tells a repetition from another event under the same id.
    """

    class Kind(models.TextChoices):
        """What happened."""

        WATCHED = "watched", _("Tramo visto")
        POSITION = "position", _("Lugar en el video")
        READ = "read", _("Lectura marcada")
        ANSWERED = "answered", _("Respuesta guardada")
        HANDED_IN = "handed_in", _("Cuestionario enviado")

    class Outcome(models.TextChoices):
        """What became of it; `code` says why it does not count."""

        STORED = "stored", _("Guardado")
        REFUSED = "refused", _("No se pudo guardar")

    client_id = models.UUIDField(unique=True)
    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="learning_events")
    # Activities are never deleted, and nobody asks for the events of one.
    activity = models.ForeignKey(Activity, models.PROTECT, related_name="learning_events", db_index=False)
    kind = models.CharField(max_length=9, choices=Kind)
    device = models.UUIDField()
    course_version = models.CharField(max_length=40, help_text="edition and revision that the page showed")
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)
    digest = models.CharField(max_length=64)
    outcome = models.CharField(max_length=7, choices=Outcome)
    code = models.CharField(max_length=40, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(happened_at__lte=models.F("received_at")), name="learning_event_not_in_the_future"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} · {self.client_id}"
