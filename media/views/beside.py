"""What the pages of cuts and of tracks share: the video, the frame of the page, and taking in a file."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from lms.models import Job
from media.domain import access, uploads
from media.forms import FileForm
from media.models import Upload, Video

logger = logging.getLogger(__name__)


def video_or_404(request: HttpRequest, pk: int) -> Video:
    """A video that this person may change; another's does not exist."""
    return get_object_or_404(access.editable_by(request.user), pk=pk)


def frame(video: Video, title: str) -> dict:
    """Where the page stands."""
    return {
        "video": video,
        "page_title": title,
        "page_subtitle": video.title,
        "header_title": f"{title}: {video.title}",
        "header_icon": "media",
        "max_bytes": settings.MAX_UPLOAD_BYTES,
        "breadcrumbs_items": [
            {"url": reverse("media_videos:index"), "label": _("Videos")},
            {"url": reverse("media_videos:edit", args=[video.pk]), "label": video.title},
            {"url": "", "label": title},
        ],
    }


@contextmanager
def file_of(form: FileForm) -> Iterator[tuple[Path, str]]:
    """The file that a form brought and its name; one that came with it becomes an upload first, and stays one."""
    upload = form.cleaned_data["upload"]
    if upload is None:
        file = form.cleaned_data["file"]
        upload = uploads.receive(person=form.person, file_name=file.name or "", size=file.size, read=file.read)
        name_upload(form, upload)
    with uploads.handed_over(upload) as path:
        yield path, upload.file_name


def name_upload(form: FileForm, upload: Upload | None) -> None:
    """Which upload the form names when it is shown again."""
    form.data = form.data.copy()
    form.data[form.add_prefix("upload")] = str(upload.public_id) if upload else ""


def is_kept(form: FileForm) -> bool:
    """Whether what was uploaded is still here for another try."""
    named = form.data.get(form.add_prefix("upload"), "")
    return bool(named) and Upload.objects.filter(public_id=named, person=form.person).exists()


def percent_of(job: Job | None) -> int | None:
    """How far a job is; None before it says so."""
    return job.percent if job and job.total else None
