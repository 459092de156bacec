"""The toolbox: 24 free good-governance tools in four families."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalManyToManyField
from wagtail.admin.panels import FieldPanel, PageChooserPanel
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Page

from courses.blocks import FileBlock
from lms.models import Post

from .catalogue import Family
from .placing import PlacingForm
from .reach import Door, Owned


class ToolIndexPage(Door, Page):
    """The parent of all tools; its address shows the toolbox (`courses.views.tools`)."""

    introduction = models.TextField(_("introducción"), blank=True)

    max_count = 1
    parent_page_types = ["wagtailcore.Page"]
    subpage_types = ["courses.ToolPage"]
    admin_default_ordering = "ord"
    content_panels = [*Page.content_panels, FieldPanel("introduction")]

    class Meta:
        verbose_name = _("caja de herramientas")


class ToolPage(Owned, Page):
    """One tool: for whom, what comes out, how, files, and the course that teaches it."""

    code = models.CharField(_("código"), max_length=6, unique=True)
    family = models.CharField(_("familia"), max_length=2, choices=Family)
    summary = models.TextField(_("qué es"), max_length=400)
    posts = ParentalManyToManyField(Post, blank=True, related_name="tools", verbose_name=_("para quién"))
    outcome = RichTextField(_("qué se obtiene"), features=["bold", "ul"], blank=True)
    steps = RichTextField(_("pasos"), features=["bold", "ol", "ul"], blank=True)
    files = StreamField([("file", FileBlock())], blank=True, verbose_name=_("archivos"))
    course = models.ForeignKey(
        "courses.CoursePage",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="tools",
        verbose_name=_("curso que la enseña"),
    )
    is_derived = models.BooleanField(
        _("título por confirmar"), default=False, help_text=_("El título es nuestro hasta que ANAM lo confirme.")
    )

    parent_page_types = ["courses.ToolIndexPage"]
    subpage_types: list[str] = []
    base_form_class = PlacingForm
    content_panels = [
        *Page.content_panels,
        FieldPanel("code"),
        FieldPanel("family"),
        FieldPanel("summary"),
        FieldPanel("posts"),
        FieldPanel("outcome"),
        FieldPanel("steps"),
        FieldPanel("files"),
        PageChooserPanel("course"),
        FieldPanel("is_derived"),
    ]

    class Meta:
        verbose_name = _("herramienta")
        verbose_name_plural = _("herramientas")
