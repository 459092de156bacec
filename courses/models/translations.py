"""What questions and quizzes say in other languages than the one in which they were written."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from .bank import QuestionVersion
from .questions import Quiz

LONGEST_CODE = 100  # as a locale's


class QuestionTranslationQuerySet(models.QuerySet["QuestionTranslation"]):
    """Sets of translations."""

    def published(self) -> "QuestionTranslationQuerySet":
        """Those that learners read, of each version and language the newest last."""
        return self.filter(published_at__isnull=False).order_by("version", "language", "number")

    def in_language(self, code: str) -> "QuestionTranslationQuerySet":
        """Those in one language."""
        return self.filter(language=code)


class QuestionTranslation(models.Model):
    """The texts of one version of a question in a language, by the paths of `courses.questions.translating`.

    A published one never changes: attempts keep the one that they showed, and a correction is the next number. The
    draft of a version and language is the one without `published_at`. `outdated` are texts whose source has changed:
    `{path: {"source": what was translated, "text": the translation}}`.
    """

    version = models.ForeignKey(QuestionVersion, models.CASCADE, related_name="translations")
    language = models.CharField(max_length=LONGEST_CODE)
    number = models.PositiveIntegerField()
    texts = models.JSONField(default=dict)
    outdated = models.JSONField(default=dict)
    published_at = models.DateTimeField(null=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    made_at = models.DateTimeField(default=timezone.now)

    objects = QuestionTranslationQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["version", "language", "number"], name="question_translation_once"),
            models.UniqueConstraint(
                fields=["version", "language"], condition=Q(published_at=None), name="question_translation_one_draft"
            ),
            models.CheckConstraint(condition=~Q(language=""), name="question_translation_has_a_language"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id}.{self.language}.{self.number}"


class QuizTranslation(models.Model):
    """The title and instructions of a quiz in a language, and what they said when they were translated."""

    quiz = models.ForeignKey(Quiz, models.CASCADE, related_name="translations")
    language = models.CharField(max_length=LONGEST_CODE)
    title = models.CharField(max_length=160, blank=True)
    instructions = models.TextField(blank=True)
    of_title = models.CharField(max_length=160, blank=True)
    of_instructions = models.TextField(blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    made_at = models.DateTimeField(default=timezone.now)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["quiz", "language"], name="quiz_translation_once"),
            models.CheckConstraint(condition=~Q(language=""), name="quiz_translation_has_a_language"),
        ]

    def __str__(self) -> str:
        return f"{self.quiz_id}.{self.language}"

    def is_outdated(self, name: str) -> bool:
        """Whether the `title` or the `instructions` were translated from other words than today's."""
        return bool(getattr(self, name)) and getattr(self, f"of_{name}") != getattr(self.quiz, name)

    def said_of(self, name: str) -> str:
        """The `title` or the `instructions`; empty where the source has changed since."""
        return "" if self.is_outdated(name) else getattr(self, name)
