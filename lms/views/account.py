"""One's own account: details, appointments, networks, password."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from lms.domain import identity, networks, people, places
from lms.domain.errors import RuleBroken
from lms.forms import AppointmentForm, DetailsForm, EndForm, PasswordForm
from lms.models import Appointment, Department, Membership, Municipality, RoleGrant

from . import limits
from .signing import TOO_MANY, safe_next

READS_AND_WRITES = ["GET", "HEAD", "POST"]


def appointment_or_404(request: HttpRequest, public_id) -> Appointment:
    """One's own appointment."""
    own = Appointment.objects.filter(person=request.user).select_related("post", "municipality__department", "person")
    return get_object_or_404(own, public_id=public_id)


def membership_or_404(request: HttpRequest, public_id) -> Membership:
    """One's own current place in a network, by the network's id."""
    own = Membership.objects.current().filter(person=request.user).select_related("network", "municipality", "person")
    return get_object_or_404(own, network__public_id=public_id)


@login_required
def account(request: HttpRequest) -> HttpResponse:
    """Everything kept about oneself."""
    person = request.user
    context = {
        "person": person,
        "masked_cui": identity.masked_cui(person.cui_encrypted),
        "appointments": person.appointments.select_related("post", "municipality__department").order_by("-starts_on"),
        "memberships": person.memberships.current().select_related("network", "municipality__department"),
        "grants": RoleGrant.objects.in_force()
        .filter(person=person)
        .select_related("department", "municipality__department"),
    }
    return render(request, "lms/account.html", context)


def _form_page(request: HttpRequest, form, *, refused: int = 422, **context: object) -> HttpResponse:
    """A page that is one form."""
    return render(request, "lms/form_page.html", {"form": form, **context}, status=refused if form.is_bound else 200)


@login_required
@require_http_methods(READS_AND_WRITES)
def details(request: HttpRequest) -> HttpResponse:
    """Change names, identifiers, birth date and language."""
    form, key = DetailsForm(request.POST or None, person=request.user), str(request.user.public_id)
    page = {"title": _("Cambiar mis datos"), "action": _("Guardar")}
    if form.is_valid():
        if not limits.TAKEN_BY_PERSON.take(key):
            form.add_error(
                None, _("Escribió muchas veces datos de otras cuentas. Espere 15 minutos y pruebe de nuevo.")
            )
            return _form_page(request, form, refused=TOO_MANY, **page)
        fields = {name: value for name, value in form.cleaned_data.items() if name not in {"cui_confirmed"}}
        try:
            people.change_details(person=request.user, by=request.user, **fields)
        except RuleBroken as broken:
            limits.give_back_unless_taken(limits.TAKEN_BY_PERSON, key, broken)
            form.add_broken(broken)
        else:
            limits.TAKEN_BY_PERSON.give_back(key)
            messages.success(request, _("Sus datos quedaron guardados."))
            return redirect("lms:account")
    return _form_page(request, form, **page)


@login_required
@sensitive_post_parameters()
@require_http_methods(READS_AND_WRITES)
def password(request: HttpRequest) -> HttpResponse:
    """Change one's own password; other devices have to sign in again."""
    form = PasswordForm(request.POST or None)
    if form.is_valid():
        try:
            people.change_password(
                person=request.user, old=form.cleaned_data["old"], new=form.cleaned_data["password"], by=request.user
            )
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            update_session_auth_hash(request, request.user)
            messages.success(request, _("Su contraseña cambió. En otros teléfonos tendrá que entrar de nuevo."))
            return redirect("lms:account")
    return _form_page(request, form, title=_("Cambiar mi contraseña"), action=_("Cambiar contraseña"))


@login_required
def appointment_new(request: HttpRequest) -> HttpResponse:
    """First find the municipality (340 are too many for one list on a phone), then name the post."""
    if request.GET.get("municipality"):
        return _appointment_form(request)
    query = request.GET.get("q", "").strip()
    code = places.code_or_nothing(request.GET.get("department", ""), digits=2)
    found = list(places.find_municipalities(query, code)[:40])
    context = {
        "query": query,
        "department": Department.objects.filter(code=code).first(),
        "departments": Department.objects.order_by("name"),
        "found": found,
        "asked": bool(query or code),
        "next": safe_next(request, default=""),
    }
    return render(request, "lms/municipality_choice.html", context)


def _appointment_form(request: HttpRequest) -> HttpResponse:
    places_by_code = Municipality.objects.select_related("department")
    code = places.code_or_nothing(request.GET["municipality"], digits=4)
    if not code:
        raise Http404
    municipality = get_object_or_404(places_by_code, code=code)
    form = AppointmentForm(request.POST or None, initial={"starts_on": timezone.localdate()})
    if form.is_valid():
        try:
            people.appoint(person=request.user, municipality=municipality, by=request.user, **form.cleaned_data)
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            messages.success(request, _("Su puesto quedó anotado."))
            return redirect(safe_next(request, default="lms:account"))
    context = {"municipality": municipality, "next": safe_next(request, default="")}
    return render(request, "lms/appointment_form.html", {"form": form, **context}, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(READS_AND_WRITES)
def appointment_end(request: HttpRequest, public_id) -> HttpResponse:
    """Write the last day of an appointment."""
    appointment = appointment_or_404(request, public_id)
    if appointment.ends_on:
        raise Http404
    form = EndForm(request.POST or None, initial={"ends_on": timezone.localdate()})
    if form.is_valid():
        try:
            people.end_appointment(appointment=appointment, ends_on=form.cleaned_data["ends_on"], by=request.user)
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            messages.success(request, _("El puesto quedó con fecha final. Sus certificados siguen en su expediente."))
            return redirect("lms:account")
    return _form_page(request, form, title=_("Terminar un puesto"), lead=str(appointment), action=_("Guardar"))


@login_required
@require_http_methods(READS_AND_WRITES)
def network_leave(request: HttpRequest, public_id) -> HttpResponse:
    """Ask once, then leave a network."""
    membership = membership_or_404(request, public_id)
    if request.method == "POST":
        networks.leave(membership=membership, by=request.user)
        messages.success(request, _("Usted ya no es integrante de la red."))
        return redirect("lms:account")
    return render(request, "lms/network_leave.html", {"membership": membership})
