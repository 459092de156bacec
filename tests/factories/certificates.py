"""Completions and certificates for tests, made as rows; the verbs of the register do the issuing."""

import uuid
from datetime import timedelta

from django.utils import timezone

from certificates.domain import acts, by_hand, correction, issuing, revocation, suspension
from certificates.models import Certificate, CertificateAct, CertificateEvent
from courses.models import Completion, CoursePage, Enrolment
from lms.models import Person
from tests.factories.courses import a_course
from tests.factories.people import an_employee, somebody_with_role


def a_completion(*, person: Person | None = None, course: CoursePage | None = None, **fields) -> Completion:
    """A course that somebody (by default a new cashier in Nebaj) completed after eleven days."""
    person = person or an_employee()
    course = course or a_course()
    enrolment, _created = Enrolment.objects.get_or_create(
        person=person, course_key=course.translation_key, defaults={"course": course}
    )
    appointment = person.current_appointment()
    now = fields.pop("completed_at", timezone.now())
    defaults = {
        "public_id": uuid.uuid4(),
        "course_title": course.title,
        "hours": course.hours,
        "edition": course.edition,
        "certificate_kind": "diploma",
        "programme": ["Primera lección", "Segunda lección"],
        "score_percent": 90,
        "started_at": now - timedelta(days=11),
        "completed_at": now,
        "municipality": appointment.municipality if appointment else None,
        "post": appointment.post if appointment else None,
    }
    return Completion.objects.create(
        enrolment=enrolment, person=person, course_key=course.translation_key, **{**defaults, **fields}
    )


def a_certificate(**fields) -> Certificate:
    """A certificate, issued; `fields` as for `a_completion`. Its PDF is drawn only by the job that it asks for."""
    completion = a_completion(**fields)
    issuing.owe(completion)
    return issuing.issue(completion.public_id)


def certified(act: CertificateAct) -> CertificateAct:
    """An act that a certifier, made for it, certified."""
    return acts.certify(act=act, by=somebody_with_role("certifier"))


def a_revocation(certificate: Certificate, *, reason: str = "Prueba", kind: str = "error") -> CertificateEvent:
    """Revoke a certificate, by two people who are made for it."""
    asked = {"certificate": certificate, "reason_kind": kind, "reason": reason}
    return certified(revocation.ask(by=somebody_with_role("certifier"), **asked)).event


def a_suspension(certificate: Certificate, *, reason: str = "Prueba", kind: str = "doubt") -> CertificateEvent:
    """Suspend a certificate, by two people who are made for it."""
    asked = {"certificate": certificate, "reason_kind": kind, "reason": reason}
    return certified(suspension.ask(by=somebody_with_role("administrator"), **asked)).event


def a_lifting(certificate: Certificate, *, reason: str = "Prueba", kind: str = "cleared") -> CertificateEvent:
    """Lift the suspension of a certificate, by two people who are made for it."""
    asked = {"certificate": certificate, "reason_kind": kind, "reason": reason}
    return certified(suspension.ask_lifting(by=somebody_with_role("administrator"), **asked)).event


def a_correction(certificate: Certificate, **wanted) -> Certificate:
    """The successor of a certificate that says `wanted`, by two people who are made for it."""
    asked = {"certificate": certificate, "reason_kind": "error", "reason": "Prueba", "wanted": wanted}
    return certified(correction.ask(by=somebody_with_role("certifier"), **asked)).made


def by_hand_for(person: Person, **said) -> Certificate:
    """A certificate that two people issued to somebody; `said` as for `by_hand.facts_of`."""
    day = timezone.localdate()
    said = {"kind": "constancia", "started_on": day, "completed_on": day, **said}
    if "course" not in said:
        said = {"title": "Taller de archivo", "hours": 6, **said}
    return certified(by_hand.ask(person=person, reason="Acta", by=somebody_with_role("administrator"), **said)).made
