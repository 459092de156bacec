"""What failed is tried again by itself, ever more seldom, and is left to people in the end."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from certificates.domain import issuing, sweeping
from certificates.models import Certificate, OwedCertificate
from lms.domain import jobs
from lms.models import Job
from tests.factories.certificates import a_certificate, a_completion
from tests.factories.people import somebody_with_role

pytestmark = pytest.mark.django_db
NOON = datetime.fromisoformat("2026-11-20T18:00:00+00:00")


def fail(reason: str = "OSError: disk full") -> None:
    """Every job that waits has had all its attempts."""
    Job.objects.filter(state="waiting").update(state="failed", reason=reason, finished_at=timezone.now(), attempts=5)


def minutes_until_woken(clock) -> int | None:
    """How long the newest job, which failed, rests, to the power of two; None when it is not woken within a month."""
    failed_at = Job.objects.latest("pk").finished_at
    for minutes in (0, *(2**number for number in range(16))):
        clock.move_to(failed_at + timedelta(minutes=minutes, seconds=1))
        if sweeping.sweep():
            return minutes
    return None


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def owed(clock) -> OwedCertificate:
    return issuing.owe(a_completion())


def test_a_job_lost_with_its_worker_is_woken_at_once_but_only_the_first_time(owed, clock):
    fail("lost")
    assert sweeping.sweep() == 1
    assert Job.objects.get().state == Job.State.WAITING
    fail("lost")
    assert sweeping.sweep() == 0
    assert minutes_until_woken(clock) == 4


def test_what_fails_for_ever_is_woken_ever_more_seldom_and_then_given_up(owed, clock):
    pauses = []
    for _failure in range(sweeping.MOST_WAKES + 1):
        fail()
        pauses.append(minutes_until_woken(clock))
    assert pauses == [*(2 ** (number + 1) for number in range(sweeping.MOST_WAKES)), None]
    assert (Job.objects.count(), Job.objects.get().state, Job.objects.get().wakes) == (1, "failed", 11)


def test_a_drawing_that_fails_for_ever_is_given_up_too(clock):
    certificate = a_certificate()
    Job.objects.exclude(kind=issuing.RENDER).delete()
    fail()
    Job.objects.update(wakes=sweeping.MOST_WAKES)
    clock.shift(timedelta(days=30))
    assert sweeping.sweep() == 0
    assert Certificate.objects.filter(file=None).get() == certificate


def test_what_was_given_up_is_on_the_board_and_a_person_gives_it_all_its_tries_again(owed, clock, client, run_jobs):
    fail()
    Job.objects.update(wakes=sweeping.MOST_WAKES)
    clock.shift(timedelta(days=30))
    client.force_login(somebody_with_role("administrator"))
    page = client.get(reverse("lms_jobs:index"), {"state": "failed"}).content.decode()
    assert ("OSError: disk full" in page, "Veces retomado" in page) == (True, True)
    job = Job.objects.get()
    assert client.post(reverse("lms_jobs:delete", args=[job.pk])).status_code == 302
    job.refresh_from_db()
    assert (job.state, job.wakes) == ("waiting", 0)
    fail()
    assert minutes_until_woken(clock) == 2
    assert run_jobs() == []
    assert Certificate.objects.get().owed == owed


def test_what_rests_or_was_given_up_does_not_fill_a_sweep(clock, monkeypatch):
    monkeypatch.setattr(sweeping, "BATCH", 2)
    for _number in range(2):
        issuing.owe(a_completion())
    fail()
    Job.objects.filter(pk=Job.objects.earliest("pk").pk).update(wakes=sweeping.MOST_WAKES)
    clock.shift(timedelta(seconds=30))
    ready = issuing.owe(a_completion()).completion
    Job.objects.filter(subject=str(ready.public_id)).delete()
    assert sweeping.sweep() == 1
    assert Job.objects.get(state="waiting").subject == str(ready.public_id)


def test_what_a_confirmation_asks_for_anew_is_woken_although_an_older_job_was_given_up(owed, clock):
    fail()
    Job.objects.update(wakes=sweeping.MOST_WAKES)
    assert issuing.ask_for_waiting(owed.completion.person) == 1
    fail()
    assert minutes_until_woken(clock) == 2
    assert list(Job.objects.order_by("pk").values_list("state", "wakes")) == [("failed", 11), ("waiting", 1)]


def test_what_is_asked_for_anew_in_the_same_moment_stops_no_sweep(owed, clock):
    fail()
    clock.shift(timedelta(minutes=3))
    other = issuing.owe(a_completion()).completion
    Job.objects.filter(subject=str(other.public_id)).delete()
    asked = []

    def ask_first(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and "lms_job" in sql and not asked:
            asked.append(jobs.request(issuing.ISSUE, owed.completion.public_id))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(ask_first):
        assert sweeping.sweep() == 1
    assert Job.objects.filter(state="waiting", subject=str(other.public_id)).exists()
