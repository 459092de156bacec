"""Who takes which course, and that it was completed."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lms.models import Membership, Municipality, Person, Post

from .catalogue import CoursePage


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    """Sets of enrolments."""

    def active(self) -> "EnrolmentQuerySet":
        """Not withdrawn, and still of the network when the course is a network's; completed ones stay active."""
        member = Membership.objects.current().filter(person=OuterRef("person"), network=OuterRef("course__network"))
        return self.filter(Q(course__network=None) | Exists(member), withdrawn_at=None, joined_into=None)

    def seated(self) -> "EnrolmentQuerySet":
        """Those that take a seat: not withdrawn, whatever became of a network since."""
        return self.filter(withdrawn_at=None, joined_into=None)

    def unfinished(self) -> "EnrolmentQuerySet":
        """Those of people who are in a published course and have not completed its present edition."""
        made = Completion.objects.filter(
            person=OuterRef("person"), course_key=OuterRef("course_key"), edition=OuterRef("course__edition")
        )
        return self.active().filter(~Exists(made), course__live=True)

    def waiting(self) -> "EnrolmentQuerySet":
        """Those on the list of a course that is full, whoever came first before the others."""
        return self.filter(waiting_since__isnull=False, joined_into=None).order_by("waiting_since", "pk")

    def with_network_end(self) -> "EnrolmentQuerySet":
        """Adds `is_outside` (no current member of the course's network) and `left_on`, the day that ended it."""
        mine = Membership.objects.filter(
            person=OuterRef("person"), network=OuterRef("course__network"), confirmed_at__isnull=False
        )
        outside = Q(course__network__isnull=False) & ~Exists(mine.current())
        return self.annotate(is_outside=outside, left_on=Subquery(mine.order_by("-left_on").values("left_on")[:1]))

    def for_person(self, person) -> "EnrolmentQuerySet":
        """Those of one person."""
        return self.filter(person=person)


class Enrolment(models.Model):
    """A person in a course. Withdrawal keeps the row and everything learnt; coming back clears `withdrawn_at`.

    `course_key` is the course's translation key, the same in every language. `joined_into` is set while the person's
    record is merged into another: what was learnt here hangs on that enrolment, and this row waits for an undo.
    `waiting_since` says that the course is full and the person on its list: outside until a seat comes free, which is
    `seated_at`.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="enrolments", verbose_name=_("persona")
    )
    course = models.ForeignKey(CoursePage, models.PROTECT, related_name="enrolments", verbose_name=_("curso"))
    course_key = models.UUIDField()
    enrolled_at = models.DateTimeField(_("inscrito el"), default=timezone.now)
    withdrawn_at = models.DateTimeField(_("retirado el"), null=True, blank=True)
    waiting_since = models.DateTimeField(_("en espera desde"), null=True, blank=True)
    seated_at = models.DateTimeField(_("recibió un cupo el"), null=True, blank=True)
    last_seen_at = models.DateTimeField(_("última actividad"), default=timezone.now)
    last_lesson_key = models.UUIDField(null=True, blank=True)
    joined_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="joined"
    )

    objects = EnrolmentQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-last_seen_at"]
        verbose_name = _("inscripción")
        verbose_name_plural = _("inscripciones")
        constraints = [
            models.UniqueConstraint(fields=["person", "course_key"], name="enrolment_once_per_course"),
            models.CheckConstraint(
                condition=Q(waiting_since=None) | Q(withdrawn_at__isnull=False), name="enrolment_waits_outside"
            ),
        ]
        indexes = [
            models.Index(fields=["course_key", "person"]),
            models.Index(
                fields=["course_key", "waiting_since"],
                condition=Q(waiting_since__isnull=False),
                name="enrolment_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {self.course}"

    @property
    def is_active(self) -> bool:
        """Whether the person takes part; the same as `active()`."""
        if self.withdrawn_at or self.joined_into_id:
            return False
        if not self.course.network_id:
            return True
        return Membership.objects.current().filter(person=self.person_id, network=self.course.network_id).exists()


class CompletionQuerySet(models.QuerySet["Completion"]):
    """Sets of completions."""

    def with_holder(self) -> "models.QuerySet[Any]":
        """Each with `holder`, the key of the record that stands for its person today."""
        return self.annotate(holder=Coalesce("person__merged_into", "person"))

    def of_family(self, person: Person) -> "CompletionQuerySet":
        """Those of one human being, under whatever record they were made."""
        return self.filter(person__in=Person.objects.family(person))


class Completion(models.Model):
    """A course that was completed. Copies what it says, so that no later edit changes it.

    It stays under the record it was made for, even when that was merged into another: read by family.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="completions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="completions")
    course_key = models.UUIDField()
    edition = models.PositiveSmallIntegerField()
    course_title = models.CharField(_("curso"), max_length=255)
    hours = models.DecimalField(_("horas"), max_digits=5, decimal_places=1)
    hours_by_kind = models.JSONField(default=dict, help_text='{"in_person": "8.0", "virtual": "4.0"}')
    certificate_kind = models.CharField(max_length=12, blank=True)
    certificate_on_request = models.BooleanField(default=False, help_text="issued when its holder asks for it")
    certificate_months = models.PositiveSmallIntegerField(null=True, help_text="how long it holds; null: for ever")
    grace_days = models.PositiveSmallIntegerField(null=True, help_text="for so long it may be renewed afterwards")
    renews_key = models.UUIDField(null=True, help_text="the course whose certificate this completion renews")
    competency = models.JSONField(default=dict, help_text="what it proves, as `Competency.as_facts`; empty: nothing")
    programme = models.JSONField(default=list, help_text="titles of the lessons, in order")
    rule = models.JSONField(default=dict, help_text="what had to be done, as it stood that day")
    score_percent = models.PositiveSmallIntegerField(_("nota"), null=True)
    started_at = models.DateTimeField(_("inicio"))
    completed_at = models.DateTimeField(_("completado el"), default=timezone.now)
    municipality = models.ForeignKey(Municipality, models.PROTECT, null=True, related_name="+")
    post = models.ForeignKey(Post, models.PROTECT, null=True, related_name="+")

    objects = CompletionQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-completed_at"]
        verbose_name = _("curso completado")
        verbose_name_plural = _("cursos completados")
        constraints = [
            models.UniqueConstraint(fields=["person", "course_key", "edition"], name="completion_once_per_edition"),
            models.CheckConstraint(
                condition=Q(score_percent=None) | Q(score_percent__lte=100), name="completion_score_is_a_percentage"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {self.course_title}"
