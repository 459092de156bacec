"""Files as answers: what they are by their own bytes, kept privately, taken back as long as the attempt is open."""

import shutil
import uuid
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from courses.domain import grading
from courses.models import Answer, Attempt, HandedFile
from courses.questions import Files
from lms.domain.errors import RuleBroken
from lms.models import Person
from media.domain import papers, pictures, scanning

MOST_MEGABYTES = 30
"""What a form may bring at once; a question cannot ask for more."""
PICTURES = {b"\xff\xd8\xff": ".jpg", b"\x89PNG": ".png", b"RIFF": ".webp"}
SUFFIXES = (*papers.SUFFIXES, *PICTURES.values())
MEGABYTE = 1024**2
FOLDER = "entregas"


def limit_of(body: Files) -> int:
    """How many megabytes one file of an answer may have."""
    return min(body.most_megabytes, MOST_MEGABYTES)


def accepted_by(body: Files) -> list[str]:
    """The endings that an answer may have: those that the question asks for; all where none of them is known here."""
    asked = {f".{one}".replace(".jpeg", ".jpg") for one in body.extensions}
    return [one for one in SUFFIXES if one in asked] or list(SUFFIXES)


def take(
    *,
    attempt: Attempt,
    order: int,
    file: IO[bytes],
    size: int,
    name: str,
    public_id: uuid.UUID | None = None,
    at: datetime | None = None,
) -> HandedFile:
    """Keep one more file of an answer. Sent again under the same `public_id`, which its sender made, it is one.

    Raises `handed.conflict` (the id is another answer's), `handed.too_big`, `handed.kind`, `handed.later`,
    `upload.infected`, `document.…`, `picture.…`, and what `grading.answer` raises. Whatever fails
    leaves no row and no file.
    """
    body = _body_of(attempt, order)
    if public_id and (known := _find(public_id, attempt, order)):
        return known
    if size > limit_of(body) * MEGABYTE:
        words = _("«%(name)s» es demasiado grande: cada archivo puede tener hasta %(n)d MB.")
        raise RuleBroken("handed.too_big", words % {"name": name[:60], "n": limit_of(body)})
    content, suffix = _looked_at(file, body, attempt.enrolment.person)
    wanted = f"{FOLDER}/{attempt.public_id}/{uuid.uuid4()}{suffix}"
    path = default_storage.save(wanted, content)
    try:
        handed = HandedFile(name=papers.clean_name(name, suffix)[:200], suffix=suffix, path=path)
        handed.public_id = public_id or handed.public_id
        kept = _keep(handed, attempt, order, at)
        if kept is not handed:
            default_storage.delete(path)
        return kept
    except BaseException:
        default_storage.delete(path)
        raise
    finally:
        content.close()


@transaction.atomic
def _keep(handed: HandedFile, attempt: Attempt, order: int, at: datetime | None) -> HandedFile:
    Attempt.objects.select_for_update(of=("self",)).get(pk=attempt.pk)  # two at once: both stay
    if known := _find(handed.public_id, attempt, order):  # the same one twice at once: one stays
        return known
    answer = Answer.objects.get(attempt=attempt, order=order)
    handed.answer, handed.bytes = answer, default_storage.size(handed.path)
    handed.save()
    files = [*answer.given.get("files", []), str(handed.public_id)]
    grading.answer(attempt=attempt, order=order, given={"files": files}, at=at)
    return handed


def _find(public_id: uuid.UUID, attempt: Attempt, order: int) -> HandedFile | None:
    known = HandedFile.objects.select_related("answer").filter(public_id=public_id).first()
    if known and (known.answer.attempt_id, known.answer.order) != (attempt.pk, order):
        raise RuleBroken("handed.conflict", _("No pudimos guardar ese archivo. Elíjalo y súbalo de nuevo."))
    return known


@transaction.atomic
def take_back(*, attempt: Attempt, order: int, public_id: str, at: datetime | None = None) -> None:
    """Let a file of an open attempt go; one that is not there changes nothing. Raises what `grading.answer` raises."""
    Attempt.objects.select_for_update(of=("self",)).get(pk=attempt.pk)
    answer = Answer.objects.get(attempt=attempt, order=order)
    files = [one for one in answer.given.get("files", []) if one != public_id]
    grading.answer(attempt=attempt, order=order, given={"files": files}, at=at)
    drop(one for one in HandedFile.objects.filter(answer=answer) if str(one.public_id) == public_id)


def drop(rows: Iterable[HandedFile]) -> None:
    """Let rows go, and their files once that is certain."""
    for row in list(rows):
        row.delete()
        transaction.on_commit(partial(default_storage.delete, row.path))


def _body_of(attempt: Attempt, order: int) -> Files:
    asked = attempt.answers.select_related("version").filter(order=order).first()
    if asked is None or not isinstance(asked.version.said.body, Files):
        raise RuleBroken("answer.unknown_question", _("Esa pregunta no es de este cuestionario."))
    return asked.version.said.body


def _looked_at(file: IO[bytes], body: Files, person: Person) -> tuple[File, str]:
    """What is kept of a file, and its ending: papers as they are, pictures drawn anew."""
    with NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".upload") as copy:
        shutil.copyfileobj(file, copy, MEGABYTE)
        copy.flush()
        path = Path(copy.name)
        try:
            scanning.check(path, by=person)
        except scanning.Failed as failed:
            words = _("No pudimos revisar el archivo en este momento. Súbalo de nuevo en unos minutos.")
            raise RuleBroken("handed.later", words) from failed
        copy.seek(0)
        head = copy.read(8)
        suffix = next((ending for magic, ending in PICTURES.items() if head.startswith(magic)), "")
        if not suffix and not papers.is_paper(path):
            raise _unwanted(body)
        suffix = suffix or papers.look(path)
        if suffix not in accepted_by(body):
            raise _unwanted(body)
        if suffix in PICTURES.values():
            with path.open("rb") as picture:
                drawn = pictures.redraw(picture, max_pixels=settings.WAGTAILIMAGES_MAX_IMAGE_PIXELS)
            return ContentFile(drawn), suffix
        return ContentFile(path.read_bytes()), suffix


def _unwanted(body: Files) -> RuleBroken:
    kinds = ", ".join(one[1:].upper() for one in accepted_by(body))
    return RuleBroken(
        "handed.kind", _("Ese archivo no se puede entregar aquí. Se aceptan: %(kinds)s.") % {"kinds": kinds}
    )
