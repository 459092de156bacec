"""A certificate that ends is renewed by a shorter course: one with the same words and a new end takes its place.

Who completes that course while the certificate holds, or within the days of grace after it, has it renewed; whatever
was lost on the way to it is found by the sweep. Decision 0055.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from certificates.models import Certificate, CertificateEvent, Renewal
from courses.models import Completion, CoursePage
from lms.domain import audit, job_words, jobs, people
from lms.models import Person

from . import asking, issuing, log, templates, validity

RENEW = "certificates.renew"
# Renewed in its last half year, a certificate loses nothing of its time: the new one begins where it ends.
OPENS = timedelta(days=180)
_KEPT = ("course_key", "edition", "course_title", "kind", "hours", "started_on", "completed_on", "score_percent")
_OF_ONE = {"verify_url", "status", "renewal"}


def ask_for(completion: Completion) -> None:
    """Ask for the renewal that a completed course is worth, if it renews anything."""
    if completion.renews_key:
        jobs.request(RENEW, completion.public_id, max_attempts=issuing.ATTEMPTS)


def unheard() -> QuerySet[Any]:
    """Completions that may renew a certificate which is there, and of which nothing was decided."""
    holds = Certificate.objects.in_force().exclude(pk__in=Certificate.objects.suspended().values("pk"))
    there = holds.filter(course_key=OuterRef("renews_key"), expires_on__isnull=False)
    of_the_standing = Exists(there.filter(person=OuterRef("holder")))
    of_one_taken_in = Exists(there.filter(person__merged_into=OuterRef("holder")))
    found = Completion.objects.with_holder().filter(renews_key__isnull=False, renewal=None)
    return found.filter(of_the_standing | of_one_taken_in, holder__in=Person.objects.certifiable()).order_by("pk")


def renew(completion_public_id: UUID | str) -> Certificate | None:
    """The certificate that a completion renewed, now unless it was before; None where it renews none.

    One transaction: the certificate is locked and still holds, its successor gets the next number, the old one is
    superseded. One that is not there yet, or whose holder nobody stands behind yet, may come: nothing is decided.
    """
    with transaction.atomic():
        completion = Completion.objects.select_related("person__merged_into").get(public_id=completion_public_id)
        if done := Renewal.objects.filter(completion=completion).select_related("certificate").first():
            return done.certificate
        old = _locked(completion)
        if old is None or not people.may_be_certified(completion.person.holder):
            return None
        day = timezone.localdate(completion.completed_at)
        new = _succeed(old, completion, day) if _is_in_time(old, day) else None
        Renewal.objects.create(completion=completion, certificate=new)
    return new


def _locked(completion: Completion) -> Certificate | None:
    """The certificate to renew: the newest of its course that stands and ends."""
    if completion.renews_key is None:
        return None
    family = Certificate.objects.for_person(completion.person.holder).filter(course_key=completion.renews_key)
    locked = family.filter(expires_on__isnull=False).select_for_update(of=("self",), no_key=True).order_by("pk")
    keys = [one.pk for one in locked]
    newest = Certificate.objects.in_force().filter(pk__in=keys).order_by("edition", "pk").last()
    return None if newest and asking.is_suspended(newest) else newest  # it may be, once that is lifted


def _is_in_time(old: Certificate, day: date) -> bool:
    until = validity.renewable_until(old)
    return until is not None and old.completed_on <= day <= until


def ends_anew(old: Certificate, day: date) -> date | None:
    """The last day of what is renewed on `day`: counted from the old one's in its last half year, else from `day`."""
    end = old.expires_on
    begins = end if end and end - OPENS <= day <= end else day
    return validity.last_day(begins, old.facts["months"])


def _succeed(old: Certificate, completion: Completion, day: date) -> Certificate:
    """Issue the successor, of whoever it is today and in the post of today."""
    held = issuing.confirmed_appointment(completion)
    renewal: dict[str, str] = {
        "of": old.reference,
        "on": day.isoformat(),
        "course": completion.course_title,
        "hours": f"{completion.hours:.1f}",
    }
    own = {"layout": templates.LAYOUT, "renewal": renewal}
    at = timezone.now()
    new = issuing.write(
        at,
        **{name: getattr(old, name) for name in _KEPT},
        supersedes=old,
        person=old.person,
        person_name=unicodedata.normalize("NFC", completion.person.holder.full_name),
        municipality=held.municipality if held else None,
        municipality_name=str(held.municipality) if held else "",
        post=held.post if held else None,
        post_name=held.post.name if held else "",
        issuer=old.issuer,
        expires_on=ends_anew(old, day),
        facts={name: value for name, value in old.facts.items() if name not in _OF_ONE} | own,
    )
    ended = CertificateEvent.objects.create(certificate=old, kind=CertificateEvent.Kind.SUPERSEDED, at=at)
    log.append(ended)
    issuing.enter(new)
    audit.record(
        "certificate.renewed",
        by=None,
        subject=f"certificates.Certificate:{new.public_id}",
        facts={"reference": new.reference, "before": old.reference, "completion": str(completion.public_id)},
    )
    return new


@dataclass(frozen=True)
class Offer:
    """A certificate that ends, and the published course that renews it."""

    certificate: Certificate
    course: CoursePage
    is_over: bool


def offers(certificates: Iterable[Certificate], today: date | None = None) -> list[Offer]:
    """What its holder may renew, in the order of their ends: what ends within half a year, or is in its days of grace.

    Each certificate carries `state`.
    """
    day = today or timezone.localdate()
    standing = {Certificate.State.ISSUED, Certificate.State.EXPIRED}
    near = [one for one in certificates if one.state in standing and _is_near(one, day)]  # type: ignore[attr-defined]
    if not near:
        return []
    pages = CoursePage.objects.live().filter(renews_key__in={one.course_key for one in near}).order_by("-path")
    by_key = {page.renews_key: page for page in pages}
    found = [one for one in near if one.course_key in by_key]
    found.sort(key=lambda one: (one.expires_on or day, one.pk))
    return [Offer(one, by_key[one.course_key], one.state == Certificate.State.EXPIRED) for one in found]  # type: ignore[attr-defined]


def _is_near(one: Certificate, day: date) -> bool:
    return one.expires_on is not None and one.expires_on - OPENS <= day and _is_in_time(one, day)


@job_words.names(RENEW)
def courses_of(subjects: Iterable[str]) -> dict[str, str]:
    """The courses that renew."""
    found = Completion.objects.filter(Q(public_id__in=set(subjects))).values_list("public_id", "course_title")
    return {str(public_id): title for public_id, title in found}


@jobs.performs(RENEW)
def perform(claim: jobs.Claim) -> None:
    """Renew one certificate, if there is one to renew."""
    renew(claim.job.subject)
