"""tus 1.0 (core, creation, termination, expiration) over `media.domain.uploads`. See https://tus.io/protocols."""

import base64
import binascii
import uuid

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.urls import reverse
from django.utils.http import http_date
from django.views.decorators.http import require_http_methods

from lms.domain.errors import RuleBroken
from lms.permissions import needs
from media.domain import uploads
from media.models import Upload

VERSION = "1.0.0"
EXTENSIONS = "creation,termination,expiration"
STATUS = {
    "upload.wrong_offset": 409,
    "upload.gone": 410,
    "upload.too_big": 413,
    "upload.empty": 400,
    "upload.locked": 423,
    "upload.too_many": 429,
}
SAFE = ("OPTIONS", "GET")


def _answer(status: int, text: str = "", **headers: str) -> HttpResponse:
    response = HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
    response["Tus-Resumable"] = VERSION
    response["Cache-Control"] = "no-store"
    for name, value in headers.items():
        response[name.replace("_", "-")] = value
    return response


def _refused(broken: RuleBroken) -> HttpResponse:
    return _answer(STATUS.get(broken.code, 400), broken.message)


def _wrong_version(request: HttpRequest) -> HttpResponse | None:
    if request.method in SAFE or request.headers.get("Tus-Resumable") == VERSION:
        return None
    return _answer(412, Tus_Version=VERSION)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None


def _metadata(header: str) -> dict[str, str]:
    """`Upload-Metadata`: pairs of a key and a base64 value. Raises `ValueError`."""
    found = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        key, _, value = pair.partition(" ")
        # PostgreSQL takes no null characters.
        found[key] = base64.b64decode(value, validate=True).decode().replace("\0", "")
    return found


def address(upload: Upload) -> str:
    """Where an upload is continued."""
    return reverse("media_uploads:upload", args=[upload.public_id])


def _expires(upload: Upload) -> str:
    return http_date(upload.expires_at.timestamp())


@needs("upload_video")
@require_http_methods(["OPTIONS", "GET", "POST"])
def collection(request: HttpRequest) -> HttpResponse:
    """Announce (OPTIONS), find one's own unfinished uploads of a file (GET), begin one (POST)."""
    if wrong := _wrong_version(request):
        return wrong
    if request.method == "OPTIONS":
        size = str(settings.MAX_UPLOAD_BYTES)
        return _answer(204, Tus_Version=VERSION, Tus_Extension=EXTENSIONS, Tus_Max_Size=size)
    if request.method == "GET":
        found = uploads.find_unfinished(request.user, request.GET.get("huella", ""))
        rows = [{"url": address(row), "offset": row.offset, "size": row.size} for row in found]
        return JsonResponse({"uploads": rows}, headers={"Cache-Control": "no-store"})
    return _create(request)


def _create(request: HttpRequest) -> HttpResponse:
    size = _number(request.headers.get("Upload-Length"))
    try:
        metadata = _metadata(request.headers.get("Upload-Metadata", ""))
    except (ValueError, binascii.Error):
        return _answer(400, "Upload-Metadata")
    if size is None:
        return _answer(400, "Upload-Length")
    try:
        upload = uploads.begin(
            person=request.user,
            file_name=metadata.get("filename", ""),
            size=size,
            fingerprint=metadata.get("fingerprint", ""),
        )
    except RuleBroken as broken:
        return _refused(broken)
    return _answer(201, Location=address(upload), Upload_Expires=_expires(upload))


def upload_or_404(request: HttpRequest, public_id: uuid.UUID) -> Upload:
    """One's own upload; somebody else's does not exist. Raises `upload.gone` when it expired."""
    found = Upload.objects.filter(public_id=public_id, person=request.user).first()
    if found is None:
        raise Http404
    if found.completed_at is None and not uploads.path_of(found).exists():
        raise RuleBroken("upload.gone", "")
    return found


@needs("upload_video")
@require_http_methods(["OPTIONS", "HEAD", "PATCH", "DELETE"])
def upload(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """One upload: how far it is (HEAD), more of it (PATCH), no more of it (DELETE)."""
    if wrong := _wrong_version(request):
        return wrong
    if request.method == "OPTIONS":
        return _answer(204, Tus_Version=VERSION, Tus_Extension=EXTENSIONS)
    answers = {"HEAD": _head, "PATCH": _patch, "DELETE": _delete}
    try:
        return answers[request.method](request, upload_or_404(request, public_id))
    except RuleBroken as broken:
        return _refused(broken)


def _head(request: HttpRequest, found: Upload) -> HttpResponse:
    offset = str(uploads.offset_of(found))
    return _answer(200, Upload_Offset=offset, Upload_Length=str(found.size), Upload_Expires=_expires(found))


def _patch(request: HttpRequest, found: Upload) -> HttpResponse:
    if request.content_type != "application/offset+octet-stream":
        return _answer(415)
    offset = _number(request.headers.get("Upload-Offset"))
    length = _number(request.headers.get("Content-Length"))
    if offset is None:
        return _answer(400, "Upload-Offset")
    if length is None:
        return _answer(411)
    try:
        here = uploads.append(found, offset=offset, length=length, read=request.read)
    except UnreadablePostError:
        return _answer(400)  # the line dropped; what arrived is kept, nobody reads this answer
    return _answer(204, Upload_Offset=str(here), Upload_Expires=_expires(found))


def _delete(request: HttpRequest, found: Upload) -> HttpResponse:
    uploads.end(found)
    return _answer(204)
