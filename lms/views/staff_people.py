"""Entering people of the town hall, finding them, correcting their details, looking at a CUI."""

from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from lms import permissions
from lms.backends import find_person
from lms.domain import people, staff
from lms.domain.errors import RuleBroken
from lms.domain.tries import Limit
from lms.forms import FindForm
from lms.forms.staff import NewPersonForm, RevealForm, StaffAppointmentForm, StaffDetailsForm
from lms.models import Municipality, Person
from lms.permissions import needs

from . import limits
from .signing import TOO_MANY
from .staff import MANAGE, READS_AND_WRITES, REVEAL, municipality_or_404, person_context, person_or_404

FIND_BY_PERSON = Limit("staff-find", most=40, seconds=limits.QUARTER)
REVEAL_BY_PERSON = Limit("reveal-cui", most=20, seconds=limits.QUARTER)
FOUND_SALT, FOUND_SECONDS = "lms.staff.found", 1800


@needs(MANAGE)
@sensitive_post_parameters()
@require_http_methods(READS_AND_WRITES)
def find(request: HttpRequest, code: str) -> HttpResponse:
    """Find one person of the country by a whole CUI, e-mail or phone; nothing but the name is told of them."""
    municipality = municipality_or_404(request, code, MANAGE)
    form = FindForm(request.POST or None)
    if not form.is_valid():
        return _find_page(request, municipality, form, 422 if form.is_bound else 200)
    if not FIND_BY_PERSON.take(str(request.user.public_id)):
        form.add_error(None, _("Buscó muchas veces seguidas. Espere 15 minutos y siga."))
        return _find_page(request, municipality, form, TOO_MANY)
    found = find_person(form.cleaned_data["identifier"])
    if found is None or not found.is_active:
        form.add_error("identifier", _("No encontramos a nadie con ese dato. Revíselo, o abra un registro nuevo."))
        return _find_page(request, municipality, form, 422)
    return _found_page(request, municipality, found, _appointment_form())


@needs(MANAGE)
@require_http_methods(READS_AND_WRITES)
def appoint_found(request: HttpRequest, code: str) -> HttpResponse:
    """Enter the appointment of somebody who was found; what was found travels signed and not for long."""
    municipality = municipality_or_404(request, code, MANAGE)
    found = _unpack(request, municipality)
    if found is None:
        return redirect("lms:staff_find", code)
    form = _appointment_form(request.POST)
    if form.is_valid():
        try:
            people.appoint(person=found, municipality=municipality, by=request.user, **form.cleaned_data)
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            messages.success(request, _("El nombramiento quedó anotado."))
            return redirect("lms:staff_person", found.public_id)
    return _found_page(request, municipality, found, form, 422)


def _appointment_form(posted=None) -> StaffAppointmentForm:
    return StaffAppointmentForm(posted, initial={"starts_on": timezone.localdate()})


def _pack(request: HttpRequest, municipality: Municipality, found: Person) -> str:
    told = [str(request.user.public_id), municipality.code, str(found.public_id)]
    return signing.dumps(told, salt=FOUND_SALT)


def _unpack(request: HttpRequest, municipality: Municipality) -> Person | None:
    try:
        told = signing.loads(request.POST.get("found", ""), salt=FOUND_SALT, max_age=FOUND_SECONDS)
    except signing.BadSignature:
        return None
    if told[:2] != [str(request.user.public_id), municipality.code]:
        return None
    return Person.objects.active().filter(public_id=told[2]).first()


def _find_page(request: HttpRequest, municipality: Municipality, form: FindForm, status: int) -> HttpResponse:
    return render(request, "lms/staff/find.html", {"municipality": municipality, "form": form}, status=status)


def _found_page(
    request: HttpRequest, municipality: Municipality, found: Person, form: StaffAppointmentForm, status: int = 200
) -> HttpResponse:
    token = _pack(request, municipality, found)
    context = {"municipality": municipality, "name": found.full_name, "found": token, "form": form}
    return render(request, "lms/staff/found.html", context, status=status)


@needs(MANAGE)
@sensitive_post_parameters()
@require_http_methods(READS_AND_WRITES)
def new(request: HttpRequest, code: str) -> HttpResponse:
    """Open the record of somebody who has none, with their post; whoever sounds the same is shown first."""
    municipality = municipality_or_404(request, code, MANAGE)
    form = NewPersonForm(request.POST or None, initial={"starts_on": timezone.localdate()})
    alike: list[Person] = []
    if form.is_valid():
        data = dict(form.cleaned_data)
        if not data["is_another"]:
            alike = staff.sounding_like(data["given_names"], data["surnames"], municipality)
        if not alike and (person := _register(request, form, municipality)):
            messages.success(request, _("El registro está abierto y el nombramiento quedó anotado."))
            return redirect("lms:staff_person", person.public_id)
    context = {"municipality": municipality, "form": form, "alike": alike}
    return render(request, "lms/staff/new.html", context, status=422 if form.is_bound else 200)


def _register(request: HttpRequest, form: NewPersonForm, municipality: Municipality) -> Person | None:
    """The person, or None with what is wrong in the form."""
    key = str(request.user.public_id)
    if not limits.TAKEN_BY_PERSON.take(key):
        form.add_error(None, _("Escribió muchas veces datos de otras cuentas. Espere 15 minutos y pruebe de nuevo."))
        return None
    data = {name: value for name, value in form.cleaned_data.items() if name not in {"cui_confirmed", "is_another"}}
    try:
        person = people.register(password="", municipality=municipality, by=request.user, **data)
    except RuleBroken as broken:
        limits.give_back_unless_taken(limits.TAKEN_BY_PERSON, key, broken)
        form.add_broken(broken)
        return None
    limits.TAKEN_BY_PERSON.give_back(key)
    return person


@needs(MANAGE)
@require_http_methods(READS_AND_WRITES)
def appoint(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One more post for somebody who is on the list, present or past."""
    person = person_or_404(request, public_id, MANAGE)
    known = staff.appointments_in(permitted(request)).filter(person=person).select_related("municipality__department")
    municipality = known.order_by("-starts_on", "-pk")[0].municipality
    form = _appointment_form(request.POST or None)
    if form.is_valid():
        try:
            people.appoint(person=person, municipality=municipality, by=request.user, **form.cleaned_data)
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            messages.success(request, _("El nombramiento quedó anotado."))
            return redirect("lms:staff_person", public_id)
    context = {"person": person, "municipality": municipality, "form": form}
    return render(request, "lms/staff/appoint.html", context, status=422 if form.is_bound else 200)


def permitted(request: HttpRequest):
    """The municipalities whose staff one keeps."""
    return permissions.municipalities_for(request.user, MANAGE)


@needs(MANAGE)
@sensitive_post_parameters()
@require_http_methods(READS_AND_WRITES)
def details(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Correct names, contact and birth date of somebody of one's staff who holds no role."""
    person = person_or_404(request, public_id, MANAGE)
    if not staff.may_change(person, request.user):
        return render(request, "lms/staff/closed.html", {"person": person}, status=403)
    form = StaffDetailsForm(request.POST or None, person=person, by=request.user)
    key = str(request.user.public_id)
    if form.is_valid():
        if not limits.TAKEN_BY_PERSON.take(key):
            text = _("Escribió muchas veces datos de otras cuentas. Espere 15 minutos y pruebe de nuevo.")
            form.add_error(None, text)
            return _details_page(request, person, form, TOO_MANY)
        fields = {name: value for name, value in form.cleaned_data.items() if name != "cui_confirmed"}
        try:
            people.change_details(person=person, by=request.user, **fields)
        except RuleBroken as broken:
            limits.give_back_unless_taken(limits.TAKEN_BY_PERSON, key, broken)
            form.add_broken(broken)
        else:
            limits.TAKEN_BY_PERSON.give_back(key)
            messages.success(request, _("Los datos quedaron guardados."))
            return redirect("lms:staff_person", public_id)
    return _details_page(request, person, form, 422 if form.is_bound else 200)


def _details_page(request: HttpRequest, person: Person, form: StaffDetailsForm, status: int) -> HttpResponse:
    return render(request, "lms/staff/details.html", {"person": person, "form": form}, status=status)


@needs(REVEAL)
@require_POST
def reveal(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """A whole CUI, shown once on this answer; the person sees in their account who looked."""
    person = person_or_404(request, public_id, REVEAL)
    form, context = RevealForm(request.POST), person_context(request, person)
    if not REVEAL_BY_PERSON.take(str(request.user.public_id)):
        form.add_error(None, _("Vio muchos CUI seguidos. Espere 15 minutos y siga."))
        return _reveal_page(request, context, form, TOO_MANY)
    if form.is_valid():
        try:
            cui = staff.reveal_cui(person=person, reason=form.cleaned_data["reason"], by=request.user)
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            return _reveal_page(request, {**context, "cui": cui}, RevealForm(), 200)
    return _reveal_page(request, context, form, 422)


def _reveal_page(request: HttpRequest, context: dict, form: RevealForm, status: int) -> HttpResponse:
    response = render(request, "lms/staff/person.html", {**context, "reveal_form": form}, status=status)
    response["Cache-Control"] = "private, no-store"
    return response
