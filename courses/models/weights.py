"""What the words, pictures and files of a published lesson cost in data."""

from django.db import models
from django.utils import timezone

from .catalogue import LessonPage


class LessonWeight(models.Model):
    """Measured when the lesson is published (`courses.domain.weighing`); what its videos cost is asked of them."""

    lesson = models.OneToOneField(LessonPage, models.CASCADE, related_name="weight")
    text_bytes = models.PositiveIntegerField(help_text="its blocks as HTML, compressed as they are sent")
    picture_bytes = models.PositiveIntegerField(help_text="its pictures in the size in which they are shown")
    file_bytes = models.PositiveBigIntegerField(help_text="its files to take away")
    measured_at = models.DateTimeField(default=timezone.now)

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return f"{self.lesson_id}: {self.text_bytes} + {self.picture_bytes} + {self.file_bytes}"
