"""Competencies: what somebody is able to do, on how many levels, and which level a post asks for."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from modelcluster.models import ClusterableModel
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, MultiFieldPanel

from lms.models import Post

NAME_LENGTH, LEVEL_LENGTH, KEY_LENGTH = 120, 40, 60
LEVELS = [(1, _("Nivel 1")), (2, _("Nivel 2")), (3, _("Nivel 3")), (4, _("Nivel 4"))]


class Competency(ClusterableModel):
    """What somebody is able to do. A certificate that proves it names it by `key`, which never changes.

    Level 1 is the lowest; the fourth is there only where it has a name. A certificate copies the names of the day.
    """

    key = models.SlugField(_("clave"), max_length=KEY_LENGTH, unique=True, editable=False)
    name = models.CharField(_("nombre"), max_length=NAME_LENGTH, unique=True)
    description = models.TextField(
        _("qué sabe hacer quien la tiene"), max_length=400, help_text=_("Una o dos frases que cualquiera entienda.")
    )
    level_1 = models.CharField(_("nivel 1"), max_length=LEVEL_LENGTH, default="básico")
    level_2 = models.CharField(_("nivel 2"), max_length=LEVEL_LENGTH, default="intermedio")
    level_3 = models.CharField(_("nivel 3"), max_length=LEVEL_LENGTH, default="avanzado")
    level_4 = models.CharField(
        _("nivel 4"), max_length=LEVEL_LENGTH, blank=True, help_text=_("Vacío: la competencia tiene tres niveles.")
    )
    is_derived = models.BooleanField(
        _("derivada, por confirmar"), default=False, help_text=_("Es nuestra propuesta hasta que ANAM la confirme.")
    )

    panels = [
        FieldPanel("name"),
        FieldPanel("description"),
        MultiFieldPanel(
            [FieldRowPanel([FieldPanel(f"level_{number}") for number, _label in LEVELS])],
            heading=_("Niveles, del más bajo al más alto"),
        ),
        InlinePanel("asked", heading=_("Qué nivel pide cada puesto"), label=_("Puesto")),
        FieldPanel("is_derived"),
    ]

    class Meta:
        ordering = ["name"]
        verbose_name = _("competencia")
        verbose_name_plural = _("competencias")

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A new one gets its key, made of its name."""
        self.key = self.key or _free_key(self.name)
        super().save(*args, **kwargs)

    @property
    def levels(self) -> dict[int, str]:
        """The name of each level that there is, the lowest first."""
        names = [self.level_1, self.level_2, self.level_3, self.level_4]
        return {number: name for number, name in enumerate(names, start=1) if name}

    def as_facts(self, level: int) -> dict[str, Any]:
        """What a completion and a certificate copy: {"key", "name", "level", "level_name"}."""
        return {"key": self.key, "name": self.name, "level": level, "level_name": self.levels.get(level, str(level))}


def _free_key(name: str) -> str:
    """The name as a key; with a number behind it where another competency was called so before."""
    plain = slugify(name)[: KEY_LENGTH - 4].strip("-") or "competencia"
    taken = set(Competency.objects.filter(key__startswith=plain).values_list("key", flat=True))
    return next(key for key in (plain, *(f"{plain}-{n}" for n in range(2, 1000))) if key not in taken)


class AskedLevel(models.Model):
    """The level of a competency that a post asks for, at least."""

    competency = ParentalKey(Competency, on_delete=models.CASCADE, related_name="asked")
    post = models.ForeignKey(Post, models.PROTECT, related_name="asked_levels", verbose_name=_("puesto"))
    level = models.PositiveSmallIntegerField(_("al menos"), choices=LEVELS, default=1)

    panels = [FieldRowPanel([FieldPanel("post"), FieldPanel("level")])]

    class Meta:
        ordering = ["pk"]
        verbose_name = _("nivel que pide un puesto")
        verbose_name_plural = _("niveles que piden los puestos")
        constraints = [
            models.UniqueConstraint(fields=["competency", "post"], name="asked_level_once_per_post"),
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=4), name="asked_level_is_one_of_four"),
        ]

    def __str__(self) -> str:
        return f"{self.competency} · {self.post} · {self.level}"
