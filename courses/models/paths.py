"""Learning paths: the courses that a post asks for."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey, ParentalManyToManyField
from modelcluster.models import ClusterableModel
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel
from wagtail.models import Orderable

from lms.models import Post

from .catalogue import CoursePage


class LearningPathQuerySet(models.QuerySet["LearningPath"]):
    """Sets of paths."""

    def published(self) -> "LearningPathQuerySet":
        """Those that people see."""
        return self.filter(is_published=True)


class LearningPath(ClusterableModel):
    """Courses in their order, required and optional, that somebody takes to serve in a post.

    Whoever completed all that are required and `optional_min` of the others, in whatever edition, completed the path.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField(
        _("título"), max_length=160, help_text=_("Por ejemplo: Para servir como director o directora de la DAFIM.")
    )
    slug = models.SlugField(_("dirección"), max_length=80, unique=True, help_text=_("Letras, números y guiones."))
    sentence = models.CharField(_("una frase"), max_length=300, blank=True)
    posts = ParentalManyToManyField(Post, blank=True, related_name="paths", verbose_name=_("puestos"))
    optional_min = models.PositiveSmallIntegerField(
        _("cuántos de los optativos"), default=0, help_text=_("Al menos estos de los que no son obligatorios.")
    )
    is_published = models.BooleanField(_("publicada"), default=True)
    order = models.PositiveSmallIntegerField(_("orden"), default=0)

    objects = LearningPathQuerySet.as_manager()

    panels = [
        FieldPanel("title"),
        FieldPanel("slug"),
        FieldPanel("sentence"),
        FieldPanel("posts"),
        InlinePanel("items", heading=_("Cursos, en su orden"), label=_("Curso"), min_num=1),
        FieldRowPanel([FieldPanel("optional_min"), FieldPanel("order")]),
        FieldPanel("is_published"),
    ]

    class Meta:
        ordering = ["order", "title"]
        verbose_name = _("ruta de aprendizaje")
        verbose_name_plural = _("rutas de aprendizaje")

    def __str__(self) -> str:
        return self.title


class PathItem(Orderable):
    """A course of a path."""

    path = ParentalKey(LearningPath, on_delete=models.CASCADE, related_name="items")
    course = models.ForeignKey(
        CoursePage,
        models.PROTECT,
        related_name="+",
        verbose_name=_("curso"),
        limit_choices_to={"network": None},
        help_text=_("Los de una red no entran: no todas las personas pueden tomarlos."),
    )
    is_required = models.BooleanField(_("obligatorio"), default=True)

    panels = [FieldRowPanel([FieldPanel("course"), FieldPanel("is_required")])]

    class Meta(Orderable.Meta):
        verbose_name = _("curso")
        verbose_name_plural = _("cursos")
        constraints = [models.UniqueConstraint(fields=["path", "course"], name="path_names_a_course_once")]

    def __str__(self) -> str:
        return str(self.course)
