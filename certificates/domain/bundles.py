"""Many certificates in one file: a ZIP of the sealed PDFs, or their pages in one PDF for the printer."""

import zipfile
from collections.abc import Iterable
from datetime import timedelta
from tempfile import SpooledTemporaryFile
from typing import IO

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certificates.models import Certificate, CertificateBundle
from certificates.pdf import join
from lms import permissions
from lms.domain import audit, job_words, jobs
from lms.domain.errors import RuleBroken
from lms.models import Job, Person

from . import acts, rendering
from .issuing import ATTEMPTS

MAKE = "certificates.make_bundle"
MOST = 500
KEPT = timedelta(days=3)
TYPES = {"zip": "application/zip", "print": "application/pdf"}
FOLDER = "certificates/paquetes"
SUFFIXES = {"zip": "zip", "print": "pdf"}


def ask(*, certificates: QuerySet[Certificate], form: str, by: Person) -> CertificateBundle:
    """Have certificates put into one file, in the order of their numbers.

    Raises `bundle.not_yours`, `bundle.form_unknown`, `bundle.empty`, `bundle.too_many`.
    """
    if not permissions.nationwide(by, acts.CERTIFY):
        raise RuleBroken("bundle.not_yours", _("Su rol no le permite descargar certificados de otras personas."))
    if form not in CertificateBundle.Form.values:
        raise RuleBroken("bundle.form_unknown", _("Elija un ZIP o un PDF para imprimir."))
    wanted = certificates.order_by("series__year", "number").values_list("public_id", flat=True)
    keys = [str(key) for key in wanted[: MOST + 1]]
    if not keys:
        raise RuleBroken("bundle.empty", _("No hay ningún certificado que poner en el paquete."))
    if len(keys) > MOST:
        raise RuleBroken("bundle.too_many", _("Son más de 500 certificados. Elija menos con los filtros."))
    with transaction.atomic():
        bundle = CertificateBundle.objects.create(
            form=form, certificates=keys, asked_by=by, expires_at=timezone.now() + KEPT
        )
        jobs.request(MAKE, bundle.public_id, by=by, max_attempts=ATTEMPTS)
        _tell("certificate_bundle.asked", bundle, by)
    return bundle


def visible_to(person: Person) -> QuerySet[CertificateBundle]:
    """Those that one may take away: one's own, and for those who certify everywhere all of them."""
    if permissions.nationwide(person, acts.CERTIFY):
        return CertificateBundle.objects.all()
    return CertificateBundle.objects.none()


def take(bundle: CertificateBundle, *, by: Person) -> IO[bytes]:
    """The open file, its taking told to the trail. Raises `bundle.not_ready`."""
    if not bundle.is_ready:
        raise RuleBroken("bundle.not_ready", _("El paquete no está listo, o ya se borró. Pídalo de nuevo."))
    with transaction.atomic():
        _tell("certificate_bundle.taken", bundle, by)
    return default_storage.open(bundle.path)


def _tell(action: str, bundle: CertificateBundle, by: Person) -> None:
    facts = {"form": bundle.form, "rows": len(bundle.certificates)}
    audit.record(action, by=by, subject=f"certificates.CertificateBundle:{bundle.public_id}", facts=facts)


def job_of(bundle: CertificateBundle) -> Job | None:
    """The job that makes it."""
    return Job.objects.for_subject(MAKE, bundle.public_id).order_by("-pk").first()


@jobs.performs(MAKE)
def perform(claim: jobs.Claim) -> None:
    """Make the file and have the row speak of it; made anew by whoever comes after a kill."""
    bundle = CertificateBundle.objects.get(public_id=claim.job.subject)
    if bundle.path or bundle.expires_at < timezone.now():
        return
    path = f"{FOLDER}/{bundle.public_id}.{SUFFIXES[bundle.form]}"
    with SpooledTemporaryFile(max_size=8_000_000) as made:
        contents = _contents(bundle, claim)
        if bundle.form == CertificateBundle.Form.ZIP:
            _zip(made, contents)
        else:
            made.write(join(content for _name, content in contents))
        size = made.tell()
        made.seek(0)
        default_storage.delete(path)
        with claim.publishing():
            stored = default_storage.save(path, File(made))
            CertificateBundle.objects.filter(pk=bundle.pk).update(path=stored, bytes=size)


def _contents(bundle: CertificateBundle, claim: jobs.Claim) -> Iterable[tuple[str, bytes]]:
    """Each file's name and bytes, in the order of the bundle."""
    total = len(bundle.certificates)
    for done, key in enumerate(bundle.certificates, 1):
        certificate = Certificate.objects.select_related("series").get(public_id=key)
        _row, stored = rendering.open_file(certificate)
        with stored:
            yield f"{certificate.reference}.pdf", stored.read()
        claim.progress(done, total)


def _zip(made: IO[bytes], contents: Iterable[tuple[str, bytes]]) -> None:
    """PDFs are packed already."""
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, content in contents:
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)
    made.seek(0, 2)


def clear() -> int:
    """Let go of the files whose time is over; returns how many."""
    over = CertificateBundle.objects.filter(expires_at__lt=timezone.now()).exclude(path="")
    for bundle in over:
        default_storage.delete(bundle.path)
        CertificateBundle.objects.filter(pk=bundle.pk).update(path="", bytes=0)
    return len(over)


@job_words.names(MAKE)
def sizes_of(subjects: Iterable[str]) -> dict[str, str]:
    """How many certificates each holds."""
    found = CertificateBundle.objects.filter(public_id__in=set(subjects))
    return {
        str(one.public_id): ngettext("%(n)d certificado", "%(n)d certificados", len(one.certificates))
        % {"n": len(one.certificates)}
        for one in found
    }
