"""What viewing cost, in the back-office."""

from datetime import date
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView, View
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from lms.domain import audit
from lms.forms.days import DayField
from lms.views.sheets import send
from media.domain import consumption, delivered

MOST_DAYS = 366
DAY_INPUT = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class DaysForm(forms.Form):
    """From which day to which; a year at most."""

    since = DayField(label=_("Desde"), widget=DAY_INPUT)
    until = DayField(label=_("Hasta"), widget=DAY_INPUT)

    def clean(self) -> dict[str, Any]:
        """In order, and not too much at once."""
        given = super().clean() or self.cleaned_data
        if "since" in given and "until" in given:
            if given["until"] < given["since"]:
                self.add_error("until", _("El último día no puede ser antes del primero."))
            elif (given["until"] - given["since"]).days >= MOST_DAYS:
                self.add_error("until", _("Elija un año como máximo."))
        return given


def asked(request: HttpRequest) -> tuple[DaysForm, tuple[date, date] | None]:
    """The form and the days that an address asks for; this month's where it says nothing."""
    since, until = consumption.this_month()
    given = {"since": since.isoformat(), "until": until.isoformat(), **request.GET.dict()}
    form = DaysForm(given)
    return form, (form.cleaned_data["since"], form.cleaned_data["until"]) if form.is_valid() else None


class ConsumptionView(WagtailAdminTemplateMixin, TemplateView):
    """Consumo de datos: by day, by course, by video, by rung."""

    template_name = "wagtailadmin/media/consumption.html"
    page_title = _("Consumo de datos")
    header_icon = "download"

    def get_breadcrumbs_items(self) -> list[dict]:
        """Its own name is what the header shows."""
        return [*super().get_breadcrumbs_items(), {"url": "", "label": self.page_title}]

    def get(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        """A day that is none comes back with what was typed."""
        form, days = asked(request)
        found = consumption.account(*days) if days else None
        groups = (
            [
                ("dias", _("Por día"), _("Día"), found.by_day),
                ("cursos", _("Por curso"), _("Curso"), found.by_course),
                ("videos", _("Por video"), _("Video"), found.by_video),
                ("calidades", _("Por calidad"), _("Calidad"), found.by_rung),
            ]
            if found
            else []
        )
        said = {"form": form, "account": found, "groups": groups, "is_counted": delivered.is_counted()}
        context = self.get_context_data(query=request.GET.urlencode(), **said)
        return self.render_to_response(context, status=200 if found else 422)


class ConsumptionExportView(View):
    """The same as a file, one row a day, video and rung; the trail knows who took it."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """CSV."""
        form, days = asked(request)
        if days is None:
            return HttpResponse(str(form.errors), status=422)
        facts = {"since": days[0].isoformat(), "until": days[1].isoformat(), "form": "csv"}
        with transaction.atomic():
            audit.record("consumption.exported", by=request.user, facts=facts)
        return send("csv", "consumo-de-datos", "Consumo de datos", consumption.headings(), consumption.rows(*days))
