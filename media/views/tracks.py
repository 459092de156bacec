"""A video's tracks in the back-office: another language, a spoken description, a signer in the corner."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from wagtail.admin import messages

from lms.domain.errors import RuleBroken
from lms.models import Job
from lms.permissions import needs
from media.domain import tracks as domain
from media.forms import TrackForm
from media.models import Track, Video
from media.views import beside
from media.views.adding import FAULTS, kept_for_later


@dataclass(frozen=True)
class Row:
    """A track as the page shows it."""

    track: Track
    job: Job | None
    is_outdated: bool

    @property
    def is_moving(self) -> bool:
        """Whether it is being made."""
        return self.track.state in domain.MOVING

    @property
    def has_failed(self) -> bool:
        """Whether it may be tried again."""
        return self.track.state == Track.State.FAILED

    @property
    def percent(self) -> int | None:
        """How far it is."""
        return beside.percent_of(self.job)


def rows_of(video: Video) -> list[Row]:
    """The tracks of a video with what is to be said of each."""
    found = video.tracks.select_related("language", "video")
    return [Row(track, domain.find_job(track), domain.is_outdated(track)) for track in found]


def _shown(video: Video) -> dict:
    rows = rows_of(video)
    return {"video": video, "rows": rows, "is_moving": any(row.is_moving for row in rows)}


def _page(request: HttpRequest, video: Video, form: TrackForm | None = None) -> HttpResponse:
    context = beside.frame(video, _("Otras pistas")) | _shown(video)
    context |= {"form": form or TrackForm(prefix="pista", person=request.user)}
    return render(request, "wagtailadmin/media/tracks.html", context, status=422 if form else 200)


@needs("upload_video")
def tracks(request: HttpRequest, pk: int) -> HttpResponse:
    """The page, and taking in a track. Whether it may come now is asked before the upload is used up."""
    video = beside.video_or_404(request, pk)
    if request.method != "POST":
        return _page(request, video)
    form = TrackForm(request.POST, request.FILES, prefix="pista", person=request.user)
    if form.is_valid():
        what = {name: form.cleaned_data[name] for name in ("kind", "language")}
        try:
            domain.check_free(video, **what)
            with beside.file_of(form) as (path, name):
                domain.add(video=video, source=path, source_name=name, by=request.user, **what)
            messages.success(request, _("La pista se está preparando. Puede cerrar esta página."))
            return redirect("media_videos:tracks", pk)
        except RuleBroken as broken:
            form.add_broken(broken)
            if not beside.is_kept(form):
                beside.name_upload(form, None)
        except FAULTS as fault:
            beside.logger.exception("could not inspect an upload")
            form.add_error(None, kept_for_later(fault))
    return _page(request, video, form)


@needs("upload_video")
@require_safe
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the tracks are."""
    response = render(request, "wagtailadmin/media/tracks_list.html", _shown(beside.video_or_404(request, pk)))
    response["Cache-Control"] = "no-store"
    return response


def _track_or_404(request: HttpRequest, pk: int, public_id) -> Track:
    found = Track.objects.select_related("video", "language")
    return get_object_or_404(found, video=beside.video_or_404(request, pk), public_id=public_id)


@needs("upload_video")
@require_POST
def retry(request: HttpRequest, pk: int, track) -> HttpResponse:
    """Make a track again that failed, or that was made for an earlier cut."""
    found = _track_or_404(request, pk, track)
    try:
        domain.retry(track=found, by=request.user)
        messages.success(request, _("La pista se está preparando de nuevo."))
    except RuleBroken as broken:
        messages.warning(request, broken.message)
    return redirect("media_videos:tracks", pk)


@needs("upload_video")
@require_POST
def remove(request: HttpRequest, pk: int, track) -> HttpResponse:
    """Take a track away."""
    domain.remove(track=_track_or_404(request, pk, track), by=request.user)
    messages.success(request, _("Se quitó la pista. Lo que se vio con ella sigue contando."))
    return redirect("media_videos:tracks", pk)
