"""Records that may be of one person, and records that were made one."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class DuplicatePair(models.Model):
    """Two records that may be of one person, with what speaks for it. The older record is `first`.

    `reasons` are codes (`lms.domain.likeness`), never values: no number stands here. `score` runs from 0 to 100.
    """

    class State(models.TextChoices):
        """What was decided."""

        OPEN = "open", _("Por revisar")
        DISMISSED = "dismissed", _("Son personas distintas")
        MERGED = "merged", _("Unidas")

    first = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("primer registro")
    )
    second = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("segundo registro")
    )
    score = models.PositiveSmallIntegerField(_("parecido"))
    reasons = models.JSONField(default=list)
    state = models.CharField(_("estado"), max_length=10, choices=State, default=State.OPEN)
    found_at = models.DateTimeField(_("encontrado el"), default=timezone.now)
    decided_at = models.DateTimeField(_("decidido el"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decidido por"),
    )
    decision = models.CharField(_("motivo"), max_length=300, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-score", "pk"]
        verbose_name = _("posible duplicado")
        verbose_name_plural = _("posibles duplicados")
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="duplicate_pair_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="duplicate_pair_in_order"),
            models.CheckConstraint(condition=Q(score__lte=100), name="duplicate_pair_score_within_100"),
        ]
        indexes = [models.Index(fields=["state", "-score"])]

    def __str__(self) -> str:
        return f"{self.first} · {self.second}"


class Merge(models.Model):
    """That one record took another in, until somebody undoes it.

    `journal` holds, by name of the belongings' part, what is needed to put everything back; it is emptied when the
    merge can no longer be undone. `kept` says which record each field came from.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    survivor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("registro que queda")
    )
    absorbed = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("registro absorbido")
    )
    reason = models.CharField(_("motivo"), max_length=300)
    kept = models.JSONField(default=dict)
    journal = models.JSONField(default=dict)
    merged_at = models.DateTimeField(_("unidos el"), default=timezone.now)
    merged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("unidos por")
    )
    undone_at = models.DateTimeField(_("deshecha el"), null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("deshecha por"),
    )

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-merged_at", "-pk"]
        verbose_name = _("unión de registros")
        verbose_name_plural = _("uniones de registros")
        constraints = [
            models.UniqueConstraint(
                fields=["absorbed"], condition=Q(undone_at=None), name="merge_absorbed_once_at_a_time"
            ),
            models.CheckConstraint(condition=~Q(survivor=F("absorbed")), name="merge_takes_in_another"),
        ]

    def __str__(self) -> str:
        return f"{self.absorbed} → {self.survivor}"
