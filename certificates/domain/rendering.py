"""The PDF of a certificate in the default storage, drawn from the frozen facts and drawn again when it is lost."""

import contextlib
import os
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from certificates.models import Certificate, CertificateFile
from certificates.pdf import render
from lms.domain import audit, job_words, jobs

from .issuing import RENDER


def ensure_file(certificate: Certificate) -> CertificateFile:
    """The file of a certificate; drawn when there is no row for it, or no whole file behind the row.

    The same facts give the same bytes, so whoever does it twice, or after a kill, ends with one and the same file. When
    a lost file comes out different (a newer drawing), the row follows it and the audit trail tells both digests.
    """
    found = CertificateFile.objects.filter(certificate=certificate).first()
    if found and _is_whole(found):
        return found
    content = render(certificate)
    facts: dict[str, Any] = {
        "path": _store(certificate, content),
        "bytes": len(content),
        "sha256": sha256(content).hexdigest(),
    }
    with transaction.atomic():
        file, created = CertificateFile.objects.select_for_update().get_or_create(
            certificate=certificate, defaults=facts
        )
        if not created and (file.sha256 != facts["sha256"] or file.path != facts["path"]):
            audit.record(
                "certificate.drawn_anew",
                by=None,
                subject=f"certificates.Certificate:{certificate.public_id}",
                facts={"lost": file.sha256, "drawn": facts["sha256"]},
            )
            file.path, file.bytes, file.sha256 = facts["path"], facts["bytes"], facts["sha256"]
            file.rendered_at = timezone.now()
            file.save()
    return file


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


def _store(certificate: Certificate, content: bytes) -> str:
    """Write the bytes under the certificate's one name, over whatever half a file a killed worker left there."""
    path = f"certificates/{certificate.series.year}/{certificate.public_id}.pdf"
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
