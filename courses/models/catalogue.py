"""The pages trainers write: catalogue, courses, lessons. Editorial only; no learner's state touches them."""

from decimal import Decimal
from typing import Any

from django import forms
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalManyToManyField
from wagtail.admin.panels import FieldPanel, HelpPanel, MultiFieldPanel
from wagtail.coreutils import get_locales_display_names
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Page, PageManager, PageQuerySet
from wagtail.search import index

from courses.blocks import LESSON_BLOCKS
from lms.domain.texts import fold
from lms.models import Language, Membership, Network, Post

from .competencies import LEVELS, Competency
from .editions import CourseEdition
from .hours import HoursByKind, HoursPanel
from .placing import PlacingForm
from .previewing import SeenAs
from .reach import Door, Owned


class Family(models.TextChoices):
    """The four families of good-governance tools."""

    AUTHORITIES = "AC", _("Alcaldes y concejos municipales")
    DEVELOPMENT = "DE", _("Desarrollo económico y social local")
    FINANCE = "FI", _("Gestión y operación financiera municipal")
    ORGANISATION = "OP", _("Organización de jóvenes, mujeres y vecinos")


class CatalogueIndexPage(Door, Page):
    """The parent of all courses; its address shows the catalogue (`courses.views.catalogue`)."""

    introduction = models.TextField(_("introducción"), blank=True)

    max_count = 1
    parent_page_types = ["wagtailcore.Page"]
    subpage_types = ["courses.CoursePage"]
    admin_default_ordering = "ord"
    content_panels = [*Page.content_panels, FieldPanel("introduction")]

    class Meta:
        verbose_name = _("catálogo")


class TranslatedQuerySet(PageQuerySet):
    """Sets of courses or lessons, several of which may be the same one in other languages."""

    def sources(self):
        """Those that others were translated from: the oldest of each."""
        older = Page.objects.filter(translation_key=models.OuterRef("translation_key"))
        return self.filter(~models.Exists(older.filter(pk__lt=models.OuterRef("pk"))))


class Translated:
    """A page that may stand in several languages with one `translation_key`. The oldest is the source.

    What is asked of learners, and what they are certified for, is the source's; its translations show it.
    """

    @property
    def is_source(self) -> bool:
        """Whether others are translated from this one."""
        return self.source.pk == self.pk  # type: ignore[attr-defined]

    @property
    def source(self):
        """The page that this one is a translation of, or itself."""
        model: Any = type(self)
        key = self.translation_key  # type: ignore[attr-defined]
        return model.objects.filter(translation_key=key).order_by("pk").first() or self

    is_known_open = False

    def get_view_restrictions(self):
        """Of this page and all above it; none are asked for again of a page that was found to have none."""
        return [] if self.is_known_open else super().get_view_restrictions()  # type: ignore[misc]

    def get_admin_display_title(self) -> str:
        """With the language, where it is not the usual one."""
        title = super().get_admin_display_title()  # type: ignore[misc]
        language = get_locales_display_names().get(self.locale_id)  # type: ignore[attr-defined]
        return title if language in {None, "Español"} else f"{title} · {language}"


class CoursePageQuerySet(TranslatedQuerySet):
    """Sets of courses."""

    def visible_to(self, person) -> "CoursePageQuerySet":
        """Published courses, each once, less those of networks the person is not in. `person` may be anonymous."""
        open_to_all = models.Q(network=None)
        if person.is_authenticated:
            mine = Membership.objects.current().filter(person=person).values("network_id")
            open_to_all |= models.Q(network__in=mine)
        return self.live().public().sources().filter(open_to_all)

    def search_words(self, query: str) -> "CoursePageQuerySet":
        """Courses whose text has every word of `query`, whatever its accents and apostrophes."""
        found = self
        for word in fold(query).split()[:8]:
            found = found.filter(search_text__contains=word)
        return found


class CoursePage(SeenAs, Translated, Owned, Page):
    """A course. Its `translation_key` is the identity that enrolments and certificates keep."""

    class CertificateKind(models.TextChoices):
        """What is issued on completion."""

        NONE = "", _("Sin certificado")
        ATTENDANCE = "constancia", _("Constancia de participación")
        DIPLOMA = "diploma", _("Diploma de aprobación")
        COMPETENCE = "competencia", _("Certificación de competencia")

    class Entry(models.TextChoices):
        """Who may come in by themselves. Whoever was in it once may always come back."""

        OPEN = "open", _("Cualquier persona")
        INVITED = "invited", _("Solo con invitación")
        ASSIGNED = "assigned", _("Solo a quien se le asigna")

    summary = models.TextField(_("resumen"), max_length=400, help_text=_("Dos o tres frases para el catálogo."))
    outcomes = RichTextField(
        _("al terminar usted podrá"),
        features=["bold", "ul"],
        help_text=_("Una lista de lo que la persona sabrá hacer."),
    )
    family = models.CharField(_("familia"), max_length=2, choices=Family)
    posts = ParentalManyToManyField(Post, blank=True, related_name="courses", verbose_name=_("para quién"))
    languages = ParentalManyToManyField(Language, related_name="courses", verbose_name=_("idiomas"))
    taught_by = models.CharField(_("imparte"), max_length=160, blank=True)
    hours = models.DecimalField(
        _("horas"), max_digits=5, decimal_places=1, default=1, validators=[MinValueValidator(0.5)]
    )
    virtual_hours = models.DecimalField(
        _("de ellas, virtuales"),
        max_digits=5,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("Vacío: todas las que no son presenciales."),
    )
    network = models.ForeignKey(
        Network,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="courses",
        verbose_name=_("solo para la red"),
        help_text=_("Vacío: abierto a todas las personas."),
    )
    watch_threshold_percent = models.PositiveSmallIntegerField(
        _("porcentaje de cada video que hay que ver"),
        default=90,
        validators=[MinValueValidator(10), MaxValueValidator(100)],
    )
    certificate_kind = models.CharField(
        _("certificado"),
        max_length=12,
        choices=CertificateKind,
        default=CertificateKind.DIPLOMA,
        blank=True,
    )
    certificate_on_request = models.BooleanField(
        _("solo a quien lo pida"),
        default=False,
        help_text=_("El certificado no se emite al completar: la persona lo pide en su expediente cuando lo necesite."),
    )
    edition = models.PositiveSmallIntegerField(
        _("edición"), default=1, help_text=_("Súbala cuando el curso cambie tanto que amerite un certificado nuevo.")
    )
    certificate_months = models.PositiveSmallIntegerField(
        _("vigencia del certificado, en meses"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(240)],
        help_text=_("Vacío: no vence. Lo ya emitido se queda como se emitió."),
    )
    grace_days = models.PositiveSmallIntegerField(
        _("días para renovarlo después de vencido"),
        default=60,
        null=True,
        blank=True,
        validators=[MaxValueValidator(730)],
        help_text=_("Vacío: solo se renueva antes de que venza."),
    )
    renews = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="renewed_by",
        verbose_name=_("renueva el certificado de"),
        help_text=_(
            "Para un curso corto de actualización: quien lo completa a tiempo recibe de nuevo el certificado de ese "
            "otro curso, con vigencia nueva."
        ),
    )
    renews_key = models.UUIDField(null=True, editable=False)
    competency = models.ForeignKey(
        Competency,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="courses",
        verbose_name=_("competencia que demuestra"),
        help_text=_("El certificado la nombra, con su nivel. Lo ya emitido se queda como se emitió."),
    )
    competency_level = models.PositiveSmallIntegerField(_("en qué nivel"), choices=LEVELS, null=True, blank=True)
    entry = models.CharField(_("quién entra"), max_length=8, choices=Entry, default=Entry.OPEN)
    seats = models.PositiveIntegerField(
        _("cupos"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("De esta edición. Cuando se llenan hay lista de espera. Vacío: sin límite."),
    )
    search_text = models.TextField(editable=False, blank=True)

    objects = PageManager.from_queryset(CoursePageQuerySet)()

    parent_page_types = ["courses.CatalogueIndexPage"]
    subpage_types = ["courses.LessonPage"]
    base_form_class = PlacingForm
    admin_default_ordering = "ord"
    content_panels = [
        *Page.content_panels,
        FieldPanel("summary"),
        FieldPanel("outcomes"),
        MultiFieldPanel(
            [FieldPanel("family"), FieldPanel("posts"), FieldPanel("languages"), FieldPanel("network")],
            heading=_("Para quién"),
        ),
        MultiFieldPanel([FieldPanel("entry"), FieldPanel("seats")], heading=_("Inscripción")),
        MultiFieldPanel(
            [FieldPanel("taught_by"), FieldPanel("hours"), FieldPanel("virtual_hours"), HoursPanel()], heading=_("Cómo")
        ),
        MultiFieldPanel(
            [
                HelpPanel(template="wagtailadmin/courses/rules_panel.html"),
                FieldPanel("certificate_kind"),
                FieldPanel("certificate_on_request"),
                FieldPanel("competency", widget=forms.Select),
                FieldPanel("competency_level"),
                FieldPanel("certificate_months"),
                FieldPanel("grace_days"),
                FieldPanel("renews"),
                FieldPanel("edition"),
            ],
            heading=_("Completar y certificar"),
        ),
    ]
    search_fields = [*Page.search_fields, index.SearchField("summary"), index.FilterField("family")]

    class Meta:
        verbose_name = _("curso")
        verbose_name_plural = _("cursos")

    def clean(self) -> None:
        """A course renews only another's certificate, and one that ends; what it proves has a level of its own."""
        super().clean()
        self._clean_competency()
        self._clean_edition()
        if self.renews and self.renews.translation_key == self.translation_key:
            raise ValidationError({"renews": _("Un curso no se renueva a sí mismo. Elija otro, o déjelo vacío.")})
        if self.renews and not self.renews.certificate_months:
            raise ValidationError(
                {"renews": _("El certificado de ese curso no vence. Escriba primero su vigencia en aquel curso.")}
            )

    def _clean_competency(self) -> None:
        if self.competency is None:
            self.competency_level = None
            return
        if not self.certificate_kind:
            raise ValidationError({"competency": _("Sin certificado no se demuestra una competencia.")})
        if self.competency_level not in self.competency.levels:
            raise ValidationError({"competency_level": _("Elija uno de los niveles que tiene la competencia.")})

    def _clean_edition(self) -> None:
        """What began does not come back, nor what was before it. A translation has its source's number anyway."""
        if self.pk is None or not self.is_source:
            return
        ended = CourseEdition.objects.filter(course_key=self.translation_key).values_list("number", flat=True)
        live = CoursePage.objects.filter(pk=self.pk, live=True).values_list("edition", flat=True)
        newest = max([*ended, *live], default=0)
        if self.edition is not None and self.edition < newest:
            words = _("La edición %(n)d ya empezó y el número no baja. Escriba %(n)d, o uno mayor para empezar otra.")
            raise ValidationError({"edition": words % {"n": newest}})

    @property
    def proven(self) -> dict[str, Any]:
        """What its certificate proves, as `Competency.as_facts` says; empty where it names no competency."""
        if not (self.certificate_kind and self.competency and self.competency_level):
            return {}
        return self.competency.as_facts(self.competency_level)

    def save(self, *args, **kwargs) -> None:
        """Keeps the folded text that the catalogue searches, and which course this one renews, by its lasting key."""
        self.search_text = fold(" ".join([self.title, self.summary, self.taught_by, self.get_family_display()]))
        self.renews_key = self.renews.translation_key if self.renews else None
        super().save(*args, **kwargs)

    def hours_by_kind(self) -> HoursByKind:
        """What the published lessons ask for in person, and the rest."""
        asked = apps.get_model("courses", "Activity").objects.required()
        held = asked.filter(course_key=self.translation_key).aggregate(n=models.Sum("hours"))["n"]
        # What a form brought is not yet a number of the database.
        total, virtual = Decimal(self.hours), None if self.virtual_hours is None else Decimal(self.virtual_hours)
        return HoursByKind.of(total, held or Decimal(0), virtual)

    def lessons(self):
        """Published lessons in their order."""
        return LessonPage.objects.child_of(self).live().order_by("path")


COST_PANEL = HelpPanel(heading=_("Lo que cuesta en datos"), template="wagtailadmin/courses/data_cost_panel.html")


class LessonPage(SeenAs, Translated, Page):
    """A lesson: blocks in the order in which they are learnt. Videos and quizzes in it are activities."""

    summary = models.TextField(_("de qué trata"), max_length=300, blank=True)
    minutes = models.PositiveSmallIntegerField(
        _("minutos"), default=10, help_text=_("Cuánto toma, con videos y preguntas.")
    )
    body = StreamField(LESSON_BLOCKS, verbose_name=_("contenido"), blank=True)

    objects = PageManager.from_queryset(TranslatedQuerySet)()

    parent_page_types = ["courses.CoursePage"]
    subpage_types: list[str] = []
    base_form_class = PlacingForm
    content_panels = [
        *Page.content_panels,
        FieldPanel("summary"),
        FieldPanel("minutes"),
        FieldPanel("body"),
        COST_PANEL,
    ]
    search_fields = [*Page.search_fields, index.SearchField("summary"), index.SearchField("body")]

    class Meta:
        verbose_name = _("lección")
        verbose_name_plural = _("lecciones")

    @property
    def course(self) -> CoursePage:
        """The course this lesson belongs to."""
        return CoursePage.objects.get(path=self.path[: -self.steplen])
