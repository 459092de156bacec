"""What learners ask under a lesson, and what those who teach it answer."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from lms.domain.texts import fold
from lms.models import Municipality
from lms.models.people import youngest_adult_birth

from .catalogue import CoursePage

LONGEST_QUESTION, LONGEST_ANSWER, LONGEST_REASON = 1_000, 4_000, 300


class LessonQuestionQuerySet(models.QuerySet["LessonQuestion"]):
    """Sets of questions."""

    def waiting(self) -> "LessonQuestionQuerySet":
        """Those that nobody answered or refused yet."""
        return self.filter(state=LessonQuestion.State.WAITING)

    def published(self) -> "LessonQuestionQuerySet":
        """Those that every learner of the course reads, with their answers."""
        return self.filter(state=LessonQuestion.State.PUBLISHED)

    def search_words(self, query: str) -> "LessonQuestionQuerySet":
        """Those in which, question or answer, every word of `query` stands, whatever its accents and apostrophes."""
        found = self
        for word in fold(query).split()[:8]:
            found = found.filter(search_text__contains=word)
        return found


class LessonQuestion(models.Model):
    """A question of a learner under a lesson. It is published with its answer, or refused with a reason, or waits.

    `lesson_key` and `course_key` are translation keys, the same in every language; `lesson_title` is a copy for the day
    on which the lesson is gone. `municipality` is where the person worked when they asked; a minor's is not kept.
    """

    class State(models.TextChoices):
        """Where a question stands."""

        WAITING = "waiting", _("Por responder")
        PUBLISHED = "published", _("Publicada")
        REFUSED = "refused", _("No publicada")
        TAKEN_BACK = "taken_back", _("Retirada")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="lesson_questions", verbose_name=_("persona")
    )
    course = models.ForeignKey(CoursePage, models.CASCADE, related_name="lesson_questions", verbose_name=_("curso"))
    course_key = models.UUIDField()
    lesson_key = models.UUIDField()
    lesson_title = models.CharField(_("lección"), max_length=255)
    municipality = models.ForeignKey(Municipality, models.PROTECT, null=True, related_name="+")
    text = models.CharField(_("pregunta"), max_length=LONGEST_QUESTION)
    asked_at = models.DateTimeField(_("preguntada el"), default=timezone.now)
    state = models.CharField(_("estado"), max_length=10, choices=State, default=State.WAITING)
    answer = models.CharField(_("respuesta"), max_length=LONGEST_ANSWER, blank=True)
    reason = models.CharField(_("motivo"), max_length=LONGEST_REASON, blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    answered_at = models.DateTimeField(_("respondida el"), null=True)
    search_text = models.TextField(editable=False, default="")

    objects = LessonQuestionQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["asked_at", "pk"]
        verbose_name = _("pregunta de una lección")
        verbose_name_plural = _("preguntas de las lecciones")
        indexes = [models.Index(fields=["course_key", "state", "lesson_key"], name="lesson_question_by_course")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="published") | (~Q(answer="") & Q(answered_at__isnull=False)),
                name="lesson_question_published_is_answered",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["refused", "taken_back"]) | (~Q(reason="") & Q(answered_at__isnull=False)),
                name="lesson_question_refused_says_why",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]

    @property
    def asker(self) -> str:
        """What others read of who asked: `María L., Nebaj`; of somebody who was a minor then, nothing."""
        born_on = self.person.born_on
        if born_on and born_on > youngest_adult_birth(timezone.localdate(self.asked_at)):
            return _now("Integrante de la red")
        name = f"{self.person.get_short_name()} {self.person.surnames.strip()[:1]}."
        return f"{name}, {self.municipality.name_common}" if self.municipality else name
