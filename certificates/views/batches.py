"""Certificates for a whole list: shown before it is asked, decided by another, followed while it is issued."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from certificates.domain import asking, batches, by_hand
from certificates.forms import BatchForm, DecisionForm
from certificates.models import CertificateAct, CertificateBatch
from lms.domain.errors import RuleBroken
from lms.permissions import needs

from .acts import private

PAGE = 25


@needs(asking.ACTION)
@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    """One's own lists, and for certifiers everybody's; the newest first."""
    found = batches.visible_to(request.user).select_related("asked_by", "decided_by")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return private(render(request, "certificates/batches.html", {"page_obj": page}))


@needs(asking.ACTION)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponseBase:
    """Read the list and show who is on it; asked for when whoever asks has seen that."""
    form = BatchForm(request.POST or None, request.FILES or None)
    reading = None
    if form.is_valid():
        try:
            reading = form.read(by=request.user)
            if form.cleaned_data["seen"] is not None:
                return _asked(request, form)
        except RuleBroken as broken:
            form.add_broken(broken)
    context = {"form": form, "reading": reading}
    return private(render(request, "certificates/batch_new.html", context, status=422 if form.errors else 200))


def _asked(request: HttpRequest, form: BatchForm) -> HttpResponse:
    data = form.cleaned_data
    batch = batches.ask(
        by=request.user,
        reason=data["reason"],
        text=form.text(),
        session=data["session"],
        said=form.said(),
        seen=data["seen"],
    )
    messages.success(request, _("La lista quedó pedida. Se emite cuando otra persona la certifique."))
    return redirect("certificates:batch", batch.public_id)


@needs(asking.ACTION)
@require_http_methods(["GET", "POST"])
def batch(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """The list, its decision, and how far it is. May be left and come back to."""
    found = get_object_or_404(
        batches.visible_to(request.user).select_related("asked_by", "decided_by"), public_id=public_id
    )
    form = DecisionForm(request.POST or None)
    if form.is_valid():
        try:
            _decide(request, found, form)
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            return redirect("certificates:batch", found.public_id)
    return private(render(request, "certificates/batch.html", _shown(request, found, form), status=_status(form)))


def _status(form: DecisionForm) -> int:
    return 422 if form.errors else 200


def _decide(request: HttpRequest, found: CertificateBatch, form: DecisionForm) -> None:
    if form.cleaned_data["decision"] == CertificateAct.Decision.CERTIFIED:
        batches.certify(batch=found, by=request.user)
        messages.success(request, _("La lista quedó certificada. Los certificados se están emitiendo."))
    else:
        batches.refuse(batch=found, reason=form.cleaned_data["answer"], by=request.user)
        messages.success(request, _("La lista quedó rechazada. Quien la pidió lee el motivo."))


def _shown(request: HttpRequest, found: CertificateBatch, form: DecisionForm) -> dict:
    rows = found.acts.select_related("person__merged_into", "event__certificate").order_by("pk")
    total, left = rows.count(), rows.waiting().count()
    return {
        "batch": found,
        "form": form,
        "changes": [change for change in by_hand.changes_of(found.facts)],
        "rows": rows,
        "total": total,
        "done": total - left,
        "issued": rows.filter(event__isnull=False).count(),
        "is_running": bool(found.decision == CertificateAct.Decision.CERTIFIED and left),
        "job": batches.job_of(found),
        "obstacle": batches.obstacle(found, request.user),
    }
