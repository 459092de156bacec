"""Merging and parting two records for tests, and two who watched one half of a video each."""

import uuid
from datetime import timedelta

from certificates.domain.checking import find_faults
from courses.domain import enrolment, watching
from lms.domain import duplicates
from lms.models import Person
from tests.courses.watching_cases import a_viewer, stretch
from tests.factories.people import an_employee


def merge(survivor: Person, absorbed: Person):
    one, other = Person.objects.get(pk=survivor.pk), Person.objects.get(pk=absorbed.pk)
    return duplicates.merge(survivor=one, absorbed=other, reason="Misma persona.", by=None)


def undo(done) -> None:
    duplicates.undo(merge=done, by=None)


def fresh(person: Person) -> Person:
    return Person.objects.get(pk=person.pk)


def faults() -> list[str]:
    return [fault for fault in find_faults() if not fault.endswith("has no PDF yet")]


def two_viewers(**course_fields):
    """Two records, the first of which watched the first half of a video and the second the other half."""
    one = a_viewer(length=100, **course_fields)
    person = an_employee()
    entered = enrolment.enrol(person=person, course=one.course, by=person, at=one.at - timedelta(hours=2))
    token = watching.grant_session(enrolment=entered, activity=one.activity, at=one.granted_at)
    watching.record(person=one.person, batch=stretch(one.token, 0, 50), at=one.at)
    watching.record(person=person, batch=stretch(token, 50, 100, clock=60, device=uuid.UUID(int=2)), at=one.at)
    return one, person, entered, token
