"""Captions in the back-office: bringing them, the editor beside the video, taking them along, asking a machine."""

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from wagtail.admin import messages

from lms.domain.errors import RuleBroken
from lms.models import Job, Language
from lms.permissions import needs
from media.domain import access, captions, cues, delivery, speech
from media.forms import CaptionForm, SpeechForm
from media.models import Caption, Video
from media.views import beside

FORMATS = {"vtt": "text/vtt", "srt": "application/x-subrip"}


def _video_or_404(request: HttpRequest, pk: int) -> Video:
    return get_object_or_404(access.editable_by(request.user), pk=pk)


def _language_or_404(key: str) -> Language:
    return get_object_or_404(Language, key=key)


def context_of(video: Video, form: CaptionForm | None = None) -> dict:
    """What the part about captions of a video's page shows."""
    kept = video.captions.select_related("language").defer("text")
    job = speech.find_job(video) if speech.is_on() else None
    return {
        "captions": kept,
        "caption_form": form or CaptionForm(prefix="subtitulos"),
        "speech_form": SpeechForm(prefix="voz", initial={"language": video.language}) if speech.is_on() else None,
        "speech_job": job if job and job.state != Job.State.DONE else None,
        "speech_is_moving": job is not None and job.state in {Job.State.WAITING, Job.State.RUNNING},
    }


@needs("upload_video")
@require_POST
def save(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep captions of a file or of pasted text, or go and write them; with errors what was typed comes back."""
    video = _video_or_404(request, pk)
    form = CaptionForm(request.POST, request.FILES, prefix="subtitulos")
    try:
        if form.is_valid():
            given = form.cleaned_data
            if given["is_to_be_written"]:
                return redirect("media_videos:captions_edit", pk, given["language"].key)
            began_from = None if given["replace"] else ""
            captions.save(
                video=video, language=given["language"], text=given["text"], by=request.user, began_from=began_from
            )
            messages.success(request, _("Se guardaron los subtítulos."))
            return redirect("media_videos:captions_edit", pk, given["language"].key)
    except captions.ChangedMeanwhile:
        form.add_error("replace", _("Ya hay subtítulos en ese idioma. Marque aquí si quiere reemplazarlos."))
    except RuleBroken as broken:
        form.add_broken(broken)
    context = context_of(video, form) | beside.frame(video, _("Subtítulos"))
    return render(request, "wagtailadmin/media/captions.html", context, status=422)


@needs("upload_video")
def edit(request: HttpRequest, pk: int, language: str) -> HttpResponse:
    """The editor; without JavaScript a form with the text. A save by script is answered as JSON."""
    video, chosen = _video_or_404(request, pk), _language_or_404(language)
    if request.method != "POST":
        caption = captions.find(video, chosen)
        return _editor(request, video, chosen, text=caption.text if caption else "", caption=caption)
    by_script = request.headers.get("Accept") == "application/json"
    text, began_from = request.POST.get("text", ""), request.POST.get("version", "")
    try:
        caption = captions.save(video=video, language=chosen, text=text, by=request.user, began_from=began_from)
    except RuleBroken as broken:
        return _refused(broken) if by_script else _editor(request, video, chosen, text=text, broken=broken)
    if by_script:
        return JsonResponse({"version": captions.version_of(caption), "text": caption.text})
    messages.success(request, _("Se guardaron los subtítulos."))
    return redirect("media_videos:captions_edit", pk, language)


def _status(broken: RuleBroken) -> int:
    return 409 if isinstance(broken, captions.ChangedMeanwhile) else 422


def _refused(broken: RuleBroken) -> JsonResponse:
    told = {"message": broken.message}
    if isinstance(broken, captions.ChangedMeanwhile):
        told |= {
            "version": captions.version_of(broken.caption),
            "text": broken.caption.text if broken.caption else "",
        }
    return JsonResponse(told, status=_status(broken))


def _editor(
    request: HttpRequest,
    video: Video,
    language: Language,
    *,
    text: str,
    caption: Caption | None = None,
    broken: RuleBroken | None = None,
) -> HttpResponse:
    theirs = broken.caption if isinstance(broken, captions.ChangedMeanwhile) else None
    is_conflict = isinstance(broken, captions.ChangedMeanwhile)
    # After a conflict the next save is meant to take the place of what is there now; otherwise of what was begun from.
    version = captions.version_of(theirs if is_conflict else caption)
    if broken and not is_conflict:
        version = request.POST.get("version", "")
    caption = caption or theirs or captions.find(video, language)
    context = beside.frame(video, _("Subtítulos")) | {
        "language": language,
        "caption": caption,
        "text": text,
        "version": version,
        "broken": broken,
        "theirs": theirs,
        "findings": _findings(caption) if caption and not broken else [],
        "limits": cues.LIMITS,
        "playback": delivery.playback(video, person=request.user) if video.own_renditions().exists() else None,
        "page_subtitle": f"{video.title} · {language}",
    }
    return render(request, "wagtailadmin/media/captions_edit.html", context, status=_status(broken) if broken else 200)


def _findings(caption: Caption) -> list[tuple[cues.Cue, cues.Finding]]:
    """What may be bettered, the worst of it first, for whoever has no JavaScript."""
    kept = captions.cues_of(caption)
    found = sorted(cues.check(kept), key=lambda one: (not one.is_bad, one.index))
    return [(kept[one.index], one) for one in found[:100]]


@needs("upload_video")
@require_POST
def remove(request: HttpRequest, pk: int, language: str) -> HttpResponse:
    """Take captions of one language away."""
    video = _video_or_404(request, pk)
    captions.remove(caption=_caption_or_404(video, language), by=request.user)
    messages.success(request, _("Se quitaron los subtítulos."))
    return redirect("media_videos:edit", pk)


def _caption_or_404(video: Video, language: str) -> Caption:
    return get_object_or_404(Caption.objects.select_related("language"), video=video, language__key=language)


@needs("upload_video")
@require_safe
def download(request: HttpRequest, pk: int, language: str) -> HttpResponse:
    """Captions as a file: WebVTT, or with `?formato=srt` SubRip."""
    video = _video_or_404(request, pk)
    caption = _caption_or_404(video, language)
    form = request.GET.get("formato", "vtt")
    if form not in FORMATS:
        raise Http404
    text = captions.render_srt(captions.cues_of(caption)) if form == "srt" else caption.text
    name = f"{video.public_id}.{caption.language.key}.{form}"
    disposition = f'attachment; filename="{name}"'
    headers = {"Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"}
    return HttpResponse(text, content_type=f"{FORMATS[form]}; charset=utf-8", headers=headers)


@needs("upload_video")
@require_safe
def waveform(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The loudness of a video, a byte for a tenth of a second; 204 while there is none."""
    video = _video_or_404(request, pk)
    if not video.waveform_path or not default_storage.exists(video.waveform_path):
        return HttpResponse(status=204)
    handle = default_storage.open(video.waveform_path)
    return FileResponse(handle, content_type="application/octet-stream", headers={"X-Content-Type-Options": "nosniff"})


@needs("upload_video")
@require_POST
def ask_machine(request: HttpRequest, pk: int) -> HttpResponse:
    """Have a machine listen, where this installation has one."""
    video = _video_or_404(request, pk)
    form = SpeechForm(request.POST, prefix="voz")
    if not form.is_valid():
        messages.error(request, _("Elija el idioma que se habla en el video."))
        return redirect("media_videos:edit", pk)
    try:
        speech.request(video=video, language=form.cleaned_data["language"], by=request.user)
        messages.success(request, _("La máquina va a escuchar el video. Puede cerrar esta página."))
    except RuleBroken as broken:
        messages.warning(request, broken.message)
    return redirect("media_videos:edit", pk)
