"""Taking a record away: one's own in four forms, that of one of the staff as the sealed paper."""

from io import BytesIO
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from certificates.domain import portable
from lms.domain.errors import RuleBroken
from lms.models import Person
from lms.permissions import needs
from lms.views import sheets

from .staff import READ, staff_or_404


@login_required
@require_safe
def pdf(request: HttpRequest) -> HttpResponseBase:
    """One's own, sealed."""
    return _paper(request, request.user)


@login_required
@require_safe
def clr(request: HttpRequest) -> HttpResponseBase:
    """One's own as a Comprehensive Learner Record."""
    try:
        text = portable.as_clr(request.user)
    except RuleBroken as broken:
        messages.error(request, broken.message)
        return redirect("certificates:record")
    portable.note_download(request.user, by=request.user, form="clr")
    return _json(text, "expediente-clr.json")


@login_required
@require_safe
def cv(request: HttpRequest) -> HttpResponse:
    """One's own education and work as JSON."""
    portable.note_download(request.user, by=request.user, form="cv")
    return _json(portable.as_cv(request.user), "expediente-cv.json")


@login_required
@require_safe
def csv(request: HttpRequest) -> HttpResponseBase:
    """One's own as a list."""
    portable.note_download(request.user, by=request.user, form="csv")
    response = sheets.send("csv", "expediente", _("Expediente"), portable.headings(), portable.rows(request.user))
    response["Cache-Control"] = "private, no-store"
    return response


@needs(READ)
@require_safe
def staff_pdf(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """The record of one of the staff, sealed, for who reads it on the screen."""
    return _paper(request, staff_or_404(request, public_id))


def _paper(request: HttpRequest, person: Person) -> HttpResponseBase:
    content = portable.as_paper(person)
    portable.note_download(person, by=request.user, form="pdf")
    return FileResponse(
        BytesIO(content),
        as_attachment=True,
        filename="expediente.pdf",
        content_type="application/pdf",
        headers={"Cache-Control": "private, no-store"},
    )


def _json(text: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return HttpResponse(text, content_type="application/json; charset=utf-8", headers=headers)
