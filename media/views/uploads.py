"""tus 1.0 over `media.domain.uploads`. See https://tus.io/protocols and docs/decisions/0018.

Core, creation, creation-with-upload, creation-defer-length, checksum, expiration, termination.
"""

import base64
import binascii
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.request import UnreadablePostError
from django.urls import reverse
from django.utils.http import http_date
from django.views.decorators.http import require_http_methods

from lms.domain.errors import RuleBroken
from lms.permissions import needs
from media.domain import uploads
from media.models import Upload

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination"
OCTETS = "application/offset+octet-stream"
STATUS = {
    "upload.wrong_offset": 409,
    "upload.gone": 410,
    "upload.too_big": 413,
    "upload.quota": 413,
    "upload.empty": 400,
    "upload.size_known": 400,
    "upload.locked": 423,
    "upload.too_many": 429,
    "upload.checksum": 460,
    "upload.no_room": 507,
    "upload.later": 503,
}
SAFE = ("OPTIONS", "GET")
# For clients whose network lets no other method than POST pass; never for a GET, which needs no token of the page.
OVERRIDES = ("HEAD", "PATCH", "DELETE")


class Malformed(Exception):
    """A header that the protocol does not know so; the message names it."""


def _answer(status: int, text: str = "", **headers: str) -> HttpResponse:
    response = HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
    if status == 460:
        response.reason_phrase = "Checksum Mismatch"
    response["Tus-Resumable"] = VERSION
    response["Cache-Control"] = "no-store"
    for name, value in headers.items():
        response[name.replace("_", "-")] = value
    return response


def _refused(broken: RuleBroken) -> HttpResponse:
    return _answer(STATUS.get(broken.code, 400), broken.message)


def _abilities() -> HttpResponse:
    return _answer(
        204,
        Tus_Version=VERSION,
        Tus_Extension=EXTENSIONS,
        Tus_Max_Size=str(settings.MAX_UPLOAD_BYTES),
        Tus_Checksum_Algorithm=",".join(uploads.CHECKSUMS),
    )


def _wrong_version(request: HttpRequest) -> HttpResponse | None:
    if request.method in SAFE or request.headers.get("Tus-Resumable") == VERSION:
        return None
    return _answer(412, Tus_Version=VERSION)


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.headers.get(name)
    if not text:  # WSGI says an absent Content-Length as an empty one
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise Malformed(name)
    return int(text)


def _length(request: HttpRequest) -> int | None:
    """`Upload-Length`, or None for one that comes later."""
    size, deferred = _number(request, "Upload-Length"), request.headers.get("Upload-Defer-Length")
    if (size is None) == (deferred is None) or deferred not in {None, "1"}:
        raise Malformed("Upload-Length, Upload-Defer-Length")
    return size


def _metadata(request: HttpRequest) -> dict[str, str]:
    """`Upload-Metadata`: pairs of a key and a base64 value."""
    found = {}
    for pair in filter(None, (part.strip() for part in request.headers.get("Upload-Metadata", "").split(","))):
        key, _space, value = pair.partition(" ")
        try:
            # PostgreSQL takes no null characters.
            found[key] = base64.b64decode(value, validate=True).decode().replace("\0", "")
        except (ValueError, binascii.Error) as bad:
            raise Malformed("Upload-Metadata") from bad
    return found


def _checksum(request: HttpRequest) -> uploads.Checksum | None:
    """`Upload-Checksum`: an algorithm of ours and a base64 digest."""
    header = request.headers.get("Upload-Checksum")
    if header is None:
        return None
    algorithm, _space, value = header.partition(" ")
    if algorithm not in uploads.CHECKSUMS:
        raise Malformed("Upload-Checksum")
    try:
        return uploads.Checksum(algorithm, base64.b64decode(value, validate=True))
    except (ValueError, binascii.Error) as bad:
        raise Malformed("Upload-Checksum") from bad


def address(upload: Upload) -> str:
    """Where an upload is continued."""
    return reverse("media_uploads:upload", args=[upload.public_id])


def _expires(upload: Upload) -> str:
    return http_date(upload.expires_at.timestamp())


@needs("upload_video")
@require_http_methods(["OPTIONS", "GET", "POST"])
def collection(request: HttpRequest) -> HttpResponse:
    """Announce (OPTIONS), find one's own uploads of a file that can go on (GET), begin one (POST)."""
    if wrong := _wrong_version(request):
        return wrong
    if request.method == "OPTIONS":
        return _abilities()
    if request.method == "GET":
        found = uploads.find_unfinished(request.user, request.GET.get("huella", ""))
        return JsonResponse({"uploads": [_as_json(row) for row in found]}, headers={"Cache-Control": "no-store"})
    try:
        return _create(request)
    except RuleBroken as broken:
        return _refused(broken)
    except Malformed as bad:
        return _answer(400, str(bad))


def _as_json(upload: Upload) -> dict:
    return {
        "url": address(upload),
        "offset": upload.offset,
        "size": upload.size,
        "is_complete": upload.completed_at is not None,
        "samples": uploads.samples_of(upload),
    }


def _create(request: HttpRequest) -> HttpResponse:
    metadata, checksum = _metadata(request), _checksum(request)
    length = _number(request, "Content-Length") if request.content_type == OCTETS else None
    upload = uploads.begin(
        person=request.user,
        file_name=metadata.get("filename", ""),
        size=_length(request),
        fingerprint=metadata.get("fingerprint", ""),
    )
    headers = {"Location": address(upload)}
    if length:
        try:
            headers["Upload_Offset"] = str(
                uploads.append(upload, offset=0, length=length, read=request.read, checksum=checksum)
            )
        except RuleBroken:
            uploads.end(upload)  # its address was never told
            raise
        except UnreadablePostError:
            return _answer(400)  # what arrived is kept: the same file finds it again by its fingerprint
    return _answer(201, Upload_Expires=_expires(upload), **headers)


def upload_or_404(request: HttpRequest, public_id: uuid.UUID) -> Upload:
    """One's own upload; somebody else's does not exist."""
    found = Upload.objects.filter(public_id=public_id, person=request.user).first()
    if found is None:
        raise Http404
    return found


@needs("upload_video")
@require_http_methods(["OPTIONS", "HEAD", "PATCH", "DELETE", "POST"])
def upload(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """One upload: how far it is (HEAD), more of it (PATCH), no more of it (DELETE)."""
    return serve(request, upload_or_404(request, public_id))


def begun(request: HttpRequest, begin: Callable[..., Upload]) -> HttpResponse:
    """Begin an upload at the address that was asked, or find the one that was begun there; says how far it is.

    For senders who choose the address themselves, so that an answer that was lost on its way begins nothing twice.
    `begin(size=…, file_name=…)` makes or finds it.
    """
    if wrong := _wrong_version(request):
        return wrong
    try:
        size = _number(request, "Upload-Length")
        if size is None:
            raise Malformed("Upload-Length")
        found = begin(size=size, file_name=_metadata(request).get("filename", ""))
        offset = str(uploads.offset_of(found))
    except RuleBroken as broken:
        return _refused(broken)
    except Malformed as bad:
        return _answer(400, str(bad))
    return _answer(201, Location=request.path, Upload_Offset=offset, Upload_Expires=_expires(found))


def serve(request: HttpRequest, found: Upload) -> HttpResponse:
    """What is asked of an upload that is the sender's own."""
    if wrong := _wrong_version(request):
        return wrong
    if request.method == "OPTIONS":
        return _abilities()
    answers = {"HEAD": _head, "PATCH": _patch, "DELETE": _delete}
    method = request.method
    if method == "POST":
        method = request.headers.get("X-HTTP-Method-Override", "").upper()
        if method not in OVERRIDES:
            return HttpResponseNotAllowed(["OPTIONS", *OVERRIDES])
    try:
        return answers[method](request, found)
    except RuleBroken as broken:
        return _refused(broken)
    except Malformed as bad:
        return _answer(400, str(bad))


def _head(request: HttpRequest, found: Upload) -> HttpResponse:
    uploads.check_alive(found)
    offset = str(uploads.offset_of(found))
    size = {"Upload_Defer_Length": "1"} if found.size is None else {"Upload_Length": str(found.size)}
    return _answer(200, Upload_Offset=offset, Upload_Expires=_expires(found), **size)


def _patch(request: HttpRequest, found: Upload) -> HttpResponse:
    if request.content_type != OCTETS:
        return _answer(415)
    offset, length = _number(request, "Upload-Offset"), _number(request, "Content-Length")
    size, checksum = _number(request, "Upload-Length"), _checksum(request)
    if offset is None:
        raise Malformed("Upload-Offset")
    if length is None:
        return _answer(411)
    uploads.check_alive(found)
    if size is not None:
        uploads.declare_size(found, size)
    try:
        here = uploads.append(found, offset=offset, length=length, read=request.read, checksum=checksum)
    except UnreadablePostError:
        return _answer(400)  # the line dropped; what arrived is kept, nobody reads this answer
    return _answer(204, Upload_Offset=str(here), Upload_Expires=_expires(found))


def _delete(request: HttpRequest, found: Upload) -> HttpResponse:
    uploads.end(found)
    return _answer(204)
