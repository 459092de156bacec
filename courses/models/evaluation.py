"""What people say of a course once they are through it, or left it."""

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .enrolment import Enrolment

SCORES = ("useful", "clear", "length", "trainer", "recommend")
LONGEST_SENTENCE = 300


def _score(name) -> models.PositiveSmallIntegerField:
    return models.PositiveSmallIntegerField(name, validators=[MinValueValidator(1), MaxValueValidator(5)])


class Evaluation(models.Model):
    """Kirkpatrick's first level: five answers from 1 (no) to 5 (yes, very much), and one sentence.

    One for each person, course and edition; voluntary. Who teaches the course never sees it by itself, only sums
    (`courses.domain.evaluation`).
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="evaluations")
    enrolment = models.ForeignKey(Enrolment, models.SET_NULL, null=True, related_name="+")
    course_key = models.UUIDField()
    edition = models.PositiveSmallIntegerField(_("edición"))
    useful = _score(_("me sirve para mi trabajo"))
    clear = _score(_("se entiende"))
    length = _score(_("dura lo que debe durar"))
    trainer = _score(_("quien lo imparte lo hizo bien"))
    recommend = _score(_("lo recomendaría"))
    sentence = models.CharField(_("una frase"), max_length=LONGEST_SENTENCE, blank=True)
    given_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["given_at", "pk"]
        verbose_name = _("evaluación de un curso")
        verbose_name_plural = _("evaluaciones de los cursos")
        indexes = [models.Index(fields=["course_key", "edition", "given_at"], name="evaluation_by_edition")]
        constraints = [
            models.UniqueConstraint(fields=["person", "course_key", "edition"], name="evaluation_once_per_edition"),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{one}__gte": 1, f"{one}__lte": 5}), name=f"evaluation_{one}_is_1_to_5"
                )
                for one in SCORES
            ),
        ]

    def __str__(self) -> str:
        return f"{self.course_key} · {self.edition}"
