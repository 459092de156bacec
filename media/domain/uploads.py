"""Uploads that may take days: bytes on disk are the truth, the row follows them.

An append holds a lock on the file, not on the database: on a weak line it lasts minutes, and SQLite has one lock for
everybody. The row is locked only for the moment in which it is brought into step.
"""

import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from io import FileIO
from pathlib import Path

from django.conf import settings
from django.db import OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lms.domain.errors import RuleBroken
from lms.models import Job, Person
from media.models import Upload

from . import quotas, room, scanning
from .quotas import quota_of, used_by

__all__ = ["Checksum", "append", "begin", "handed_over", "quota_of", "used_by"]

KEPT_FOR = timedelta(days=7)
# What a line that drops can lose of what it carried, at most: the web server hands over whole pieces of this size.
READ_BYTES = 64 * 1024
MAX_UNFINISHED = 20
# The one before may still be noticing that its line is gone.
PATIENCE_SECONDS = 2.0
CHECKSUMS = ("sha1", "sha256")
SAMPLE_BYTES = 64 * 1024
RANDOM_SAMPLES = 6


@dataclass(frozen=True)
class Checksum:
    """What the sender says that a piece adds up to; `algorithm` is one of `CHECKSUMS`."""

    algorithm: str
    digest: bytes


def path_of(upload: Upload) -> Path:
    """Where the bytes of an upload lie: a folder of its own with a random name."""
    return settings.UPLOADS_DIR / upload.public_id.hex / "bytes"


def _unverified(upload: Upload) -> Path:
    """Says, while it is there, from which byte on nobody has compared the bytes with their checksum."""
    return path_of(upload).with_name("unverified")


@contextmanager
def _locked(upload: Upload) -> Iterator[FileIO]:
    """The upload's file, for us alone. Raises `upload.gone`, `upload.locked`."""
    try:
        handle = path_of(upload).open("r+b", buffering=0)
    except FileNotFoundError as missing:
        raise gone() from missing
    with handle:
        _lock(handle)
        with contextlib.suppress(FileNotFoundError):  # there after a kill alone
            if verified := _unverified(upload).read_text():
                os.ftruncate(handle.fileno(), int(verified))
            _unverified(upload).unlink()
        yield handle


def _lock(handle: FileIO) -> None:
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as busy:
            if time.monotonic() > ends_at:
                message = _("Este archivo ya se está subiendo en otra ventana.")
                raise RuleBroken("upload.locked", message) from busy
        time.sleep(0.05)


def gone() -> RuleBroken:
    """What is said of an upload that is not there any more."""
    return RuleBroken("upload.gone", _("Esta subida venció o se canceló. Elija el archivo de nuevo."))


@contextmanager
def _faults_in_words() -> Iterator[None]:
    """Around what writes. What is on the disk stays in any case. Raises `upload.no_room`, `upload.later`."""
    try:
        yield
    except (OSError, OperationalError) as fault:
        if room.is_missing(fault):
            message = _(
                "El servidor no tiene espacio en este momento. Lo que ya llegó está guardado: pruebe más tarde."
            )
            raise RuleBroken("upload.no_room", message) from fault
        if isinstance(fault, OperationalError):
            message = _("El servidor está ocupado. Lo que ya llegó está guardado: pruebe de nuevo en un minuto.")
            raise RuleBroken("upload.later", message) from fault
        raise


def _check_size(size: int) -> None:
    if size > settings.MAX_UPLOAD_BYTES:
        limit = settings.MAX_UPLOAD_BYTES // 1024**2
        message = _("El archivo es demasiado grande. El máximo es %(limit)s MB.") % {"limit": limit}
        raise RuleBroken("upload.too_big", message)
    if size <= 0:
        raise RuleBroken("upload.empty", _("El archivo está vacío. Elija de nuevo el archivo y súbalo otra vez."))


@_faults_in_words()
def begin(*, person: Person, file_name: str, size: int | None, fingerprint: str = "", at=None) -> Upload:
    """Make room for a file of `size` bytes; None when its sender does not know yet.

    Raises `upload.too_big`, `upload.empty`, `upload.too_many`, `upload.quota`, `upload.no_room`, `upload.later`.
    """
    at = at or timezone.now()
    if size is not None:
        _check_size(size)
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=person.pk)
        # Complete ones count too: their bytes lie here until a video takes them.
        if Upload.objects.filter(person=person, expires_at__gt=at).count() >= MAX_UNFINISHED:
            raise RuleBroken(
                "upload.too_many", _("Usted tiene demasiadas subidas sin terminar. Termine o cancele una.")
            )
        quotas.check_room(person, size or 0, at)
        upload = Upload.objects.create(
            person=person,
            file_name=name_of(file_name),
            size=size,
            fingerprint=fingerprint[:200],
            created_at=at,
            expires_at=at + KEPT_FOR,
        )
        path = path_of(upload)
        path.parent.mkdir(parents=True, mode=0o700)
        path.touch(mode=0o600)
    return upload


def name_of(given: str) -> str:
    """A file's name for people to read: no folder, and nothing unseen or that turns the letters round."""
    seen = "".join(one for one in given if not unicodedata.category(one).startswith("C"))
    name = Path(seen.replace("\\", "/")).name[:255]
    return name if name.strip(". ") else "video"


@_faults_in_words()
def declare_size(upload: Upload, size: int) -> None:
    """Say how long an upload will be whose sender did not know. Raises `upload.size_known` and what `begin` raises."""
    _check_size(size)
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=upload.person_id)
        row = Upload.objects.select_for_update().filter(pk=upload.pk).first()
        if row is None:
            raise gone()
        if row.size is not None and row.size != size:
            raise RuleBroken("upload.size_known", _("El tamaño de esta subida ya se había dicho y era otro."))
        if row.size is None:
            if size < row.offset:
                raise RuleBroken("upload.too_big", _("El archivo cambió mientras se subía. Elíjalo de nuevo."))
            quotas.check_room(person, size - row.offset, timezone.now())
            row.size = size
            row.save(update_fields=["size"])
    upload.size = row.size


def check_alive(upload: Upload, at=None) -> None:
    """Whether an upload can still go on. Raises `upload.gone` when it expired or lost its bytes."""
    if upload.expires_at <= (at or timezone.now()) or not path_of(upload).exists():
        raise gone()


def _bring_into_step(upload: Upload, offset: int, at) -> None:
    with transaction.atomic():
        row = Upload.objects.select_for_update().filter(pk=upload.pk).first()
        if row is None:
            raise gone()
        row.offset = offset
        row.expires_at = at + KEPT_FOR
        row.completed_at = (row.completed_at or at) if offset == row.size else None
        row.save(update_fields=["offset", "expires_at", "completed_at"])
    upload.offset, upload.expires_at, upload.completed_at = row.offset, row.expires_at, row.completed_at


@_faults_in_words()
def offset_of(upload: Upload) -> int:
    """How many bytes are safe; says so in the row when all are.

    Raises `upload.gone`, `upload.locked`, `upload.no_room`, `upload.later`.
    """
    if upload.completed_at and upload.size is not None:
        return upload.size
    with _locked(upload) as handle:
        here = os.fstat(handle.fileno()).st_size
        if here == upload.size:  # a fault between the last byte and the row
            _bring_into_step(upload, here, timezone.now())
        return here if upload.size is None else min(upload.size, here)


@_faults_in_words()
def append(
    upload: Upload,
    *,
    offset: int,
    length: int,
    read: Callable[[int], bytes],
    checksum: Checksum | None = None,
    at=None,
) -> int:
    """Add `length` bytes at `offset` from `read`; returns the new offset, on disk before it is returned.

    What arrived before the line dropped is kept, unless a checksum was to vouch for it. Raises `upload.wrong_offset`,
    `.too_big`, `.quota`, `.checksum`, `.no_room`, `.later`, `.gone`, `.locked`.
    """
    with _locked(upload) as handle:
        here = os.fstat(handle.fileno()).st_size
        _check_piece(upload, here, offset, length)
        try:
            with _vouched(upload, handle, here, checksum) as digest:
                return _take(handle, here, length, read, digest)
        finally:
            os.fsync(handle.fileno())
            _bring_into_step(upload, os.fstat(handle.fileno()).st_size, at or timezone.now())


def _check_piece(upload: Upload, here: int, offset: int, length: int) -> None:
    if offset != here:
        raise RuleBroken("upload.wrong_offset", _("La subida no continúa donde quedó."))
    if upload.size is None:
        _check_size(here + max(length, 1))
        quotas.check_room(upload.person, length, timezone.now())
    elif here + length > upload.size:
        raise RuleBroken("upload.too_big", _("El archivo cambió mientras se subía. Elíjalo de nuevo."))


@contextmanager
def _vouched(upload: Upload, handle: FileIO, start: int, checksum: Checksum | None) -> Iterator:
    """Around a piece with a checksum: what does not add up to it is taken away again, after a kill too."""
    if checksum is None:
        yield None
        return
    digest = hashlib.new(checksum.algorithm, usedforsecurity=False)
    _mark(upload, start)
    try:
        yield digest
        if digest.digest() != checksum.digest:
            raise RuleBroken("upload.checksum", _("Una parte del archivo llegó dañada. Se envía otra vez."))
    except BaseException:
        os.ftruncate(handle.fileno(), start)
        raise
    finally:
        os.fsync(handle.fileno())
        _unverified(upload).unlink(missing_ok=True)


def _mark(upload: Upload, start: int) -> None:
    """Whole or not at all: a mark without its number would say that nothing was ever verified."""
    fresh = _unverified(upload).with_name("unverified.new")
    with fresh.open("w") as mark:
        mark.write(str(start))
        mark.flush()
        os.fsync(mark.fileno())
    fresh.replace(_unverified(upload))


def _take(handle: FileIO, here: int, length: int, read: Callable[[int], bytes], digest) -> int:
    end = here + length
    handle.seek(here)
    while here < end and (chunk := read(min(READ_BYTES, end - here))):
        if digest is not None:
            digest.update(chunk)
        rest = memoryview(chunk)
        while rest:  # a raw file may take less than it is given
            rest = rest[handle.write(rest) :]
        here += len(chunk)
    return here


def receive(*, person: Person, file_name: str, size: int, read: Callable[[int], bytes]) -> Upload:
    """A whole file at once, as an ordinary form brings it: an upload that is complete. Raises what `begin` raises."""
    upload = begin(person=person, file_name=file_name, size=size)
    append(upload, offset=0, length=size, read=read)
    return upload


@contextmanager
def handed_over(upload: Upload) -> Iterator[Path]:
    """A complete upload's file, looked at for viruses, for whoever takes it; once taken or refused the upload ends.

    Any other failure keeps it for another try. Raises `upload.incomplete`, `.gone`, `.locked`, `.infected`, and
    `scanning.Failed` where the scanner does not work: try again later.
    """
    if not upload.completed_at:
        raise RuleBroken("upload.incomplete", _("La subida no está completa. Elija el archivo de nuevo."))
    with _locked(upload):
        try:
            scanning.check(path_of(upload), by=upload.person)
            yield path_of(upload)
        except RuleBroken:
            end(upload)
            raise
        end(upload)


def find_unfinished(person: Person, fingerprint: str, at=None) -> list[Upload]:
    """A person's own uploads of the same file that nothing has taken yet, the newest first."""
    found = waiting_of(person, at).filter(fingerprint=fingerprint) if fingerprint else []
    return [upload for upload in found if path_of(upload).exists()]


def waiting_of(person: Person, at=None):
    """A person's own uploads that are not finished, or that nothing has taken, as a queryset; the newest first."""
    return Upload.objects.filter(person=person, expires_at__gt=at or timezone.now())


def samples_of(upload: Upload) -> list[tuple[int, int, str]]:
    """Start, length and SHA-256 of some blocks that lie here: the first, the last, and some that nobody foresees.

    Whoever wants to go on compares them with their own file: another file of the same fingerprint does not pass.
    """
    with path_of(upload).open("rb") as handle:
        last = max(0, os.fstat(handle.fileno()).st_size - SAMPLE_BYTES)
        starts = {0, last, *(secrets.randbelow(last + 1) for _ in range(RANDOM_SAMPLES))}
        samples = []
        for start in sorted(starts):
            handle.seek(start)
            if block := handle.read(SAMPLE_BYTES):
                samples.append((start, len(block), hashlib.sha256(block).hexdigest()))
    return samples


@_faults_in_words()
def end(upload: Upload) -> None:
    """Forget an upload, bytes and row. Raises `upload.no_room`, `upload.later`."""
    upload.delete()
    forget_bytes(upload)


def forget_bytes(upload: Upload) -> None:
    """Remove what lies on the disk of an upload whose row went."""
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
