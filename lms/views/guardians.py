"""A minor's own page on the consent of their guardian, and the sheet that is printed and signed."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from lms.domain import guardians, people
from lms.domain.errors import RuleBroken
from lms.forms.registering import GuardianForm
from lms.models import GuardianConsent, Membership, Person

from .signing import safe_next

READS_AND_WRITES = ["GET", "HEAD", "POST"]


def consent_of(person: Person) -> GuardianConsent | None:
    """What is written of the person's guardian."""
    return GuardianConsent.objects.filter(person=person).first()


@login_required
@require_http_methods(READS_AND_WRITES)
def consent(request: HttpRequest) -> HttpResponse:
    """Who authorises, where that stands, and what to do next. Grown-ups have nothing here."""
    if not people.is_minor(request.user.born_on):
        return redirect("lms:account")
    form, found = GuardianForm(request.POST or None), consent_of(request.user)
    if form.is_valid():
        try:
            guardians.declare(person=request.user, by=request.user, **form.cleaned_data)
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            messages.success(request, _("Quedó escrito quién autoriza. Ahora imprima el permiso para que lo firme."))
            return redirect(safe_next(request, default="lms:guardian_consent"))
    context = {"form": form, "consent": found, "next": safe_next(request, default=""), "places": _places(request.user)}
    return render(request, "lms/guardian_consent.html", context, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(READS_AND_WRITES)
def withdraw(request: HttpRequest) -> HttpResponse:
    """Ask once, then note that the guardian takes the consent back."""
    found = consent_of(request.user)
    if not people.is_minor(request.user.born_on) or found is None or found.withdrawn_at:
        return redirect("lms:account")
    if request.method == "POST":
        guardians.withdraw(person=request.user, by=request.user)
        messages.success(request, _("El permiso quedó retirado. Usted ya no participa en redes."))
        return redirect("lms:account")
    return render(request, "lms/guardian_withdraw.html", {"is_own": True, "back": "lms:guardian_consent"})


@login_required
@require_safe
def sheet(request: HttpRequest) -> HttpResponse:
    """One's own permission to print."""
    if not people.is_minor(request.user.born_on) or consent_of(request.user) is None:
        return redirect("lms:account")
    return draw_sheet(request, request.user)


def draw_sheet(request: HttpRequest, person: Person) -> HttpResponse:
    """The permission of a minor: a plain page that any printer takes."""
    context = {"person": person, "consent": consent_of(person), "places": _places(person)}
    return render(request, "lms/guardian_sheet.html", context)


def _places(person: Person) -> list[Membership]:
    open_ones = Membership.objects.open().filter(person=person)
    return list(open_ones.select_related("network", "municipality__department").order_by("network__name"))
