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

from lms.domain import access, identity, networks, people, places, requests, standing
from lms.domain.errors import RuleBroken
from lms.forms import AppointmentForm, DetailsForm, EndForm, PasswordForm
from lms.forms.access import FirstPasswordForm
from lms.models import Appointment, Department, GuardianConsent, Membership, Municipality, Person, RoleGrant

from . import limits, recent
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
        "join_requests": standing.requests_of(person),
        "invitations": person.memberships.invited().select_related("network", "municipality__department"),
        "is_minor": people.is_minor(person.born_on),
        "consent": GuardianConsent.objects.filter(person=person).first(),
        "answered": requests.answered_lately(person),
        "recoveries": access.recoveries(person),
        "has_second_factor": access.has_second_factor(person),
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
    """Change one's contact and language, and write what is missing."""
    form, key = DetailsForm(request.POST or None, person=request.user), str(request.user.public_id)
    page = {"title": _("Cambiar mi contacto"), "action": _("Guardar")}
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
    """Change one's own password, or set a first one; other devices have to sign in again."""
    is_first = not request.user.has_usable_password()
    if is_first and not recent.is_recent(request):
        messages.warning(request, _("Para poner una contraseña, salga y entre de nuevo. Así sabemos que es usted."))
        return redirect("lms:account")
    form = (FirstPasswordForm if is_first else PasswordForm)(request.POST or None)
    if form.is_valid():
        try:
            _set_password(request.user, form.cleaned_data)
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            update_session_auth_hash(request, request.user)
            messages.success(request, _("Su contraseña cambió. En otros teléfonos tendrá que entrar de nuevo."))
            return redirect("lms:account")
    title = _("Poner una contraseña") if is_first else _("Cambiar mi contraseña")
    return _form_page(request, form, title=title, action=_("Guardar la contraseña"))


def _set_password(person: Person, data: dict) -> None:
    if "old" in data:
        people.change_password(person=person, old=data["old"], new=data["password"], by=person)
    else:
        access.choose_first_password(person=person, new=data["password"])


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
            appointment = people.appoint(
                person=request.user, municipality=municipality, by=request.user, **form.cleaned_data
            )
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            messages.success(request, _noted(appointment))
            return redirect(safe_next(request, default="lms:account"))
    context = {"municipality": municipality, "next": safe_next(request, default="")}
    return render(request, "lms/appointment_form.html", {"form": form, **context}, status=422 if form.is_bound else 200)


def _noted(appointment: Appointment) -> str:
    """What happens next: learning at once, certificates when the town hall has confirmed the post."""
    told = _("Su puesto quedó anotado. Ya puede aprender.")
    if people.may_be_certified(appointment.person):
        return told
    return f"{told} {standing.after_confirmation_of(appointment)}"


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
        try:
            networks.leave(membership=membership, by=request.user)
        except RuleBroken as broken:  # somebody else ended it in the meantime
            messages.error(request, broken.message)
        else:
            messages.success(request, _("Usted ya no es integrante de la red."))
        return redirect("lms:account")
    return render(request, "lms/network_leave.html", {"membership": membership})
