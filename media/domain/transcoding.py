"""Making the renditions of a video: one job, in stages that can be repeated.

The smallest usable version comes first and is published at once; the rest follows. What is already published from the
same source by the same recipe is not made again, so a worker killed at any moment costs one stage.
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from lms.domain import audit, jobs
from lms.domain.errors import RuleBroken
from media import ffmpeg
from media.domain import fragments, inspection, ladder
from media.domain.inspection import Inspection
from media.domain.ladder import Step
from media.models import Rendition, Video

KIND = "media.transcode"
FIRST_RUNGS = (Rendition.Rung.P240, Rendition.Rung.AUDIO)
POSTER_WIDTH = 640


class RungsFailed(Exception):
    """Some rungs were made and did not pass the check; the job is worth another try."""


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


@contextlib.contextmanager
def _workplace(job) -> Iterator[Path]:
    settings.WORK_DIR.mkdir(parents=True, exist_ok=True)
    for left in settings.WORK_DIR.glob(f"{job.public_id}-*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = settings.WORK_DIR / f"{job.public_id}-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _local_source(video: Video, folder: Path) -> Path:
    with contextlib.suppress(NotImplementedError):
        return Path(default_storage.path(video.source_path))
    copy = folder / "source"
    with default_storage.open(video.source_path) as kept, copy.open("wb") as handle:
        shutil.copyfileobj(kept, handle, 1024 * 1024)
    return copy


class _Work:
    """One claim's work on one video."""

    def __init__(self, claim: jobs.Claim, video: Video, folder: Path) -> None:
        self.claim = claim
        self.video = video
        self.folder = folder
        self.failed: list[str] = []
        self._told_at = 0.0

    def tell(self, permille: float, stage: str, *, now: bool = False) -> None:
        """Progress out of a thousand, at most once a second."""
        if now or time.monotonic() - self._told_at >= 1:
            self._told_at = time.monotonic()
            self.claim.progress(int(permille), 1000, stage)

    def missing(self, steps: list[Step]) -> list[Step]:
        """The steps that are not published yet from this source by this recipe."""
        rows = self.video.renditions.values_list("rung", "manifest__source", "manifest__recipe")
        current = {rung for rung, source, recipe in rows if (source, recipe) == self.key}
        return [step for step in steps if step.rung not in current]

    @property
    def key(self) -> tuple[str, int]:
        """What the work is idempotent by."""
        return self.video.source_sha256, ladder.RECIPE

    def make(self, found: Inspection, steps: list[Step], start: int, end: int, stage: str) -> None:
        """Encode `steps` in one process, check each, publish those that hold."""
        if not steps:
            return
        self.tell(start, stage, now=True)
        seconds = ladder.whole_seconds(found)
        span = (end - start) / float(seconds)
        ffmpeg.encode(
            found.source,
            [step.output(self.folder) for step in steps],
            seconds=seconds,
            folder=self.folder,
            tell=lambda done: self.tell(min(end, start + done * span), stage),
        )
        for step in steps:
            path = self.folder / f"{step.rung}.mp4"
            try:
                index = fragments.read(path)
                fragments.check(index, seconds=float(seconds), frames=step.frames, frame_rate=step.frame_rate)
            except fragments.FragmentsBroken as broken:
                self.failed.append(f"{step.rung}: {broken}")
                continue
            self.publish(step, index, path)

    def publish(self, step: Step, index: fragments.Index, path: Path) -> None:
        """Store a checked file and write its row, if the job is still ours. Raises `LeaseLost`."""
        with path.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        source, recipe = self.key
        facts = {
            "bytes": index.file_bytes,
            "width": step.width,
            "height": step.height,
            "duration_seconds": index.seconds,
            "codecs": index.codecs,
            "sha256": digest,
            "manifest": {"source": source, "recipe": recipe, "frames": index.frames} | index.manifest(),
        }
        with self._stored(path, f"{step.rung}-{secrets.token_hex(6)}.mp4") as stored:
            Rendition.objects.update_or_create(video=self.video, rung=step.rung, defaults=facts | {"path": stored})
        path.unlink()

    @contextlib.contextmanager
    def _stored(self, path: Path, name: str) -> Iterator[str]:
        """A stored file and the transaction that speaks of it, under our fence; without the row, no file."""
        stored = keep(path, f"{folder_of(self.video)}/{name}")
        try:
            with transaction.atomic():
                self.claim.assert_held()
                yield stored
        except BaseException:
            default_storage.delete(stored)
            raise

    def picture(self, found: Inspection) -> None:
        """Make and publish the poster."""
        if self.video.poster_path and default_storage.exists(self.video.poster_path):
            return
        scale = min(1.0, POSTER_WIDTH / max(found.width, found.height))
        width, height = (max(2, 2 * round(side * scale / 2)) for side in (found.width, found.height))
        path = self.folder / "poster.jpg"
        ffmpeg.poster(found.source, path, width=width, height=height)
        if not path.exists():
            return
        with self._stored(path, f"poster-{secrets.token_hex(6)}.jpg") as stored:
            self.change(poster_path=stored)

    def change(self, **fields: object) -> None:
        """Write fields of the video, if the job is still ours."""
        with transaction.atomic():
            self.claim.assert_held()
            for name, value in fields.items():
                setattr(self.video, name, value)
            self.video.save(update_fields=list(fields))

    def finish(self) -> None:
        """Everything is published, or what is not has failed for good."""
        reason = ""
        if self.failed:
            rungs = ", ".join(sorted(failure.partition(":")[0] for failure in self.failed))
            reason = _("No se pudieron preparar algunas calidades: %(rungs)s.") % {"rungs": rungs}
        with transaction.atomic():
            self.change(state=Video.State.READY, reason=reason)
            audit.record("video.ready", by=None, subject=f"media.video:{self.video.public_id}")
        self.drop_strays()

    def drop_strays(self) -> None:
        """Delete what a killed predecessor stored without a row."""
        known = {self.video.source_path, self.video.poster_path, *self.video.renditions.values_list("path", flat=True)}
        folder = folder_of(self.video)
        for name in default_storage.listdir(folder)[1]:
            if f"{folder}/{name}" not in known:
                default_storage.delete(f"{folder}/{name}")


def _do(work: _Work) -> None:
    work.change(state=Video.State.PROCESSING, reason="")
    work.tell(0, _("Revisando el archivo"), now=True)
    source = _local_source(work.video, work.folder)
    found = inspection.inspect(source, known_seconds=work.video.duration_seconds)
    steps = ladder.plan(found)
    with contextlib.suppress(ffmpeg.Failed):  # a video without a poster is still a video
        work.picture(found)
    first = [step for step in steps if step.rung in FIRST_RUNGS]
    rest = [step for step in steps if step.rung not in FIRST_RUNGS]
    work.make(found, work.missing(first), 20, 300, _("Preparando la primera versión, la más liviana"))
    work.make(found, work.missing(rest), 300, 980, _("Preparando las demás calidades"))
    is_last = work.claim.job.attempts >= work.claim.job.max_attempts
    if work.failed and not (is_last and work.video.renditions.filter(rung=Rendition.Rung.P240).exists()):
        raise RungsFailed("; ".join(work.failed))
    work.tell(990, _("Guardando"), now=True)
    work.finish()


def _not_processable(failure: ffmpeg.Failed) -> RuleBroken | None:
    """What ffmpeg itself rejected will be rejected again; a full disk or a kill may not."""
    if failure.is_transient or "No space left" in str(failure):
        return None
    return RuleBroken(
        "video.not_processable",
        _("No pudimos convertir el video: el archivo está dañado. Expórtelo de nuevo como MP4 y súbalo otra vez."),
    )


@jobs.performs(KIND)
def transcode(claim: jobs.Claim) -> None:
    """Do the job `media.transcode`; its subject is the video's public id. A deleted video needs nothing."""
    video = Video.objects.filter(public_id=claim.job.subject).first()
    if video is None:
        return
    with _workplace(claim.job) as folder:
        work = _Work(claim, video, folder)
        try:
            _do(work)
        except RuleBroken as broken:
            work.change(state=Video.State.FAILED, reason=broken.message)
            raise
        except jobs.LeaseLost:
            raise
        except Exception as failure:
            refusal = _not_processable(failure) if isinstance(failure, ffmpeg.Failed) else None
            if refusal or claim.job.attempts >= claim.job.max_attempts:
                work.change(state=Video.State.FAILED, reason=refusal.message if refusal else tried_too_often())
            if refusal:
                raise refusal from failure
            raise


def tried_too_often() -> str:
    """What is said of a video that could not be made in all its attempts."""
    return _("No pudimos convertir el video después de varios intentos. Intente de nuevo o súbalo otra vez.")
