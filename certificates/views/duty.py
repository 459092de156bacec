"""Artículo 94: how many of a town hall's staff were trained in a semester, on a page, as a list and on paper."""

from io import BytesIO

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from certificates.domain import duty, duty_paper
from lms.permissions import needs
from lms.views import sheets

from .staff import READ, municipality_or_404


def _report(request: HttpRequest, code: str) -> duty.Report:
    municipality = municipality_or_404(request, code)
    semester = duty.Semester.parse(request.GET.get("semestre", "")) or duty.lately(1)[0]
    return duty.build(municipality, semester, for_person=request.user)


@needs(READ)
@require_safe
def page(request: HttpRequest, code: str) -> HttpResponse:
    """The report, of the semester that was chosen, else of this one."""
    report = _report(request, code)
    context = {"report": report, "municipality": report.municipality, "semesters": duty.lately(), "few": duty.FEW}
    return render(request, "certificates/duty.html", context)


@needs(READ)
@require_safe
def xlsx(request: HttpRequest, code: str) -> HttpResponseBase:
    """The same as XLSX."""
    report = _report(request, code)
    duty.record_export(report, by=request.user, form="xlsx")
    name = f"articulo-94-{code}-{report.semester}"
    return sheets.send("xlsx", name, _("Artículo 94"), duty.headings(), duty.rows(report))


@needs(READ)
@require_safe
def pdf(request: HttpRequest, code: str) -> HttpResponseBase:
    """The same on paper, sealed."""
    report = _report(request, code)
    content = duty_paper.render(report)
    duty.record_export(report, by=request.user, form="pdf")
    return FileResponse(
        BytesIO(content),
        as_attachment=True,
        filename=f"articulo-94-{code}-{report.semester}.pdf",
        content_type="application/pdf",
        headers={"Cache-Control": "private, no-store"},
    )
