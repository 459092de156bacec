"""Quizzes, and which questions of the bank they ask."""

import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from modelcluster.models import ClusterableModel
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, MultiFieldPanel
from wagtail.models import Orderable

from .bank import BankQuestion, Topic

LONGEST_MINUTES = 24 * 60
LONGEST_WAIT_MINUTES = 30 * 24 * 60


class Quiz(ClusterableModel):
    """A quiz, placed in a lesson by a block."""

    class Shows(models.TextChoices):
        """When the right answers are told."""

        SPENT = "spent", _("Cuando ya no le sirven: al aprobar o sin más intentos")
        EACH = "each", _("Después de cada intento")
        NEVER = "never", _("Nunca")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField(_("título"), max_length=160)
    instructions = models.TextField(_("indicaciones"), blank=True)
    pass_percent = models.PositiveSmallIntegerField(
        _("nota para aprobar (%)"), default=70, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    max_attempts = models.PositiveSmallIntegerField(_("intentos permitidos"), default=3, help_text=_("0: sin límite."))
    wait_minutes = models.PositiveIntegerField(
        _("espera entre intentos (minutos)"),
        default=0,
        validators=[MaxValueValidator(LONGEST_WAIT_MINUTES)],
        help_text=_("0: sin espera."),
    )
    minutes = models.PositiveSmallIntegerField(
        _("tiempo para responder (minutos)"),
        default=0,
        validators=[MaxValueValidator(LONGEST_MINUTES)],
        help_text=_("0: sin límite. Corre desde que la persona comienza."),
    )
    is_shuffled = models.BooleanField(_("preguntas en otro orden en cada intento"), default=False)
    shows = models.CharField(_("muestra las respuestas correctas"), max_length=5, choices=Shows, default=Shows.SPENT)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )

    panels = [
        FieldPanel("title"),
        FieldPanel("instructions"),
        MultiFieldPanel(
            [
                FieldRowPanel([FieldPanel("pass_percent"), FieldPanel("max_attempts")]),
                FieldRowPanel([FieldPanel("minutes"), FieldPanel("wait_minutes")]),
                FieldPanel("is_shuffled"),
                FieldPanel("shows"),
            ],
            heading=_("Reglas"),
        ),
        InlinePanel("items", heading=_("Preguntas"), label=_("Pregunta"), min_num=1),
    ]

    class Meta:
        ordering = ["title"]
        verbose_name = _("cuestionario")
        verbose_name_plural = _("cuestionarios")

    def __str__(self) -> str:
        return self.title


class QuizItem(Orderable):
    """One question of a quiz, or several drawn at random from a topic; each is worth `points`."""

    quiz = ParentalKey(Quiz, on_delete=models.CASCADE, related_name="items")
    question = models.ForeignKey(
        BankQuestion, models.PROTECT, null=True, blank=True, related_name="items", verbose_name=_("pregunta")
    )
    topic = models.ForeignKey(
        Topic,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="items",
        verbose_name=_("o al azar del tema"),
    )
    draws = models.PositiveSmallIntegerField(
        _("cuántas del tema"), default=1, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    points = models.DecimalField(
        _("puntos de cada una"),
        max_digits=6,
        decimal_places=2,
        default=1,
        validators=[MinValueValidator(0.01), MaxValueValidator(1000)],
    )

    panels = [
        FieldPanel("question"),
        FieldRowPanel([FieldPanel("topic"), FieldPanel("draws")]),
        FieldPanel("points"),
    ]

    class Meta(Orderable.Meta):
        verbose_name = _("pregunta")
        verbose_name_plural = _("preguntas")
        constraints = [
            models.CheckConstraint(
                condition=Q(question__isnull=False, topic=None) | Q(question=None, topic__isnull=False),
                name="quiz_item_is_a_question_or_a_topic",
            ),
            models.CheckConstraint(condition=Q(points__gt=0), name="quiz_item_is_worth_something"),
        ]

    def __str__(self) -> str:
        return str(self.question or self.topic)

    def clean(self) -> None:
        """Either a question or a topic."""
        if bool(self.question_id) == bool(self.topic_id):
            raise ValidationError(_now("Elija una pregunta, o un tema del que salgan al azar: una de las dos cosas."))
