"""A new cut moves people's progress while they are watching, each with a connection of their own."""

from datetime import timedelta
from threading import Barrier, Event, Thread

import pytest
from django.db import connection
from django.utils import timezone

from courses.domain import bitmap, crediting, enrolment, recutting, rewatching, watching
from courses.models import WatchProgress
from lms.domain import jobs
from lms.models import Job
from tests.factories.people import an_employee

from .recutting_cases import trimmed
from .watching_cases import a_viewer, stretch

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 6
A_WHILE = 1.0  # enough for whoever is not held up
PATIENCE_SECONDS = 60


def in_threads(*calls) -> list[Exception]:
    """Each call in a thread of its own, begun together; what they raised."""
    gate, raised = Barrier(len(calls)), []

    def run(call) -> None:
        try:
            gate.wait()
            call()
        except Exception as failure:
            raised.append(failure)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive(), "somebody waits for somebody who waits"
    return raised


def watch(person, token: str, start: int, end: int) -> None:
    watching.record(person=person, batch=stretch(token, start, end, clock=start), at=timezone.now())


def the_job() -> int:
    return Job.objects.get(kind=recutting.KIND).pk


def assert_nothing_is_lost(enrolled, runs: list[tuple[int, int]]) -> None:
    """On the new cut, and the same as what the segments say anew."""
    progress = WatchProgress.objects.get(enrolment=enrolled)
    assert (progress.cut, bitmap.runs_of(bytes(progress.bitmap))) == (2, runs)
    derived = rewatching.derive(progress)
    for name in ("bitmap", "by_cut", "covered_seconds", "clock_spans"):
        assert getattr(derived, name) == getattr(progress, name), name


def moved_while_somebody_watches(monkeypatch):
    """The job has read a person's row and not written it yet; the person's next batch comes at that moment."""
    viewer = a_viewer()
    watch(viewer.person, viewer.token, 0, 40)
    trimmed(viewer.video, 10, 70)
    has_read, goes_on = Event(), Event()
    move_on = crediting.move_on

    def dawdle(*arguments) -> None:
        move_on(*arguments)
        if not has_read.is_set():
            has_read.set()
            goes_on.wait(PATIENCE_SECONDS)

    monkeypatch.setattr(crediting, "move_on", dawdle)
    job_id = the_job()

    def look_on() -> None:
        has_read.wait(PATIENCE_SECONDS)
        watcher = Thread(target=in_threads, args=(lambda: watch(viewer.person, viewer.token, 40, 55),))
        watcher.start()
        watcher.join(A_WHILE)
        goes_on.set()
        watcher.join(PATIENCE_SECONDS)

    assert in_threads(lambda: jobs.run(job_id), look_on) == []
    return viewer


def test_a_batch_that_comes_while_a_row_is_moved_is_not_overwritten(monkeypatch):
    viewer = moved_while_somebody_watches(monkeypatch)
    assert_nothing_is_lost(viewer.enrolment, [(0, 45)])
    assert Job.objects.get(kind=recutting.KIND).state == "done"


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite lets one write at a time, lock or no lock")
def test_without_the_lock_it_would_be(monkeypatch):
    """The negative control."""
    monkeypatch.setattr(recutting.Enrolment.objects.none().__class__, "select_for_update", lambda rows, **_how: rows)
    viewer = moved_while_somebody_watches(monkeypatch)
    assert bitmap.runs_of(bytes(WatchProgress.objects.get(enrolment=viewer.enrolment).bitmap)) == [(0, 30)]


def test_everybody_watches_while_everybody_is_moved(monkeypatch):
    """In small batches, in any order, twice; nobody waits for ever, and nothing is lost."""
    monkeypatch.setattr(recutting, "BATCH", 2)
    first = a_viewer()
    people = [(first.person, first.enrolment, first.token)]
    for _number in range(PEOPLE - 1):
        person = an_employee()
        enrolled = enrolment.enrol(
            person=person, course=first.course, by=person, at=timezone.now() - timedelta(hours=2)
        )
        at = timezone.now() - timedelta(hours=1)
        token = watching.grant_session(enrolment=enrolled, activity=first.activity, at=at)
        people.append((person, enrolled, token))
    for person, _enrolled, token in people[:-1]:
        watch(person, token, 0, 15)
    trimmed(first.video, 10, 70)
    job_id = the_job()

    def go_on_watching(number: int):
        person, _enrolled, token = people[number]
        pieces = [(0, 15), (15, 30), (30, 45), (45, 60)]

        def go() -> None:
            for start, end in pieces[number % 4 :] + pieces[: number % 4] + pieces[:1]:
                watch(person, token, start, end)

        return go

    assert in_threads(lambda: jobs.run(job_id), *[go_on_watching(number) for number in range(PEOPLE)]) == []
    for _person, enrolled, _token in people:
        assert_nothing_is_lost(enrolled, [(0, 50)])
    assert Job.objects.get(kind=recutting.KIND).state == "done"
