"""The trail of events in the back-office: read, searched, taken away as a file; never changed."""

import django_filters
from django.contrib import messages
from django.core.paginator import Page
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.generic import View
from wagtail.admin.filters import DateRangePickerWidget, WagtailFilterSet
from wagtail.admin.paginator import WagtailPaginator
from wagtail.admin.ui.tables import Column, TitleColumn
from wagtail.admin.views import generic
from wagtail.admin.widgets.button import Button

from lms.domain import audit, trail
from lms.forms.days import DaysFilter
from lms.models import AuditEvent
from lms.views.sheets import send

from .base import IndexView, OfficeViewSet

FORMS = ("xlsx", "csv")


class AuditFilterSet(WagtailFilterSet):
    """By whose name, what, when, from where, on what."""

    person = django_filters.CharFilter(label=_("Nombre de quien actuó o sobre quién"), method="by_domain")
    action = django_filters.ChoiceFilter(
        label=_("Qué"), choices=lambda: sorted(trail.ACTIONS.items(), key=lambda pair: str(pair[1])), method="by_domain"
    )
    at = DaysFilter(label=_("Cuándo"), method="by_domain", widget=DateRangePickerWidget)
    origin = django_filters.CharFilter(label=_("Desde dónde (dirección de red, o cómo empieza)"), method="by_domain")
    subject = django_filters.CharFilter(label=_("Sobre (identificador)"), method="by_domain")

    class Meta:
        model = AuditEvent
        fields: list[str] = []

    def by_domain(self, found: QuerySet, name: str, value) -> QuerySet:
        """Each as the domain looks for it."""
        if name == "at":
            days = {
                "since": value.start and timezone.localdate(value.start),
                "until": value.stop and timezone.localdate(value.stop),
            }
            return found & trail.find(**days)
        return found & trail.find(**{name: value.strip()})


def link(text: str, person_id: int | None) -> str:
    """A name, leading to the person's sheet where there is one."""
    return (
        format_html('<a href="{}">{}</a>', reverse("lms_people:inspect", args=[person_id]), text) if person_id else text
    )


class NearerEndPaginator(WagtailPaginator):
    """Reads the later half of the pages backwards: the last one of a million events costs no more than the first."""

    def page(self, number) -> Page:
        """As Django's."""
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        end = min(start + self.per_page, self.count)
        if start <= self.count // 2 or not self.object_list.ordered:
            return super().page(number)
        backwards = self.object_list.reverse()[self.count - end : self.count - start]
        return self._get_page(list(backwards)[::-1], number, self)


class AuditIndexView(IndexView):
    """The newest first, with the names of those who acted."""

    paginator_class = NearerEndPaginator
    default_ordering = trail.NEWEST_FIRST
    page_title = _("Bitácora")
    verbose_name_plural = _("sucesos")

    def get_base_queryset(self) -> QuerySet[AuditEvent]:
        return trail.find()

    def get_table(self, object_list):
        lines = {line.event.pk: line for line in trail.in_words(object_list)}
        for event in object_list:
            event.line = lines[event.pk]
        return super().get_table(object_list)

    def get_context_data(self, *args, **kwargs) -> dict:
        if trail.is_vague(self.request.GET.get("person", "")):
            messages.warning(
                self.request,
                _("Muchas personas llevan ese nombre. Se buscó a las primeras %(most)d: escriba más del nombre.")
                % {"most": trail.MOST_PEOPLE},
            )
        return super().get_context_data(*args, **kwargs)

    @cached_property
    def header_more_buttons(self) -> list:
        """The same list as a file."""
        query = self.request.GET.urlencode()
        files = (("xlsx", _("Descargar XLSX")), ("csv", _("Descargar CSV")))
        return [
            Button(label, url=f"{reverse('lms_audit:export', args=[form])}?{query}", icon_name="download")
            for form, label in files
        ]


class AuditExportView(View):
    """What is filtered, as a file."""

    def get(self, request: HttpRequest, form: str) -> HttpResponseBase:
        if form not in FORMS:
            raise Http404
        found = AuditFilterSet(request.GET, queryset=trail.find(), request=request).qs
        if form == "xlsx" and found.count() > trail.EXCEL_ROWS:
            messages.error(request, _("Son más filas de las que caben en una hoja. Descargue CSV o escoja menos días."))
            return redirect("lms_audit:index")
        names = ("person", "action", "at_from", "at_to", "origin", "subject")
        filters = {name: request.GET.get(name, "") for name in names}
        trail.record_export(found, by=request.user, form=form, filters=filters)
        return send(form, "bitacora", str(_("Bitácora")), trail.headings(), trail.rows(found))


class AuditEventView(generic.InspectView):
    """One event with its digest, what it is computed from, and the events beside it."""

    template_name = "wagtailadmin/lms/event.html"
    page_title = _("Suceso")

    def get_page_subtitle(self) -> str:
        return str(self.object.pk)

    def get_context_data(self, **kwargs) -> dict:
        before, after = trail.neighbours(self.object)
        line = trail.in_words([self.object])[0]
        return super().get_context_data(**kwargs) | {
            "line": line,
            "before": before,
            "after": after,
            "is_whole": not list(audit.faults_of(self.object, before)),
        }


class AuditViewSet(OfficeViewSet):
    """Bitácora: read only."""

    action = "read_audit"
    model = AuditEvent
    name = "lms_audit"
    url_prefix = "bitacora"
    icon = "history"
    menu_label = _("Bitácora")
    opened = ("index", "index_results", "inspect")
    inspect_view_enabled = True
    inspect_view_class = AuditEventView
    inspect_template_name = AuditEventView.template_name
    index_view_class = AuditIndexView
    filterset_class = AuditFilterSet
    ordering = trail.NEWEST_FIRST
    list_display = [
        TitleColumn(
            "at",
            label=_("Cuándo"),
            classname="title aula-when",
            accessor=lambda event: timezone.localtime(event.at).strftime("%Y-%m-%d %H:%M:%S"),
            get_url=lambda event: reverse("lms_audit:inspect", args=[event.pk]),
        ),
        Column("actor", label=_("Quién"), accessor=lambda event: link(event.line.who, event.line.actor_id)),
        Column("action", label=_("Qué"), accessor=lambda event: event.line.what),
        Column("subject", label=_("Sobre"), accessor=lambda event: link(event.line.on_whom, event.line.subject_id)),
        Column("facts", label=_("Datos"), accessor=lambda event: event.line.facts),
        Column("origin", label=_("Desde dónde")),
    ]

    def get_urlpatterns(self) -> list:
        """With the files."""
        view = self.construct_view(AuditExportView)
        return [*super().get_urlpatterns(), path("descargar/<str:form>/", view, name="export")]


audit_viewset = AuditViewSet()
