"""What one person asks of the register, for another to certify, and what became of it."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from certificates.domain import acts, asking, by_hand, correction, coverage, revocation, suspension
from certificates.forms import AskForm, ByHandForm, CorrectionForm, LiftingForm, RevocationForm, SuspensionForm
from certificates.models import Certificate, CertificateAct
from lms.domain import people
from lms.domain.access import find_person
from lms.domain.errors import RuleBroken
from lms.permissions import needs

PAGE = 25
# In which states what may be asked.
STATES = {
    CorrectionForm: {Certificate.State.ISSUED},
    SuspensionForm: {Certificate.State.ISSUED},
    LiftingForm: {Certificate.State.SUSPENDED},
    RevocationForm: {Certificate.State.ISSUED, Certificate.State.SUSPENDED},
}


@needs(asking.ACTION)
@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    """What one asked, the newest first, and what became of it."""
    asked = (
        acts.asked_by(request.user)
        .filter(batch=None)
        .select_related("certificate", "person", "decided_by", "event__certificate", "municipality__department")
    )
    page = Paginator(asked, PAGE).get_page(request.GET.get("page"))
    return private(render(request, "certificates/acts.html", {"page_obj": page}))


@needs(asking.ACTION)
@require_http_methods(["GET", "POST"])
def revoke(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Ask that a certificate be revoked."""
    certificate = certificate_or_404(request, public_id)
    form = RevocationForm(request.POST or None)
    if form.is_valid():
        said = {name: form.cleaned_data[name] for name in ("reason_kind", "reason")}
        try:
            revocation.ask(certificate=certificate, by=request.user, **said)
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            return _asked(request, certificate)
    return _page(request, "certificates/revoke.html", form, certificate)


@needs(asking.ACTION)
@require_http_methods(["GET", "POST"])
def correct(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Ask for a certificate that says what this one should have said."""
    certificate = certificate_or_404(request, public_id)
    form = CorrectionForm(request.POST or None, certificate=certificate)
    if form.is_valid():
        said = {name: form.cleaned_data[name] for name in ("reason_kind", "reason")}
        try:
            correction.ask(certificate=certificate, by=request.user, wanted=form.wanted(), **said)
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            return _asked(request, certificate)
    return _page(request, "certificates/correct.html", form, certificate)


@needs(asking.ACTION)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def issue(request: HttpRequest) -> HttpResponseBase:
    """Ask for a certificate that follows from no completion."""
    form = ByHandForm(request.POST or None)
    if form.is_valid():
        person = find_person(form.cleaned_data["identifier"])
        try:
            if (
                person is None
                or not people.visible_to(request.user, asking.ACTION).filter(pk=person.holder.pk).exists()
            ):
                raise RuleBroken("act.nobody", _("No encontramos a nadie de su municipalidad con ese dato."))
            act = by_hand.ask(person=person, by=request.user, reason=form.cleaned_data["reason"], **form.said())
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            words = _("Quedó pedido el certificado de %(name)s. Se emite cuando otra persona lo certifique.")
            messages.success(request, words % {"name": act.person.full_name})
            return redirect("certificates:acts")
    return private(render(request, "certificates/by_hand.html", {"form": form}, status=422 if form.errors else 200))


@needs(asking.ACTION)
@require_http_methods(["GET", "POST"])
def suspend(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Ask that a certificate be suspended."""
    return _ask_state(request, public_id, SuspensionForm(request.POST or None), suspension.ask)


@needs(asking.ACTION)
@require_http_methods(["GET", "POST"])
def lift(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Ask that a suspension be lifted."""
    return _ask_state(request, public_id, LiftingForm(request.POST or None), suspension.ask_lifting)


def _ask_state(
    request: HttpRequest, public_id: UUID, form: AskForm, ask: Callable[..., CertificateAct]
) -> HttpResponseBase:
    certificate = certificate_or_404(request, public_id)
    if form.is_valid():
        try:
            ask(certificate=certificate, by=request.user, **form.cleaned_data)
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            words = _("Quedó pedido. El certificado %(number)s sigue como está hasta que otra persona lo certifique.")
            messages.success(request, words % {"number": certificate.reference})
            return redirect("certificates:acts")
    return _page(request, "certificates/suspend.html", form, certificate)


def certificate_or_404(request: HttpRequest, public_id: UUID) -> Certificate:
    """A certificate about which one may ask; out of one's reach it does not exist."""
    found = coverage.visible_to(request.user, asking.ACTION).filter(public_id=public_id)
    certificate = found.select_related("person__merged_into", "post", "municipality__department").first()
    if certificate is None:
        raise Http404
    return certificate


def _page(request: HttpRequest, template: str, form, certificate: Certificate) -> HttpResponseBase:
    waiting = CertificateAct.objects.waiting().filter(certificate=certificate).first()
    named = correction.differs_from_record(certificate.person_name, certificate.person)
    context = {
        "form": form,
        "certificate": certificate,
        "waiting": waiting,
        "differs": named,
        "may_ask": certificate.state in STATES[type(form)],  # type: ignore[attr-defined]  # `with_state` annotates it
        "is_lifting": isinstance(form, LiftingForm),
    }
    return private(render(request, template, context, status=422 if form.errors else 200))


def _asked(request: HttpRequest, certificate: Certificate) -> HttpResponse:
    words = _("Quedó pedido. El certificado %(number)s sigue vigente hasta que otra persona lo certifique.")
    messages.success(request, words % {"number": certificate.reference})
    return redirect("certificates:acts")


def private(response: HttpResponseBase) -> HttpResponseBase:
    """Kept by nobody."""
    response["Cache-Control"] = "private, no-store"
    return response
