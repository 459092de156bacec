"""Paquete de entrega: asking for one, seeing how far it is, and fetching it."""

from uuid import UUID

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_safe

from certificates.domain import handover
from certificates.models import HandoverPackage
from lms import permissions
from lms.permissions import needs
from lms.views import sending


@needs(handover.ACTION)
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, code: str) -> HttpResponse:
    """The packages of a town hall; asks for another."""
    reach = permissions.municipalities_for(request.user, handover.ACTION).select_related("department")
    municipality = get_object_or_404(reach, code=code)
    if request.method == "POST":
        handover.ask(municipality=municipality, by=request.user)
        return redirect("certificates:handover", code)
    context = {
        "municipality": municipality,
        "packages": handover.with_jobs(municipality),
        "kept_days": handover.KEPT.days,
    }
    return render(request, "certificates/handover.html", context)


@needs(handover.ACTION)
@require_safe
def download(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """The ZIP."""
    reach = permissions.municipalities_for(request.user, handover.ACTION)
    found = HandoverPackage.objects.select_related("municipality").filter(municipality__in=reach.values("pk"))
    package = get_object_or_404(found.exclude(path=""), public_id=public_id)
    response = sending.hand_over(package.path, content_type="application/zip")
    if response is None:
        if not default_storage.exists(package.path):
            raise Http404
        response = FileResponse(default_storage.open(package.path), content_type="application/zip")
    handover.note_download(package, by=request.user)
    name = f"entrega-{package.municipality.code}-{package.asked_at:%Y-%m-%d}.zip"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["Cache-Control"] = "private, no-store"
    return response
