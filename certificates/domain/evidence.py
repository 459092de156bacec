"""The paper behind an entry of a career record: what it is by its own bytes, kept privately, with its digest."""

import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from django.conf import settings
from django.utils.translation import gettext as _

from courses.domain import handing_in
from courses.questions import Files
from lms.domain.errors import RuleBroken
from lms.models import Person
from media.domain import papers, scanning

FOLDER = "expedientes"
MOST_MEGABYTES = 5
KINDS = Files(extensions=("pdf", "jpg", "png"), most_megabytes=MOST_MEGABYTES)
TYPES = {".pdf": "application/pdf", ".jpg": "image/jpeg", ".png": "image/png"}


@dataclass(frozen=True)
class Evidence:
    """What is kept of a file: papers as they are, pictures drawn anew."""

    content: bytes
    name: str
    suffix: str

    @property
    def sha256(self) -> str:
        """Of what is kept, in hex."""
        return sha256(self.content).hexdigest()


def look(file: IO[bytes], *, name: str, size: int, by: Person) -> Evidence:
    """Look at a file that somebody sent. Raises `evidence.too_big`, `evidence.later`, and what refuses a file:

    `handed.kind`, `upload.infected`, `document.…`, `picture.…`.
    """
    if size > MOST_MEGABYTES * handing_in.MEGABYTE:
        words = _("El archivo es demasiado grande: puede tener hasta %(n)d MB. Guárdelo más pequeño y pruebe de nuevo.")
        raise RuleBroken("evidence.too_big", words % {"n": MOST_MEGABYTES})
    with NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".upload") as copy:
        shutil.copyfileobj(file, copy, handing_in.MEGABYTE)
        copy.flush()
        path = Path(copy.name)
        try:
            scanning.check(path, by=by)
        except scanning.Failed as failed:
            words = _("No pudimos revisar el archivo en este momento. Súbalo de nuevo en unos minutos.")
            raise RuleBroken("evidence.later", words) from failed
        kept, suffix = handing_in.judged(path, KINDS)
    with kept:
        content = kept.read()
    return Evidence(content, papers.clean_name(name, suffix)[:200], suffix)
