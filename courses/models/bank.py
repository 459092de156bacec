"""The bank of questions: by topic, each with the versions that attempts have seen. A version never changes."""

import uuid
from functools import cached_property

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail.images import get_image_model_string

from courses import questions
from lms.domain.texts import fold


class Topic(models.Model):
    """What questions are about. Those of a shared one may be placed by everybody who writes courses."""

    name = models.CharField(_("nombre"), max_length=120)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="topics", verbose_name=_("dentro de")
    )
    is_shared = models.BooleanField(
        _("compartido"), default=False, help_text=_("Toda persona que escribe cursos puede usar sus preguntas.")
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )

    class Meta:
        ordering = ["name"]
        verbose_name = _("tema")
        verbose_name_plural = _("temas")
        constraints = [
            models.UniqueConstraint("name", Coalesce("parent", 0), Coalesce("made_by", 0), name="topic_once"),
        ]

    def __str__(self) -> str:
        return f"{self.parent} › {self.name}" if self.parent else self.name


class BankQuestionQuerySet(models.QuerySet["BankQuestion"]):
    """Sets of questions of the bank."""

    def in_use(self) -> "BankQuestionQuerySet":
        """Those that may still be asked."""
        return self.filter(archived_at=None)

    def search_words(self, query: str) -> "BankQuestionQuerySet":
        """Those whose text has every word of `query`, whatever its accents."""
        found = self
        for word in fold(query).split()[:8]:
            found = found.filter(search_text__contains=word)
        return found


class BankQuestion(models.Model):
    """A question that quizzes ask. What it says is in its versions; `latest` is the one that new attempts see."""

    class Kind(models.TextChoices):
        """How it is answered: `courses.questions.Kind` in words."""

        SINGLE = "single", _("Una respuesta")
        MULTIPLE = "multiple", _("Varias respuestas")
        TRUE_FALSE = "true_false", _("Verdadero o falso")
        NUMERIC = "numeric", _("Número")
        SHORT = "short", _("Respuesta corta")
        MATCHING = "matching", _("Relacionar")
        ORDERING = "ordering", _("Ordenar")
        CLOZE = "cloze", _("Completar espacios")
        ESSAY = "essay", _("Redacción")
        FILES = "files", _("Entregar archivos")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    topic = models.ForeignKey(
        Topic, models.PROTECT, null=True, blank=True, related_name="questions", verbose_name=_("tema")
    )
    latest = models.OneToOneField("QuestionVersion", models.RESTRICT, null=True, editable=False, related_name="+")
    name = models.CharField(_("nombre"), max_length=255, editable=False)
    kind = models.CharField(_("clase"), max_length=10, choices=Kind, editable=False)
    search_text = models.TextField(editable=False, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    made_at = models.DateTimeField(_("escrita el"), default=timezone.now, editable=False)
    archived_at = models.DateTimeField(_("archivada el"), null=True, blank=True, editable=False)

    objects = BankQuestionQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("pregunta")
        verbose_name_plural = _("preguntas")

    def __str__(self) -> str:
        return self.name


class QuestionVersion(models.Model):
    """What a question said at one time: `content` is a `courses.questions.Question` as JSON. Never changed."""

    question = models.ForeignKey(BankQuestion, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    made_at = models.DateTimeField(default=timezone.now)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["question", "number"], name="question_version_once")]

    def __str__(self) -> str:
        return f"{self.question_id}.{self.number}"

    @cached_property
    def said(self) -> questions.Question:
        """The question."""
        return questions.Question.model_validate(self.content)


class QuestionPicture(models.Model):
    """An image of a question, by the key under which its prose names it. One that a version shows stays."""

    question = models.ForeignKey(BankQuestion, models.CASCADE, related_name="pictures")
    key = models.CharField(max_length=40)
    image = models.ForeignKey(get_image_model_string(), models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["question", "key"], name="question_picture_once")]

    def __str__(self) -> str:
        return self.key
