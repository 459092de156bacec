"""What a course asks for, from when; and whom it excuses from what."""

import uuid
from datetime import datetime

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length, Trim
from django.db.models.lookups import GreaterThanOrEqual
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .enrolment import Enrolment
from .progress import Activity

REASON_LENGTH = 10
PERCENT = [MinValueValidator(1), MaxValueValidator(100)]


class CourseRuleQuerySet(models.QuerySet["CourseRule"]):
    """Sets of rules."""

    def standing(self) -> "CourseRuleQuerySet":
        """Not taken back."""
        return self.filter(withdrawn_at=None)

    def dated(self, at: datetime) -> "CourseRuleQuerySet":
        """Those that apply, or did, by `at`; the newest of each course last."""
        return self.standing().filter(applies_from__lte=at).order_by("applies_from", "number")

    def pending(self) -> "CourseRuleQuerySet":
        """Those that were written and whose effects are still to come: drafts, planned ones, those being applied."""
        return self.standing().filter(applied_at=None)

    def due(self, at: datetime) -> "CourseRuleQuerySet":
        """Those that apply and were not yet used to judge everybody."""
        return self.pending().filter(applies_from__lte=at)


class CourseRule(models.Model):
    """A version of what a course asks for. A draft until it has a day; then it stands as it is.

    `own` is what single activities ask for, by their block keys: `{"watch_percent": 80, "pass_percent": 75,
    "passages": {"video": "<public id>", "cut": 1, "spans": [[130, 170]]}}`, spans in seconds of that cut. Before its
    first rule a course asks for what its page says.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    course_key = models.UUIDField(db_index=True)
    number = models.PositiveSmallIntegerField(_("versión"))
    watch_percent = models.PositiveSmallIntegerField(
        _("de cada video hay que ver (%)"), validators=[MinValueValidator(10), MaxValueValidator(100)]
    )
    optional_count = models.PositiveSmallIntegerField(_("actividades opcionales que hay que hacer"), default=0)
    mean_percent = models.PositiveSmallIntegerField(
        _("promedio mínimo de los cuestionarios (%)"), null=True, blank=True, validators=PERCENT
    )
    own = models.JSONField(default=dict, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    previewed_at = models.DateTimeField(null=True)
    applies_from = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    applied_at = models.DateTimeField(null=True, help_text="when everybody had been judged by it")
    withdrawn_at = models.DateTimeField(null=True)

    objects = CourseRuleQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["course_key", "number"]
        verbose_name = _("regla para completar")
        verbose_name_plural = _("reglas para completar")
        constraints = [
            models.UniqueConstraint(fields=["course_key", "number"], name="course_rule_number_once"),
            models.UniqueConstraint(
                fields=["course_key"],
                condition=Q(applied_at=None, withdrawn_at=None),
                name="course_rule_one_pending",
            ),
            models.CheckConstraint(
                condition=Q(watch_percent__gte=10, watch_percent__lte=100), name="course_rule_watch_is_a_percentage"
            ),
            models.CheckConstraint(
                condition=Q(mean_percent=None) | Q(mean_percent__gte=1, mean_percent__lte=100),
                name="course_rule_mean_is_a_percentage",
            ),
            models.CheckConstraint(
                condition=Q(applies_from=None) | Q(previewed_at__isnull=False, applies_from__gte=F("made_at")),
                name="course_rule_previewed_and_never_backdated",
            ),
            models.CheckConstraint(
                condition=Q(applied_at=None) | Q(applied_at__gte=F("applies_from")),
                name="course_rule_applied_once_it_applies",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.course_key} · {self.number}"

    @property
    def is_draft(self) -> bool:
        """Whether it has no day yet."""
        return self.applies_from is None and self.withdrawn_at is None


class RuleEffect(models.Model):
    """What a drafted rule would do to one person on the way, as it was counted for its preview."""

    class Kind(models.TextChoices):
        """What it would be."""

        GAINS = "gains", _("Completaría ya")
        MORE = "more", _("Tendría más por hacer")
        LESS = "less", _("Tendría menos por hacer")

    rule = models.ForeignKey(CourseRule, models.CASCADE, related_name="effects")
    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="rule_effects")
    kind = models.CharField(max_length=5, choices=Kind)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["rule", "enrolment"], name="rule_effect_once")]

    def __str__(self) -> str:
        return f"{self.rule} · {self.kind}"


class WaiverQuerySet(models.QuerySet["Waiver"]):
    """Sets of exceptions."""

    def in_force(self) -> "WaiverQuerySet":
        """Not taken back."""
        return self.filter(withdrawn_at=None)


class Waiver(models.Model):
    """An exception: that somebody is excused from an activity, or that it was accepted as done. Always with why."""

    class Kind(models.TextChoices):
        """What it says."""

        EXCUSED = "excused", _("No tiene que hacerla")
        ACCEPTED = "accepted", _("La hizo por otro medio")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="waivers")
    activity = models.ForeignKey(Activity, models.PROTECT, related_name="waivers")
    kind = models.CharField(_("qué se acepta"), max_length=8, choices=Kind)
    reason = models.TextField(_("por qué"), max_length=1000)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_reason = models.TextField(blank=True, max_length=1000)

    objects = WaiverQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["made_at", "pk"]
        verbose_name = _("excepción")
        verbose_name_plural = _("excepciones")
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "activity"], condition=Q(withdrawn_at=None), name="waiver_one_in_force"
            ),
            models.CheckConstraint(
                condition=Q(GreaterThanOrEqual(Length(Trim("reason")), REASON_LENGTH)), name="waiver_has_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(GreaterThanOrEqual(Length(Trim("withdrawn_reason")), REASON_LENGTH)),
                name="waiver_withdrawn_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enrolment} · {self.activity}"
