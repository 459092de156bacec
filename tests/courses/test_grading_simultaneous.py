"""The same quiz begun and handed in from several places at the same moment, each with a connection of its own."""

import uuid
from threading import Barrier, Thread

import pytest
from django.db import connection

from courses.domain import grading
from courses.models import ActivityCompletion, Answer, Attempt, Completion
from lms.models import AuditEvent
from tests.courses.test_grading import a_quiz_to_take, keys, started

pytestmark = pytest.mark.django_db(transaction=True)
DEVICES = 6


def at_once(call) -> list:
    """What `call(number)` gave in each of several threads that start together."""
    gate, results = Barrier(DEVICES), []

    def run(number: int) -> None:
        try:
            gate.wait()
            results.append(call(number))
        except Exception as failure:
            results.append(failure)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(number,)) for number in range(DEVICES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.parametrize("same_form", [True, False])
def test_begun_at_once_it_is_one_attempt(same_form):
    enrolment, activity = a_quiz_to_take()
    ids = [uuid.uuid4()] * DEVICES if same_form else [uuid.uuid4() for _device in range(DEVICES)]
    results = at_once(lambda n: grading.start(enrolment=enrolment, activity=activity, attempt_id=ids[n]))
    attempt = Attempt.objects.get()
    assert results == [attempt] * DEVICES
    assert Answer.objects.filter(attempt=attempt).count() == 2
    assert AuditEvent.objects.filter(action="attempt.started").count() == 1


def test_handed_in_at_once_it_is_graded_once():
    enrolment, activity = a_quiz_to_take()
    attempt = started(enrolment, activity)
    for given in attempt.answers.all():
        grading.answer(attempt=attempt, order=given.order, given={"chosen": keys(given)})
    results = at_once(lambda _n: grading.hand_in(attempt=attempt).closed_at)
    attempt.refresh_from_db()
    assert results == [attempt.closed_at] * DEVICES
    assert AuditEvent.objects.filter(action="attempt.handed_in").count() == 1
    assert ActivityCompletion.objects.count() == Completion.objects.filter(enrolment=enrolment).count() == 1
