"""What one declares in one's own record: trainings taken elsewhere, with their papers."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from certificates.domain import career, evidence, transcripts
from certificates.forms import DeclarationForm
from certificates.models import AnnotationDetails, CareerAnnotation
from lms.domain.errors import RuleBroken
from lms.views import sending


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def declare(request: HttpRequest) -> HttpResponse:
    """Agregar una formación de otra parte."""
    form = DeclarationForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        try:
            given = form.cleaned_data["evidence"]
            paper = evidence.look(given, name=given.name, size=given.size, by=request.user) if given else None
            career.declare(person=request.user, said=form.said(), evidence=paper, by=request.user)
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            messages.success(request, _("Quedó anotada como declarada. Falta que la cotejen con el original."))
            return redirect("certificates:record")
    return render(request, "certificates/declare.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask first, then take it back."""
    entry = _own_or_404(request, public_id)
    if request.method == "POST":
        try:
            career.withdraw(entry=entry, by=request.user)
            messages.success(request, _("La retiró. Ya no cuenta en su expediente."))
        except RuleBroken as broken:
            messages.error(request, broken.message)
        return redirect("certificates:record")
    return render(request, "certificates/withdraw.html", {"entry": transcripts.entry_of(entry)})


@login_required
@require_safe
def own_evidence(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """The paper that one handed in."""
    return send_evidence(_own_or_404(request, public_id))


def _own_or_404(request: HttpRequest, public_id: UUID) -> CareerAnnotation:
    mine = CareerAnnotation.objects.for_person(request.user).entries().select_related("details")
    return get_object_or_404(mine, public_id=public_id)


def send_evidence(entry: CareerAnnotation) -> HttpResponseBase:
    """The paper of an entry, for whoever was let through: shown, never guessed to be something else, never kept."""
    details: AnnotationDetails = entry.details
    if not details.path:
        raise Http404
    kind = evidence.TYPES.get(details.suffix, "application/octet-stream")
    response = sending.hand_over(details.path, content_type=kind)
    if response is None:
        if not default_storage.exists(details.path):
            raise Http404
        response = FileResponse(default_storage.open(details.path), content_type=kind)
    is_paper = details.suffix == ".pdf"
    response["Content-Disposition"] = content_disposition_header(is_paper, details.name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
