"""Real workers die, sleep and lose their ffmpeg in the middle of a video: it is published once and whole."""

import os
import random
import signal
from pathlib import Path

import pytest

from tests.media import faulty
from tests.system import System, installed, wait_until

KILLS = 20
LONGEST_SECONDS = 0.4
REAP = "from lms.domain import jobs; jobs.reap()"
# Two, for Celery keeps the place of a child that died for ten seconds.
PROCESSES = [{"threads": "prefork", "1": "2"}.get(one, one) for one in faulty.WORKER]
# What `tests.media.fuse` knows, in the order in which it comes for a small film with sound.
CALLS = (
    "look",
    "draw poster",
    "keep poster",
    "listen",
    "sound aac-32",
    "level aac-32",
    "check audio",
    "keep audio",
    "row audio",
    "film 240p",
    "check 240p",
    "keep 240p",
    "row 240p",
    "sound libopus-16",
    "level libopus-16",
    "keep opus",
    "check mp3",
    "row mp3",
    "film 144p",
    "check 144p",
    "keep 144p",
    "row 144p",
    "draw slides",
    "keep slides",
    "row slides",
    "draw storyboard",
    "keep storyboard",
    "keep waveform",
    "strays",
    "digest",
    "ready",
    "done",
)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Twenty seconds."""
    return faulty.a_film(tmp_path_factory.mktemp("film") / "film.mp4", 20)


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """Two seconds."""
    return faulty.a_film(tmp_path_factory.mktemp("film") / "short.mp4", 2)


@pytest.fixture(scope="module")
def system(django_db_setup):
    """An installation for all; each test has a video of its own."""
    with installed(**faulty.ENVIRONMENT) as system:
        yield system


@pytest.fixture(autouse=True)
def workers(system):
    """Whoever works for a test dies with it, at once."""
    yield
    system.kill()


def die(system: System, video: int, call: str, after_seconds: float) -> None:
    """One life of a worker, with its end; then what it held is free."""
    faulty.light(system, call, "kill", after_seconds)
    worker = system.fork_worker(*faulty.WORKER)
    assert worker.wait(120) == -signal.SIGKILL, system.log("worker")
    faulty.published(system, video)
    assert faulty.state_of(system, video) != "ready"
    wait_until(lambda: faulty.orphans(system) == [], 30, lambda: str(faulty.orphans(system)))
    faulty.let_time_pass(system)


@pytest.mark.timeout(600)  # three quarters of a minute on two idle cores
def test_twenty_kills_at_random_moments(system, film):
    """Where the dice say, in the order of the work, so that each stage is hit; three deaths at one place give it up."""
    video = faulty.add(system, film)
    dice = random.Random(2026)  # noqa: S311 where to kill is no secret
    given_up = 0
    for call in sorted(dice.sample(CALLS, KILLS), key=CALLS.index):
        die(system, video, call, dice.uniform(0, LONGEST_SECONDS))
        if faulty.job_of(system, video).attempts == 3:
            system.python(faulty.RETRY_LOST.format(video=video))
            given_up += 1
    system.fork_worker(*faulty.WORKER)
    faulty.wait_for_the_end(system, video)
    faulty.check_the_end(system, video)
    assert given_up <= 4, "tries are counted anew after each thing that was published"


@pytest.mark.once
def test_ffmpeg_alone_dies_and_then_one_child_of_a_pool(system, film):
    video = faulty.add(system, film)
    faulty.light(system, "film 240p", "kill ffmpeg")
    worker = system.fork_worker(*faulty.WORKER)
    wait_until(lambda: faulty.job_of(system, video).reason, 60, lambda: system.log("worker"))
    assert faulty.job_of(system, video).reason.startswith("Failed")
    assert set(faulty.published(system, video)) == {"audio"}
    faulty.kill_group(worker)

    faulty.light(system, "film 144p", "kill child", 0.1)
    faulty.let_time_pass(system)
    system.fork_worker(*PROCESSES)
    system.python(REAP)
    wait_until(lambda: "signal 9 (SIGKILL)" in system.log("worker"), 60, lambda: system.log("worker"))
    assert "144p" not in faulty.published(system, video)
    assert faulty.job_of(system, video).state == "running", "nobody else may take it yet"
    faulty.let_time_pass(system)
    system.python(REAP)
    faulty.wait_for_the_end(system, video)
    faulty.check_the_end(system, video)


def sleep_and_wake(system: System, film: Path, **facts: str) -> tuple[int, dict[str, str]]:
    """A worker falls asleep with a rung in its hands, another does the work, the first wakes; what was there before."""
    video = faulty.add(system, film)
    faulty.light(system, "keep 240p", "stop", **facts)
    sleeper = system.fork_worker(*faulty.WORKER)
    wait_until(lambda: faulty.is_asleep(sleeper), 60, lambda: system.log("worker"))
    faulty.let_time_pass(system)
    system.fork_worker(*faulty.WORKER)
    faulty.wait_for_the_end(system, video)
    before = faulty.published(system, video)
    os.killpg(sleeper.pid, signal.SIGCONT)
    return video, before


@pytest.mark.once
def test_a_worker_that_was_thought_dead_publishes_nothing(system, short):
    video, before = sleep_and_wake(system, short)
    wait_until(lambda: "was taken over" in system.log("worker"), 60, lambda: system.log("worker"))
    assert faulty.published(system, video) == before
    faulty.check_the_end(system, video)


@pytest.mark.once
def test_without_the_fence_it_would(system, short):
    """The negative control."""
    video, before = sleep_and_wake(system, short, without="fence")
    rows = "SELECT path FROM media_rendition WHERE video_id = %s"
    wait_until(lambda: {path for (path,) in system.sql(rows, video)} != set(before.values()), 60)


@pytest.mark.once
def test_with_the_row_before_the_file_half_is_seen(system, short):
    """The negative control of what is looked at after each death."""
    video = faulty.add(system, short)
    faulty.light(system, "keep 240p", "kill", 0, without="order")
    worker = system.fork_worker(*faulty.WORKER)
    assert worker.wait(120) == -signal.SIGKILL
    with pytest.raises((AssertionError, FileNotFoundError)):
        faulty.published(system, video)
