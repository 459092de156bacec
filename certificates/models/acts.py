"""What two people do to the register: one asks, another certifies. Of what was certified no row changes again."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lms.models import Municipality

from .batches import CertificateBatch
from .register import Certificate, CertificateEvent


class CertificateActQuerySet(models.QuerySet["CertificateAct"]):
    """Sets of acts."""

    def waiting(self) -> "CertificateActQuerySet":
        """Asked, and neither certified nor refused."""
        return self.filter(decided_at=None)


class CertificateAct(models.Model):
    """A manual issue, a correction, a revocation, a suspension or its lifting: asked by one person, decided by another.

    `facts` is what is asked, frozen: of a correction `before` and `after` by column, of an issue the columns. `event`
    is what came of it in the register. Only the kind of the reason is ever public, and never that of an issue.
    """

    class Kind(models.TextChoices):
        """What is asked."""

        ISSUE = "issue", _("Emisión a mano")
        CORRECTION = "correction", _("Corrección")
        REVOCATION = "revocation", _("Revocación")
        SUSPENSION = "suspension", _("Suspensión")
        LIFTING = "lifting", _("Levantar una suspensión")

    class Reason(models.TextChoices):
        """Why a certificate should not hold as it is."""

        ERROR = "error", _("Error en los datos")
        UNFULFILLED = "unfulfilled", _("No se cumplió lo que se pedía")
        FRAUD = "fraud", _("Fraude")
        DUPLICATE = "duplicate", _("Emitido dos veces")
        HOLDER = "holder", _("A pedido de la persona")
        DOUBT = "doubt", _("Se está aclarando una duda")
        CLEARED = "cleared", _("La duda quedó aclarada")
        OTHER = "other", _("Otro motivo")

    class Decision(models.TextChoices):
        """What the second person said."""

        CERTIFIED = "certified", _("Se certificó")
        REFUSED = "refused", _("Se rechazó")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    batch = models.ForeignKey(CertificateBatch, models.PROTECT, null=True, related_name="acts")
    kind = models.CharField(_("acto"), max_length=12, choices=Kind)
    certificate = models.ForeignKey(Certificate, models.PROTECT, null=True, related_name="acts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("persona"))
    municipality = models.ForeignKey(Municipality, models.PROTECT, null=True, related_name="+")
    reason_kind = models.CharField(_("motivo"), max_length=12, choices=Reason, blank=True)
    reason = models.CharField(_("explicación"), max_length=300)
    facts = models.JSONField(default=dict)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("pedido por")
    )
    asked_at = models.DateTimeField(_("pedido el"), default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("decidido por")
    )
    decided_at = models.DateTimeField(_("decidido el"), null=True)
    decision = models.CharField(_("decisión"), max_length=10, choices=Decision, blank=True)
    answer = models.CharField(_("respuesta"), max_length=300, blank=True)
    event = models.OneToOneField(CertificateEvent, models.PROTECT, null=True, related_name="act")

    objects = CertificateActQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["asked_at", "pk"]
        verbose_name = _("acto del registro")
        verbose_name_plural = _("actos del registro")
        constraints = [
            models.CheckConstraint(condition=~Q(asked_by=F("decided_by")), name="certificate_act_by_two"),
            models.CheckConstraint(
                condition=Q(decided_at=None, decided_by=None, decision="", event=None)
                | Q(decided_at__isnull=False, decided_by__isnull=False, decision="certified", event__isnull=False)
                | Q(decided_at__isnull=False, decided_by__isnull=False, decision="refused", event=None),
                name="certificate_act_decided_whole",
            ),
            models.CheckConstraint(
                condition=Q(kind="issue", certificate=None) | (~Q(kind="issue") & Q(certificate__isnull=False)),
                name="certificate_act_about_one",
            ),
            models.UniqueConstraint(
                fields=["certificate"], condition=Q(decided_at=None), name="certificate_act_one_waits"
            ),
        ]
        indexes = [models.Index(fields=["asked_at"], condition=Q(decided_at=None), name="certificate_act_waiting")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.public_id}"

    @property
    def is_open(self) -> bool:
        """Whether it still waits for the second person."""
        return self.decided_at is None

    @property
    def made(self) -> Certificate | None:
        """The certificate that came of it."""
        makes = {self.Kind.ISSUE, self.Kind.CORRECTION}
        return self.event.certificate if self.event and self.kind in makes else None
