"""Uploads that may take days: bytes on disk are the truth, the row follows them.

An append holds a lock on the file, not on the database: on a weak line it lasts minutes, and SQLite has one lock for
everybody. The row is locked only for the moment in which it is brought into step.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lms.domain.errors import RuleBroken
from lms.models import Job, Person
from media.models import Upload

KEPT_FOR = timedelta(days=7)
CHUNK_BYTES = 256 * 1024
MAX_UNFINISHED = 20


def path_of(upload: Upload) -> Path:
    """Where the bytes of an upload lie: a folder of its own with a random name."""
    return settings.UPLOADS_DIR / upload.public_id.hex / "bytes"


@contextmanager
def _locked(upload: Upload) -> Iterator[BinaryIO]:
    """The upload's file, for us alone. Raises `upload.gone`, `upload.locked`."""
    try:
        handle = path_of(upload).open("r+b")
    except FileNotFoundError as missing:
        raise _gone() from missing
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as busy:
            raise RuleBroken("upload.locked", _("Este archivo ya se está subiendo en otra ventana.")) from busy
        yield handle


def _gone() -> RuleBroken:
    return RuleBroken("upload.gone", _("Esta subida venció o se canceló. Elija el archivo de nuevo."))


def begin(*, person: Person, file_name: str, size: int, fingerprint: str = "", at=None) -> Upload:
    """Make room for a file of `size` bytes. Raises `upload.too_big`, `upload.empty`, `upload.too_many`."""
    at = at or timezone.now()
    if size > settings.MAX_UPLOAD_BYTES:
        limit = settings.MAX_UPLOAD_BYTES // 1024**2
        message = _("El archivo es demasiado grande. El máximo es %(limit)s MB.") % {"limit": limit}
        raise RuleBroken("upload.too_big", message)
    if size <= 0:
        raise RuleBroken("upload.empty", _("El archivo está vacío. Elija de nuevo el video y súbalo otra vez."))
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=person.pk)
        # Complete ones count too: their bytes lie here until a video takes them.
        if Upload.objects.filter(person=person, expires_at__gt=at).count() >= MAX_UNFINISHED:
            raise RuleBroken(
                "upload.too_many", _("Usted tiene demasiadas subidas sin terminar. Termine o cancele una.")
            )
        upload = Upload.objects.create(
            person=person,
            file_name=Path(file_name.replace("\\", "/")).name[:255] or "video",
            size=size,
            fingerprint=fingerprint[:200],
            created_at=at,
            expires_at=at + KEPT_FOR,
        )
        path = path_of(upload)
        path.parent.mkdir(parents=True, mode=0o700)
        path.touch(mode=0o600)
    return upload


def _bring_into_step(upload: Upload, offset: int, at) -> None:
    with transaction.atomic():
        row = Upload.objects.select_for_update().filter(pk=upload.pk).first()
        if row is None:
            raise _gone()
        row.offset = offset
        row.expires_at = at + KEPT_FOR
        row.completed_at = (row.completed_at or at) if offset == row.size else None
        row.save(update_fields=["offset", "expires_at", "completed_at"])
    upload.offset, upload.expires_at, upload.completed_at = row.offset, row.expires_at, row.completed_at


def offset_of(upload: Upload) -> int:
    """How many bytes are safe; says so in the row when all are. Raises `upload.gone`, `upload.locked`."""
    if upload.completed_at:
        return upload.size
    with _locked(upload) as handle:
        here = os.fstat(handle.fileno()).st_size
        if here == upload.size:  # a fault between the last byte and the row
            _bring_into_step(upload, here, timezone.now())
        return min(upload.size, here)


def append(upload: Upload, *, offset: int, length: int, read: Callable[[int], bytes], at=None) -> int:
    """Add `length` bytes at `offset` from `read`; returns the new offset, on disk before it is returned.

    What arrived before the line dropped is kept. Raises `upload.wrong_offset`, `.too_big`, `.gone`, `.locked`.
    """
    with _locked(upload) as handle:
        here = os.fstat(handle.fileno()).st_size
        if offset != here:
            raise RuleBroken("upload.wrong_offset", _("La subida no continúa donde quedó."))
        if here + length > upload.size:
            raise RuleBroken("upload.too_big", _("El archivo cambió mientras se subía. Elíjalo de nuevo."))
        handle.seek(here)
        try:
            while here < offset + length and (chunk := read(min(CHUNK_BYTES, offset + length - here))):
                handle.write(chunk)
                here += len(chunk)
        finally:
            handle.flush()
            os.fsync(handle.fileno())
            _bring_into_step(upload, os.fstat(handle.fileno()).st_size, at or timezone.now())
    return here


@contextmanager
def handed_over(upload: Upload) -> Iterator[Path]:
    """A complete upload's file, for whoever takes it; once taken or refused the upload ends.

    Any other failure keeps it for another try. Raises `upload.incomplete`, `upload.gone`, `upload.locked`.
    """
    if not upload.completed_at:
        raise RuleBroken("upload.incomplete", _("La subida no está completa. Elija el archivo de nuevo."))
    with _locked(upload):
        try:
            yield path_of(upload)
        except RuleBroken:
            end(upload)
            raise
        end(upload)


def find_unfinished(person: Person, fingerprint: str, at=None) -> list[Upload]:
    """A person's own uploads of the same file that can go on, the newest first."""
    rows = Upload.objects.filter(person=person, completed_at=None, expires_at__gt=at or timezone.now())
    return (
        [upload for upload in rows.filter(fingerprint=fingerprint) if path_of(upload).exists()] if fingerprint else []
    )


def end(upload: Upload) -> None:
    """Forget an upload, bytes and row."""
    upload.delete()
    shutil.rmtree(path_of(upload).parent, ignore_errors=True)


def sweep(at=None) -> int:
    """Delete what expired, folders without a row, and what killed workers left; returns how many things went."""
    at = at or timezone.now()
    gone = 0
    for upload in Upload.objects.filter(expires_at__lte=at):
        end(upload)
        gone += 1
    known = {public_id.hex for public_id in Upload.objects.values_list("public_id", flat=True)}
    running = {str(public_id) for public_id in Job.objects.unfinished().values_list("public_id", flat=True)}
    hour_ago = at.timestamp() - 3600
    for folder in [*_folders(settings.UPLOADS_DIR), *_folders(settings.WORK_DIR)]:
        is_known = folder.name in known or any(folder.name.startswith(job) for job in running)
        if not is_known and folder.stat().st_mtime < hour_ago:
            shutil.rmtree(folder, ignore_errors=True)
            gone += 1
    for spooled in Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.upload*"):
        with contextlib.suppress(FileNotFoundError):  # its own request may end it just now
            if spooled.stat().st_mtime < at.timestamp() - 86400:
                spooled.unlink()
                gone += 1
    return gone


def _folders(root: Path) -> list[Path]:
    return [folder for folder in root.iterdir() if folder.is_dir()] if root.exists() else []
