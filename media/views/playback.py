"""Serving what was published: by signed address, to the person it was made for, in byte ranges."""

import re
import uuid
from collections.abc import Callable, Iterator
from email.utils import format_datetime
from pathlib import Path

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import default_storage
from django.db.models import F
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from lms.domain.errors import RuleBroken
from lms.views import sending
from media.domain import addresses, delivered, delivery
from media.domain import captions as domain_captions
from media.models import Rendition, Track, Video

CHUNK_BYTES = 128 * 1024
# The address ends within a day and names the person; until then a second look costs no bytes.
KEEP = addresses.KEEP
FOREVER = "public, max-age=31536000, immutable"
PICTURES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
RANGE = re.compile(r"(\d*)-(\d*)")
CUT = re.compile(r"[0-9]{1,6}")
Tell = Callable[[int], None]


def _video_id_or_404(request: HttpRequest, token: str):
    try:
        return delivery.open_token(token, request.user)
    except RuleBroken as broken:
        raise Http404 from broken


def _asked_or_404(request: HttpRequest, seal: str, ends: str, path: str) -> Rendition:
    """What a sealed address names, of whatever cut, as long as that very file is there."""
    try:
        asked = addresses.open_address(seal, ends, path, request.user)
    except RuleBroken as broken:
        raise Http404 from broken
    renditions = Rendition.objects.select_related("video").defer("manifest")
    found = get_object_or_404(
        renditions, video__public_id=asked.video, cut=asked.cut, track=asked.track or None, rung=asked.rung
    )
    if addresses.path_of(found) != path:
        raise Http404
    return found


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

    As nginx does it: other units and several ranges are ignored, a range that is none is refused.
    """
    unit, _equals, text = header.partition("=")
    if unit.strip().lower() != "bytes" or "," in text:
        return None
    match = RANGE.fullmatch(text.replace(" ", ""))
    if not match or not any(match.groups()):
        raise ValueError(header)
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last), size - 1) if first and last else size - 1
    if start > end:
        raise ValueError(header)
    return start, end


class _Slice:
    """Part of a file in pieces; Django closes it, also when nobody waited for the end, and it tells what was sent."""

    def __init__(self, file: Path, start: int, length: int, tell: Tell | None) -> None:
        self.handle = file.open("rb")
        self.handle.seek(start)
        self.left = length
        self.sent = 0
        self.tell = tell

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = self.handle.read(min(CHUNK_BYTES, self.left))
        if not chunk:
            raise StopIteration
        self.left -= len(chunk)
        self.sent += len(chunk)
        return chunk

    def close(self) -> None:
        """Once, whether all of it went or not."""
        self.handle.close()
        if self.tell and self.sent:
            self.tell(self.sent)
        self.tell = None


def _is_known(request: HttpRequest, etag: str, changed: str) -> bool:
    """Whether the browser has it already; a date counts only where no tag was named (RFC 9110, 13.2.2)."""
    if names := request.headers.get("If-None-Match"):
        return names.strip() == "*" or etag in (name.strip() for name in names.split(","))
    return request.headers.get("If-Modified-Since") == changed


def _range(request: HttpRequest, size: int, etag: str, changed: str) -> tuple[int, int] | None:
    """The part that is asked for, unless it is of another version (If-Range). Raises `ValueError` when none fits."""
    wanted = request.headers.get("Range")
    if wanted is None or request.headers.get("If-Range", etag) not in {etag, changed}:
        return None
    return asked_range(wanted, size)


def _serve(request: HttpRequest, file: Path, content_type: str, tell: Tell | None = None) -> HttpResponseBase:
    """A file, whole or the range asked for; 304 and 416 where they are due. Tagged and answered as nginx would."""
    if not _is_file(file):
        raise Http404
    facts = file.stat()
    etag, changed = f'"{int(facts.st_mtime):x}-{facts.st_size:x}"', http_date(int(facts.st_mtime))
    if _is_known(request, etag, changed):
        response: HttpResponseBase = HttpResponse(status=304)
    else:
        try:
            part = _range(request, facts.st_size, etag, changed)
        except ValueError:
            response = HttpResponse(status=416, headers={"Content-Range": f"bytes */{facts.st_size}"})
            response["Cache-Control"] = "private, no-store"
            return response
        start, end = part or (0, facts.st_size - 1)
        is_head = request.method == "HEAD"
        response = HttpResponse() if is_head else StreamingHttpResponse(_Slice(file, start, end - start + 1, tell))
        response["Content-Length"] = str(end - start + 1)
        if part:
            response.status_code = 206
            response["Content-Range"] = f"bytes {start}-{end}/{facts.st_size}"
    response["Content-Type"] = content_type
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    response["Last-Modified"] = changed
    response["Cache-Control"] = KEEP
    return response


def _elsewhere(request: HttpRequest, found: Rendition, seconds: int, **answer: str) -> HttpResponse:
    """To the storage itself, which sends `answer` as headers. Not to be kept: what it leads to soon ends."""
    url = addresses.storage_url(found, request.user, seconds=seconds, method=request.method or "GET", answer=answer)
    response = redirect(url)
    response["Cache-Control"] = "private, no-store"
    return response


def _from_afar(path: str, content_type: str, cache: str) -> HttpResponseBase:
    """A small file of a far storage, by our own hand: another host would cost a slow telephone a second more."""
    try:
        content = default_storage.open(path)
    except FileNotFoundError as missing:
        raise Http404 from missing
    return FileResponse(content, content_type=content_type, headers={"Cache-Control": cache})


@require_safe
def rendition(request: HttpRequest, seal: str, ends: str, path: str) -> HttpResponseBase:
    """One rung of one cut, as one file. Behind nginx nobody asks us this; of a storage once a stretch."""
    found = _asked_or_404(request, seal, ends, path)
    file = _on_disk(found.path)
    if file is None:
        is_fetched = request.headers.get("Sec-Fetch-Dest") == "empty"
        seconds = addresses.FETCHED_SECONDS if is_fetched else addresses.element_seconds(found.duration_seconds)
        return _elsewhere(request, found, seconds, ResponseCacheControl=KEEP)

    def tell(sent: int) -> None:
        delivered.note(person=request.user, rendition=found, sent_bytes=sent)

    return _serve(request, file, addresses.TYPES.get(file.suffix[1:], "video/mp4"), tell)


def _in_use_or_404(request: HttpRequest, token: str, rung: str, track: uuid.UUID | None) -> Rendition:
    """Of the cut in use: the video as it is, or with one of its tracks that is ready."""
    video_id = _video_id_or_404(request, token)
    asked = {"track__public_id": track, "track__state": Track.State.READY} if track else {"track": None}
    renditions = Rendition.objects.select_related("video", "track__language")
    return get_object_or_404(renditions, video__public_id=video_id, cut=F("video__cut"), rung=rung, **asked)


@require_safe
def playlist(request: HttpRequest, token: str, rung: str, track: uuid.UUID | None = None) -> HttpResponse:
    """One rung of the cut in use as HLS, by byte ranges of its one file."""
    found = _in_use_or_404(request, token, rung, track)
    if not found.manifest or found.rung == Rendition.Rung.MP3:  # which has no index
        raise Http404
    text = delivery.playlist(found, addresses.rendition_url(found, request.user))
    return HttpResponse(text, content_type="application/vnd.apple.mpegurl", headers={"Cache-Control": KEEP})


@require_safe
def download(request: HttpRequest, token: str, rung: str, track: uuid.UUID | None = None) -> HttpResponseBase:
    """The file of a rung to keep, under a name that says what it is."""
    found = _in_use_or_404(request, token, rung, track)
    named = delivery.attachment(found)
    content_type = "audio/mpeg" if found.rung == Rendition.Rung.MP3 else "video/mp4" if found.height else "audio/mp4"
    file = _on_disk(found.path)
    if file is None:
        answer = {"ResponseContentDisposition": named, "ResponseContentType": content_type}
        return _elsewhere(request, found, addresses.DOWNLOAD_SECONDS, **answer)

    def tell(sent: int) -> None:
        delivered.note(person=request.user, rendition=found, sent_bytes=sent)

    noted_as = addresses.noted_as(found, request.user)
    given = sending.hand_over(found.path, content_type=content_type, noted_as=noted_as)
    response = given or _serve(request, file, content_type, tell)
    response["Content-Disposition"] = named
    return response


@require_safe
def poster(request: HttpRequest, token: str) -> HttpResponseBase:
    """The picture before the film plays."""
    video = get_object_or_404(Video.objects.only("poster_path"), public_id=_video_id_or_404(request, token))
    if not video.poster_path:
        raise Http404
    if given := sending.hand_over(video.poster_path, content_type="image/jpeg"):
        given["Cache-Control"] = KEEP
        return given
    file = _on_disk(video.poster_path)
    return _serve(request, file, "image/jpeg") if file else _from_afar(video.poster_path, "image/jpeg", KEEP)


@require_safe
def captions(request: HttpRequest, token: str, language: str) -> HttpResponse:
    """Captions in one language, on the timeline of the cut that `corte` names, which is the one the page plays."""
    video_id = _video_id_or_404(request, token)
    cut = request.GET.get("corte", "")
    text = domain_captions.text_for(video_id, language, cut=int(cut) if CUT.fullmatch(cut) else 0)
    if text is None:
        raise Http404
    return HttpResponse(text, content_type="text/vtt; charset=utf-8", headers={"Cache-Control": KEEP})


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
        return _from_afar(name, content_type, FOREVER)
    if not _is_file(file):
        raise Http404
    changed_at = timezone.datetime.fromtimestamp(file.stat().st_mtime, tz=timezone.get_default_timezone())
    response = FileResponse(file.open("rb"), content_type=content_type)
    response["Cache-Control"] = FOREVER
    response["Last-Modified"] = format_datetime(changed_at)
    response["X-Content-Type-Options"] = "nosniff"
    return response
