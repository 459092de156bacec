"""Marks that were changed after the fact: who ordered it, why, and what stood there before. Only ever added to."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .bank import BankQuestion, QuestionVersion
from .progress import Answer
from .questions import Quiz


class Regrading(models.Model):
    """An order to grade closed attempts again by a later version of a question, in the courses that it names."""

    class Takes(models.TextChoices):
        """Whose marks change."""

        GAINS = "gains", _("Solo a quienes ganan")
        BOTH = "both", _("A quienes ganan y a quienes pierden")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    question = models.ForeignKey(BankQuestion, models.CASCADE, related_name="regradings")
    version = models.ForeignKey(QuestionVersion, models.CASCADE, related_name="+")
    quiz = models.ForeignKey(Quiz, models.PROTECT, null=True, blank=True, related_name="+")
    course_keys = models.JSONField(default=list, help_text="the courses within reach of whoever ordered it")
    takes = models.CharField(max_length=5, choices=Takes)
    reason = models.TextField(_("motivo"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="regrading_has_a_reason")]

    def __str__(self) -> str:
        return f"{self.question_id} · {self.version_id}"


class MarkChange(models.Model):
    """What an answer and its attempt were worth before and after a mark was changed, why and by whom.

    Percents are of the question, scores of the attempt (both 0 to 100, empty where a person had yet to mark).
    `regrading` is empty where whoever marks corrected a mark of their own; then `levels` and `remark` are what stood
    there before.
    """

    answer = models.ForeignKey(Answer, models.CASCADE, related_name="changes")
    regrading = models.ForeignKey(Regrading, models.CASCADE, null=True, blank=True, related_name="changes")
    version = models.ForeignKey(QuestionVersion, models.PROTECT, related_name="+")
    percent_before = models.DecimalField(max_digits=8, decimal_places=5, null=True)
    percent_after = models.DecimalField(max_digits=8, decimal_places=5, null=True)
    score_before = models.PositiveSmallIntegerField(null=True)
    score_after = models.PositiveSmallIntegerField(null=True)
    was_passed = models.BooleanField()
    is_passed = models.BooleanField()
    levels = models.JSONField(default=dict)
    remark = models.TextField(blank=True)
    reason = models.TextField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["regrading", "answer"], name="mark_change_once_per_regrading"),
            models.CheckConstraint(condition=~Q(reason=""), name="mark_change_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.answer_id}: {self.percent_before} → {self.percent_after}"
