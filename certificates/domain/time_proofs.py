"""Keeping proofs of time up: a file whose newest one ends soon gets another, and the digest that it had stays known.

What was given out stays where it is: the longer file begins with it and lies beside it, under a name that follows from
the digest before. Whoever is killed between storing it and saying so leaves a file that the next one takes as it is.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from certificates.models import Certificate, CertificateFile, EarlierFile
from certificates.pdf import AuthorityAway, NotExtended, extend, good_until

from . import rendering

log = logging.getLogger(__name__)

EXTENDED = "certificate.time_extended"
AHEAD = timedelta(days=90)
"""Before the end of the proof: long enough for an authority that is away, and for us who are."""
AT_A_TIME = 200
MOST_LEFT = 20


@dataclass
class Renewed:
    """How many files got another proof, and a sentence for each that could not and should have."""

    count: int = 0
    left: list[str] = field(default_factory=list)


def due(at: datetime | None = None) -> QuerySet[CertificateFile]:
    """Those whose newest proof ends soon, what ends first before the others."""
    soon = (at or timezone.now()) + AHEAD
    found = CertificateFile.objects.filter(time_until__lt=soon).select_related("certificate__series")
    return found.order_by("time_until", "pk")


def renew(at: datetime | None = None) -> Renewed:
    """Give so many of those that are due another proof, and leave the rest for the next time, which comes in an hour.

    Nothing happens where the setting is off, and the round ends when the authority is away, or still stamps with a
    certificate that ends no later.
    """
    done = Renewed()
    if not settings.SEAL_LONG_TERM:
        return done
    for file in due(at)[: AT_A_TIME + MOST_LEFT]:
        try:
            if not _renew(file):
                break
            done.count += 1
        except (NotExtended, FileNotFoundError) as problem:
            done.left.append(f"certificate {file.certificate.reference}: {problem}")
            log.warning("no newer proof of time for %s: %s", file.certificate.reference, problem)
            if isinstance(problem, AuthorityAway):
                break
        if done.count == AT_A_TIME or len(done.left) == MOST_LEFT:
            break
    return done


def _renew(file: CertificateFile) -> bool:
    """Whether anything was gained."""
    with default_storage.open(file.path) as stored:
        content = stored.read()
    if sha256(content).hexdigest() != file.sha256:
        raise NotExtended(f"its file {file.path} is not the one that was drawn")
    path = _path(file)
    longer = _left_behind(path, content) or extend(content, time_authority=settings.SEAL_TIME_AUTHORITY)
    until = good_until(longer)
    if file.time_until is None or until is None or until <= file.time_until:
        return False
    _keep(file, path, longer, until)
    return True


def _path(file: CertificateFile) -> str:
    """Beside the file; whoever tries again comes to the same name."""
    certificate = file.certificate
    return f"certificates/{certificate.series.year}/{certificate.public_id}-after-{file.sha256[:16]}.pdf"


def _left_behind(path: str, content: bytes) -> bytes | None:
    """What somebody stored there who was killed before the row said so; half a file is made again."""
    try:
        with default_storage.open(path) as stored:
            found = stored.read()
    except FileNotFoundError:
        return None
    try:
        return found if found.startswith(content) and found != content and good_until(found) else None
    except NotExtended:
        return None


def _keep(file: CertificateFile, path: str, content: bytes, until: datetime) -> None:
    """Store the longer file and have the row, the digests and the trail say so, unless somebody was quicker."""
    with transaction.atomic():
        certificate = Certificate.objects.select_for_update(of=("self",), no_key=True).get(pk=file.certificate_id)
        row = CertificateFile.objects.get(pk=file.pk)
        before = row.sha256
        if before != file.sha256:
            return
        row.path = rendering.store(path, content)
        row.bytes, row.sha256, row.time_until = len(content), sha256(content).hexdigest(), until
        row.save(update_fields=["path", "bytes", "sha256", "time_until"])
        EarlierFile.objects.create(certificate=certificate, sha256=before)
        rendering.tell(EXTENDED, certificate, {"before": before, **rendering.told_of(row)})
