"""The ledger of durable work: whatever happens on the way, the work is done once."""

import threading
from datetime import timedelta

import pytest
import time_machine
from celery import current_app
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from lms.domain import jobs
from lms.domain.errors import RuleBroken
from lms.models import Job
from tests.factories.people import a_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def performed():
    """What the test's own performers did, in order; registered for the time of one test."""
    done: list[str] = []
    before = dict(jobs._performers)

    @jobs.performs("test.note")
    def note(claim: jobs.Claim) -> None:
        claim.progress(1, 2, "a medias")
        done.append(claim.job.subject)

    @jobs.performs("test.fail")
    def fail(claim: jobs.Claim) -> None:
        done.append(claim.job.subject)
        raise OSError("sin disco")

    @jobs.performs("test.refuse")
    def refuse(claim: jobs.Claim) -> None:
        raise RuleBroken("x.refused", "No se puede.")

    yield done
    jobs._performers.clear()
    jobs._performers.update(before)


def age(job: Job, **fields) -> None:
    Job.objects.filter(pk=job.pk).update(**fields)


def state_of(job: Job) -> str:
    return Job.objects.get(pk=job.pk).state


def test_a_job_is_done_and_says_so(performed):
    job = jobs.request("test.note", "uno", payload={"a": 1})
    assert jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.percent, job.reason, job.lease_until) == ("done", 100, "", None)
    assert job.finished_at
    assert performed == ["uno"]


def test_asking_again_in_the_moment_in_which_the_first_ends_gives_a_new_job():
    first, ended = jobs.request("test.note", "uno"), []

    def end_it(execute, sql, values, many, context):
        answer = execute(sql, values, many, context)
        if sql.startswith("INSERT") and not ended:
            ended.append(Job.objects.filter(pk=first.pk).update(state=Job.State.DONE))
        return answer

    with connection.execute_wrapper(end_it):
        second = jobs.request("test.note", "uno")
    assert (ended, second.pk == first.pk, state_of(second)) == ([1], False, "waiting")


def test_a_job_is_asked_for_by_one_statement(django_assert_num_queries):
    with django_assert_num_queries(1):
        jobs.request("test.note", "uno", payload={"a": 1}, by=None)
    assert Job.objects.get().payload == {"a": 1}


def test_asking_again_for_what_is_unfinished_gives_the_same_job(performed):
    first = jobs.request("test.note", "uno")
    assert jobs.request("test.note", "uno") == first
    jobs.run(first.pk)
    assert jobs.request("test.note", "uno") != first
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.create(kind="test.note", subject="uno")


def test_an_undone_change_asks_for_nothing(performed):
    with transaction.atomic():
        jobs.request("test.note", "uno")
        transaction.set_rollback(True)
    assert not Job.objects.exists()


def test_a_message_that_comes_twice_does_the_work_once(performed):
    job = jobs.request("test.note", "uno")
    assert [jobs.run(job.pk), jobs.run(job.pk)] == [True, False]
    assert performed == ["uno"]


def test_a_lost_message_is_sent_again(performed):
    job = jobs.request("test.note", "uno")
    assert jobs.reap() == 0
    age(job, due_at=timezone.now() - timedelta(seconds=1))
    assert jobs.reap() == 1
    assert jobs.reap() == 0, "a slow queue must not be filled with copies"


def test_what_a_dead_worker_held_is_taken_over_and_the_dead_writes_nothing(performed):
    job = jobs.request("test.note", "uno")
    dead = jobs.claim(job.pk)
    assert jobs.claim(job.pk) is None
    age(job, lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.reap() == 1
    assert_writes_nothing(dead)
    successor = jobs.claim(job.pk)
    assert successor.fence == dead.fence + 1
    assert_writes_nothing(dead)
    with transaction.atomic():
        successor.assert_held()
    jobs._end(dead, Job.State.DONE, "")
    assert state_of(job) == "running"


def assert_writes_nothing(dead: jobs.Claim) -> None:
    before = Job.objects.values().get(pk=dead.job.pk)
    for write in (lambda: dead.progress(1, 2), dead.renew):
        with pytest.raises(jobs.LeaseLost):
            write()
    with transaction.atomic(), pytest.raises(jobs.LeaseLost):
        dead.assert_held()
    jobs._end(dead, Job.State.DONE, "")
    jobs._put_back(dead, "sin disco")
    assert Job.objects.values().get(pk=dead.job.pk) == before


def test_what_a_dead_worker_held_is_sent_again_once_and_waits_its_turn(performed):
    job = jobs.request("test.note", "uno")
    dead = jobs.claim(job.pk)
    with time_machine.travel(timezone.now() + timedelta(days=1), tick=False) as later:
        assert [jobs.reap(), jobs.reap()] == [1, 0], "a slow queue must not be filled with copies"
        job.refresh_from_db()
        assert (job.state, job.fence, job.attempts, job.lease_until) == ("waiting", dead.fence, 1, None)
        later.shift(timedelta(seconds=61))
        assert jobs.reap() == 1, "the message was lost"
        assert jobs.claim(job.pk)
        assert jobs.reap() == 0


def test_a_worker_that_lost_its_lease_stops_quietly(performed):
    job = jobs.request("test.note", "uno")

    @jobs.performs("test.note")
    def slow(claim: jobs.Claim) -> None:
        age(job, fence=claim.fence + 1)
        claim.progress(1, 2)

    assert jobs.run(job.pk)
    assert state_of(job) == "running"


def test_a_poison_is_tried_three_times_and_then_shown(performed):
    job = jobs.request("test.fail", "veneno")
    for attempt in range(1, 4):
        assert jobs.run(job.pk)
        job.refresh_from_db()
        assert job.attempts == attempt
    assert (job.state, job.reason) == ("failed", "OSError: sin disco")
    assert not jobs.run(job.pk)
    assert performed == ["veneno"] * 3


def test_a_failure_waits_longer_each_time(performed):
    job = jobs.request("test.fail", "veneno")
    pauses = []
    with time_machine.travel(timezone.now(), tick=False):
        for _attempt in range(2):
            jobs.run(job.pk)
            job.refresh_from_db()
            pauses.append((job.due_at - timezone.now()).total_seconds())
    assert pauses == [15, 45]


def test_work_that_kills_its_worker_ends_too(performed):
    job = jobs.request("test.note", "asesino")
    for _attempt in range(3):
        assert jobs.claim(job.pk)
        age(job, lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.claim(job.pk) is None
    jobs.reap()
    job.refresh_from_db()
    assert (job.state, job.reason) == ("failed", "lost")


def test_work_that_gets_further_with_each_life_is_not_given_up(performed):
    job = jobs.request("test.note", "uno")
    for _death in range(5):
        held = jobs.claim(job.pk)
        with held.publishing(gets_on=True):
            pass
        assert not held.is_last_try
        age(job, lease_until=timezone.now() - timedelta(seconds=1))
        jobs.reap()
    assert state_of(job) == "waiting"
    with pytest.raises(jobs.LeaseLost), held.publishing(gets_on=True):
        performed.append("published")
    assert performed == []


def test_a_job_is_done_in_the_transaction_that_publishes_or_not_at_all(performed):
    @jobs.performs("test.publish")
    def publish(claim: jobs.Claim) -> None:
        with claim.publishing():
            claim.finish()
            if claim.fence == 1:
                raise OSError("sin disco")
        performed.append("published")

    job = jobs.request("test.publish", "uno")
    jobs.run(job.pk)
    assert state_of(job) == "waiting"
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.reason, job.lease_until, performed) == ("done", "", None, ["published"])
    assert job.finished_at
    assert not jobs.run(job.pk)


def test_a_refusal_by_rule_is_not_tried_again(performed):
    job = jobs.request("test.refuse", "uno")
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.reason, job.attempts) == ("failed", "No se puede.", 1)


def test_only_what_failed_is_tried_again(performed):
    job = jobs.request("test.refuse", "uno")
    with pytest.raises(RuleBroken) as caught:
        jobs.retry(job, by=None)
    assert caught.value.code == "job.not_failed"
    jobs.run(job.pk)
    jobs.retry(job, by=None)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.reason, job.finished_at) == ("waiting", 0, "", None)


@pytest.mark.parametrize("is_wrapped", [False, True])
def test_what_a_database_refuses_is_kept_without_the_values_of_the_row(performed, caplog, is_wrapped):
    """PostgreSQL says `Key (email)=(…) already exists.`; for the check of either database that stands for it here."""

    said = "DETAIL: Key (email)=(ana@example.org) already exists."

    class Diagnosis:
        constraint_name = "lms_person_email_key"

    @jobs.performs("test.doubled")
    def double(claim: jobs.Claim) -> None:
        cause = ValueError(said)
        cause.diag = Diagnosis()
        try:
            raise IntegrityError(said) from cause
        except IntegrityError as refused:
            if is_wrapped:
                raise RuntimeError(f"row 3: {refused}") from refused
            raise

    job = jobs.request("test.doubled", "x")
    jobs.run(job.pk)
    job.refresh_from_db()
    kind = "RuntimeError" if is_wrapped else "IntegrityError"
    assert job.reason == f"{kind}: lms_person_email_key"
    assert "ana@example.org" not in caplog.text
    assert (job.reason in caplog.text, "test_jobs.py" in caplog.text) == (True, True)


def test_a_real_refusal_names_the_constraint(performed):
    @jobs.performs("test.same")
    def same(claim: jobs.Claim) -> None:
        with transaction.atomic():
            a_person(email="ana@example.org"), a_person(email="ana@example.org")

    job = jobs.request("test.same", "x")
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.reason.startswith("IntegrityError: ")
    assert "email" in job.reason
    assert "@" not in job.reason


@pytest.mark.skipif(bool(settings.REDIS_URL), reason="this broker is a folder")
def test_a_broker_that_is_away_loses_nothing(performed, caplog, django_capture_on_commit_callbacks):
    messages = settings.QUEUE_DIR / "messages"
    away = messages.rename(settings.QUEUE_DIR / "away")
    messages.touch()  # a folder that is missing is made again
    try:
        with django_capture_on_commit_callbacks(execute=True) as callbacks:
            job = jobs.request("test.note", "uno")
    finally:
        messages.unlink()
        away.rename(messages)
    assert len(callbacks) == 1
    assert "did not take job" in caplog.text
    before = set(messages.glob("*.msg"))
    age(job, due_at=timezone.now() - timedelta(seconds=1))
    assert jobs.reap() == 1
    assert len(set(messages.glob("*.msg")) - before) == 1


def _race(job_id: int, claim) -> list[bool]:
    outcomes, gate = [], threading.Barrier(6)

    def go() -> None:
        gate.wait()
        try:
            outcomes.append(bool(claim(job_id)))
        finally:
            connection.close()

    threads = [threading.Thread(target=go) for _worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.django_db(transaction=True)
def test_of_six_workers_one_gets_the_job(performed):
    job = Job.objects.create(kind="test.note", subject="carrera")
    assert sorted(_race(job.pk, jobs.claim)) == [False] * 5 + [True]
    assert Job.objects.get().attempts == 1


@pytest.mark.django_db(transaction=True)
def test_the_race_is_one_that_can_be_lost(performed):
    """Negative control: look first and take then, without the condition, and several get it."""
    job = Job.objects.create(kind="test.note", subject="carrera")
    looked = threading.Barrier(6)

    def naive_claim(job_id: int) -> bool:
        is_free = Job.objects.get(pk=job_id).state == Job.State.WAITING
        looked.wait()
        if is_free:
            Job.objects.filter(pk=job_id).update(state=Job.State.RUNNING)
        return is_free

    assert sum(_race(job.pk, naive_claim)) > 1


@pytest.mark.django_db(transaction=True)
def test_a_lease_is_renewed_while_a_long_step_runs(settings):
    settings.JOB_LEASE_SECONDS = 0.4
    held = jobs.claim(Job.objects.create(kind="test.note", subject="largo").pk)
    first = Job.objects.get().lease_until
    with jobs.kept_alive(held):
        threading.Event().wait(0.6)
    assert Job.objects.get().lease_until > first


def waiting_messages(queue: str) -> int:
    """How many messages a queue of the broker in force holds."""
    with current_app.connection_for_read() as broker:
        return broker.default_channel._size(queue)


def test_transcoding_has_a_queue_of_its_own_so_that_nothing_waits_behind_it(django_capture_on_commit_callbacks):
    before = {queue: waiting_messages(queue) for queue in ("aula", "aula-media")}
    with django_capture_on_commit_callbacks(execute=True):
        jobs.request("media.transcode", "uno")
        jobs.request("certificates.issue", "dos")
        jobs.request("certificates.issue", "tres")
    sent = {queue: waiting_messages(queue) - before[queue] for queue in before}
    assert sent == {"aula": 2, "aula-media": 1}


def test_what_was_asked_for_anew_is_not_retried_beside_it(performed):
    failed = jobs.request("test.refuse", "uno")
    jobs.run(failed.pk)
    newer = jobs.request("test.refuse", "uno")
    with pytest.raises(RuleBroken) as caught:
        jobs.retry(failed, by=None)
    assert caught.value.code == "job.already_waiting"
    assert (state_of(failed), state_of(newer)) == ("failed", "waiting")
