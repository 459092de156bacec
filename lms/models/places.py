"""The country's reference data: departments, municipalities, posts and languages (`lms/data/SOURCES.md`)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Department(models.Model):
    """One of the 22 departments; `code` is INE's, two digits."""

    code = models.CharField(_("código"), max_length=2, unique=True)
    name = models.CharField(_("nombre"), max_length=60)
    region = models.CharField(_("región"), max_length=40, blank=True)

    class Meta:
        ordering = ["code"]
        verbose_name = _("departamento")
        verbose_name_plural = _("departamentos")

    def __str__(self) -> str:
        return self.name


class Language(models.Model):
    """A language of the country; `key` is its BCP 47 tag (`es`, `quc`, `agu-x-chalchit`)."""

    key = models.CharField(_("clave"), max_length=20, unique=True)
    name = models.CharField(_("nombre"), max_length=60)
    endonym = models.CharField(_("autónimo"), max_length=60)
    name_en = models.CharField(_("nombre en inglés"), max_length=60)
    order = models.PositiveSmallIntegerField(_("orden"), default=0)

    class Meta:
        ordering = ["order"]
        verbose_name = _("idioma")
        verbose_name_plural = _("idiomas")

    def __str__(self) -> str:
        return self.name


class Municipality(models.Model):
    """One of the 340 municipalities; `code` is INE's, four digits, the first two its department's."""

    code = models.CharField(_("código"), max_length=4, unique=True)
    name = models.CharField(_("nombre"), max_length=80)
    name_common = models.CharField(_("nombre corto"), max_length=80)
    search_text = models.CharField(max_length=300, editable=False)
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="municipalities", verbose_name=_("departamento")
    )
    languages = models.ManyToManyField(Language, blank=True, related_name="municipalities", verbose_name=_("idiomas"))
    population = models.PositiveIntegerField(_("población (censo 2018)"), null=True)
    latitude = models.FloatField(_("latitud"), null=True)
    longitude = models.FloatField(_("longitud"), null=True)

    class Meta:
        ordering = ["code"]
        verbose_name = _("municipio")
        verbose_name_plural = _("municipios")

    def __str__(self) -> str:
        return f"{self.name_common}, {self.department.name}"


class Post(models.Model):
    """A post, office or body of municipal life, from `posts.csv`: `DAFIM`, `RECEP`, `REDJOV`."""

    code = models.CharField(_("código"), max_length=12, unique=True)
    kind = models.CharField(_("clase"), max_length=20)
    name = models.CharField(_("nombre"), max_length=120)
    name_en = models.CharField(_("nombre en inglés"), max_length=120)
    abbreviation = models.CharField(_("siglas"), max_length=20, blank=True)
    is_elected = models.BooleanField(_("de elección"), default=False)
    is_open = models.BooleanField(
        _("se ofrece"), default=True, help_text=_("Cerrado: ya no se elige; los nombramientos hechos se quedan.")
    )
    is_own = models.BooleanField(_("agregado por ANAM"), default=False, editable=False)
    changed_at = models.DateTimeField(
        _("cambiado por ANAM el"), null=True, blank=True, editable=False, help_text=_("Vacío: se llama como su fuente.")
    )
    order = models.PositiveSmallIntegerField(_("orden"), default=0)

    class Meta:
        ordering = ["order", "pk"]
        verbose_name = _("puesto")
        verbose_name_plural = _("puestos")

    def __str__(self) -> str:
        return f"{self.name} ({self.abbreviation})" if self.abbreviation else self.name
