"""Competencias por puesto: what the posts of a town hall ask, and who is proven able to do it."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from certificates.domain import competency_gaps, exports
from certificates.filters import CompetencyGapsForm
from lms.models import Municipality
from lms.permissions import needs
from lms.views import sheets

from .staff import PAGE, READ, municipality_or_404


def _rows(request: HttpRequest, municipality: Municipality) -> tuple[CompetencyGapsForm, list[competency_gaps.Row]]:
    form = CompetencyGapsForm(request.GET or None, municipality=municipality)
    return form, competency_gaps.find(municipality, form.wanted())


@needs(READ)
@require_safe
def gaps_page(request: HttpRequest, code: str) -> HttpResponse:
    """The people of a town hall and what their posts ask of them."""
    municipality = municipality_or_404(request, code)
    form, rows = _rows(request, municipality)
    counts = competency_gaps.count(rows)
    context = {
        "municipality": municipality,
        "filter": form,
        "chosen": form.chosen(),
        "counts": [(state, counts[state]) for state in competency_gaps.State],
        "page_obj": Paginator(rows, PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "certificates/staff_competencies.html", context)


@needs(READ)
@require_safe
def gaps_xlsx(request: HttpRequest, code: str) -> HttpResponseBase:
    """What is filtered, as XLSX."""
    return _export(request, code, "xlsx")


@needs(READ)
@require_safe
def gaps_csv(request: HttpRequest, code: str) -> HttpResponseBase:
    """What is filtered, as CSV."""
    return _export(request, code, "csv")


def _export(request: HttpRequest, code: str, form: str) -> HttpResponseBase:
    municipality = municipality_or_404(request, code)
    asked, rows = _rows(request, municipality)
    filters = [name for name, _label, _words in asked.chosen()]
    exports.record_competencies_export(municipality, by=request.user, form=form, filters=filters, people=len(rows))
    names = competency_gaps.headings()
    return sheets.send(form, f"competencias-{code}", _("Competencias"), names, competency_gaps.cells(rows))
