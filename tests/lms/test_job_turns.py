"""Which job comes first, and stopping one: priorities, turns between people, cancelling."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from lms.domain import cancelling, job_words, jobs, roles, turns
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Job
from media.domain import library
from media.models import Video
from tests.factories.media import a_video
from tests.factories.people import a_person, somebody_with_role

pytestmark = pytest.mark.django_db

FILM, VOICE = "media.transcode", "media.speech"
HIGH, NORMAL, LOW = Job.Priority.HIGH, Job.Priority.NORMAL, Job.Priority.LOW


@pytest.fixture
def performed(monkeypatch):
    """Work that only notes its subject, instead of the real."""
    done: list[str] = []

    def note(claim: jobs.Claim) -> None:
        done.append(claim.job.subject)

    for kind in (FILM, VOICE, "test.note"):
        monkeypatch.setitem(jobs._performers, kind, note)
    return done


@pytest.fixture
def administrator(db):
    roles.ensure_groups()
    person = somebody_with_role("administrator")
    roles.sync_groups(person)
    return person


def row(subject: str, kind: str = FILM, **fields) -> Job:
    return Job.objects.create(kind=kind, subject=subject, **fields)


def deliver(*found: Job) -> None:
    """The messages of the carrier, in the order in which they were sent."""
    for job in found:
        turns.run(job.pk)


def test_the_most_urgent_comes_first_and_none_is_forgotten(performed):
    found = [row("baja", priority=LOW), row("normal"), row("otra"), row("alta", kind=VOICE, priority=HIGH)]
    deliver(*found)
    assert performed == ["alta", "normal", "otra", "baja"]
    assert not turns.run(found[0].pk)


def test_everyday_work_keeps_its_order_unless_something_is_more_urgent(performed):
    first, second = row("uno", "test.note"), row("dos", "test.note")
    urgent = row("tres", "test.note", priority=HIGH)
    deliver(second, first, urgent)
    assert performed == ["tres", "uno", "dos"]


def test_a_message_about_work_of_one_queue_takes_none_of_another(performed):
    film, note = row("video", priority=HIGH), row("nota", "test.note", priority=LOW)
    turns.run(note.pk)
    assert performed == ["nota"]
    turns.run(film.pk)
    assert performed == ["nota", "video"]


def test_a_first_video_does_not_wait_behind_a_batch(performed):
    many, one = a_person(), a_person()
    batch = [row(f"lote {number}", requested_by=many) for number in range(5)]
    single = row("el primero", requested_by=one)
    deliver(batch[0], batch[1])
    assert performed == ["lote 0", "el primero"]
    deliver(*batch[2:], single)
    assert performed == ["lote 0", "el primero", *[f"lote {number}" for number in range(1, 5)]]


def test_what_was_done_yesterday_does_not_count(performed):
    many, one = a_person(), a_person()
    with time_machine.travel(timezone.now() - timedelta(days=1), tick=False):
        deliver(row("ayer", requested_by=many))
    deliver(row("hoy", requested_by=many), row("de otra", requested_by=one))
    assert performed == ["ayer", "hoy", "de otra"]


def test_what_failed_rests_until_it_is_due(performed):
    resting = row("descansa", priority=HIGH, attempts=1, due_at=timezone.now() + timedelta(seconds=40))
    ready = row("lista")
    assert turns.find_next(ready.pk) == ready.pk
    Job.objects.filter(pk=resting.pk).update(due_at=timezone.now())
    assert turns.find_next(ready.pk) == resting.pk


def test_the_reaper_sends_the_urgent_first(monkeypatch):
    sent: list[int] = []
    monkeypatch.setattr(jobs, "_send", lambda job_id, kind: sent.append(job_id))
    late = timezone.now() - timedelta(seconds=1)
    low, high = row("baja", priority=LOW, due_at=late), row("alta", priority=HIGH, due_at=late)
    jobs.reap()
    assert sent == [high.pk, low.pk]


def test_a_waiting_job_is_cancelled_at_once(performed, administrator):
    video = a_video()
    Video.objects.filter(pk=video.pk).update(state=Video.State.WAITING)
    job = row(str(video.public_id))
    cancelling.cancel(job=job, by=administrator)
    assert (job.state, job.cancel_asked_by, job.finished_at is None) == ("cancelled", administrator, False)
    assert not turns.run(job.pk)
    assert not jobs.run(job.pk)
    assert performed == []
    video.refresh_from_db()
    assert (video.state, video.reason) == ("failed", "La administración canceló el trabajo.")
    event = AuditEvent.objects.get(action="job.cancelled")
    assert (event.actor, event.subject) == (str(administrator.public_id), f"lms.job:{job.public_id}")


def test_a_running_job_stops_at_its_next_word_and_publishes_nothing(administrator, monkeypatch):
    seen: list[str] = []

    def work(claim: jobs.Claim) -> None:
        claim.progress(1, 3)
        cancelling.cancel(job=claim.job, by=administrator)
        for attempt in (lambda: claim.progress(2, 3), claim.renew, claim.assert_held):
            with pytest.raises(jobs.Cancelled):
                attempt()
        with transaction.atomic():
            claim.assert_held()
            seen.append("published")

    monkeypatch.setitem(jobs._performers, FILM, work)
    job = row(str(uuid.uuid4()))
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.cancel_asked_by, job.lease_until, seen) == ("cancelled", administrator, None, [])
    actions = AuditEvent.objects.filter(subject=f"lms.job:{job.public_id}").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == ["job.cancel_asked", "job.cancelled"]


def test_what_fails_or_dies_after_it_was_cancelled_is_cancelled_too(administrator, monkeypatch):
    def fail(claim: jobs.Claim) -> None:
        cancelling.cancel(job=claim.job, by=administrator)
        raise OSError("sin disco")

    monkeypatch.setitem(jobs._performers, VOICE, fail)
    failing, dying = row("falla", VOICE), row("muere", VOICE)
    jobs.run(failing.pk)
    jobs.claim(dying.pk)
    cancelling.cancel(job=dying, by=administrator)
    assert jobs.claim(dying.pk) is None
    Job.objects.filter(pk=dying.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.claim(dying.pk) is None, "nobody takes it over"
    assert jobs.reap() == 0
    assert set(Job.objects.values_list("subject", "state")) == {("falla", "cancelled"), ("muere", "cancelled")}


def test_what_ended_before_it_heard_of_it_is_done(administrator, monkeypatch):
    monkeypatch.setitem(jobs._performers, FILM, lambda claim: cancelling.cancel(job=claim.job, by=administrator))
    job = row("listo")
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == "done"


def test_what_cannot_be_cancelled(administrator):
    owed, ended = row("uno", "certificates.issue"), row("dos", state=Job.State.DONE)
    twice = row("tres")
    jobs.claim(twice.pk)
    cancelling.cancel(job=twice, by=administrator)
    for job, code in ((owed, "not_cancellable"), (ended, "already_ended"), (twice, "already_ended")):
        with pytest.raises(RuleBroken) as caught:
            cancelling.cancel(job=job, by=administrator)
        assert caught.value.code == f"job.{code}"


def test_a_cancelled_job_says_that_somebody_asked():
    with pytest.raises(IntegrityError, match="job_cancelled_was_asked"), transaction.atomic():
        row("uno", state=Job.State.CANCELLED)


def test_a_cancelled_job_can_be_tried_again(performed, administrator):
    video = a_video()
    Video.objects.filter(pk=video.pk).update(state=Video.State.PROCESSING)
    job = row(str(video.public_id))
    cancelling.cancel(job=job, by=administrator)
    video.refresh_from_db()
    library.retry(video=video, by=administrator)
    job.refresh_from_db()
    assert (job.state, job.cancel_asked_at, job.cancel_asked_by) == ("waiting", None, None)
    assert jobs.run(job.pk)
    assert performed == [job.subject]


def test_a_priority_is_set_while_a_job_waits(administrator):
    job = row("uno")
    cancelling.set_priority(job=job, priority=1, by=administrator)
    job.refresh_from_db()
    assert job.priority == HIGH
    assert AuditEvent.objects.get(action="job.priority_set").facts == {"type": FILM, "priority": "high"}
    jobs.claim(job.pk)
    with pytest.raises(RuleBroken) as caught:
        cancelling.set_priority(job=job, priority=3, by=administrator)
    assert caught.value.code == "job.not_waiting"


def test_the_board(client, administrator):
    client.force_login(administrator)
    video = a_video(title="Padrón de agua")
    waiting = row(str(video.public_id))
    row("en curso", state=Job.State.RUNNING, done=30, total=100, stage="Preparando")
    row("roto", state=Job.State.FAILED, reason="OSError: [Errno 28] No space left on device")
    index = reverse("lms_jobs:index")
    client.get(index)
    with CaptureQueriesContext(connection) as few:
        client.get(index)
    for number in range(20):
        row(str(a_video(rungs=()).public_id), requested_by=administrator, reason=f"x{number}")
    with CaptureQueriesContext(connection) as many:
        page = client.get(index).content.decode()
    assert len(many) == len(few), "as many questions for twenty as for three"
    for words in ("Preparar un video", "Padrón de agua", "30 %", "No quedaba espacio en el disco.", "Normal"):
        assert words in page
    assert 'value="30"' in page
    only = client.get(index, {"state": ["failed", "running"], "kind": FILM, "priority": "2"}).content.decode()
    assert ("Padrón de agua" in only, "No quedaba espacio" in only, "Preparando" in only) == (False, True, True)
    cancel, urgent = (reverse(f"lms_jobs:{name}", args=[waiting.pk]) for name in ("cancel", "priority"))
    assert "No se hará." in client.get(cancel).content.decode()
    assert client.post(urgent, {"priority": "9"}, follow=True).status_code == 200
    client.post(urgent, {"priority": "1"})
    waiting.refresh_from_db()
    assert waiting.priority == HIGH
    client.post(cancel)
    waiting.refresh_from_db()
    assert waiting.state == "cancelled"
    assert "Lo canceló" in client.get(index).content.decode()
    assert client.get(cancel).status_code == 404


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("lost", "El programa que lo hacía se detuvo varias veces a medio camino."),
        ("ValueError: 3 is odd", "Hubo una falla del sistema."),
        ("El archivo está dañado.", "El archivo está dañado."),
        ("", ""),
    ],
)
def test_a_failure_is_said_in_words(reason, words):
    assert job_words.reason_in_words(Job(kind=FILM, reason=reason)) == words


def test_every_kind_of_work_is_said_in_words():
    ours = {kind for kind in jobs._performers if not kind.startswith("test.")}
    assert ours <= set(job_words.KINDS)
