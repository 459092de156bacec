"""The video library in the back-office: uploading, watching it being made, captions, taking out."""

from pathlib import PurePath

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from wagtail.admin import messages
from wagtail.admin.views import generic
from wagtail.admin.views.generic import usage

from lms.domain import job_words
from lms.domain.errors import RuleBroken
from lms.permissions import needs
from lms.viewsets.base import AskFirstView, FormByVerb
from media.domain import access, curves, delivery, library, places, stages
from media.forms import PosterForm, initial_of
from media.models import Video
from media.views import captions
from media.views.listing import clock


def video_or_404(request: HttpRequest, pk: int) -> Video:
    """A video that this person may change; another's does not exist."""
    return get_object_or_404(access.editable_by(request.user), pk=pk)


def _edit(video: Video) -> HttpResponse:
    return redirect("media_videos:edit", video.pk)


class Reachable:
    """Only the videos that this person may change."""

    def get_queryset(self):
        """Others do not exist."""
        return access.editable_by(self.request.user)  # type: ignore[attr-defined]


class VideoEditView(Reachable, FormByVerb, generic.EditView):
    """One video: how far it is, how it looks, what is written about it, its captions."""

    template_name = "wagtailadmin/media/edit.html"
    success_message = gettext_lazy("Se guardaron los cambios de «%(object)s».")
    error_message = gettext_lazy("No se guardó. Corrija lo que se indica.")

    def get_initial(self) -> dict:
        """What the row says."""
        return initial_of(self.object)

    def get_form_kwargs(self) -> dict:
        """A video may stay where it is."""
        here = access.collections_for(self.request.user) | type(self.object.collection).objects.filter(
            pk=self.object.collection_id
        )
        return super().get_form_kwargs() | {"collections": here.distinct()}

    def perform(self, given: dict) -> Video:
        """Change the description of a video."""
        return library.describe(video=self.object, by=self.request.user, **given)

    def get_success_url(self) -> str:
        """Stay on the page."""
        return self.get_edit_url()

    def get_success_buttons(self) -> list:
        """None: one is there already."""
        return []

    def get_context_data(self, **kwargs) -> dict:
        """The video's state, its player, its captions."""
        video = self.object
        has_renditions = video.own_renditions().exists()
        return (
            super().get_context_data(**kwargs)
            | progress_of(video)
            | captions.context_of(video)
            | poster_of(video)
            | {
                "facts": facts_of(video),
                "places": places.of([video], self.request.user)[video.pk],
                "curves": curves.of(video, self.request.user),
                "playback": delivery.playback(video, person=self.request.user) if has_renditions else None,
                "length": clock(video.duration_seconds),
            }
        )


class VideoDeleteView(Reachable, AskFirstView):
    """Asks once. A video that is in use stays."""

    template_name = "wagtailadmin/media/delete.html"
    page_title = gettext_lazy("Borrar video")
    question = gettext_lazy("¿Borrar este video y todas sus versiones? No se puede deshacer.")
    success_message = gettext_lazy("Se borró el video «%(object)s».")

    def get_usage_url(self) -> None:
        """The page says itself where it stands."""

    def get_context_data(self, **kwargs) -> dict:
        """In how many places it stands."""
        return super().get_context_data(**kwargs) | {"uses": library.uses(self.object)}

    def perform(self) -> None:
        """Take it out."""
        library.remove(video=self.object, by=self.request.user)

    def form_valid(self, form) -> HttpResponse:
        """Say why not, where it cannot be."""
        try:
            return super().form_valid(form)
        except RuleBroken as broken:
            messages.error(self.request, broken.message)
            return _edit(self.object)


class VideoUsageView(usage.UsageView):
    """Where a video is used."""

    def get_object(self) -> Video:
        """Another's video does not exist."""
        return video_or_404(self.request, self.kwargs["pk"])


def progress_of(video: Video) -> dict:
    """How far a video is, for the fragment that the page asks for every two seconds."""
    job = library.find_job(video)
    has_failed = library.has_failed(video, job)
    is_moving = not has_failed and video.state in {Video.State.WAITING, Video.State.PROCESSING}
    found = stages.of(video, job, is_over=not is_moving)
    rungs = [stage.label for stage in found if stage.state == stages.READY]
    return {
        "video": video,
        "job": job,
        "has_failed": has_failed,
        "is_moving": is_moving,
        "rungs": rungs,
        "stages": found,
        "waits_because": job_words.reason_in_words(job) if is_moving and job else "",
    }


def facts_of(video: Video) -> list[dict]:
    """What was measured of each rung."""
    return [
        {
            "label": one.get_rung_display(),
            "bytes": one.bytes,
            "width": one.width,
            "height": one.height,
            "frames": one.manifest.get("frames"),
            "seconds": one.duration_seconds,
            "loudness": one.manifest.get("loudness"),
            "sha256": one.sha256,
        }
        for one in video.own_renditions()
    ]


def poster_of(video: Video, form: PosterForm | None = None) -> dict:
    """The stills from which a poster is chosen: pieces of one sheet."""
    board = video.storyboard if video.storyboard_path else {}
    found = []
    for number in range(board.get("count", 0)):
        row, column = divmod(number, board["columns"])
        second = number * board["every_seconds"]
        found.append(
            {
                "second": second,
                "clock": clock(second),
                "box": f"{column * board['width']} {row * board['height']} {board['width']} {board['height']}",
                "sheet_width": board["columns"] * board["width"],
                "sheet_height": board["rows"] * board["height"],
                "is_chosen": video.poster_second == second,
            }
        )
    return {"stills": found, "poster_form": form or PosterForm()}


@needs("upload_video")
@require_POST
def poster(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose the poster."""
    video = video_or_404(request, pk)
    form = PosterForm(request.POST)
    if form.is_valid():
        try:
            library.choose_poster(video=video, second=form.cleaned_data["second"], by=request.user)
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            messages.success(request, _("La portada cambiará en unos segundos."))
            return _edit(video)
    said = {"video": video, "page_title": _("Portada"), "header_title": video.title} | poster_of(video, form)
    return render(request, "wagtailadmin/media/poster_again.html", said, status=422)


@needs("upload_video")
@require_safe
def storyboard(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The sheet of small pictures."""
    video = video_or_404(request, pk)
    if not video.storyboard_path or not default_storage.exists(video.storyboard_path):
        raise Http404
    kind = "image/png" if PurePath(video.storyboard_path).suffix == ".png" else "image/jpeg"
    response = FileResponse(default_storage.open(video.storyboard_path), content_type=kind)
    response["Cache-Control"] = "private, max-age=3600"
    return response


@needs("upload_video")
@require_safe
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The fragment with the state of a video."""
    response = render(request, "wagtailadmin/media/progress.html", progress_of(video_or_404(request, pk)))
    response["Cache-Control"] = "no-store"
    return response


@needs("upload_video")
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Process a failed video again."""
    video = video_or_404(request, pk)
    try:
        library.retry(video=video, by=request.user)
        messages.success(request, _("El video se está procesando de nuevo."))
    except RuleBroken as broken:
        messages.warning(request, broken.message)
    return _edit(video)
