"""Opening a file that was handed in: for whoever did, and for whoever marks it. For all others there is none."""

from functools import partial
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_safe

from courses.domain import handing_in, marking
from courses.models import HandedFile
from courses.models.reach import EDIT
from courses.views.quiz import attempt_or_404
from lms.permissions import needs
from lms.views import sending
from media.views import uploads as tus

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


@login_required
@require_http_methods(["HEAD", "POST", "PATCH", "DELETE"])
def arriving(request: HttpRequest, public_id: UUID, number: int, file_id: UUID) -> HttpResponse:
    """A file of one's own answer that comes in pieces (tus), under the id that its sender gave it."""
    attempt = attempt_or_404(request, public_id)
    if request.method == "POST" and "X-HTTP-Method-Override" not in request.headers:
        expect = partial(handing_in.expect, attempt=attempt, order=number, public_id=file_id)
        return tus.begun(request, expect)
    found = handing_in.find_arriving(attempt, number, file_id)
    if found is None:
        raise Http404
    return tus.serve(request, found)


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
