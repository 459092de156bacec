"""From a completed course to a row of the register: once, with the next number, whatever is killed on the way."""

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from certificates.models import Certificate, CertificateAct, CertificateEvent, OwedCertificate, Series, StatusEntry
from courses.models import Completion
from lms.domain import audit, job_words, jobs, people
from lms.domain.errors import RuleBroken
from lms.domain.texts import fold
from lms.models import Appointment, Person

from . import checkpoints, codes, competencies, log, status_lists, templates, testimony, validity

ISSUE = "certificates.issue"
RENDER = "certificates.render"
# Nobody asked yet for what is issued to those who ask.
UNASKED = Q(certificate_on_request=True, owed_certificate=None)
# Killed workers and sleeping disks are not the certificate's fault: it may be tried often.
ATTEMPTS = 5


def ask_for(completion: Completion) -> None:
    """Ask for the certificate of a course that was completed just now, if the course gives one, by one statement.

    Whoever does the job owes it first (`perform`). Until then nothing but the completion says that it is owed; where
    the job was lost, the sweep finds that.
    """
    if completion.certificate_kind and not completion.certificate_on_request:
        jobs.request(ISSUE, completion.public_id, max_attempts=ATTEMPTS)


def apply_for(completion: Completion, by: Person) -> OwedCertificate:
    """The holder asks for the certificate of a course that gives it on request; asked again, it is one.

    Raises `certificate.not_on_request`, and `certificate.held` where they have it, however they came by it.
    """
    if not (completion.certificate_kind and completion.certificate_on_request):
        words = _("Este certificado no se pide: se emite al completar el curso.")
        raise RuleBroken("certificate.not_on_request", words)
    with transaction.atomic():
        _locked_holder(completion)
        is_new = not OwedCertificate.objects.filter(completion=completion).exists()
        owed = owe(completion)
        if owed is None:
            raise RuleBroken("certificate.held", _("Ya tiene el certificado de este curso."))
        if is_new:
            audit.record("certificate.requested", by=by, subject=f"courses.Completion:{completion.public_id}")
    return owed


def owe(completion: Completion) -> OwedCertificate | None:
    """Note that a completion must become a certificate, and ask for it; None when its course gives none.

    None also when the same edition is owed or certified already under another record of the person. That of somebody
    behind whom nobody stands yet is owed and waits (docs/decisions/0013). May be called any number of times.
    """
    if not completion.certificate_kind:
        return None
    with transaction.atomic():
        holder = _locked_holder(completion)
        owed = _note(completion, holder)
        if owed and owed.issued_at is None and people.may_be_certified(holder):
            jobs.request(ISSUE, completion.public_id, max_attempts=ATTEMPTS)
    return owed


def _note(completion: Completion, holder: Person) -> OwedCertificate | None:
    """The row of the outbox, made if need be, for whoever holds the lock of `holder`; None beside another."""
    if OwedCertificate.objects.beside(completion, holder).exists():
        return None
    if own := OwedCertificate.objects.filter(completion=completion).first():
        return own
    if is_held(completion, holder):
        return None
    return OwedCertificate.objects.get_or_create(completion=completion)[0]


def is_held(completion: Completion, holder: Person) -> bool:
    """Whether somebody has a certificate in force of the edition, however they came by it."""
    held = Certificate.objects.in_force().for_person(holder)
    return held.of_edition(completion.course_key, completion.edition).exists()


def _locked_holder(completion: Completion) -> Person:
    """The record that stands for whoever completed it; a merge waits until we are done, and we for it."""
    standing = Person.objects.values_list("merged_into", flat=True)
    while True:
        keys = {completion.person_id, standing.get(pk=completion.person_id) or completion.person_id}
        # By key, as merges and their undoing take them.
        rows = {row.pk: row for row in Person.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk")}
        own = rows[completion.person_id]
        if (own.merged_into_id or own.pk) in rows:
            return rows[own.merged_into_id or own.pk]


def ask_for_waiting(person: Person) -> int:
    """Ask for everything that `person` is owed, if they may have it by now; returns how many certificates.

    May be called any number of times.
    """
    if not people.may_be_certified(person):
        return 0
    owed = OwedCertificate.objects.filter(completion__person__in=Person.objects.family(person), issued_at=None)
    keys = list(owed.values_list("completion__public_id", flat=True))
    for key in keys:
        jobs.request(ISSUE, key, max_attempts=ATTEMPTS)
    return len(keys)


def issue(completion_public_id: UUID | str) -> Certificate | None:
    """The certificate of an owed completion, issued now unless it was before; None while it has to wait.

    One transaction: the owed row is locked, then the series; the number, the event, the leaf of the log and the request
    for the PDF are written together or not at all. Raises `OwedCertificate.DoesNotExist` when nothing is owed, and
    `register.behind` after a restore that nobody declared (docs/decisions/0057).
    """
    with transaction.atomic():
        owed = (
            OwedCertificate.objects.select_for_update(of=("self",))
            .select_related("completion__person__merged_into")
            .get(completion__public_id=completion_public_id)
        )
        if found := Certificate.objects.filter(owed=owed).first():
            return found
        if not people.may_be_certified(owed.completion.person.holder):
            return None
        at = timezone.now()
        certificate = write(at, owed=owed, **_columns(owed.completion))
        enter(certificate)
        owed.issued_at = at
        owed.save(update_fields=["issued_at"])
        audit.record(
            "certificate.issued",
            by=None,
            subject=f"certificates.Certificate:{certificate.public_id}",
            facts={"reference": certificate.reference, "completion": str(completion_public_id)},
        )
    return certificate


def _take_number(at: datetime) -> Series:
    """The series of the year, locked, its counter raised by one. Raises `register.behind`."""
    year = timezone.localtime(at).year
    Series.objects.get_or_create(name=settings.CERTIFICATE_SERIES, year=year)
    series = Series.objects.select_for_update().get(name=settings.CERTIFICATE_SERIES, year=year)
    series.last_number += 1
    testimony.assert_free(series)
    series.save(update_fields=["last_number"])
    return series


def write(at: datetime, *, facts: dict, **columns: Any) -> Certificate:
    """A row with the next number, its code and its bit; `columns` and `facts` are what the paper says besides.

    For whoever holds the transaction, and the lock of what it is issued for. Call `enter` after it.
    """
    series = _take_number(at)
    code = codes.new_code()
    name_of_list, bit = status_lists.take_place(series)
    # Frozen too: the QR must stay the same for ever.
    own = {
        "verify_url": settings.PUBLIC_URL + reverse("certificates:certificate", args=[code]),
        "status": status_lists.frozen(name_of_list, bit),
        **checkpoints.frozen(),
    }
    certificate = Certificate.objects.create(
        series=series,
        number=series.last_number,
        reference=f"{series.name}-{series.year}-{series.last_number:06d}",
        code=code,
        revision=_next_revision(columns["person"], columns["course_key"], columns["edition"]),
        person_name_folded=fold(columns["person_name"])[:255],
        issued_at=at,
        facts=facts | own,
        **columns,
    )
    StatusEntry.objects.create(certificate=certificate, list=name_of_list, index=bit)
    return certificate


def _next_revision(person: Person, course_key: UUID, edition: int) -> int:
    """One more than the last of this person and edition: a certificate that was revoked keeps its place."""
    before = Certificate.objects.filter(person=person).of_edition(course_key, edition)
    return (before.aggregate(last=Max("revision"))["last"] or 0) + 1


def enter(certificate: Certificate, *, by: Person | None = None, act: CertificateAct | None = None) -> None:
    """Say in the log that a certificate was issued, by which act if by one, and ask for its PDF."""
    kind, at = CertificateEvent.Kind.ISSUED, certificate.issued_at
    event = CertificateEvent.objects.create(certificate=certificate, kind=kind, at=at, by=by)
    if act:
        act.event = event
        act.save()
    log.append(event)
    testimony.keep_number_later(certificate)
    jobs.request(RENDER, certificate.public_id, max_attempts=ATTEMPTS)


def _columns(completion: Completion) -> dict[str, Any]:
    """Everything that the paper says, copied."""
    held = confirmed_appointment(completion)
    return {
        "person": completion.person,
        "course_key": completion.course_key,
        "edition": completion.edition,
        "person_name": unicodedata.normalize("NFC", completion.person.full_name),
        "course_title": completion.course_title,
        "kind": completion.certificate_kind,
        "hours": completion.hours,
        "started_on": timezone.localdate(completion.started_at),
        "completed_on": timezone.localdate(completion.completed_at),
        "score_percent": completion.score_percent,
        "municipality": held.municipality if held else None,
        "municipality_name": str(held.municipality) if held else "",
        "post": held.post if held else None,
        "post_name": held.post.name if held else "",
        "issuer": settings.CERTIFICATE_ISSUER,
        "expires_on": validity.last_day(timezone.localdate(completion.completed_at), completion.certificate_months),
        "facts": frozen_facts(completion.programme, completion.certificate_kind, completion.course_key)
        | validity.facts(completion)
        | competencies.facts(completion.competency),
    }


def confirmed_appointment(completion: Completion) -> Appointment | None:
    """The post that the paper names: one held on the day of the completion and confirmed by now, or none.

    Of several the one that the completion copied, else the newest. What was only declared is never certified.
    """
    day = timezone.localdate(completion.completed_at)
    held = completion.person.holder.appointments.current(on=day).confirmed()
    held = held.select_related("municipality__department", "post")
    copied = (completion.municipality_id, completion.post_id)
    return next((one for one in held if (one.municipality_id, one.post_id) == copied), None) or held.last()


def frozen_facts(programme: list, kind: str, course_key: UUID) -> dict:
    """What the paper says beyond the columns."""
    return {
        "place": settings.CERTIFICATE_PLACE,
        "programme": programme,
        **templates.newest_design(kind=kind, course_key=course_key),
    }


@job_words.names(ISSUE)
def courses_of(subjects: Iterable[str]) -> dict[str, str]:
    """The courses that jobs certify; of the person only an administrator's list of certificates speaks."""
    found = Completion.objects.filter(public_id__in=set(subjects)).values_list("public_id", "course_title")
    return {str(public_id): title for public_id, title in found}


@jobs.performs(ISSUE)
def perform(claim: jobs.Claim) -> None:
    """Owe and issue one certificate. One that has to wait after all, or is owed no longer, is no failure."""
    due = Completion.objects.exclude(certificate_kind="").exclude(UNASKED)
    completion = due.filter(public_id=claim.job.subject).first()
    if completion and _is_owed(completion):
        issue(completion.public_id)


def _is_owed(completion: Completion) -> bool:
    """Whether it is, from now on if it was not before."""
    if OwedCertificate.objects.filter(completion=completion).exists():
        return True
    with transaction.atomic():
        return _note(completion, _locked_holder(completion)) is not None
