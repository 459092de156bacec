"""What the system does and who did what: the board of jobs and the trail of events."""

import django_filters
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column, DateColumn, StatusTagColumn
from wagtail.admin.widgets.button import ListingButton

from lms.domain import jobs
from lms.models import AuditEvent, Job, Person

from .base import AskFirstView, IndexView, OfficeViewSet


class JobFilterSet(WagtailFilterSet):
    """By where a job stands, and what it does."""

    state = django_filters.ChoiceFilter(label=_("Estado"), choices=Job.State.choices)
    kind = django_filters.AllValuesFilter(label=_("Clase"))

    class Meta:
        model = Job
        fields: list[str] = []


class JobIndexView(IndexView):
    """Waiting, running, done, failed."""

    def get_list_more_buttons(self, instance: Job) -> list:
        if instance.state != Job.State.FAILED:
            return []
        return [ListingButton(_("Intentar de nuevo"), url=self.get_delete_url(instance), icon_name="rotate")]


class JobRetryView(AskFirstView):
    """Gives a failed job its attempts back."""

    page_title = _("Intentar de nuevo")
    answer = _("Intentar de nuevo")
    success_message = _("El trabajo está otra vez en espera.")

    @property
    def confirmation_message(self) -> str:
        return _("El trabajo falló por este motivo: %(reason)s") % {"reason": self.object.reason or "—"}

    def get_queryset(self):
        return Job.objects.filter(state=Job.State.FAILED)

    def perform(self) -> None:
        jobs.retry(self.object, by=self.request.user)


def progress_in_words(job: Job) -> str:
    """How far it is."""
    return f"{job.percent} % {job.stage}".strip() if job.state in {Job.State.RUNNING, Job.State.DONE} else ""


class JobViewSet(OfficeViewSet):
    """Trabajos. Trying again is the only thing that can be done to one."""

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
        "kind",
        StatusTagColumn(
            "state",
            label=_("Estado"),
            accessor="get_state_display",
            primary=lambda job: job.state == Job.State.FAILED,
            sort_key="state",
        ),
        Column("progress", label=_("Avance"), accessor=progress_in_words),
        Column("attempts", label=_("Intentos")),
        Column("reason", label=_("Motivo"), accessor=lambda job: job.reason[:200]),
        Column("subject", label=_("Sobre")),
        DateColumn("created_at", label=_("Pedido"), sort_key="created_at"),
    ]


class AuditFilterSet(WagtailFilterSet):
    """By what was done."""

    action = django_filters.AllValuesFilter(label=_("Qué"))
    subject = django_filters.CharFilter(label=_("Sobre"))

    class Meta:
        model = AuditEvent
        fields: list[str] = []


def facts_in_words(event: AuditEvent) -> str:
    """The facts as they were written."""
    return " · ".join(f"{key}: {value}" for key, value in event.facts.items())


class AuditIndexView(IndexView):
    """The newest first, with the names of those who acted."""

    default_ordering = "-pk"
    page_title = _("Bitácora")
    verbose_name_plural = _("sucesos")

    def get_table(self, object_list):
        ids = {event.actor for event in object_list if event.actor}
        names = {str(person.public_id): person.full_name for person in Person.objects.filter(public_id__in=ids)}
        for event in object_list:
            event.actor_name = names.get(event.actor, event.actor) or _("instalación")
        return super().get_table(object_list)


class AuditViewSet(OfficeViewSet):
    """Bitácora: read only."""

    action = "read_audit"
    model = AuditEvent
    name = "lms_audit"
    url_prefix = "bitacora"
    icon = "history"
    menu_label = _("Bitácora")
    index_view_class = AuditIndexView
    filterset_class = AuditFilterSet
    ordering = "-pk"
    list_display = [
        Column("at", label=_("Cuándo"), accessor=lambda event: event.at),
        Column("actor", label=_("Quién"), accessor="actor_name"),
        Column("action", label=_("Qué")),
        Column("subject", label=_("Sobre")),
        Column("facts", label=_("Datos"), accessor=facts_in_words),
    ]


job_viewset = JobViewSet()
audit_viewset = AuditViewSet()
