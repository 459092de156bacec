"""Bringing something in: the page where files go up, what waits there unfinished, and the chooser's own tab."""

import logging

from django.conf import settings
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from wagtail.admin import messages
from wagtail.admin.views import generic
from wagtail.admin.views.generic import chooser
from wagtail.documents.models import Document

from lms.domain.errors import RuleBroken
from lms.permissions import needs
from lms.viewsets.base import FormByVerb
from media import ffmpeg
from media.domain import access, intake, room, scanning, uploads
from media.forms import UploadForm
from media.models import Upload, Video

logger = logging.getLogger(__name__)
FAULTS = (ffmpeg.Failed, scanning.Failed, OSError, OperationalError)


def kept_for_later(fault: Exception) -> str:
    """What one says when the fault is ours."""
    if room.is_missing(fault):
        return _("El servidor no tiene espacio en este momento. Lo que subió está guardado: guárdelo más tarde.")
    return _(
        "No pudimos revisar el archivo en este momento. Intente de nuevo en unos minutos; lo que subió está guardado."
    )


def take_in(form: UploadForm, **facts) -> Video | Document:
    """What the form brought, into the library; a file that came with it becomes an upload first, and stays one."""
    given = form.cleaned_data
    upload = given["upload"]
    if upload is None:
        file = given["file"]
        upload = uploads.receive(person=form.person, file_name=file.name or "", size=file.size, read=file.read)
        _name_upload(form, str(upload.public_id))
    facts |= {name: given[name] for name in ("title", "description", "language", "collection") if name in given}
    return intake.take(upload, by=form.person, **facts)


def address_of(found: Video | Document) -> str:
    """Where the office shows it."""
    return reverse("media_videos:edit" if isinstance(found, Video) else "wagtaildocs:edit", args=[found.pk])


def _name_upload(form: UploadForm, public_id: str) -> None:
    form.data = form.data.copy()
    form.data[form.add_prefix("upload")] = public_id


class VideoAddView(FormByVerb, generic.CreateView):
    """Files and what they are called. With JavaScript they are on their way while one writes, and saved one by one."""

    page_title = gettext_lazy("Subir archivos")
    template_name = "wagtailadmin/media/add.html"
    submit_button_label = gettext_lazy("Guardar")
    error_message = gettext_lazy("No se guardó. Corrija lo que se indica.")

    def get_breadcrumbs_items(self) -> list[dict]:
        """Videos › Subir archivos."""
        crumbs = [{"url": reverse(self.index_url_name), "label": _("Videos")}, {"url": "", "label": self.page_title}]
        return self.breadcrumbs_items + crumbs

    def get_form_kwargs(self) -> dict:
        """Who uploads, and where to."""
        person = self.request.user
        return super().get_form_kwargs() | {"person": person, "collections": access.collections_for(person)}

    def get_initial(self) -> dict:
        """An upload that is complete can be named in the address; the form says whether it is one's own."""
        asked = self.request.GET.get("subida", "")
        mine = {str(one.public_id): one for one in uploads.waiting_of(self.request.user) if one.completed_at}
        return {"upload": asked, "title": _title_from(mine[asked].file_name)} if asked in mine else {}

    @property
    def is_asked_by_script(self) -> bool:
        """Whether the page saves one of several files and stays."""
        return self.request.headers.get("Accept") == "application/json"

    def form_valid(self, form) -> HttpResponse:
        """Take the file in, outside any transaction: reading it takes a while, and nobody should wait for that."""
        self.form = form
        try:
            found = take_in(form)
        except RuleBroken as broken:
            form.add_broken(broken)
            _name_upload(form, "")
            return self.form_invalid(form)
        except FAULTS as fault:
            logger.exception("could not inspect an upload")
            form.add_error(None, kept_for_later(fault))
            return self.form_invalid(form)
        if self.is_asked_by_script:
            return JsonResponse({"title": found.title, "url": address_of(found)}, status=201)
        messages.success(self.request, _("«%(title)s» se guardó.") % {"title": found.title})
        return redirect(address_of(found))

    def form_invalid(self, form) -> HttpResponse:
        """The form again, or, to a script, what is wrong in words and whether the bytes are still here."""
        if self.is_asked_by_script:
            said = " ".join(str(error) for errors in form.errors.values() for error in errors)
            return JsonResponse({"error": said, "is_kept": bool(form.data.get("upload"))}, status=422)
        self.produced_error_message = self.get_error_message()
        return super().form_invalid(form)

    def get_context_data(self, **kwargs) -> dict:
        """The limits, for the page to say them before anything is sent, and what waits."""
        person = self.request.user
        used, quota = uploads.used_by(person), uploads.quota_of(person)
        shown = {"max_bytes": settings.MAX_UPLOAD_BYTES, "used": used, "quota": quota}
        return super().get_context_data(**kwargs) | shown | {"waiting": uploads.waiting_of(person)}


def _title_from(name: str) -> str:
    return name.rpartition(".")[0].replace("_", " ").strip()[:160] or name[:160]


@needs("upload_video")
@require_POST
def cancel(request: HttpRequest, public_id) -> HttpResponse:
    """Forget one of one's own uploads."""
    found = Upload.objects.filter(public_id=public_id, person=request.user).first()
    if found is None:
        raise Http404
    uploads.end(found)
    messages.success(request, _("La subida de «%(name)s» se canceló.") % {"name": found.file_name})
    return redirect("media_videos:add")


class WithUploadForm:
    """A view of the chooser whose form knows who asks; its tab is for those who may upload."""

    creation_form_template_name = "wagtailadmin/media/chooser_upload.html"

    def get_creation_form_kwargs(self) -> dict:
        """Who uploads, and where to. The prefix keeps its fields apart from the editor's."""
        person = self.request.user  # type: ignore[attr-defined]
        more = {"person": person, "collections": access.collections_for(person), "prefix": "subir"}
        return super().get_creation_form_kwargs() | more  # type: ignore[misc]

    def get_creation_form_context_data(self, form) -> dict:
        """And the limit, for the script."""
        shown = super().get_creation_form_context_data(form)  # type: ignore[misc]
        return shown | {"max_bytes": settings.MAX_UPLOAD_BYTES}


class VideoCreateView(WithUploadForm, chooser.CreateView):
    """A video straight from the lesson's editor: it is chosen as soon as it is in, and made ready meanwhile."""

    asks_for = "upload_video"

    def post(self, request: HttpRequest) -> HttpResponse:
        """Take the file in, or show the form again with what is wrong."""
        self.form = form = self.get_creation_form()
        if form.is_valid():
            try:
                return self.get_chosen_response(take_in(form, only_videos=True))
            except RuleBroken as broken:
                form.add_broken(broken)
                _name_upload(form, "")
            except FAULTS as fault:
                logger.exception("could not inspect an upload")
                form.add_error(None, kept_for_later(fault))
        return self.get_reshow_creation_form_response()
