"""The library of videos: adding one, trying again, taking one out."""

import contextlib
import hashlib
import os
import re
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.fields import StreamField
from wagtail.models import Collection, Page, ReferenceIndex

from lms.domain import audit, job_words, jobs
from lms.domain.errors import RuleBroken
from lms.models import Job, Language, Person
from media.domain import inspection, storing, transcoding
from media.models import Video

UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ENDED_BADLY = (Job.State.FAILED, Job.State.CANCELLED)


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _subject(video: Video) -> str:
    return f"media.video:{video.public_id}"


def add_video(
    *,
    title: str,
    source: Path,
    source_name: str,
    by: Person | None,
    language: Language | None = None,
    collection: Collection | None = None,
    description: str = "",
    keep_source: bool = False,
) -> Video:
    """Inspect a file, take it in and ask for its renditions.

    The file is moved, or copied when `keep_source`. A refused file (`video.…`, see `inspection.inspect`) leaves nothing
    behind: no row, and, unless `keep_source`, no file. Any other failure leaves the source for another try.
    """
    try:
        found = inspection.inspect(source)
        digest, size = _digest(source), source.stat().st_size
    except RuleBroken:
        if not keep_source:
            source.unlink(missing_ok=True)
        raise
    video = Video(
        public_id=uuid.uuid4(),
        kind=found.kind,
        title=title,
        description=description,
        language=language,
        collection=collection or Collection.get_first_root_node(),
        source_name=Path(source_name).name[:255],
        source_sha256=digest,
        source_bytes=size,
        duration_seconds=found.duration_seconds,
        width=found.width,
        height=found.height,
        has_sound=found.has_sound,
        uploaded_by=by,
    )
    name = f"{transcoding.folder_of(video)}/source"
    try:
        video.source_path = transcoding.keep(source, name) if keep_source else storing.take(source, name)
        with transaction.atomic():
            video.save()
            audit.record("video.added", by=by, subject=_subject(video), facts={"title": title, "sha256": digest})
            jobs.request(transcoding.KIND, video.public_id, by=by)
    except BaseException:
        _delete_files(video, [video.source_path])
        raise
    if not keep_source:
        source.unlink(missing_ok=True)
    return video


def describe(
    *,
    video: Video,
    by: Person | None,
    title: str,
    description: str,
    language: Language | None,
    collection: Collection,
    tags: Iterable[str] | None = None,
) -> Video:
    """Change what is written about a video, and where it is kept; its tags stay where none are given."""
    fields = {"title": title, "description": description, "language": language, "collection": collection}
    with transaction.atomic():
        video = Video.objects.select_for_update().get(pk=video.pk)
        for name, value in fields.items():
            setattr(video, name, value)
        if tags is not None:
            video.tags.set(tags)  # before the row is saved, which writes the search index
        video.save(update_fields=list(fields))
        audit.record("video.described", by=by, subject=_subject(video), facts={"title": title})
    return video


def choose_poster(*, video: Video, second: float, by: Person | None) -> Video:
    """Make the picture of that second the poster. Raises `video.second_outside` and `video.without_picture`."""
    if video.kind != Video.Kind.FILM:
        raise RuleBroken("video.without_picture", _("Una grabación de sonido no tiene portada."))
    if not 0 <= second <= video.duration_seconds:
        raise RuleBroken("video.second_outside", _("Ese momento no está en el video."))
    with transaction.atomic():
        video = Video.objects.select_for_update().get(pk=video.pk)
        video.poster_second = second
        video.save(update_fields=["poster_second"])
        audit.record("video.poster_chosen", by=by, subject=_subject(video), facts={"second": round(second, 1)})
        transcoding.renew_poster(video=video, by=by)
    return video


def find_job(video: Video) -> Job | None:
    """The newest job about a video."""
    return Job.objects.for_subject(transcoding.KIND, video.public_id).first()


def has_failed(video: Video, job: Job | None) -> bool:
    """Whether nothing more will happen by itself: it failed, or its job was lost too often."""
    return video.state == Video.State.FAILED or (
        video.state != Video.State.READY and job is not None and job.state in ENDED_BADLY
    )


@jobs.lets_cancel(transcoding.KIND)
def end_cancelled(job: Job) -> None:
    """Say of a video that its work was cancelled; what was published of it stays."""
    unfinished = Video.objects.filter(public_id=job.subject, state__in=[Video.State.WAITING, Video.State.PROCESSING])
    unfinished.update(state=Video.State.FAILED, reason=_("La administración canceló el trabajo."))


@job_words.names(transcoding.KIND)
def titles_of(subjects: Iterable[str]) -> dict[str, str]:
    """How the videos of jobs are called."""
    named = {one for one in subjects if UUID.fullmatch(one)}
    found = Video.objects.filter(public_id__in=named).values_list("public_id", "title")
    return {str(public_id): title for public_id, title in found}


def retry(*, video: Video, by: Person | None) -> Job:
    """Process a failed video again; what was published stays. Raises `video.not_failed`."""
    with transaction.atomic():
        video = Video.objects.select_for_update().get(pk=video.pk)
        job = find_job(video)
        if not has_failed(video, job):
            raise RuleBroken("video.not_failed", _("Este video no necesita otro intento."))
        video.state, video.reason = Video.State.WAITING, ""
        video.save(update_fields=["state", "reason"])
        audit.record("video.retried", by=by, subject=_subject(video))
        if job is not None and job.state in ENDED_BADLY:
            jobs.retry(job, by=by)
            return job
        return jobs.request(transcoding.KIND, video.public_id, by=by)


@transaction.atomic
def end_lost() -> int:
    """Say of videos whose work was given up (killed too often) that it failed; returns how many there were.

    The reaper ends the job; nobody was left to tell the video.
    """
    unfinished = Video.objects.filter(state__in=[Video.State.WAITING, Video.State.PROCESSING])
    lost = [video for video in unfinished.select_for_update() if has_failed(video, find_job(video))]
    for video in lost:
        video.state, video.reason = Video.State.FAILED, transcoding.tried_too_often()
        video.save(update_fields=["state", "reason"])
    return len(lost)


def uses(video: Video) -> int:
    """In how many places of the site a video stands, drafts included."""
    published = ReferenceIndex.get_references_to(video).values_list("base_content_type", "object_id")
    pages = ContentType.objects.get_for_model(Page).pk
    return len({*published, *((pages, str(page.pk)) for page in _drafts_with(video))})


def _drafts_with(video: Video) -> list[Page]:
    """Pages whose unpublished changes name the video: the index of references knows of saved rows only."""
    drafts = Page.objects.filter(has_unpublished_changes=True, latest_revision__isnull=False)
    return [page for page in drafts if (Video, str(video.pk)) in _names(page.get_latest_revision_as_object())]


def _names(page: Page) -> set[tuple[type, str]]:
    streams = [field for field in page._meta.get_fields() if isinstance(field, StreamField)]
    found = (one for field in streams for one in field.extract_references(field.value_from_object(page)))
    return {(model, str(key)) for model, key, *_place in found}


def remove(*, video: Video, by: Person | None) -> None:
    """Delete a video and its files. Raises `video.in_use` while a lesson or anybody's progress names it."""
    in_use = RuleBroken(
        "video.in_use",
        _("Este video está en una lección o alguien ya lo vio. Quítelo de las lecciones; lo ya visto no se borra."),
    )
    with transaction.atomic():
        video = Video.objects.select_for_update().get(pk=video.pk)
        paths = [video.source_path, video.poster_path, *video.renditions.values_list("path", flat=True)]
        if uses(video):
            raise in_use
        audit.record("video.removed", by=by, subject=_subject(video), facts={"title": video.title})
        try:
            video.delete()
        except ProtectedError as protected:
            raise in_use from protected
        transaction.on_commit(lambda: _delete_files(video, paths))


def _delete_files(video: Video, paths: list[str]) -> None:
    for path in filter(None, paths):
        default_storage.delete(path)
    _delete_folder(transcoding.folder_of(video))


def _delete_folder(folder: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        for name in default_storage.listdir(folder)[1]:
            default_storage.delete(f"{folder}/{name}")
    with contextlib.suppress(NotImplementedError, OSError):
        os.rmdir(default_storage.path(folder))


def _changed_at(folder: str) -> datetime:
    """When something came into a folder: a linked file keeps its own older time, so the folder's counts too."""
    paths = [f"{folder}/{name}" for name in default_storage.listdir(folder)[1]]
    with contextlib.suppress(NotImplementedError):
        default_storage.path(folder)
        paths.append(folder)
    return max((default_storage.get_modified_time(path) for path in paths), default=timezone.now())


def sweep(at: datetime | None = None) -> int:
    """Delete folders of no video and files of no row: something was killed in between. Returns how many went."""
    hour_ago = (at or timezone.now()) - timedelta(hours=1)
    gone = 0
    with contextlib.suppress(FileNotFoundError):
        names = default_storage.listdir("video")[0]
        known = {str(public_id) for public_id in Video.objects.values_list("public_id", flat=True)}
        for folder in [f"video/{name}" for name in names if name not in known]:
            if _changed_at(folder) < hour_ago:
                _delete_folder(folder)
                gone += 1
        gone += storing.sweep_strays([name for name in names if name in known], before=hour_ago)
    return gone + storing.drop_halves(before=hour_ago - timedelta(days=1))
