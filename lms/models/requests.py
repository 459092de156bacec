"""What people ask ANAM about their own record."""

import uuid

from django.db import models
from django.db.models import Case, F, Q, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .people import Person


class PersonRequestQuerySet(models.QuerySet["PersonRequest"]):
    """Sets of requests."""

    def waiting_first(self) -> "PersonRequestQuerySet":
        """Those without an answer, the oldest first; then the others, the newest first."""
        is_open = Q(state=PersonRequest.State.OPEN)
        return self.order_by(
            Case(When(is_open, then=0), default=1), Case(When(is_open, then=F("asked_at"))), "-asked_at", "pk"
        )

    def of_people_called(self, query: str) -> "PersonRequestQuerySet":
        """Those of people whose name has every word of `query`."""
        return self.filter(person__in=Person.objects.search_words(query).values("pk"))


class PersonRequest(models.Model):
    """What a person asks ANAM about their own record: a correction, or erasure.

    `proposed_sealed` is what a correction asks for, as JSON by column (given_names, surnames, cui, born_on in ISO),
    encrypted, since it may hold a CUI; `lms.domain.requests` reads and writes it.
    """

    class Kind(models.TextChoices):
        """What is asked for."""

        CORRECTION = "correction", _("Corrección de datos")
        ERASURE = "erasure", _("Borrado de datos")

    class State(models.TextChoices):
        """Where it stands."""

        OPEN = "open", _("En espera")
        GRANTED = "granted", _("Concedida")
        REFUSED = "refused", _("Denegada")
        WITHDRAWN = "withdrawn", _("Retirada por la persona")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="requests", verbose_name=_("persona"))
    kind = models.CharField(_("clase"), max_length=12, choices=Kind)
    text = models.TextField(_("qué pide"), max_length=2000, blank=True)
    proposed_sealed = models.TextField(blank=True, editable=False)
    state = models.CharField(_("estado"), max_length=10, choices=State, default=State.OPEN)
    asked_at = models.DateTimeField(_("pedido el"), default=timezone.now)
    answered_at = models.DateTimeField(_("respondido el"), null=True, blank=True)
    answered_by = models.ForeignKey(
        Person, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("respondido por")
    )
    answer = models.TextField(_("respuesta"), max_length=2000, blank=True)

    objects = PersonRequestQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-asked_at"]
        verbose_name = _("solicitud")
        verbose_name_plural = _("solicitudes")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "kind"], condition=Q(state="open"), name="person_request_one_open_of_a_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.person}"
