"""Files of videos in the storage: kept whole or not at all, found again on this machine, and swept of strays."""

import contextlib
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage

from lms.models import Job
from media.models import Cut, Rendition, Track, Video

COLUMNS = ("source_path", "poster_path", "storyboard_path", "waveform_path")
OURS = "|".join([*map(re.escape, Rendition.Rung.values), "poster", "storyboard", "waveform"])


def folder_of(video: Video) -> str:
    """Where everything of a video lies in the storage."""
    return f"video/{video.public_id}"


def keep(source: Path, name: str) -> str:
    """Put a file into the storage for good, whole or not at all; `name` must be new. Returns the name it got."""
    stored = name
    try:
        with source.open("rb") as handle:
            stored = default_storage.save(name, File(handle))
        with contextlib.suppress(NotImplementedError):
            # On disk: the bytes must outlive a power cut before a row speaks of them.
            descriptor = os.open(default_storage.path(stored), os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
    except BaseException:
        default_storage.delete(stored)
        raise
    return stored


def take(source: Path, name: str) -> str:
    """As `keep`, but without copying where both are on one disk; the source stays."""
    try:
        target = Path(default_storage.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, target)
    except (NotImplementedError, OSError):
        return keep(source, name)
    return name


def digest_of(name: str) -> str:
    """The SHA-256 of a stored file, as it lies there now."""
    with getattr(default_storage, "stream", default_storage.open)(name) as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def local_copy(name: str, copy: Path) -> Path:
    """A stored file as one on this machine: itself, or `copy` where the storage is far away."""
    with contextlib.suppress(NotImplementedError):
        return Path(default_storage.path(name))
    default_storage.fetch(name, copy)  # type: ignore[attr-defined]  # lms.buckets.BucketStorage, which has no paths
    return copy


@contextlib.contextmanager
def workplace(job: Job) -> Iterator[Path]:
    """A folder for one job's scratch files; what a killed predecessor left goes first."""
    settings.WORK_DIR.mkdir(parents=True, exist_ok=True)
    for left in settings.WORK_DIR.glob(f"{job.public_id}-*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = settings.WORK_DIR / f"{job.public_id}-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def drop_strays(video: Video, prefix: str, *, before: datetime) -> None:
    """Delete what a killed predecessor stored without a row: only files that are called as its own are, and older.

    What another job is storing at this moment (a poster) may have no row yet either.
    """
    known = {video.source_path, video.poster_path, video.storyboard_path, video.waveform_path}
    known |= set(*Video.objects.filter(pk=video.pk).values_list(*COLUMNS))
    known |= set(Rendition.objects.filter(video=video).values_list("path", flat=True))
    folder, ours = folder_of(video), re.compile(rf"{re.escape(prefix)}({OURS})-")
    before -= timedelta(seconds=getattr(default_storage, "unsure_seconds", 0))
    for name in default_storage.listdir(folder)[1]:
        path = f"{folder}/{name}"
        if ours.match(name) and path not in known and default_storage.get_modified_time(path) < before:
            default_storage.delete(path)


def sweep_strays(videos: Iterable[str], *, before: datetime) -> int:
    """Delete what no row names in the folders of videos (by public id): a kill came in between. Returns how many went.

    Rows are asked for after files were listed, and what is younger than `before` may still get its row. A cut that is
    being made names its poster only when it is done.
    """
    making = Cut.objects.filter(state__in=[Cut.State.WAITING, Cut.State.PROCESSING])
    busy = {str(public_id) for public_id in making.values_list("video__public_id", flat=True)}
    folders = [f"video/{name}" for name in videos if name not in busy]
    found = [f"{folder}/{name}" for folder in folders for name in default_storage.listdir(folder)[1]]
    known = {path for row in Video.objects.values_list(*COLUMNS) for path in row}
    known |= set(Rendition.objects.values_list("path", flat=True))
    for model in (Cut, Track):
        known |= set(model.objects.values_list("source_path", flat=True))
    strays = [path for path in found if path not in known and _came_at(path) < before]
    for path in strays:
        default_storage.delete(path)
    return len(strays)


def drop_halves(*, before: datetime) -> int:
    """Let go of what killed writers left of large files in a far storage; a disk shows such things as strays."""
    drop = getattr(default_storage, "drop_halves", None)
    return drop(before=before) if drop else 0


def _came_at(path: str) -> datetime:
    """When a file came to lie there: one that was linked in keeps its own, older time of change."""
    changed = default_storage.get_modified_time(path)
    try:
        return max(changed, default_storage.get_created_time(path))
    except NotImplementedError:  # far away nothing is linked
        return changed
