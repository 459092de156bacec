"""Taking in the file of a cut or of a track: looked at first, then kept beside the video's own."""

import contextlib
import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.core.files.storage import default_storage

from lms.domain.errors import RuleBroken
from media.domain import inspection, storing
from media.domain.inspection import Inspection
from media.models import Video


@dataclass(frozen=True)
class Source:
    """A file that was looked at and kept."""

    found: Inspection
    path: str
    name: str
    sha256: str
    bytes: int

    @property
    def columns(self) -> dict[str, object]:
        """As `Video`, `Cut` and `Track` call it."""
        return {
            "source_name": self.name,
            "source_path": self.path,
            "source_sha256": self.sha256,
            "source_bytes": self.bytes,
            "duration_seconds": self.found.duration_seconds,
        }


@contextlib.contextmanager
def taken_in(source: Path, *, name: str, video: Video, is_kept: bool = False) -> Iterator[Source]:
    """A file in the video's folder, for the transaction that speaks of it; if that fails it goes again.

    The file is moved, or copied when `is_kept`; a refused one (`inspection.inspect`) goes, unless `is_kept`.
    """
    try:
        found = inspection.inspect(source)
    except RuleBroken:
        if not is_kept:
            source.unlink(missing_ok=True)
        raise
    with source.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    # No address ever names a file that is called so (`media.domain.addresses`).
    stored = f"{storing.folder_of(video)}/source-{secrets.token_hex(6)}"
    size = source.stat().st_size
    stored = storing.keep(source, stored) if is_kept else storing.take(source, stored)
    try:
        yield Source(found, stored, Path(name).name[:255], digest, size)
    except BaseException:
        default_storage.delete(stored)
        raise
    if not is_kept:
        source.unlink(missing_ok=True)
