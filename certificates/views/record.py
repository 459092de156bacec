"""One's own record, and the PDF of a certificate for its owner."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from certificates.domain import competencies, competency_gaps, coverage, issuing, lines, rendering, renewals
from certificates.domain import record as career
from certificates.domain.revocation import ACTION as REVOKE
from certificates.models import Certificate
from courses.models import Completion
from lms import permissions
from lms.domain.errors import RuleBroken
from lms.views import sending


@login_required
def record(request: HttpRequest) -> HttpResponse:
    """Mi expediente: posts, courses, certificates, what is on the way, what was declared."""
    found = career.find(request.user)
    shown, able = lines.lines_of(found), competencies.fold(found.certificates)
    context = {
        "record": found,
        "competencies": able,
        "asked": competency_gaps.find_one(able, request.user.appointments.current()),
        "offers": renewals.offers(found.certificates),
        "sums": lines.sums(shown),
        "modalities": lines.by_modality(shown),
    }
    return render(request, "certificates/record.html", context)


@login_required
def download(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """The PDF, for its owner and for those who may revoke it; for anybody else it does not exist."""
    certificate = certificate_or_404(request, public_id)
    file, content = rendering.open_file(certificate)
    name = f"{certificate.reference}.pdf"
    if given := sending.hand_over(file.path, content_type="application/pdf"):
        content.close()
        given["Content-Disposition"] = content_disposition_header(True, name) or ""
        return given
    response = FileResponse(content, as_attachment=True, filename=name, content_type="application/pdf")
    response["Content-Length"] = file.bytes
    return response


@login_required
@require_POST
def apply(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask for the certificate of a course that one completed."""
    completion = get_object_or_404(Completion.objects.of_family(request.user), public_id=public_id)
    try:
        issuing.apply_for(completion, by=request.user)
        messages.success(request, _("Pidió su certificado. En unos minutos lo verá aquí."))
    except RuleBroken as broken:
        messages.error(request, broken.message)
    return redirect("certificates:record")


def certificate_or_404(request: HttpRequest, public_id: UUID) -> Certificate:
    """The gate of a certificate: one's own, or one that lies within one's reach as a certifier."""
    found = Certificate.objects.for_person(request.user).filter(public_id=public_id).select_related("series").first()
    if found is None and permissions.allows(request.user, REVOKE):
        found = coverage.visible_to(request.user, REVOKE).filter(public_id=public_id).select_related("series").first()
    if found is None:
        raise Http404
    return found
