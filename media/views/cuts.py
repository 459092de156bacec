"""A video's new cuts in the back-office: what will happen, other ends, another file, the cut before."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from wagtail.admin import messages

from lms.domain.errors import RuleBroken
from lms.permissions import needs
from media.domain import cuts as domain
from media.domain import delivery, viewers
from media.forms import ReplaceForm, TrimForm
from media.models import Cut, Video
from media.views import beside
from media.views.adding import FAULTS, kept_for_later


def clock(seconds: float) -> str:
    """A moment as one types it: `4:05.5`."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    return f"{minutes}:{rest / 10:04.1f}" if rest % 10 else f"{minutes}:{rest // 10:02d}"


def progress_of(video: Video) -> dict:
    """The cut that is being made or has failed, for the fragment that the page asks for every two seconds."""
    cut = domain.find_making(video)
    job = domain.find_job(cut) if cut else None
    has_failed = cut is not None and cut.state == Cut.State.FAILED
    return {"video": video, "cut": cut, "job": job, "has_failed": has_failed, "percent": beside.percent_of(job)}


def _page(
    request: HttpRequest, video: Video, *, trim: TrimForm | None = None, replace: ReplaceForm | None = None
) -> HttpResponse:
    is_bound = trim is not None or replace is not None
    has_renditions, before = video.own_renditions().exists(), domain.find_before(video)
    initial = {"start": "0:00", "end": clock(video.duration_seconds)}
    context = beside.frame(video, _("Reemplazar o recortar")) | progress_of(video)
    context |= {
        "trim_form": trim or TrimForm(prefix="recorte", initial=initial),
        "replace_form": replace or ReplaceForm(prefix="archivo", person=request.user),
        "before": before,
        "before_length": clock(before.duration_seconds) if before else "",
        "length": clock(video.duration_seconds),
        "people": viewers.in_the_middle(video),
        "tracks": video.tracks.select_related("language"),
        "has_captions": video.captions.exists(),
        "playback": delivery.playback(video, person=request.user) if has_renditions else None,
    }
    return render(request, "wagtailadmin/media/cuts.html", context, status=422 if is_bound else 200)


@needs("upload_video")
@require_safe
def cuts(request: HttpRequest, pk: int) -> HttpResponse:
    """The page."""
    return _page(request, beside.video_or_404(request, pk))


@needs("upload_video")
@require_safe
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the new cut is."""
    video = beside.video_or_404(request, pk)
    response = render(request, "wagtailadmin/media/cuts_progress.html", progress_of(video))
    response["Cache-Control"] = "no-store"
    return response


def _asked(request: HttpRequest, pk: int) -> HttpResponse:
    messages.success(request, _("El corte nuevo se está preparando. Mientras tanto todos siguen viendo el de ahora."))
    return redirect("media_videos:cuts", pk)


@needs("upload_video")
@require_POST
def trim(request: HttpRequest, pk: int) -> HttpResponse:
    """Other ends of the same file."""
    video = beside.video_or_404(request, pk)
    form = TrimForm(request.POST, prefix="recorte")
    if form.is_valid():
        ends = {"start_seconds": form.cleaned_data["start"] or 0.0, "end_seconds": form.cleaned_data["end"]}
        try:
            domain.trim(video=video, by=request.user, **ends)
            return _asked(request, pk)
        except RuleBroken as broken:
            form.add_broken(broken)
    return _page(request, video, trim=form)


@needs("upload_video")
@require_POST
def replace(request: HttpRequest, pk: int) -> HttpResponse:
    """Another file. Whether it may come now is asked before the upload is used up."""
    video = beside.video_or_404(request, pk)
    form = ReplaceForm(request.POST, request.FILES, prefix="archivo", person=request.user)
    if form.is_valid():
        is_same = form.cleaned_data["content"] == "same"
        shift = (form.cleaned_data["shift"] or 0.0) if is_same else None
        try:
            domain.check_free(video)
            with beside.file_of(form) as (path, name):
                domain.replace(video=video, source=path, source_name=name, by=request.user, shift_seconds=shift)
            return _asked(request, pk)
        except RuleBroken as broken:
            form.add_broken(broken)
            if not beside.is_kept(form):
                beside.name_upload(form, None)
        except FAULTS as fault:
            beside.logger.exception("could not inspect an upload")
            form.add_error(None, kept_for_later(fault))
    return _page(request, video, replace=form)


@needs("upload_video")
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """The cut before, again."""
    video = beside.video_or_404(request, pk)
    try:
        domain.undo(video=video, by=request.user)
    except RuleBroken as broken:
        messages.warning(request, broken.message)
        return redirect("media_videos:cuts", pk)
    return _asked(request, pk)


@needs("upload_video")
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Try a failed cut again."""
    return _with_failed(request, pk, domain.retry, _("El corte se está preparando de nuevo."))


@needs("upload_video")
@require_POST
def abandon(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a failed cut away."""
    return _with_failed(request, pk, domain.abandon, _("Se quitó el corte que falló. El video sigue como estaba."))


def _with_failed(request: HttpRequest, pk: int, perform, words: str) -> HttpResponse:
    cut = domain.find_making(beside.video_or_404(request, pk))
    try:
        if cut is None:
            raise RuleBroken("cut.not_failed", _("Este corte no ha fallado."))
        perform(cut=cut, by=request.user)
        messages.success(request, words)
    except RuleBroken as broken:
        messages.warning(request, broken.message)
    return redirect("media_videos:cuts", pk)
