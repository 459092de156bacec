"""Many certificates in one file: asked for, waited for, taken away."""

from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certificates.domain import acts, batches, bundles, coverage
from certificates.filters import TrackingFilter
from certificates.models import Certificate
from lms import permissions
from lms.domain.errors import RuleBroken
from lms.permissions import needs
from lms.views import sending

from .acts import private


@needs(acts.CERTIFY)
@require_POST
def of_list(request: HttpRequest) -> HttpResponse:
    """Of whatever Seguimiento lists under the filters that are sent along."""
    wanted = QueryDict(request.POST.get("filters", "")[:2000])
    reach = permissions.municipalities_for(request.user, acts.CERTIFY)
    visible = coverage.visible_to(request.user, acts.CERTIFY)
    return _ask(request, TrackingFilter(wanted, queryset=visible, municipalities=reach).qs, "certificates:tracking")


@needs(acts.CERTIFY)
@require_POST
def of_batch(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Of what a batch issued."""
    batch = get_object_or_404(batches.visible_to(request.user), public_id=public_id)
    issued = Certificate.objects.filter(events__act__batch=batch)
    return _ask(request, issued, "certificates:batch", batch.public_id)


def _ask(request: HttpRequest, certificates, back: str, *keys: object) -> HttpResponse:
    try:
        bundle = bundles.ask(certificates=certificates, form=request.POST.get("form", ""), by=request.user)
    except RuleBroken as broken:
        messages.error(request, broken.message)
        return redirect(back, *keys)
    return redirect("certificates:bundle", bundle.public_id)


@needs(acts.CERTIFY)
@require_safe
def bundle(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """How far it is, and the file once it is there. May be left and come back to."""
    found = get_object_or_404(bundles.visible_to(request.user), public_id=public_id)
    context = {"bundle": found, "job": bundles.job_of(found), "total": len(found.certificates)}
    return private(render(request, "certificates/bundle.html", context))


@needs(acts.CERTIFY)
@require_http_methods(["GET"])
def download(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """The file itself; private, and told to the trail."""
    found = get_object_or_404(bundles.visible_to(request.user), public_id=public_id)
    try:
        content = bundles.take(found, by=request.user)
    except RuleBroken as broken:
        messages.error(request, broken.message)
        return redirect("certificates:bundle", found.public_id)
    kind, name = bundles.TYPES[found.form], f"certificados-{found.asked_at:%Y-%m-%d}.{bundles.SUFFIXES[found.form]}"
    if given := sending.hand_over(found.path, content_type=kind):
        content.close()
        given["Content-Disposition"] = content_disposition_header(True, name) or ""
        return private(given)
    return private(FileResponse(content, as_attachment=True, filename=name, content_type=kind))
