"""What a town hall does with one appointment: refuse, end, correct, annul, move to another town hall."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from lms import permissions
from lms.domain import people, staff
from lms.domain.errors import RuleBroken
from lms.forms import RuleForm
from lms.forms.staff import CorrectionForm, MoveForm, ReasonForm, StaffEndForm
from lms.models import Appointment
from lms.permissions import needs

from .staff import MANAGE, READS_AND_WRITES


def appointment_or_404(request: HttpRequest, public_id: UUID) -> Appointment:
    """An appointment in a municipality whose staff one keeps, unless it was refused."""
    mine = staff.appointments_in(permissions.municipalities_for(request.user, MANAGE))
    found = mine.select_related("person", "post", "municipality__department")
    return get_object_or_404(found, public_id=public_id, person__merged_into=None, person__erased_at=None)


def _work(
    request: HttpRequest, appointment: Appointment, form: RuleForm, verb: Callable[..., Any], done: str, **words: str
) -> HttpResponse:
    """A page that is one form about an appointment; `words` are title, lead, action, and whether it is grave."""
    if form.is_valid():
        try:
            verb(appointment=appointment, by=request.user, **form.cleaned_data)
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            messages.success(request, done)
            return _back(request, appointment)
    context = {"appointment": appointment, "form": form, **words}
    return render(request, "lms/staff/appointment.html", context, status=422 if form.is_bound else 200)


def _back(request: HttpRequest, appointment: Appointment) -> HttpResponse:
    """The person's sheet, while they are still on a list of ours; else the list."""
    if staff.known_to(request.user, MANAGE).filter(pk=appointment.person_id).exists():
        return redirect("lms:staff_person", appointment.person.public_id)
    return redirect("lms:staff_list", appointment.municipality.code)


@needs(MANAGE)
@require_http_methods(READS_AND_WRITES)
def refuse(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Say why an appointment that somebody declared is not so."""
    appointment = appointment_or_404(request, public_id)
    if not appointment.is_awaiting:
        raise Http404
    return _work(
        request,
        appointment,
        ReasonForm(request.POST or None),
        people.refuse_appointment,
        _("El nombramiento quedó rechazado. La persona ve el motivo en su cuenta."),
        title=_("Rechazar un nombramiento"),
        lead=_("Si fue un error de fecha o de puesto, mejor corríjalo y confírmelo."),
        action=_("Rechazar"),
        grave="yes",
    )


@needs(MANAGE)
@require_http_methods(READS_AND_WRITES)
def end(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The last day of an appointment."""
    appointment = appointment_or_404(request, public_id)
    if appointment.ends_on:
        raise Http404
    return _work(
        request,
        appointment,
        StaffEndForm(request.POST or None, initial={"ends_on": timezone.localdate()}),
        people.end_appointment,
        _("El nombramiento tiene fecha final. Los cursos y certificados siguen siendo de la persona."),
        title=_("Terminar un nombramiento"),
        lead=_("La persona conserva su cuenta, sus cursos y sus certificados."),
        action=_("Guardar el último día"),
    )


@needs(MANAGE)
@require_http_methods(READS_AND_WRITES)
def correct(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Write an appointment anew that was entered wrongly."""
    appointment = appointment_or_404(request, public_id)
    return _work(
        request,
        appointment,
        CorrectionForm(request.POST or None, appointment=appointment),
        people.correct_appointment,
        _("El nombramiento quedó corregido."),
        title=_("Corregir un nombramiento"),
        lead=_("Para un puesto nuevo no corrija este: anote otro y termine el anterior."),
        action=_("Guardar la corrección"),
    )


@needs(MANAGE)
@require_http_methods(READS_AND_WRITES)
def annul(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take back an appointment that never was."""
    appointment = appointment_or_404(request, public_id)
    if appointment.is_awaiting:
        raise Http404
    return _work(
        request,
        appointment,
        ReasonForm(request.POST or None),
        people.annul_appointment,
        _("El nombramiento quedó anulado. La persona ve el motivo en su cuenta."),
        title=_("Anular un nombramiento"),
        lead=_("Solo si nunca fue cierto. Si ya terminó, anote su último día."),
        action=_("Anular"),
        grave="yes",
    )


@needs(MANAGE)
@require_http_methods(READS_AND_WRITES)
def move(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """End an appointment here and propose one in another municipality."""
    appointment = appointment_or_404(request, public_id)
    if appointment.ends_on or appointment.is_awaiting:
        raise Http404
    today = timezone.localdate()
    initial = {
        "last_day": today,
        "starts_on": today + timedelta(days=1),
        "post": appointment.post,
        "renglon": appointment.renglon,
    }
    return _work(
        request,
        appointment,
        MoveForm(request.POST or None, initial=initial),
        people.move,
        _("El puesto terminó aquí y la otra municipalidad recibió la propuesta."),
        title=_("Trasladar a otra municipalidad"),
        lead=_(
            "El puesto termina aquí y se propone allá; esa municipalidad lo confirma. Los cursos y certificados de la "
            "persona van con ella."
        ),
        action=_("Trasladar"),
    )
