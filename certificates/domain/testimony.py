"""What the storage knows of the register: small files that a restored database cannot take back.

One says that a number was given out, written when that is certain; one that something happened to a certificate later;
one is the note of a checkpoint. They hold no name.
A database that comes back from a backup knows less than they do, and whoever would give a number out again finds out.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from hashlib import sha256
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from certificates.models import Certificate, CertificateEvent, Checkpoint, Restoration, Series
from lms.domain.errors import RuleBroken

BEHIND = "register.behind"
FOLDER = "certificates/testigos"
NUMBERS, NOTES, EVENTS = f"{FOLDER}/numeros", f"{FOLDER}/puntos-de-control", f"{FOLDER}/sucesos"
_SERIES = re.compile(r"(?P<name>.+)-(?P<year>\d{4})")
_NUMBER = re.compile(r"(\d{6,10})\.json")
_EVENT = re.compile(r"(?P<key>[0-9a-f]{32})-(?P<at>\d{8}T\d{12})-(?P<kind>[a-z]+)\.json")
_AT = "%Y%m%dT%H%M%S%f"
_NOTE = re.compile(r"(\d{4}-\d\d-\d\d)-[0-9a-f]{16}\.txt")


def keep_number(certificate: Certificate) -> None:
    """Write down that a number was given out. Only for what was committed; any number of times."""
    said = {
        "reference": certificate.reference,
        "certificate": str(certificate.public_id),
        "code_sha256": digest_of_code(certificate),
    }
    _write(_of_number(certificate.series, certificate.number), json.dumps(said, indent=1))


def keep_number_later(certificate: Certificate) -> None:
    """The same as soon as it is committed. Where that fails whoever draws the certificate does it."""

    def keep() -> None:
        keep_number(certificate)

    _when_committed(keep)


def keep_note_later(made: Checkpoint) -> None:
    """Write down a checkpoint's note as soon as it is committed."""

    def keep() -> None:
        _write(_of_note(made), made.note)

    _when_committed(keep)


def keep_event_later(event: CertificateEvent) -> None:
    """Write down what happened to a certificate after its issue, as soon as it is committed."""

    def keep() -> None:
        _keep_event(event)

    _when_committed(keep)


def _keep_event(event: CertificateEvent) -> None:
    key, moment = event.certificate.public_id, event.at.astimezone(UTC).strftime(_AT)
    said = {"certificate": str(key), "event": event.kind, "at": event.at.isoformat()}
    _write(f"{EVENTS}/{key.hex}-{moment}-{event.kind}.json", json.dumps(said, indent=1))


def keep_missing() -> None:
    """Write down what a worker that died after a commit did not; any number of times.

    That is what the log says since the checkpoint before the newest, and the note of the newest.
    """
    newest = list(Checkpoint.objects.order_by("-pk")[:2])
    told = CertificateEvent.objects.filter(leaf__index__gte=newest[1].size if len(newest) > 1 else 0)
    # Its number is kept, before its PDF can be had.
    for event in told.exclude(kind=CertificateEvent.Kind.ISSUED).select_related("certificate"):
        _keep_event(event)
    for made in newest[:1]:
        _write(_of_note(made), made.note)


def _when_committed(keep: Callable[[], None]) -> None:
    """A full disk does not undo what is committed: it is logged. Django asks what failed for a name: no `partial`."""
    transaction.on_commit(keep, robust=True)


def assert_free(series: Series) -> None:
    """Raises `register.behind` where the storage knows the number that a series, locked by the caller, gives out next.

    That is never so of itself: the file comes after the commit, so the database was put back to a moment before it.
    """
    if default_storage.exists(_of_number(series, series.last_number)):
        message = _(
            "El registro es más viejo que sus archivos: el número %(number)s ya se dio. Parece que se recuperó "
            "una copia. Quien administra el servidor tiene que correr «manage.py after_restore»."
        )
        number = f"{series}-{series.last_number:06d}"
        raise RuleBroken(BEHIND, message % {"number": number})


def series_known() -> Iterator[tuple[str, int]]:
    """Name and year of each series of which the storage knows a number."""
    for folder in sorted(_listed(NUMBERS)[0]):
        if found := _SERIES.fullmatch(folder):
            yield found["name"], int(found["year"])


def numbers_known(name: str, year: int) -> set[int]:
    """The numbers of a series that the storage knows."""
    files = _listed(f"{NUMBERS}/{name}-{year}")[1]
    return {int(found[1]) for file in files if (found := _NUMBER.fullmatch(file))}


def code_known(series: Series, number: int) -> str:
    """The digest of the code behind a number; empty where a power cut left no whole file, or none."""
    with suppress(FileNotFoundError, ValueError), default_storage.open(_of_number(series, number)) as file:
        said = json.loads(file.read())
        return str(said.get("code_sha256", ""))[:64] if isinstance(said, dict) else ""
    return ""


def digest_of_code(certificate: Certificate) -> str:
    """As it is kept."""
    return sha256(certificate.code.encode()).hexdigest()


def notes_known(since: date | None = None) -> list[tuple[date, str]]:
    """Every note that was published on a day, or after it, with its day."""
    found = []
    for file in sorted(_listed(NOTES)[1]):
        said = _NOTE.fullmatch(file)
        if said and (since is None or date.fromisoformat(said[1]) >= since):
            with default_storage.open(f"{NOTES}/{file}") as stored:
                found.append((date.fromisoformat(said[1]), stored.read().decode()))
    return found


def events_known() -> dict[UUID, tuple[datetime, str]]:
    """Of each certificate to which something happened after its issue, when the last of it was, and its kind."""
    found: dict[UUID, tuple[datetime, str]] = {}
    for file in _listed(EVENTS)[1]:
        if said := _EVENT.fullmatch(file):
            at = datetime.strptime(said["at"], _AT).replace(tzinfo=UTC)
            key = UUID(said["key"])
            found[key] = max(found.get(key, (at, "")), (at, said["kind"]))
    return found


def lost_notes(since: date | None = None) -> list[tuple[date, str]]:
    """Checkpoints that were published, on a day or after it, and that the register neither has nor declared lost."""
    declared = {note for (notes,) in Restoration.objects.values_list("checkpoints") for note in notes}
    kept = set(Checkpoint.objects.values_list("note", flat=True)) | declared
    return [(day, note) for day, note in notes_known(since) if note not in kept]


def _of_number(series: Series, number: int) -> str:
    return f"{NUMBERS}/{series}/{number:06d}.json"


def _of_note(made: Checkpoint) -> str:
    """Its own: of a day that a restore took back there may be two."""
    return f"{NOTES}/{made.day}-{sha256(made.note.encode()).hexdigest()[:16]}.txt"


def _listed(folder: str) -> tuple[list[str], list[str]]:
    try:
        return default_storage.listdir(folder)
    except FileNotFoundError:
        return [], []


def _write(path: str, text: str) -> None:
    if default_storage.exists(path):
        return
    stored = default_storage.save(path, ContentFile(text.encode()))
    if stored != path:  # somebody else wrote the same at the same moment
        default_storage.delete(stored)
