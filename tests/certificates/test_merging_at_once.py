"""Merging while the same people are merged, certified and taught: locks, and nothing lost."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from certificates.domain import issuing
from certificates.models import Certificate, OwedCertificate
from courses.domain import enrolment, rewatching, watching
from courses.models import Enrolment, WatchProgress, WatchSegment
from lms.domain.errors import RuleBroken
from lms.models import Person
from tests.certificates.merging_steps import faults, merge, two_viewers
from tests.courses.watching_cases import stretch
from tests.factories.certificates import a_completion
from tests.factories.courses import a_course
from tests.factories.people import an_employee

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts) -> list[object]:
    """Do all at the same moment, each in a thread; what each returned or raised."""
    ready = threading.Barrier(len(acts), timeout=30)

    def run(act) -> object:
        try:
            ready.wait()
            return act()
        except Exception as failure:
            return failure
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def test_the_same_two_are_merged_once_however_many_ask():
    one, two = an_employee(), an_employee()
    course = a_course()
    for person in (one, two):
        enrolment.enrol(person=person, course=course, by=person)
    asked = [lambda: merge(one, two), lambda: merge(two, one)] * 4
    answers = at_once(*asked)
    refused = [answer.code for answer in answers if isinstance(answer, RuleBroken)]
    assert refused == ["merge.already_merged"] * 7
    assert Person.objects.filter(merged_into__isnull=False).count() == 1
    assert Enrolment.objects.active().count() == 1


def test_a_merge_while_certificates_are_being_issued_loses_and_doubles_none():
    course, another = a_course(), a_course()
    one, two = an_employee(), an_employee()
    same = [a_completion(person=person, course=course) for person in (one, two)]
    own = a_completion(person=two, course=another)

    def issue(done) -> None:
        if issuing.owe(done) is not None:
            try:
                issuing.issue(done.public_id)
            except OwedCertificate.DoesNotExist:
                return  # the merge let go of it

    answers = at_once(*[lambda done=done: issue(done) for done in (*same, own)], lambda: merge(one, two))
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    for done in (*same, own):
        issue(done)
    assert Certificate.objects.filter(course_key=another.translation_key).count() == 1
    assert Certificate.objects.filter(course_key=course.translation_key).count() in {1, 2}
    assert faults() == []


def test_a_merge_while_the_absorbed_record_learns_loses_no_second():
    one, other, _entered, token = two_viewers()
    stale = Person.objects.get(pk=other.pk)
    batches = [stretch(token, n, n + 5, clock=300 + n, device=uuid.UUID(int=n + 9)) for n in range(0, 40, 5)]
    acts = [lambda batch=batch: watching.record(person=stale, batch=batch, at=timezone.now()) for batch in batches]
    answers = at_once(*acts, lambda: merge(one.person, other))
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert WatchSegment.objects.exclude(enrolment__person=one.person).count() == 0
    for progress in WatchProgress.objects.filter(enrolment__person=one.person):
        assert bytes(rewatching.derive(progress).bitmap) == bytes(progress.bitmap)
