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
from media.domain import papers, pictures, scanning, uploads
from media.models import Upload

MOST_MEGABYTES = 30
"""What a form may bring at once; a question cannot ask for more."""
PICTURES = {b"\xff\xd8\xff": ".jpg", b"\x89PNG": ".png", b"RIFF": ".webp"}
SUFFIXES = (*papers.SUFFIXES, *PICTURES.values())
MEGABYTE = 1024**2
FOLDER = "entregas"
MOST_ARRIVING = 6
"""How many files of one person may be on their way: what is given up lies for a week."""


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
    body = body_of(attempt, order)
    if public_id and (known := _find(public_id, attempt, order)):
        return known
    check_size(body, size, name)
    content, suffix = _looked_at(file, body, attempt.enrolment.person)
    return _store(content, suffix, attempt=attempt, order=order, name=name, public_id=public_id, at=at)


def check_size(body: Files, size: int, name: str) -> None:
    """Whether a file of an answer may be so large, in bytes. Raises `handed.too_big`."""
    if size > limit_of(body) * MEGABYTE:
        words = _("«%(name)s» es demasiado grande: cada archivo puede tener hasta %(n)d MB.")
        raise RuleBroken("handed.too_big", words % {"name": name[:60], "n": limit_of(body)})


def _store(
    content: File,
    suffix: str,
    *,
    attempt: Attempt,
    order: int,
    name: str,
    public_id: uuid.UUID | None,
    at: datetime | None,
) -> HandedFile:
    """Put what was looked at in its place, with its row; neither without the other."""
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
        raise _conflict()
    return known


def _conflict() -> RuleBroken:
    return RuleBroken("handed.conflict", _("No pudimos guardar ese archivo. Elíjalo y súbalo de nuevo."))


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


def body_of(attempt: Attempt, order: int) -> Files:
    """What the question asks for. Raises `answer.unknown_question` for one that asks for no files."""
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
            raise _not_now() from failed
        return judged(path, body)


def judged(path: Path, body: Files) -> tuple[File, str]:
    """What is kept of a file that no scanner minds, and its ending. Raises `handed.kind`, `document.…`, `picture.…`."""
    with path.open("rb") as begun:
        head = begun.read(8)
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


def _not_now() -> RuleBroken:
    words = _("No pudimos revisar el archivo en este momento. Súbalo de nuevo en unos minutos.")
    return RuleBroken("handed.later", words)


def _unwanted(body: Files) -> RuleBroken:
    kinds = ", ".join(one[1:].upper() for one in accepted_by(body))
    return RuleBroken(
        "handed.kind", _("Ese archivo no se puede entregar aquí. Se aceptan: %(kinds)s.") % {"kinds": kinds}
    )


# Piece by piece ------------------------------------------------------------------------------------------------------


def _name_of(attempt: Attempt, order: int, public_id: uuid.UUID) -> str:
    """By which an upload is known to be of this file of this answer, and of no film."""
    return f"entrega:{attempt.public_id.hex}:{order}:{public_id.hex}"


def halfway(attempt: Attempt, order: int) -> list[tuple[str, int]]:
    """Files of an answer that began to arrive and did not end: the name of each, and how many percent are here."""
    begun = f"entrega:{attempt.public_id.hex}:{order}:"
    waiting = uploads.waiting_of(attempt.enrolment.person).filter(fingerprint__startswith=begun, offset__gt=0)
    return [(one.file_name, 100 * one.offset // one.size) for one in waiting]


def find_arriving(attempt: Attempt, order: int, public_id: uuid.UUID) -> Upload | None:
    """A file of an answer on its way, as its sender named it."""
    found = uploads.find_unfinished(attempt.enrolment.person, _name_of(attempt, order, public_id))
    return found[0] if found else None


@transaction.atomic
def expect(*, attempt: Attempt, order: int, public_id: uuid.UUID, size: int, file_name: str) -> Upload:
    """Make room for a file that comes in pieces, or find the one that was begun under this id.

    Beyond `MOST_ARRIVING` of one person the oldest is let go. Raises `attempt.closed`, `answer.too_many_files`,
    `handed.too_big`, `handed.here`, `handed.conflict`, `answer.unknown_question`, and what `uploads.begin` raises.
    """
    body = body_of(attempt, order)
    if attempt.closed_at:
        raise RuleBroken("attempt.closed", _("Este intento ya se envió. Sus respuestas no se pueden cambiar."))
    if HandedFile.objects.filter(answer__attempt=attempt, answer__order=order).count() >= body.most_files:
        raise RuleBroken("answer.too_many_files", str(grading.UNFIT["answer.too_many_files"]))
    check_size(body, size, file_name)
    if _find(public_id, attempt, order):
        words = _("«%(name)s» ya está entre los archivos que entregó.")
        raise RuleBroken("handed.here", words % {"name": file_name[:60]})
    person = Person.objects.select_for_update().get(pk=attempt.enrolment.person_id)
    if found := find_arriving(attempt, order, public_id):
        if found.size != size:
            raise _conflict()
        return found
    arriving = uploads.waiting_of(person).filter(fingerprint__startswith="entrega:")
    for oldest in arriving[MOST_ARRIVING - 1 :]:
        oldest.delete()
        transaction.on_commit(partial(uploads.forget_bytes, oldest))
    fingerprint = _name_of(attempt, order, public_id)
    return uploads.begin(person=person, file_name=file_name, size=size, fingerprint=fingerprint)


def take_arrived(*, attempt: Attempt, order: int, public_id: uuid.UUID, at: datetime | None = None) -> HandedFile:
    """Keep a file whose pieces are all here, looked at as any other; said again, it is one.

    Raises what `take` raises, and `upload.gone`, `upload.incomplete`, `upload.locked`. What is refused is not kept.
    """
    body = body_of(attempt, order)
    upload = find_arriving(attempt, order, public_id)
    if known := _find(public_id, attempt, order):
        if upload:  # it was taken, and nobody could say so
            uploads.end(upload)
        return known
    if upload is None:
        raise uploads.gone()
    try:
        with uploads.handed_over(upload) as path:
            check_size(body, path.stat().st_size, upload.file_name)
            content, suffix = judged(path, body)
            name = upload.file_name
            return _store(content, suffix, attempt=attempt, order=order, name=name, public_id=public_id, at=at)
    except scanning.Failed as failed:
        raise _not_now() from failed
