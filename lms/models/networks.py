"""Networks of people over several municipalities. Who belongs to one stands with the people."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from .places import Municipality


class Network(models.Model):
    """A network of people over several municipalities, such as the Youth Managers of Change Network."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("nombre"), max_length=120, unique=True)
    purpose = models.TextField(_("propósito"), blank=True)
    municipalities = models.ManyToManyField(
        Municipality, blank=True, related_name="networks", verbose_name=_("municipios")
    )

    class Meta:
        ordering = ["name"]
        verbose_name = _("red")
        verbose_name_plural = _("redes")

    def __str__(self) -> str:
        return self.name
