"""Many at once: one certificate for a completion, numbers without gap, one chain; and that it is the lock's doing."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.utils import timezone

from certificates.domain import acts, correction, issuing, revocation
from certificates.domain.checking import find_faults
from certificates.models import Certificate, CertificateAct, LogHead, LogLeaf, OwedCertificate, Series
from courses.domain import completion as completing
from courses.domain import enrolment as enrolling
from courses.models import Activity, Completion
from lms.domain import jobs
from lms.domain.errors import RuleBroken
from lms.models import Job
from tests.factories.certificates import a_certificate, a_completion
from tests.factories.courses import a_course, a_lesson
from tests.factories.people import an_employee, somebody_with_role

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(count: int, act: Callable[[int], object]) -> list[object]:
    """Let `count` threads do the same at the same moment; what each returned or raised."""
    ready = threading.Barrier(count, timeout=30)

    def run(number: int) -> object:
        try:
            ready.wait()
            return act(number)
        except Exception as failure:
            return failure
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))


def faults() -> list[str]:
    return [fault for fault in find_faults() if not fault.endswith("has no PDF yet")]


def test_fifty_at_once_give_one_certificate():
    completion = a_completion()

    def finish(_number: int) -> str:
        issuing.owe(completion)
        return issuing.issue(completion.public_id).reference

    references = at_once(50, finish)
    certificate = Certificate.objects.get()
    assert set(references) == {certificate.reference}
    assert (OwedCertificate.objects.count(), LogLeaf.objects.count(), Series.objects.get().last_number) == (1, 1, 1)
    assert Job.objects.filter(kind="certificates.issue").count() == 1
    assert faults() == []


def test_fifty_judgements_of_the_same_course_give_one_certificate():
    """The whole way down from the course: fifty last steps, fifty signals, one certificate."""
    person, course = an_employee(), a_course()
    lesson = a_lesson(course)
    enrolment = enrolling.enrol(person=person, course=course, by=person)
    activity = Activity.objects.get(lesson_key=lesson.translation_key)

    def finish(_number: int) -> object:
        return completing.complete_activity(enrolment=enrolment, activity=activity)

    results = at_once(50, finish)
    assert [result for result in results if isinstance(result, Exception)] == []
    completion, job = Completion.objects.get(), Job.objects.get()
    assert (job.kind, job.subject) == ("certificates.issue", str(completion.public_id))
    # Fifty workers and a sweep at the same moment.
    at_once(50, lambda number: jobs.run(job.pk) if number % 2 else issuing.owe(completion))
    assert OwedCertificate.objects.get().completion == completion
    assert Certificate.objects.count() == LogLeaf.objects.count() == 1
    assert faults() == []


def test_thirty_people_get_the_numbers_one_to_thirty():
    course = a_course()
    completions = [a_completion(person=an_employee(), course=course) for _ in range(30)]

    def finish(number: int) -> int:
        issuing.owe(completions[number])
        return issuing.issue(completions[number].public_id).number

    assert sorted(at_once(30, finish)) == list(range(1, 31))
    assert LogHead.objects.get().length == 30
    assert faults() == []


def test_without_the_lock_numbers_repeat():
    """The negative control: read the counter, take the next number, write it, as naive code does."""
    series = Series.objects.create(name="NAIVE", year=2026)

    def take(_number: int) -> int:
        last = Series.objects.get(pk=series.pk).last_number
        time.sleep(0.01)  # whatever else is done before writing
        Series.objects.filter(pk=series.pk).update(last_number=last + 1)
        return last + 1

    numbers = at_once(30, take)
    assert sorted(numbers) != list(range(1, 31))


def test_with_the_lock_the_same_does_not():
    def take(_number: int) -> int:
        with transaction.atomic():
            return issuing._take_number(timezone.now()).last_number

    assert sorted(at_once(30, take)) == list(range(1, 31))


def asked_revocation(certificate: Certificate) -> CertificateAct:
    asked = {"certificate": certificate, "reason_kind": "error", "reason": "Error"}
    return revocation.ask(by=somebody_with_role("certifier"), **asked)


def test_one_of_ten_asked_at_once_waits():
    certificate, certifier = a_certificate(), somebody_with_role("certifier")
    asked = {"certificate": certificate, "reason_kind": "error", "reason": "Error", "by": certifier}
    results = at_once(10, lambda _number: revocation.ask(**asked))
    assert [result.code for result in results if isinstance(result, RuleBroken)] == ["act.already_asked"] * 9
    assert CertificateAct.objects.count() == 1


@pytest.mark.parametrize("kind", ["revocation", "correction"])
def test_one_of_ten_certified_at_once_is_written(kind):
    certificate, certifier = a_certificate(), somebody_with_role("certifier")
    if kind == "revocation":
        act = asked_revocation(certificate)
    else:
        asked = {"reason_kind": "error", "reason": "Error", "wanted": {"person_name": "Ana"}}
        act = correction.ask(certificate=certificate, by=somebody_with_role("administrator"), **asked)
    results = at_once(10, lambda _number: acts.certify(act=act, by=certifier))
    refused = [result.code for result in results if isinstance(result, RuleBroken)]
    assert refused == ["act.already_decided"] * 9
    assert certificate.events.count() == 2
    assert Certificate.objects.count() == (1 if kind == "revocation" else 2)
    assert faults() == []


def test_issues_and_revocations_at_once_do_not_lock_each_other_out():
    certifier = somebody_with_role("certifier")
    issued = [a_certificate() for _ in range(5)]
    asked = [asked_revocation(one) for one in issued]
    waiting = [a_completion() for _ in range(5)]

    def act(number: int) -> object:
        if number % 2:
            return acts.certify(act=asked[number // 2], by=certifier)
        issuing.owe(waiting[number // 2])
        return issuing.issue(waiting[number // 2].public_id)

    assert [result for result in at_once(10, act) if isinstance(result, Exception)] == []
    assert (Certificate.objects.count(), LogHead.objects.get().length) == (10, 15)
    assert faults() == []
