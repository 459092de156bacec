"""Opening a file that was handed in: for whoever did, and for whoever marks it. For all others there is none."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from courses.domain import marking
from courses.models import HandedFile
from courses.models.reach import EDIT
from lms.permissions import needs
from lms.views import sending

TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".pdf": "application/pdf"}


@login_required
@require_safe
def own(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """One's own."""
    found = HandedFile.objects.filter(answer__attempt__enrolment__person=request.user)
    return _sent(get_object_or_404(found, public_id=public_id))


@needs(EDIT)
@require_safe
def to_mark(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Of an attempt that was handed in, in a course that one writes."""
    found = HandedFile.objects.filter(
        answer__attempt__closed_at__isnull=False,
        answer__attempt__enrolment__course__in=marking.courses_of(request.user),
    ).exclude(answer__attempt__enrolment__person=request.user)
    return _sent(get_object_or_404(found, public_id=public_id))


def _sent(handed: HandedFile) -> HttpResponseBase:
    """Pictures to look at, everything else to keep; never guessed to be something else."""
    kind = TYPES.get(handed.suffix, "application/octet-stream")
    response = sending.hand_over(handed.path, content_type=kind)
    if response is None:
        if not default_storage.exists(handed.path):
            raise Http404
        response = FileResponse(default_storage.open(handed.path), content_type=kind)
    response["Content-Disposition"] = content_disposition_header(not handed.is_picture, handed.name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
