"""Seguimiento: who is certified, where, in what; the same list as XLSX and CSV."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from certificates.domain import coverage, exports
from certificates.filters import TrackingFilter
from lms import permissions
from lms.permissions import needs
from lms.views import sheets

READ, EXPORT = "read_tracking", "export_tracking"
PAGE = 25


def _filter(request: HttpRequest, action: str) -> TrackingFilter:
    """The filters of the address over what the person may see; both the page and the exports go through here."""
    reach = permissions.municipalities_for(request.user, action)
    return TrackingFilter(request.GET, queryset=coverage.visible_to(request.user, action), municipalities=reach)


@needs(READ)
def tracking(request: HttpRequest) -> HttpResponse:
    """Sentences with numbers, the table by department while nothing is filtered, and the list."""
    found = _filter(request, READ)
    chosen = found.chosen()
    return render(
        request,
        "certificates/tracking.html",
        {
            "filter": found,
            "chosen": chosen,
            "figures": coverage.figures(found.qs),
            "municipalities": found.reach.count(),
            "departments": [] if chosen else coverage.by_department(found.qs, found.reach),
            "page_obj": Paginator(found.qs.select_related("person"), PAGE).get_page(request.GET.get("page")),
        },
    )


@needs(EXPORT)
def export_xlsx(request: HttpRequest) -> HttpResponseBase:
    """What is filtered, as XLSX."""
    return _export(request, "xlsx")


@needs(EXPORT)
def export_csv(request: HttpRequest) -> HttpResponseBase:
    """What is filtered, as CSV, sent while it is read."""
    return _export(request, "csv")


def _export(request: HttpRequest, form: str) -> HttpResponseBase:
    found = _filter(request, EXPORT)
    chosen = {name: words for name, _label, words in found.chosen()}
    exports.record_export(found.qs, by=request.user, form=form, chosen=chosen)
    return sheets.send(form, "certificados", _("Certificados"), exports.headings(), exports.rows(found.qs))
