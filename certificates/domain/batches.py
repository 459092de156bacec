"""Certificates for a whole list: read line by line, asked by one, certified whole by another, issued one by one."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from certificates.models import CertificateAct, CertificateBatch
from courses.models import Attendance, InPersonSession
from lms import permissions
from lms.domain import audit, job_words, jobs, people
from lms.domain.access import find_person
from lms.domain.errors import RuleBroken
from lms.models import Job, Person

from . import acts, asking, by_hand
from .issuing import ATTEMPTS

ISSUE_BATCH = "certificates.issue_batch"
MOST = 500
Decision = CertificateAct.Decision


@dataclass(frozen=True)
class Reading:
    """Who is on a list, and the lines that led to nobody: their number and why, never what stood there."""

    found: list[Person] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)


def read(text: str, by: Person, facts: dict[str, Any]) -> Reading:
    """A list with one CUI, telephone or e-mail a line, whatever follows it after a comma, semicolon or tab.

    Raises `batch.too_long` beyond 500 lines.
    """
    lines = [re.split(r"[,;\t]", line, maxsplit=1)[0].strip() for line in text.splitlines()]
    return _sift(((number, find_person(line)) for number, line in enumerate(lines, 1) if line), by, facts)


def read_session(code: str, by: Person, facts: dict[str, Any]) -> Reading:
    """Who was at a session in person, by the newest mark of each. Raises `batch.no_session`."""
    session = InPersonSession.objects.filter(code=code.strip().upper(), cancelled_at=None).first()
    if session is None:
        raise RuleBroken("batch.no_session", _("No hay ninguna sesión con ese código."))
    marks = Attendance.objects.filter(session=session).order_by("pk")
    newest = {mark.enrolment_id: mark for mark in marks.select_related("enrolment__person__merged_into")}
    there = [mark.enrolment.person.holder for mark in newest.values() if mark.is_present]
    return _sift(enumerate(there, 1), by, facts)


def _sift(rows: Iterable[tuple[int, Person | None]], by: Person, facts: dict[str, Any]) -> Reading:
    reading, seen = Reading(), set()
    reach = people.visible_to(by, asking.ACTION)
    for count, (number, person) in enumerate(rows):
        if count == MOST:
            raise RuleBroken("batch.too_long", _("La lista tiene más de 500 personas. Pártala en varias."))
        if person is None or not reach.filter(pk=person.pk).exists():
            reading.faults.append((number, _("no encontramos a nadie de su territorio con ese dato")))
        elif person.pk in seen:
            reading.faults.append((number, _("esta persona ya está más arriba en la lista")))
        elif problem := _obstacle(person, by, facts):
            reading.faults.append((number, problem))
        else:
            seen.add(person.pk)
            reading.found.append(person)
    return reading


def _obstacle(person: Person, by: Person, facts: dict[str, Any]) -> str:
    """Why this person is left out, in words; empty where nothing stands in the way."""
    try:
        asking.assert_not_oneself(person, by)
        held = by_hand.held_on(person, date.fromisoformat(facts["completed_on"]))
        asking.assert_reaches(held.municipality if held else None, by)
        by_hand.assert_lacks(person, facts)
        by_hand.assert_not_asked(person, facts)
    except RuleBroken as broken:
        return broken.message
    return ""


def ask(
    *, by: Person, reason: str, text: str = "", session: str = "", said: dict[str, Any], seen: int | None = None
) -> CertificateBatch:
    """Ask for the certificates of a list, or of who was at a session; `said` as for `by_hand.facts_of`.

    `seen` is how many people whoever asks was shown. Raises `batch.nobody`, `batch.changed`, and as `read`,
    `read_session`, `by_hand.facts_of` and `asking.checked_reason`.
    """
    reason, facts = asking.checked_reason(reason), by_hand.facts_of(**said)
    reading = read_session(session, by, facts) if session.strip() else read(text, by, facts)
    if not reading.found:
        raise RuleBroken("batch.nobody", _("En la lista no hay nadie a quien se le pueda emitir."))
    if seen is not None and seen != len(reading.found):
        raise RuleBroken("batch.changed", _("La lista dice ahora otra cosa que lo que vio. Revísela de nuevo."))
    day = date.fromisoformat(facts["completed_on"])
    with transaction.atomic():
        batch = CertificateBatch.objects.create(facts=facts, faults=reading.faults, reason=reason, asked_by=by)
        rows = [_act(batch, person, day) for person in reading.found]
        CertificateAct.objects.bulk_create(rows)
        _tell("certificate_batch.asked", batch, by=by, rows=len(rows))
    return batch


def _act(batch: CertificateBatch, person: Person, day: date) -> CertificateAct:
    held = by_hand.held_on(person, day)
    return CertificateAct(
        batch=batch,
        kind=CertificateAct.Kind.ISSUE,
        person=person,
        municipality=held.municipality if held else None,
        facts=batch.facts | by_hand.place_of(held),
        reason=batch.reason,
        asked_by=batch.asked_by,
        asked_at=batch.asked_at,
    )


def visible_to(person: Person) -> QuerySet[CertificateBatch]:
    """One's own, and for those who certify everywhere all of them."""
    if permissions.nationwide(person, acts.CERTIFY):
        return CertificateBatch.objects.all()
    return CertificateBatch.objects.filter(asked_by__in=Person.objects.family(person))


def obstacle(batch: CertificateBatch, by: Person) -> RuleBroken | None:
    """Why `by` may not decide a batch, if they may not."""
    own = Person.objects.family(by)
    if not permissions.nationwide(by, acts.CERTIFY):
        return RuleBroken("act.not_yours_to_decide", _("Su rol no le permite decidir esto."))
    if Person.objects.family(batch.asked_by).filter(pk__in=own).exists():
        return RuleBroken("act.asked_by_oneself", _("Usted lo pidió: lo tiene que certificar otra persona."))
    if batch.acts.filter(person__in=own).exists():
        return RuleBroken("act.about_oneself", _("Usted está en la lista: la tiene que certificar otra persona."))
    return None


def certify(*, batch: CertificateBatch, by: Person) -> CertificateBatch:
    """Certify a batch whole; a job issues what it asks for.

    Raises `act.not_yours_to_decide`, `act.asked_by_oneself`, `act.about_oneself`, `act.already_decided`.
    """
    with transaction.atomic():
        decided = _decide(batch, by, Decision.CERTIFIED)
        jobs.request(ISSUE_BATCH, batch.public_id, by=by, max_attempts=ATTEMPTS)
        _tell("certificate_batch.certified", decided, by=by, rows=decided.acts.count())
    return decided


def refuse(*, batch: CertificateBatch, reason: str, by: Person) -> CertificateBatch:
    """Say no to all of it, and why. Raises as `asking.checked_reason` and `certify`."""
    answer = asking.checked_reason(reason)
    with transaction.atomic():
        decided = _decide(batch, by, Decision.REFUSED, answer)
        decided.acts.waiting().update(
            decided_by=by, decided_at=decided.decided_at, decision=Decision.REFUSED, answer=answer
        )
        _tell("certificate_batch.refused", decided, by=by, rows=decided.acts.count())
    return decided


def _decide(batch: CertificateBatch, by: Person, decision: str, answer: str = "") -> CertificateBatch:
    locked = CertificateBatch.objects.select_for_update(of=("self",), no_key=True).get(pk=batch.pk)
    if broken := obstacle(locked, by):
        raise broken
    if locked.decided_at:
        raise RuleBroken("act.already_decided", _("Esto ya se decidió."))
    locked.decided_by, locked.decided_at = by, timezone.now()
    locked.decision, locked.answer = decision, answer
    locked.save()
    return locked


def _tell(action: str, batch: CertificateBatch, *, by: Person, rows: int) -> None:
    audit.record(
        action,
        by=by,
        subject=f"certificates.CertificateBatch:{batch.public_id}",
        facts={"title": batch.facts["course_title"], "rows": rows},
    )


def job_of(batch: CertificateBatch) -> Job | None:
    """The job that issues it."""
    return Job.objects.for_subject(ISSUE_BATCH, batch.public_id).order_by("-pk").first()


@jobs.performs(ISSUE_BATCH)
def perform(claim: jobs.Claim) -> None:
    """Issue one after the other, each in its own transaction under our fence; what was issued is not issued again."""
    batch = CertificateBatch.objects.select_related("decided_by").get(public_id=claim.job.subject)
    if batch.decided_by is None or batch.decision != Decision.CERTIFIED:
        return
    total = batch.acts.count()
    for act in _left(batch):
        with claim.publishing(gets_on=True):
            acts.carry_out_of_batch(act, by=batch.decided_by)
        claim.progress(total - batch.acts.waiting().count(), total)


def unfinished() -> QuerySet[CertificateBatch]:
    """Those that were certified and of which something is not issued yet, the oldest first."""
    left = CertificateAct.objects.waiting().filter(batch=OuterRef("pk"))
    return CertificateBatch.objects.filter(Exists(left), decision=Decision.CERTIFIED).order_by("pk")


def _left(batch: CertificateBatch) -> Iterator[CertificateAct]:
    """What waits still, in the order of the list."""
    keys = list(batch.acts.waiting().order_by("pk").values_list("pk", flat=True))
    for key in keys:
        yield CertificateAct.objects.select_related("person", "asked_by", "municipality").get(pk=key)


@job_words.names(ISSUE_BATCH)
def titles_of(subjects: Iterable[str]) -> dict[str, str]:
    """What the batches are about."""
    found = CertificateBatch.objects.filter(public_id__in=set(subjects))
    return {str(batch.public_id): str(batch) for batch in found}
