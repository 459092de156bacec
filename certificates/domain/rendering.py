"""The sealed PDF of a certificate in the default storage, drawn from the frozen facts, and again when it is lost."""

import contextlib
import os
from collections.abc import Iterable
from functools import partial
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from certificates import keyring
from certificates.models import Certificate, CertificateFile
from certificates.pdf import extend, good_until, render, seal
from lms.domain import audit, job_words, jobs

from . import credentials, signed_facts, testimony
from .issuing import RENDER

# Facts of a file that the trail tells and that `verify_registry` compares.
TOLD = ("drawn", "unsigned", "key", "qr", "until")


def ensure_file(certificate: Certificate) -> CertificateFile:
    """The file of a certificate; drawn and sealed when there is no row for it, or no whole file behind the row.

    The same facts and key give the same bytes, so whoever does it twice, or after a kill, ends with one and the same
    file. Where they would not (an authority stamps the time, the key or the drawing is a newer one) the row decides:
    who comes second throws theirs away, and when a lost file comes back different the trail tells both digests.
    Raises `keyring.KeyMissing`, and whatever asking an authority for the time raises: then the file waits.
    """
    found = CertificateFile.objects.filter(certificate=certificate).first()
    if found and _is_whole(found):
        return found
    content, facts = _sealed(certificate, found)
    testimony.keep_number(certificate)  # before anybody can hold a file that says it
    with transaction.atomic():
        Certificate.objects.select_for_update(of=("self",), no_key=True).get(pk=certificate.pk)
        file = CertificateFile.objects.filter(certificate=certificate).first()
        if file and _is_whole(file):
            return file
        path = store(_path(certificate, file, facts["sha256"]), content)
        return _note(certificate, file, {"path": path, **facts})


def _sealed(certificate: Certificate, kept: CertificateFile | None = None) -> tuple[bytes, dict[str, Any]]:
    """The sealed file, and what its row says of it; with the credential and the QR that were given out once.

    The seal claims the moment of issue, or that since which its key is in use, so that it can be made again.
    """
    key = keyring.current(keyring.Use.SEAL)
    credential = (kept.credential if kept else "") or credentials.issue(certificate)
    qr = kept.qr if kept else signed_facts.address_for(certificate)
    unsigned = render(certificate, credential, qr)
    content = seal(
        unsigned,
        private=key.private,
        certificate=key.certificate,
        at=max(certificate.issued_at, key.since),
        time_authority=settings.SEAL_TIME_AUTHORITY,
    )
    if settings.SEAL_LONG_TERM:
        content = extend(content, time_authority=settings.SEAL_TIME_AUTHORITY)
    return content, {
        "bytes": len(content),
        "sha256": sha256(content).hexdigest(),
        "unsigned_sha256": sha256(unsigned).hexdigest(),
        "sealed_with": key.name,
        "credential": credential,
        "qr": qr,
        "time_until": good_until(content) if settings.SEAL_LONG_TERM else None,
    }


def _note(certificate: Certificate, file: CertificateFile | None, facts: dict[str, Any]) -> CertificateFile:
    """Have the row say the facts of what was stored, and the trail that it does."""
    told = told_of(CertificateFile(**facts))
    if file is None:
        tell("certificate.sealed", certificate, told)
        return CertificateFile.objects.create(certificate=certificate, **facts)
    if any(getattr(file, name) != value for name, value in facts.items()):
        tell("certificate.drawn_anew", certificate, {"lost": file.sha256, **told})
        if file.path != facts["path"]:  # of what was there no more than a piece is left
            transaction.on_commit(partial(default_storage.delete, file.path))
        CertificateFile.objects.filter(pk=file.pk).update(rendered_at=timezone.now(), **facts)
        file.refresh_from_db()
    return file


def told_of(file: CertificateFile) -> dict[str, str]:
    """What the trail says of the file that a row speaks of."""
    told = {"drawn": file.sha256, "unsigned": file.unsigned_sha256, "key": file.sealed_with}
    if file.qr:
        told["qr"] = sha256(file.qr.encode()).hexdigest()
    if file.time_until:
        told["until"] = file.time_until.isoformat()
    return told


def tell(action: str, certificate: Certificate, facts: dict[str, Any]) -> None:
    """Append to the trail what happened to the file of a certificate."""
    audit.record(action, by=None, subject=f"certificates.Certificate:{certificate.public_id}", facts=facts)


def open_file(certificate: Certificate) -> tuple[CertificateFile, File]:
    """The row and the open PDF of a certificate."""
    file = ensure_file(certificate)
    return file, default_storage.open(file.path)


def _is_whole(file: CertificateFile) -> bool:
    """Whether the storage holds as many bytes as the row says: a power cut may leave none, or some of them."""
    try:
        return default_storage.size(file.path) == file.bytes
    except FileNotFoundError:
        return False


def _path(certificate: Certificate, file: CertificateFile | None, digest: str) -> str:
    """The certificate's one name; another for what differs from the file that the row still speaks of."""
    if file and file.sha256 == digest:
        return file.path
    anew = f"-{digest[:16]}" if file else ""
    return f"certificates/{certificate.series.year}/{certificate.public_id}{anew}.pdf"


def store(path: str, content: bytes) -> str:
    """Write the bytes there, over whatever half a file a killed worker left."""
    if default_storage.exists(path):
        with default_storage.open(path) as there:
            if there.read() == content:
                return _kept(path)
        default_storage.delete(path)
    stored = default_storage.save(path, ContentFile(content))
    if stored != path:  # somebody else wrote the same bytes at the same moment
        default_storage.delete(stored)
    return _kept(path)


def _kept(path: str) -> str:
    """The path, once its bytes would outlive a power cut: before that no row may speak of them."""
    with contextlib.suppress(NotImplementedError):  # a storage that is no disk keeps what it took
        descriptor = os.open(default_storage.path(path), os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    return path


@job_words.names(RENDER)
def references_of(subjects: Iterable[str]) -> dict[str, str]:
    """The numbers of the certificates that jobs draw, and their courses."""
    found = Certificate.objects.filter(public_id__in=set(subjects))
    return {str(one.public_id): f"{one.reference} · {one.course_title}" for one in found}


@jobs.performs(RENDER)
def perform(claim: jobs.Claim) -> None:
    """Draw one certificate."""
    ensure_file(Certificate.objects.select_related("series").get(public_id=claim.job.subject))
