"""Personal: the staff of a town hall, for whoever keeps it or follows it. HR delegates work here from a phone."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from lms import permissions
from lms.domain import identity, people, places, staff
from lms.domain.errors import RuleBroken
from lms.filters import StaffFilter
from lms.forms.staff import RevealForm
from lms.models import Appointment, Department, Municipality, Person
from lms.permissions import needs

from . import sheets

READ, MANAGE, REVEAL = "read_staff", "manage_staff", "reveal_cui"
PAGE_SIZE = 50
# Up to so many municipalities stand on one page; beyond, one chooses the department first.
FEW = 35
READS_AND_WRITES = ["GET", "HEAD", "POST"]


def municipality_or_404(request: HttpRequest, code: str, action: str) -> Municipality:
    """A municipality over which one may do `action`."""
    reach = permissions.municipalities_for(request.user, action).select_related("department")
    return get_object_or_404(reach, code=code)


def person_or_404(request: HttpRequest, public_id: UUID, action: str) -> Person:
    """Somebody of the staff, present or past, of the municipalities over which one may do `action`."""
    return get_object_or_404(staff.known_to(request.user, action), public_id=public_id)


@needs(READ)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The municipalities whose staff one may see, in numbers; somebody with one alone goes straight to it."""
    reach = permissions.municipalities_for(request.user, READ)
    codes = list(reach.values_list("code", flat=True)[:2])
    if len(codes) == 1:
        return redirect("lms:staff_list", codes[0])
    query = request.GET.get("q", "").strip()
    code = places.code_or_nothing(request.GET.get("department", ""), digits=2)
    is_few = reach.count() <= FEW
    found = places.find_municipalities(query, code) if query or code else reach if is_few else reach.none()
    shown = staff.with_counts(found.filter(pk__in=reach.values("pk"))).order_by("department__name", "name_common")
    shown = list(shown[:FEW])
    context = {
        "query": query,
        "department": Department.objects.filter(code=code).first(),
        "departments": [] if is_few else Department.objects.filter(municipalities__in=reach).distinct(),
        "municipalities": shown,
        "are_mixed": len({one.department_id for one in shown}) > 1,
        "asked": is_few or bool(query or code),
    }
    return render(request, "lms/staff/index.html", context)


def _list(request: HttpRequest, municipality: Municipality) -> StaffFilter:
    """The filters of the address; the page, the printed sheet and the files go through here."""
    return StaffFilter(request.GET or None, municipality=municipality)


@needs(READ)
@require_safe
def listing(request: HttpRequest, code: str) -> HttpResponse:
    """The people of a town hall."""
    municipality = municipality_or_404(request, code, READ)
    found = _list(request, municipality)
    context = {
        "municipality": municipality,
        "filter": found,
        "chosen": found.chosen(),
        "figures": staff.figures(municipality),
        "manages": permissions.allows_in(request.user, MANAGE, municipality),
        "page_obj": Paginator(found.qs, PAGE_SIZE).get_page(request.GET.get("page")),
    }
    return render(request, "lms/staff/list.html", context)


@needs(READ)
@require_safe
def sheet(request: HttpRequest, code: str) -> HttpResponse:
    """The same list whole, for the printer."""
    municipality = municipality_or_404(request, code, READ)
    found = _list(request, municipality)
    _record(request, municipality, found, "print")
    context = {"municipality": municipality, "filter": found, "chosen": found.chosen(), "people": found.qs}
    return render(request, "lms/staff/sheet.html", context)


@needs(READ)
@require_safe
def export_xlsx(request: HttpRequest, code: str) -> HttpResponseBase:
    """What is filtered, as XLSX."""
    return _export(request, code, "xlsx")


@needs(READ)
@require_safe
def export_csv(request: HttpRequest, code: str) -> HttpResponseBase:
    """What is filtered, as CSV."""
    return _export(request, code, "csv")


def _export(request: HttpRequest, code: str, form: str) -> HttpResponseBase:
    municipality = municipality_or_404(request, code, READ)
    found = _list(request, municipality)
    _record(request, municipality, found, form)
    return sheets.send(form, f"personal-{code}", _("Personal"), staff.headings(), staff.rows(found.qs))


def _record(request: HttpRequest, municipality: Municipality, found: StaffFilter, form: str) -> None:
    filters = [name for name, _label, _words in found.chosen()]
    staff.record_export(
        municipality=municipality, by=request.user, form=form, filters=filters, count=found.qs.order_by().count()
    )


@needs(MANAGE)
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Where one's work waits: straight to the only municipality that has some, else the choice."""
    codes = staff.waiting_for(request.user).order_by().values_list("municipality__code", flat=True).distinct()
    waiting = list(codes[:2])
    return redirect("lms:staff_waiting", waiting[0]) if len(waiting) == 1 else redirect("lms:staff_index")


@needs(MANAGE)
@require_http_methods(READS_AND_WRITES)
def waiting(request: HttpRequest, code: str) -> HttpResponse:
    """Appointments that wait for this town hall; several are confirmed at once."""
    municipality = municipality_or_404(request, code, MANAGE)
    found = staff.waiting_for(request.user, municipality)
    if request.method == "POST":
        _confirm(request, found)
        return redirect("lms:staff_waiting", code)
    listed = found.select_related("person", "post")
    context = {
        "municipality": municipality,
        "page_obj": Paginator(listed, PAGE_SIZE).get_page(request.GET.get("page")),
        "own": Appointment.objects.lasting().awaiting().filter(person=request.user, municipality=municipality),
    }
    return render(request, "lms/staff/waiting.html", context)


def _confirm(request: HttpRequest, found) -> None:
    ticked = [one for one in request.POST.getlist("appointment")[:PAGE_SIZE] if _is_uuid(one)]
    if not ticked:
        messages.warning(request, _("No marcó a nadie. Marque a quienes sí trabajan aquí y confirme de nuevo."))
        return
    done = failed = 0
    for appointment in found.filter(public_id__in=ticked).select_related("municipality", "person"):
        try:
            people.confirm_appointment(appointment=appointment, by=request.user)
        except RuleBroken as broken:
            messages.error(request, f"{appointment.person.full_name}: {broken.message}")
            failed += 1
        else:
            done += 1
    if done:
        text = ngettext("Confirmó %(n)s nombramiento.", "Confirmó %(n)s nombramientos.", done) % {"n": done}
        messages.success(request, text)
    elif not failed:
        messages.warning(request, _("Alguien ya respondió lo que usted marcó."))


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@needs(READ)
@require_safe
def person(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Somebody's sheet: for whoever keeps the staff there with contact details, for others names and posts."""
    return render(request, "lms/staff/person.html", person_context(request, person_or_404(request, public_id, READ)))


def person_context(request: HttpRequest, shown: Person) -> dict:
    """What the sheet says; without contact details and posts elsewhere unless the person is within one's reach."""
    may_read = staff.may_read(shown, request.user)
    here = permissions.municipalities_for(request.user, READ).values("pk")
    appointments = shown.appointments.select_related("post", "municipality__department").order_by("-starts_on", "-pk")
    if not may_read:
        appointments = appointments.filter(municipality__in=here)
    # One's own appointments are another's business here; one ends them in one's account.
    mine: set[int] = set()
    if shown != request.user:
        mine = set(permissions.municipalities_for(request.user, MANAGE).values_list("pk", flat=True))
    return {
        "person": shown,
        "masked_cui": identity.masked_cui(shown.cui_encrypted),
        "appointments": [(held, held.municipality_id in mine and not held.refused_at) for held in appointments],
        "may_read": may_read,
        "reveal_form": RevealForm(),
        "may_change": staff.may_change(shown, request.user),
        "is_present": people.visible_to(request.user, READ).filter(pk=shown.pk).exists(),
        "manages": bool(mine),
        "home": Municipality.objects.filter(pk__in=here, appointments__person=shown).order_by("code").first(),
    }
