"""Serving what was published: by signed address, to the person it was made for, in byte ranges."""

import re
from collections.abc import Iterator
from email.utils import format_datetime
from pathlib import Path

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from lms.domain.errors import RuleBroken
from media.domain import delivery
from media.models import Caption, Rendition, Video

CHUNK_BYTES = 128 * 1024
# The address ends within a day and names the person; until then a second look costs no bytes.
KEEP = "private, max-age=21600"
PICTURES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def _video_id_or_404(request: HttpRequest, token: str):
    try:
        return delivery.open_token(token, request.user)
    except RuleBroken as broken:
        raise Http404 from broken


def _on_disk(path: str) -> Path | None:
    try:
        return Path(default_storage.path(path))
    except NotImplementedError:
        return None


def _is_file(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:  # a name longer than the disk allows
        return False


def asked_range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a single range (RFC 9110, 14.1.2); None to send all. Raises `ValueError` when none fits.

    Several ranges, other units and malformed headers are ignored, as the standard allows.
    """
    match = RANGE.fullmatch(header.replace(" ", ""))
    if not match or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        if int(last) == 0 or size == 0:
            raise ValueError(header)
        return max(0, size - int(last)), size - 1
    start, end = int(first), min(int(last), size - 1) if last else size - 1
    if last and int(last) < start:
        return None
    if start >= size:
        raise ValueError(header)
    return start, end


class _Slice:
    """Part of a file in pieces; Django closes it, also when nobody waited for the end."""

    def __init__(self, file: Path, start: int, length: int) -> None:
        self.handle = file.open("rb")
        self.handle.seek(start)
        self.left = length
        self.close = self.handle.close

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = self.handle.read(min(CHUNK_BYTES, self.left))
        if not chunk:
            raise StopIteration
        self.left -= len(chunk)
        return chunk


def _body(request: HttpRequest, file: Path, start: int, length: int) -> HttpResponseBase:
    if request.method == "HEAD":
        return HttpResponse()
    return StreamingHttpResponse(_Slice(file, start, length))


def _serve(request: HttpRequest, file: Path, content_type: str, tag: str) -> HttpResponseBase:
    """A file, whole or the range asked for; 304 and 416 where they are due."""
    if not _is_file(file):
        raise Http404
    size = file.stat().st_size
    etag = f'"{tag}"'
    if etag in request.headers.get("If-None-Match", "") and "Range" not in request.headers:
        response: HttpResponseBase = HttpResponse(status=304)
    else:
        wanted = request.headers.get("Range", "")
        if request.headers.get("If-Range", etag) != etag:
            wanted = ""
        try:
            part = asked_range(wanted, size)
        except ValueError:
            response = HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
            response["Cache-Control"] = "private, no-store"
            return response
        start, end = part or (0, size - 1)
        response = _body(request, file, start, end - start + 1)
        response["Content-Length"] = str(end - start + 1)
        if part:
            response.status_code = 206
            response["Content-Range"] = f"bytes {start}-{end}/{size}"
    response["Content-Type"] = content_type
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    response["Cache-Control"] = KEEP
    return response


def _elsewhere(path: str) -> HttpResponse:
    """To the storage itself, by an address that it signs and that expires."""
    response = redirect(default_storage.url(path))
    response["Cache-Control"] = "private, max-age=3600"
    return response


@require_safe
def rendition(request: HttpRequest, token: str, rung: str) -> HttpResponseBase:
    """One rung, as one file."""
    found = get_object_or_404(
        Rendition.objects.only("path", "sha256"), video__public_id=_video_id_or_404(request, token), rung=rung
    )
    file = _on_disk(found.path)
    return _serve(request, file, "video/mp4", found.sha256[:32]) if file else _elsewhere(found.path)


@require_safe
def playlist(request: HttpRequest, token: str, rung: str) -> HttpResponse:
    """One rung as HLS by byte ranges of that same file."""
    found = get_object_or_404(Rendition, video__public_id=_video_id_or_404(request, token), rung=rung)
    text = delivery.playlist(found, f"{rung}.mp4")
    return HttpResponse(text, content_type="application/vnd.apple.mpegurl", headers={"Cache-Control": KEEP})


@require_safe
def poster(request: HttpRequest, token: str) -> HttpResponseBase:
    """The picture before the film plays."""
    video = get_object_or_404(Video.objects.only("poster_path"), public_id=_video_id_or_404(request, token))
    if not video.poster_path:
        raise Http404
    file = _on_disk(video.poster_path)
    return _serve(request, file, "image/jpeg", file.stem) if file else _elsewhere(video.poster_path)


@require_safe
def captions(request: HttpRequest, token: str, language: str) -> HttpResponse:
    """Captions in one language."""
    video_id = _video_id_or_404(request, token)
    found = get_object_or_404(Caption.objects.only("text"), video__public_id=video_id, language__key=language)
    return HttpResponse(found.text, content_type="text/vtt; charset=utf-8", headers={"Cache-Control": KEEP})


@require_safe
def picture(request: HttpRequest, path: str) -> HttpResponseBase:
    """A public picture: what Wagtail made from an image, never the image as it was uploaded."""
    content_type = PICTURES.get(Path(path).suffix.lower())
    name = f"images/{path}"
    try:
        file = _on_disk(name)
    except SuspiciousFileOperation as outside:
        raise Http404 from outside
    if content_type is None or ".." in Path(path).parts:
        raise Http404
    if file is None:
        return _elsewhere(name)
    if not _is_file(file):
        raise Http404
    changed_at = timezone.datetime.fromtimestamp(file.stat().st_mtime, tz=timezone.get_default_timezone())
    response = FileResponse(file.open("rb"), content_type=content_type)
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["Last-Modified"] = format_datetime(changed_at)
    response["X-Content-Type-Options"] = "nosniff"
    return response
