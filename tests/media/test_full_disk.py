"""Disks that really fill up in the middle: of the files, of the worker's scratch, of uploads, of the database."""

import json
import os
import signal
from pathlib import Path

import pytest
from django.db import connection

from tests import disks
from tests.media import faulty, sending
from tests.system import System, installed, wait_until

MIB = 1024**2
SIZE = 3 * MIB
ROOM = MIB  # on the disk of uploads
RETRY = """
from media.domain import library
from media.models import Video
library.retry(video=Video.objects.get(pk={video}), by=None)
"""

needs_disks = pytest.mark.skipif(not disks.world(), reason="no disks may be mounted here")


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Ten seconds."""
    return faulty.a_film(tmp_path_factory.mktemp("film") / "film.mp4", 10)


@pytest.fixture(scope="module")
def small(django_db_setup):
    """An installation with small disks for the files, the scratch and the uploads; the database lies elsewhere."""
    with installed(**faulty.ENVIRONMENT) as system:
        places = [system.folder / name for name in ("files", "work", "uploads")]
        disks.mount(system, bytes_each=16 * MIB, folders=places)
        yield system


@pytest.fixture
def system(small):
    """The same; whoever works in it dies with the test."""
    yield small
    small.kill()


def ask(system: System, call: str, *given: object) -> dict:
    """One of the calls of `tests.media.sending`, inside the system."""
    return json.loads(system.python(f"from tests.media import sending; sending.{call}(*{given!r})"))


@needs_disks
@pytest.mark.once
def test_no_room_for_the_files(system, film):
    """It is tried again, fails with a reason that says what to do, and ends well once somebody has made room."""
    video = faulty.add(system, film)
    disks.fill(system.files, leaving=120_000)
    system.fork_worker(*faulty.WORKER)

    def has_failed() -> bool:
        faulty.let_rest_end(system)
        return faulty.job_of(system, video).state == "failed"

    wait_until(has_failed, 120, lambda: f"{faulty.job_of(system, video)}: {system.log('worker')}")
    assert faulty.job_of(system, video).reason.startswith("OSError: [Errno 28]")
    ((state, reason),) = system.sql("SELECT state, reason FROM media_video WHERE id = %s", video)
    assert (state, "espacio en el disco" in reason, "Intentar de nuevo" in reason) == ("failed", True, True)
    rungs = faulty.published(system, video)
    assert 0 < len(rungs) < len(faulty.RUNGS)
    assert faulty.files_of(system, video) == {*filter(None, faulty.named(system, video)), *rungs.values()}
    assert list(system.seen(system.folder / "work").iterdir()) == []

    disks.make_room(system.files)
    system.python(RETRY.format(video=video))
    faulty.wait_for_the_end(system, video)
    faulty.check_the_end(system, video)


@needs_disks
@pytest.mark.once
def test_no_room_for_the_scratch(system, film):
    """Between two tries somebody makes room: nobody has to ask again."""
    work = system.seen(system.folder / "work")
    video = faulty.add(system, film)
    disks.fill(work, leaving=30_000)
    system.fork_worker(*faulty.WORKER)
    wait_until(lambda: faulty.job_of(system, video).reason, 60, lambda: system.log("worker"))
    assert faulty.job_of(system, video).reason.startswith(("NoRoom", "OSError: [Errno 28]"))
    assert {path.name for path in work.iterdir()} == {"filling"}

    disks.make_room(work)
    faulty.let_rest_end(system)
    faulty.wait_for_the_end(system, video)
    assert set(faulty.published(system, video)) == faulty.RUNGS


@needs_disks
@pytest.mark.once
def test_no_room_for_an_upload(system):
    """507 with words; what fitted stays, and the rest follows it."""
    place = system.seen(system.folder / "uploads")
    begun = ask(system, "begin", SIZE)
    disks.fill(place, leaving=ROOM)
    (full,) = ask(system, "go_on", begun["urls"][0], begun["session"], SIZE, SIZE)["answers"]
    assert (full["status"], full["head"]) == (507, 200)
    assert "no tiene espacio" in full["said"]
    assert 0 < full["offset"] <= ROOM

    disks.make_room(place)
    (done,) = ask(system, "go_on", begun["urls"][0], begun["session"], SIZE, SIZE)["answers"]
    assert (done["status"], done["offset"]) == (204, SIZE)
    (file,) = place.glob("*/bytes")
    assert file.read_bytes() == sending.content(SIZE)


@pytest.fixture
def tight(django_db_setup):
    """An installation whose database has a small disk; all else lies elsewhere."""
    if connection.vendor != "sqlite":
        pytest.skip("a server's database lies on the server's disk")
    with installed(**faulty.ENVIRONMENT) as system:
        original = Path(system.environment["DATABASE_URL"].removeprefix("sqlite:///"))
        place = system.folder / "database"
        system.environment["DATABASE_URL"] = f"sqlite:///{place / original.name}"
        disks.mount(system, bytes_each=original.stat().st_size + 8 * MIB, folders=[place], moved={place: original})
        yield system
        system.kill()


def fill_database(system: System) -> None:
    """Its disk, and what its journal still has of its own."""
    system.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    disks.fill(system.seen(system.folder / "database"))


@needs_disks
@pytest.mark.once
def test_no_room_for_the_database(tight, film):
    """A worker publishes nothing and goes on later; an upload keeps its bytes and says so."""
    begun = ask(tight, "begin", SIZE)
    video = faulty.add(tight, film)
    faulty.light(tight, "film 240p", "stop")
    worker = tight.fork_worker(*faulty.WORKER)
    wait_until(lambda: faulty.is_asleep(worker), 60, lambda: tight.log("worker"))
    fill_database(tight)
    os.killpg(worker.pid, signal.SIGCONT)
    wait_until(lambda: "240p" not in faulty.published(tight, video) and "full" in tight.log("worker"), 60)

    half, whole = ask(tight, "go_on", begun["urls"][0], begun["session"], SIZE, SIZE // 2, SIZE)["answers"]
    assert (half["status"], half["head"], half["offset"]) == (507, 200, SIZE // 2)
    assert "guardado" in half["said"]
    assert (whole["status"], whole["head"]) == (507, 507)

    disks.make_room(tight.seen(tight.folder / "database"))
    assert ask(tight, "look", begun["urls"][0], begun["session"]) == {"head": 200, "offset": SIZE}
    (file,) = (tight.folder / "uploads").glob("*/bytes")
    assert file.read_bytes() == sending.content(SIZE)
    assert tight.sql("SELECT completed_at IS NOT NULL FROM media_upload") == [(1,)]
    faulty.let_time_pass(tight)
    faulty.wait_for_the_end(tight, video)
    faulty.check_the_end(tight, video)
