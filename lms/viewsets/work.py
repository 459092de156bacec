"""What the system does: the board of jobs."""

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column, DateColumn, StatusTagColumn, TitleColumn
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.widgets.button import ListingButton

from lms.domain import cancelling, job_words, jobs
from lms.domain.errors import RuleBroken
from lms.models import Job

from .base import AskFirstView, IndexView, OfficeViewSet

UNFINISHED = (Job.State.WAITING, Job.State.RUNNING)
ENDED_BADLY = (Job.State.FAILED, Job.State.CANCELLED)


def _kinds() -> list[tuple[str, str]]:
    """The kinds that there are, in words."""
    found = Job.objects.order_by().values_list("kind", flat=True).distinct()
    return sorted(((kind, job_words.kind_in_words(kind)) for kind in found), key=lambda pair: pair[1])


class JobFilterSet(WagtailFilterSet):
    """By where a job stands, what it does, and how urgent it is."""

    state = django_filters.MultipleChoiceFilter(
        label=_("Estado"), choices=Job.State.choices, widget=forms.CheckboxSelectMultiple
    )
    kind = django_filters.ChoiceFilter(label=_("Clase"), choices=_kinds)
    priority = django_filters.ChoiceFilter(label=_("Prioridad"), choices=Job.Priority.choices)

    class Meta:
        model = Job
        fields: list[str] = []


class JobIndexView(IndexView):
    """Waiting, running, done, failed, cancelled. The bars move by themselves (`lms/jobs.js`)."""

    template_name = "wagtailadmin/lms/jobs.html"

    def get_base_queryset(self) -> QuerySet[Job]:
        return Job.objects.select_related("cancel_asked_by")

    @cached_property
    def columns(self) -> list[Column]:
        """What it does comes first, in words, with the buttons."""
        title = self._get_title_column_class(TitleColumn)
        kind = title("kind", label=_("Clase"), accessor=lambda job: job_words.kind_in_words(job.kind), sort_key="kind")
        return [kind, *super().columns]

    def get_table(self, object_list):
        called = job_words.names_of(object_list)
        for job in object_list:
            job.called = called[job.pk]
            job.in_words = job_words.reason_in_words(job)
        return super().get_table(object_list)

    def get_list_more_buttons(self, instance: Job) -> list:
        found = []
        if instance.state in ENDED_BADLY:
            url = self.get_delete_url(instance)
            found.append(ListingButton(_("Intentar de nuevo"), url=url, icon_name="rotate"))
        if instance.state in UNFINISHED and not instance.cancel_asked_at and jobs.may_be_cancelled(instance.kind):
            url = reverse("lms_jobs:cancel", args=[instance.pk])
            found.append(ListingButton(_("Cancelar"), url=url, icon_name="cross"))
        if instance.state == Job.State.WAITING:
            url = reverse("lms_jobs:priority", args=[instance.pk])
            found.append(ListingButton(_("Prioridad"), url=url, icon_name="order"))
        return found


class JobRetryView(AskFirstView):
    """Gives a failed or cancelled job its attempts back."""

    asks_for = cancelling.ACTION
    page_title = _("Intentar de nuevo")
    answer = _("Intentar de nuevo")
    success_message = _("El trabajo está otra vez en espera.")

    @property
    def confirmation_message(self) -> str:
        if self.object.state == Job.State.CANCELLED:
            return _("El trabajo se canceló. Volverá a esperar su turno.")
        return _("El trabajo falló por este motivo: %(reason)s") % {
            "reason": job_words.reason_in_words(self.object) or "—"
        }

    def get_queryset(self):
        return Job.objects.filter(state__in=ENDED_BADLY)

    def perform(self) -> None:
        jobs.retry(self.object, by=self.request.user)


class JobVerbView(WagtailAdminTemplateMixin, TemplateView):
    """One page about one unfinished job, and one verb. An ended job does not exist here."""

    asks_for = cancelling.ACTION
    header_icon = "tasks"

    @cached_property
    def job(self) -> Job:
        """The one of the address."""
        return get_object_or_404(Job.objects.unfinished(), pk=self.kwargs["pk"])

    def get_breadcrumbs_items(self) -> list[dict]:
        """Trabajos › this page."""
        listing = {"url": reverse("lms_jobs:index"), "label": _("Trabajos")}
        return [*super().get_breadcrumbs_items(), listing, {"url": "", "label": self.page_title}]

    def get_context_data(self, **kwargs) -> dict:
        """The job in words."""
        told = {"kind": job_words.kind_in_words(self.job.kind), "called": job_words.names_of([self.job])[self.job.pk]}
        return super().get_context_data(job=self.job, **told, **kwargs)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Call the verb; a broken rule is told on the list."""
        try:
            messages.success(request, self.perform())
        except RuleBroken as broken:
            messages.error(request, broken.message)
        return redirect("lms_jobs:index")

    def perform(self) -> str:
        """Call the verb; return what to say."""
        raise NotImplementedError


class JobCancelView(JobVerbView):
    """Asks once, then stops the job."""

    template_name = "wagtailadmin/lms/job_cancel.html"
    page_title = _("Cancelar un trabajo")

    def perform(self) -> str:
        job = cancelling.cancel(job=self.job, by=self.request.user)
        if job.state == Job.State.CANCELLED:
            return _("El trabajo se canceló.")
        return _("El trabajo se detendrá en unos segundos.")


class JobPriorityView(JobVerbView):
    """Which comes first."""

    template_name = "wagtailadmin/lms/job_priority.html"
    page_title = _("Prioridad de un trabajo")

    def get_context_data(self, **kwargs) -> dict:
        return super().get_context_data(priorities=Job.Priority.choices, **kwargs)

    def perform(self) -> str:
        chosen = {str(value): value for value in Job.Priority.values}.get(self.request.POST.get("priority", ""))
        if chosen is None:
            raise RuleBroken("job.priority_unknown", _("Elija una prioridad: alta, normal o baja."))
        cancelling.set_priority(job=self.job, priority=chosen, by=self.request.user)
        return _("La prioridad quedó guardada.")


class ProgressColumn(Column):
    """A bar while it runs."""

    cell_template_name = "wagtailadmin/lms/job_progress_cell.html"


class ReasonColumn(Column):
    """Why it failed, in words, and what the machine said for the operator; or who cancelled it."""

    cell_template_name = "wagtailadmin/lms/job_reason_cell.html"


class JobViewSet(OfficeViewSet):
    """Trabajos: tried again, cancelled, put first or last."""

    action = "read_jobs"
    model = Job
    name = "lms_jobs"
    url_prefix = "trabajos"
    icon = "tasks"
    opened = ("index", "index_results", "delete")
    index_view_class = JobIndexView
    delete_view_class = JobRetryView
    filterset_class = JobFilterSet
    list_display = [
        Column("called", label=_("Sobre"), accessor=lambda job: job.called or job.subject),
        StatusTagColumn(
            "state",
            label=_("Estado"),
            accessor="get_state_display",
            primary=lambda job: job.state == Job.State.FAILED,
            sort_key="state",
        ),
        ProgressColumn("progress", label=_("Avance"), accessor="percent"),
        Column("priority", label=_("Prioridad"), accessor="get_priority_display", sort_key="priority"),
        ReasonColumn("reason", label=_("Motivo"), accessor="in_words"),
        Column("attempts", label=_("Intentos")),
        Column("wakes", label=_("Veces retomado")),
        DateColumn("created_at", label=_("Pedido"), sort_key="created_at"),
    ]

    def get_urlpatterns(self) -> list:
        """With what is done to one that has not ended."""
        return [
            *super().get_urlpatterns(),
            path("cancelar/<int:pk>/", self.construct_view(JobCancelView), name="cancel"),
            path("prioridad/<int:pk>/", self.construct_view(JobPriorityView), name="priority"),
        ]


job_viewset = JobViewSet()
