"""What somebody wrote on a worksheet of a lesson."""

import uuid
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .enrolment import Enrolment


class FilledWorksheet(models.Model):
    """One for each person and worksheet. Theirs alone, until they hand it in: then whoever writes the course sees it.

    `answers` are by the prompts' ids, with the words that were read and their place:
    `{"<id>": {"prompt": "…", "text": "…", "order": 0, "number": 3, "page": "…"}}`: `number` counts what was written
    there, `page` is the open page that did so last. A prompt that was taken out of the worksheet keeps its answer.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="worksheets")
    lesson_key = models.UUIDField()
    block_key = models.UUIDField()
    lesson_title = models.CharField(max_length=255)
    title = models.CharField(max_length=255)
    answers = models.JSONField(default=dict)
    saved_at = models.DateTimeField(default=timezone.now)
    handed_in_at = models.DateTimeField(null=True)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["handed_in_at", "pk"]
        verbose_name = _("ficha de trabajo llena")
        verbose_name_plural = _("fichas de trabajo llenas")
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "lesson_key", "block_key"], name="worksheet_once"),
        ]

    def __str__(self) -> str:
        return f"{self.enrolment} · {self.title}"

    @property
    def written(self) -> list[dict[str, Any]]:
        """What was answered, in the order of the prompts: PostgreSQL keeps none of its own in JSON."""
        found = sorted(self.answers.values(), key=lambda one: one.get("order", 0))
        return [one for one in found if one["text"]]
