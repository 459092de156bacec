"""Formación del personal: who lacks what in a town hall, municipality by municipality, and one person's training."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from certificates.domain import competencies, competency_gaps, exports, gaps, lines
from certificates.domain import record as career
from certificates.filters import GapsForm
from lms import permissions
from lms.domain import people, places
from lms.domain.errors import RuleBroken
from lms.models import Appointment, Department, Municipality, Person
from lms.permissions import needs
from lms.views import sheets

READ = "read_tracking"
PAGE = 25


def municipality_or_404(request: HttpRequest, code: str) -> Municipality:
    """A municipality whose training one follows."""
    reach = permissions.municipalities_for(request.user, READ).select_related("department")
    return get_object_or_404(reach, code=code)


@needs(READ)
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Municipality by municipality: people, who waits, who holds a certificate. One chooses the department first."""
    reach = permissions.municipalities_for(request.user, READ)
    departments = Department.objects.filter(municipalities__in=reach).distinct().order_by("name")
    code = places.code_or_nothing(request.GET.get("department", ""), digits=2)
    chosen = departments.filter(code=code).first() or (departments[0] if len(departments) == 1 else None)
    if chosen is None and code:
        return redirect("certificates:staff_overview")
    shown = reach.filter(department=chosen) if chosen else reach.none()
    context = {
        "departments": departments if len(departments) > 1 else [],
        "department": chosen,
        "municipalities": gaps.by_municipality(shown).order_by("name_common"),
    }
    return render(request, "certificates/staff_overview.html", context)


def _rows(request: HttpRequest, municipality: Municipality) -> tuple[GapsForm, list[gaps.Row]]:
    form = GapsForm(request.GET or None, municipality=municipality)
    return form, gaps.find(municipality, form.wanted())


@needs(READ)
@require_safe
def gaps_page(request: HttpRequest, code: str) -> HttpResponse:
    """The people of a town hall and the courses that are meant for their posts."""
    municipality = municipality_or_404(request, code)
    form, rows = _rows(request, municipality)
    context = {
        "municipality": municipality,
        "filter": form,
        "chosen": form.chosen(),
        "counts": [(state, n) for state, n in zip(gaps.State, gaps.count(rows).values(), strict=True)],
        "page_obj": Paginator(rows, PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "certificates/staff_gaps.html", context)


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
    exports.record_gaps_export(municipality, by=request.user, form=form, filters=filters, people=len(rows))
    return sheets.send(form, f"formacion-{code}", _("Formación"), gaps.headings(), gaps.cells(rows))


@needs(READ)
@require_safe
def training(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """What one of the staff lacks; and whatever they completed, unless another town hall employs them as well."""
    reach = permissions.municipalities_for(request.user, READ)
    listed = people.visible_to(request.user, READ).filter(merged_into=None, erased_at=None)
    person = get_object_or_404(listed, public_id=public_id)
    try:
        people.assert_reaches(person, request.user, READ)
        record = career.find(person)
    except RuleBroken:
        record = None
    shown = lines.lines_of(record) if record else []
    able = competencies.fold(record.certificates) if record else competency_gaps.able_in(person)
    held = Appointment.objects.lasting().filter(person=person, municipality__in=reach.values("pk"))
    context = {
        "person": person,
        "record": record,
        "needs": gaps.find_one(person, reach),
        "asked": competency_gaps.find_one(able, held),
        "competencies": able if record else [],
        "declared": [one for one in record.declared if one.counts] if record else [],
        "sums": lines.sums(shown),
        "modalities": lines.by_modality(shown),
    }
    return render(request, "certificates/staff_training.html", context)


def staff_or_404(request: HttpRequest, public_id: UUID) -> Person:
    """Somebody of the staff whose whole record one reads."""
    listed = people.visible_to(request.user, READ).filter(merged_into=None, erased_at=None)
    person = get_object_or_404(listed, public_id=public_id)
    try:
        people.assert_reaches(person, request.user, READ)
    except RuleBroken:
        raise Http404 from None
    return person
