"""Quizzes, their questions and choices. Rows, so that each can be counted and corrected."""

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from modelcluster.models import ClusterableModel
from wagtail.admin.panels import FieldPanel, InlinePanel, MultiFieldPanel
from wagtail.models import Orderable


class Quiz(ClusterableModel):
    """A short quiz, placed in a lesson by a block."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField(_("título"), max_length=160)
    instructions = models.TextField(_("indicaciones"), blank=True)
    pass_percent = models.PositiveSmallIntegerField(
        _("nota para aprobar (%)"), default=70, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    max_attempts = models.PositiveSmallIntegerField(_("intentos permitidos"), default=3, help_text=_("0: sin límite."))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )

    panels = [
        FieldPanel("title"),
        FieldPanel("instructions"),
        MultiFieldPanel([FieldPanel("pass_percent"), FieldPanel("max_attempts")], heading=_("Reglas")),
        InlinePanel("questions", heading=_("Preguntas"), label=_("Pregunta"), min_num=1),
    ]

    class Meta:
        ordering = ["title"]
        verbose_name = _("cuestionario")
        verbose_name_plural = _("cuestionarios")

    def __str__(self) -> str:
        return self.title


class Question(ClusterableModel, Orderable):
    """One question. `single` has one right choice; `multiple` is right when exactly the right ones are chosen."""

    class Kind(models.TextChoices):
        """How a question is answered."""

        SINGLE = "single", _("Una respuesta")
        MULTIPLE = "multiple", _("Varias respuestas")

    quiz = ParentalKey(Quiz, on_delete=models.CASCADE, related_name="questions")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    text = models.TextField(_("pregunta"), max_length=600)
    kind = models.CharField(_("clase"), max_length=10, choices=Kind, default=Kind.SINGLE)
    explanation = models.TextField(
        _("explicación"), blank=True, help_text=_("Se muestra al terminar el intento, nunca antes.")
    )

    panels = [
        FieldPanel("text"),
        FieldPanel("kind"),
        InlinePanel("choices", heading=_("Opciones"), label=_("Opción"), min_num=2, max_num=8),
        FieldPanel("explanation"),
    ]

    class Meta(Orderable.Meta):
        verbose_name = _("pregunta")
        verbose_name_plural = _("preguntas")

    def __str__(self) -> str:
        return self.text


class Choice(Orderable):
    """One option of a question."""

    question = ParentalKey(Question, on_delete=models.CASCADE, related_name="choices")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    text = models.CharField(_("opción"), max_length=300)
    is_right = models.BooleanField(_("correcta"), default=False)

    panels = [FieldPanel("text"), FieldPanel("is_right")]

    class Meta(Orderable.Meta):
        verbose_name = _("opción")
        verbose_name_plural = _("opciones")

    def __str__(self) -> str:
        return self.text
