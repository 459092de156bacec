"""After a restore: which numbers were given out that the register no longer knows, and saying so once, for ever.

What the storage holds is read (`testimony`, and sealed files that no row speaks of), and what somebody says who holds a
later certificate. Nothing of the lost certificates is entered again: their numbers become void. Nor is what happened to
older ones; it is named until two people certified it again.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Max

from certificates import keyring
from certificates.models import (
    Certificate,
    CertificateEvent,
    CertificateFile,
    LogHead,
    LogLeaf,
    OwedCertificate,
    Restoration,
    Series,
    VoidNumber,
)
from certificates.pdf import SealBroken, attached, check
from lms.domain import audit, jobs
from lms.domain.errors import RuleBroken
from lms.models import Job

from . import batches, codes, log, testimony
from .batches import ISSUE_BATCH
from .issuing import ISSUE

AT_ONCE = 500
MOST_SAID = 10_000  # how far beyond what the storage knows somebody may say a number: more is a slip of the finger
_REFERENCE = re.compile(r"(?P<name>.+)-(?P<year>\d{4})-(?P<number>\d{6,10})")
_FILE = re.compile(r"(?P<key>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:-(?:after-)?[0-9a-f]{16})?\.pdf")
_YEAR = re.compile(r"\d{4}")

Key = tuple[str, int]
_HAPPENED: dict[str, str] = {
    CertificateEvent.Kind.REVOKED: "it was revoked",
    CertificateEvent.Kind.SUSPENDED: "it was suspended",
    CertificateEvent.Kind.REINSTATED: "its suspension was lifted",
    CertificateEvent.Kind.SUPERSEDED: "another took its place",
}


class NotCredible(ValueError):
    """A number that somebody says was given out cannot have been. Says why."""


@dataclass
class Evidence:
    """What is known of the time after the backup.

    `numbers`: of each series, by name and year, the numbers that the register does not know, each with the digest of
    its certificate's code, or an empty text. `notes`: the checkpoints that it does not know, with their days. `unread`:
    files in the storage that no row speaks of, and whose number cannot be read in them.
    """

    numbers: dict[Key, dict[int, str]] = field(default_factory=dict)
    notes: list[tuple[date, str]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def note(self, key: Key, number: int, code_sha256: str = "") -> None:
        """Note a number."""
        kept = self.numbers.setdefault(key, {})
        kept[number] = kept.get(number) or code_sha256


def find_evidence() -> Evidence:
    """What the storage knows and the register does not. Nothing is written."""
    found = Evidence()
    for name, year in testimony.series_known():
        series = Series.objects.filter(name=name, year=year).first() or Series(name=name, year=year)
        for number in sorted(testimony.numbers_known(name, year) - numbers_of(series)):
            found.note((name, year), number, testimony.code_known(series, number))
    found.notes = testimony.lost_notes()
    for path in _files_without_row():
        _read_file(path, found)
    return found


def lost_events() -> list[str]:
    """What happened to certificates that the register has, after the last of which it knows; a sentence for each.

    The register shows them as they were before, until somebody acts on them again.
    """
    known = testimony.events_known()
    keys, told = sorted(known), []
    for start in range(0, len(keys), AT_ONCE):
        rows = Certificate.objects.filter(public_id__in=keys[start : start + AT_ONCE]).select_related("series")
        for certificate in rows.annotate(newest=Max("events__at")):
            at, kind = known[certificate.public_id]
            if certificate.newest < at:
                what = f"{_HAPPENED.get(kind, kind)} on {at:%Y-%m-%d}, which is lost"
                told.append(f"certificate {certificate.reference}: {what}: two people have to certify it again")
    return sorted(told)


def numbers_of(series: Series) -> set[int]:
    """Every number of a series that the register knows, void ones too."""
    if series.pk is None:
        return set()
    void = VoidNumber.objects.filter(series=series).values_list("number", flat=True)
    return {*series.certificates.values_list("number", flat=True), *void}


def _files_without_row() -> Iterator[str]:
    """Sealed files in the storage of certificates that the register does not know."""
    known = {str(key) for key in Certificate.objects.values_list("public_id", flat=True)}
    rows = set(CertificateFile.objects.values_list("path", flat=True))
    with suppress(FileNotFoundError):
        for year in sorted(filter(_YEAR.fullmatch, default_storage.listdir("certificates")[0])):
            for name in sorted(default_storage.listdir(f"certificates/{year}")[1]):
                path, said = f"certificates/{year}/{name}", _FILE.fullmatch(name)
                if said and path not in rows and str(UUID(said["key"])) not in known:
                    yield path


def _read_file(path: str, found: Evidence) -> None:
    """Read the number in a file, if our seal is on it; half a file that a kill left was given to nobody."""
    with default_storage.open(path) as stored:
        content = stored.read()
    try:
        check(content, [key.certificate for key in keyring.history(keyring.Use.SEAL)])
    except SealBroken:
        return
    try:
        document: Any = json.loads(attached(content))
        reference = _REFERENCE.fullmatch(document["credentialSubject"]["licenseNumber"])
        code = codes.normalise(document["id"])
        key, number = (reference["name"], int(reference["year"])), int(reference["number"])  # type: ignore[index]
    except (AttributeError, LookupError, TypeError, ValueError):
        found.unread.append(path)
        return
    series = Series.objects.filter(name=key[0], year=key[1]).first()
    if series is None or number not in numbers_of(series):
        found.note(key, number, sha256(code.encode()).hexdigest() if code else "")


def declare(evidence: Evidence, said: Mapping[Key, int] | None = None) -> Restoration | None:
    """Void what was given out after the backup, in one transaction, and let issuing go on; None where nothing was lost.

    Void becomes every number from where a series stands to the highest that is in `evidence` or in `said`, by name and
    year. Nothing is void twice, so it may be run again when a later number comes up. Raises `NotCredible`.
    """
    with transaction.atomic():
        lost = _lost(evidence, said or {})
        if not lost and not evidence.notes:
            return None
        LogHead.objects.get_or_create(pk=1, defaults={"digest": audit.GENESIS})
        head = LogHead.objects.select_for_update().get(pk=1)
        made = Restoration.objects.create(leaves=head.length, checkpoints=[note for _day, note in evidence.notes])
        for series, last in lost:
            digests = evidence.numbers.get((series.name, series.year), {})
            VoidNumber.objects.bulk_create(
                VoidNumber(restoration=made, series=series, number=number, code_sha256=digests.get(number, ""))
                for number in range(series.last_number + 1, last + 1)
            )
            series.last_number = last
            series.save(update_fields=["last_number"])
        entry = build_entry(made)
        log.append_restoration(made, entry)
        facts = {"void": entry["void"], "checkpoints": len(made.checkpoints), "leaves": made.leaves}
        audit.record("register.restored", by=None, subject=f"certificates.Restoration:{made.public_id}", facts=facts)
    _wake()
    return made


def _lost(evidence: Evidence, said: Mapping[Key, int]) -> list[tuple[Series, int]]:
    """The series that come back too low, locked in one order, each with the highest number that was given out."""
    found = []
    for name, year in sorted({*evidence.numbers, *said}):
        series, _made = Series.objects.get_or_create(name=name, year=year)
        series = Series.objects.select_for_update().get(pk=series.pk)
        known = max(evidence.numbers.get((name, year), {}), default=0)
        last = max(known, said.get((name, year), 0))
        if last - max(known, series.last_number) > MOST_SAID:
            raise NotCredible(f"{series}: {last} is more than {MOST_SAID} beyond every number that is known")
        if last > series.last_number:
            found.append((series, last))
    return found


def build_entry(made: Restoration) -> dict:
    """What the log says of a restore: which numbers are void, and which checkpoints it does not contain."""
    numbers: dict[str, list[int]] = {}
    digest = sha256()
    for one in made.numbers.select_related("series").order_by("series__name", "series__year", "number"):
        numbers.setdefault(str(one.series), []).append(one.number)
        digest.update(f"{one.series} {one.number} {one.code_sha256}\n".encode())
    return {
        "event": "restored",
        "restoration": str(made.public_id),
        "at": log.plain(made.at),
        "leaves": made.leaves,
        "void": {series: [min(ones), max(ones)] for series, ones in numbers.items()},
        "void_sha256": digest.hexdigest(),
        "checkpoints": made.checkpoints,
    }


def void_of(made: Restoration) -> list[tuple[str, str]]:
    """The first and the last void number of each series, as they are printed."""
    void = build_entry(made)["void"]
    return [(f"{series}-{first:06d}", f"{series}-{last:06d}") for series, (first, last) in sorted(void.items())]


def _wake() -> None:
    """What was refused because the register was behind need not wait for its rest to end."""
    unissued = OwedCertificate.objects.filter(issued_at=None).values_list("completion__public_id", flat=True)
    wanted = {ISSUE: unissued, ISSUE_BATCH: batches.unfinished().values_list("public_id", flat=True)}
    for kind, keys in wanted.items():
        subjects = [str(key) for key in keys]
        for job in Job.objects.filter(kind=kind, state=Job.State.FAILED, subject__in=subjects):
            with suppress(RuleBroken):  # asked for anew, or already woken
                jobs.wake(job)


def find_lost(code: str) -> VoidNumber | None:
    """The void number of a code (normalised) whose certificate the register lost."""
    digest = sha256(code.encode()).hexdigest()
    return VoidNumber.objects.filter(code_sha256=digest).select_related("series", "restoration").first()


# Reading it all anew ---------------------------------------------------------------------------------------------
def find_faults() -> Iterator[str]:
    """Each fault as a sentence: a restore that was not declared, or was declared otherwise than the log says."""
    for name, year in testimony.series_known():
        series = Series.objects.filter(name=name, year=year).first() or Series(name=name, year=year)
        if unknown := sorted(testimony.numbers_known(name, year) - numbers_of(series)):
            yield f"series {series}: numbers {unknown[:20]} were given out and are lost: manage.py after_restore"
    for certificate in Certificate.objects.select_related("series").order_by("pk").iterator(chunk_size=500):
        known = testimony.code_known(certificate.series, certificate.number)
        if known and known != testimony.digest_of_code(certificate):
            yield f"certificate {certificate.reference}: its number was given out before, to another"
    yield from lost_events()
    taken = Certificate.objects.filter(series__void_numbers__number=F("number")).order_by("pk")
    for certificate in taken:
        yield f"certificate {certificate.reference}: its number is void"
    for made in Restoration.objects.select_related("leaf"):
        leaf = getattr(made, "leaf", None)
        if leaf is None:
            yield f"restoration {made.public_id}: has no leaf in the log"
        elif leaf.entry != build_entry(made) or leaf.index != made.leaves:
            yield f"restoration {made.public_id}: is not what leaf {leaf.index} was made of"
    for leaf in LogLeaf.objects.filter(entry__event="restored", restoration=None):
        yield f"leaf {leaf.index}: its restoration is not there"
