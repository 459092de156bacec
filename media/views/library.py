"""The video library in the back-office: uploading, watching it being made, captions, taking out."""

import logging
import os
import shutil
from pathlib import Path
from tempfile import mkdtemp

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from wagtail.admin import messages
from wagtail.admin.ui.tables import Column, DateColumn, TitleColumn, UsageCountColumn
from wagtail.admin.views import generic
from wagtail.admin.views.generic import usage
from wagtail.models import ReferenceIndex

from lms.domain.errors import RuleBroken
from lms.permissions import needs
from lms.viewsets.base import AskFirstView, FormByVerb, IndexView
from media import ffmpeg
from media.domain import access, captions, delivery, library, uploads
from media.forms import CaptionForm, initial_of
from media.models import Caption, Video

logger = logging.getLogger(__name__)


def clock(seconds: float) -> str:
    """A length as `1:02:03` or `4:05`."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


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


class VideoIndexView(IndexView):
    """All videos, the newest first."""

    default_ordering = "-created_at"
    add_item_label = gettext_lazy("Subir video")

    def get_base_queryset(self):
        """Those that this person may change, with the number of places where each is used."""
        return access.editable_by(self.request.user).annotate(usage_count=ReferenceIndex.usage_count_subquery(Video))

    @cached_property
    def columns(self) -> list[Column]:
        """What one looks for."""
        return [
            TitleColumn("title", label=_("Título"), sort_key="title", get_url=self.get_edit_url),
            Column("state", label=_("Estado"), accessor=lambda video: video.get_state_display(), sort_key="state"),
            Column("duration", label=_("Duración"), accessor=lambda video: clock(video.duration_seconds)),
            Column("size", label=_("Tamaño"), accessor=lambda video: filesizeformat(video.source_bytes)),
            UsageCountColumn("usage_count", label=_("Usos")),
            Column("language", label=_("Idioma"), accessor=lambda video: video.language or "—"),
            DateColumn("created_at", label=_("Subido"), sort_key="created_at"),
        ]


class VideoAddView(FormByVerb, generic.CreateView):
    """A file and what it is called. With JavaScript the file is on its way while one writes."""

    page_title = gettext_lazy("Subir video")
    template_name = "wagtailadmin/media/add.html"
    submit_button_label = gettext_lazy("Guardar video")
    error_message = gettext_lazy("El video no se guardó. Corrija lo que se indica.")

    def get_breadcrumbs_items(self) -> list[dict]:
        """Videos › Subir video."""
        crumbs = [{"url": reverse(self.index_url_name), "label": _("Videos")}, {"url": "", "label": self.page_title}]
        return self.breadcrumbs_items + crumbs

    def get_form_kwargs(self) -> dict:
        """Who uploads, and where to."""
        person = self.request.user
        return super().get_form_kwargs() | {"person": person, "collections": access.collections_for(person)}

    def form_valid(self, form) -> HttpResponse:
        """Take the file in, outside any transaction: reading it takes a while, and nobody should wait for that."""
        self.form = form
        try:
            self.object = self.perform(form.cleaned_data)
        except RuleBroken as broken:
            form.add_broken(broken)
            return self.refuse(form)
        except ffmpeg.Failed:
            logger.exception("could not inspect an upload")
            return self.put_off(form)
        messages.success(self.request, _("El video «%(title)s» se guardó.") % {"title": self.object.title})
        return _edit(self.object)

    def refuse(self, form) -> HttpResponse:
        """The form again; a refused file has to be chosen anew."""
        form.data = form.data.copy()
        form.data["upload"] = ""
        self.produced_error_message = self.get_error_message()
        return self.form_invalid(form)

    def put_off(self, form) -> HttpResponse:
        """The form again, for the fault is ours; an upload stays, a file that came with the form has to come again."""
        kept = _(
            "No pudimos revisar el archivo en este momento. "
            "Intente de nuevo en unos minutos; lo que subió está guardado."
        )
        lost = _("No pudimos revisar el archivo en este momento. Elíjalo de nuevo en unos minutos.")
        form.add_error(None, kept if form.cleaned_data["upload"] else lost)
        self.produced_error_message = _("El video no se guardó.")
        return self.form_invalid(form)

    def perform(self, given: dict) -> Video:
        """Add the video from the upload or from the file that came with the form."""
        facts = {name: given[name] for name in ("title", "description", "language", "collection")}
        facts["by"] = self.request.user
        if upload := given["upload"]:
            with uploads.handed_over(upload) as path:
                return library.add_video(source=path, source_name=upload.file_name, **facts)
        return _add_sent_file(given["file"], facts)

    def get_context_data(self, **kwargs) -> dict:
        """The limit, for the page to say it before anything is sent."""
        return super().get_context_data(**kwargs) | {"max_bytes": settings.MAX_UPLOAD_BYTES}


def _add_sent_file(file: UploadedFile, facts: dict) -> Video:
    settings.WORK_DIR.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix="form-", dir=settings.WORK_DIR))
    try:
        path = folder / "bytes"
        with path.open("wb") as handle:
            shutil.copyfileobj(file, handle, 1024 * 1024)
            handle.flush()
            os.fsync(handle.fileno())  # the bytes must outlive a power cut before a row speaks of them
        return library.add_video(source=path, source_name=file.name or "video", **facts)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class VideoEditView(Reachable, FormByVerb, generic.EditView):
    """One video: how far it is, how it looks, what is written about it, its captions."""

    template_name = "wagtailadmin/media/edit.html"
    success_message = gettext_lazy("Se guardaron los cambios de «%(object)s».")
    error_message = gettext_lazy("No se guardó. Corrija lo que se indica.")
    caption_form: CaptionForm | None = None

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
        has_renditions = video.renditions.exists()
        return (
            super().get_context_data(**kwargs)
            | progress_of(video)
            | {
                "playback": delivery.playback(video, person=self.request.user) if has_renditions else None,
                "captions": video.captions.select_related("language"),
                "caption_form": self.caption_form or CaptionForm(prefix="subtitulos"),
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
    rungs = [rendition.get_rung_display() for rendition in video.renditions.only("rung", "height", "video_id")]
    return {"video": video, "job": job, "has_failed": has_failed, "is_moving": is_moving, "rungs": rungs}


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


@needs("upload_video")
@require_POST
def captions_save(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep captions; with errors the video's page comes back with what was typed."""
    video = video_or_404(request, pk)
    form = CaptionForm(request.POST, request.FILES, prefix="subtitulos")
    try:
        if form.is_valid():
            given = form.cleaned_data
            captions.save(video=video, language=given["language"], text=given["text"], by=request.user)
            messages.success(request, _("Se guardaron los subtítulos."))
            return _edit(video)
    except RuleBroken as broken:
        form.add_broken(broken)
    return _captions_again(request, video, form)


def _captions_again(request: HttpRequest, video: Video, form: CaptionForm) -> HttpResponse:
    context = progress_of(video) | {
        "caption_form": form,
        "captions": video.captions.select_related("language"),
        "page_title": _("Subtítulos"),
        "page_subtitle": video.title,
        "header_icon": "media",
    }
    return render(request, "wagtailadmin/media/captions.html", context, status=422)


@needs("upload_video")
@require_POST
def captions_remove(request: HttpRequest, pk: int, language: str) -> HttpResponse:
    """Take captions of one language away."""
    video = video_or_404(request, pk)
    found = Caption.objects.filter(video=video, language__key=language).first()
    if found is None:
        raise Http404
    captions.remove(caption=found, by=request.user)
    messages.success(request, _("Se quitaron los subtítulos."))
    return _edit(video)
