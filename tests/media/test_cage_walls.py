"""Each wall of the cage by itself: what is within sees that it stands; and nothing outlives whoever began it."""

import os
import random
import resource
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from media import sandbox
from media.sandbox import Failed, Limits
from tests.media.test_cage import PATIENT, bounded, ended, in_a_bubble, said
from tests.system import wait_until

pytestmark = pytest.mark.once
OWN_NAMESPACES = {"ipc", "mnt", "net", "pid", "uts"}
DEVICES = {"console", "core", "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout"}
DEVICES |= {"tty", "urandom", "zero"}


# What is within ------------------------------------------------------------------------------------------------------
@in_a_bubble
def test_every_namespace_is_its_own():
    """Memory and messages of other processes, the machine's name, its mounts, its network, its processes."""
    listed = said("sh", "-c", "cd /proc/self/ns; for name in *; do echo $name $(readlink $name); done")
    inside = dict(line.split() for line in listed.splitlines())
    assert {name for name in inside if inside[name] != os.readlink(f"/proc/self/ns/{name}")} >= OWN_NAMESPACES


@in_a_bubble
def test_nothing_of_the_machine_can_be_written_but_its_own_folder(tmp_path):
    """As the kernel says of each mount: a worker that runs as root could write wherever it is not read-only."""
    own, folder = tmp_path / "own", tmp_path / "folder"
    own.write_text("x")
    folder.mkdir()
    mounts = [line.split() for line in said("cat", "/proc/self/mountinfo", reads=[own], writes=[folder]).splitlines()]
    options = {place: set(words.split(",")) for _id, _parent, _number, _root, place, words, *_rest in mounts}
    private = {"/", "/tmp", "/proc", "/dev"}  # noqa: S108 of memory, and gone with the process
    ours = {place for place in options if place not in private and not place.startswith(("/dev/", "/proc/"))}
    assert {"/usr", str(own), str(folder)} <= ours
    assert {place for place in ours if "rw" in options[place]} == {str(folder)}


@in_a_bubble
def test_no_device_but_the_harmless():
    """No disk, no camera, no memory of the machine."""
    assert set(said("ls", "/dev").split()) <= DEVICES


@in_a_bubble
def test_a_session_of_its_own():
    """Begun within: a session that began outside is called 0 here, and its terminal would be one to type into."""
    session, terminal = said("cut", "-d ", "-f6,7", "/proc/self/stat").split()
    assert (session != "0", terminal) == (True, "0")


def test_nothing_is_heard_from_our_own_input():
    """A worker's standard input may be a terminal, or a pipe with something in it."""
    ours, theirs = os.pipe()
    os.write(theirs, b"geheim")
    os.close(theirs)
    before = os.dup(0)
    os.dup2(ours, 0)
    try:
        assert said("cat") == ""
    finally:
        os.dup2(before, 0)
        os.close(before)
        os.close(ours)


def test_it_gives_way_to_whoever_serves_people():
    assert int(said("nice")) == min(19, os.nice(0) + 10)


@bounded
def test_no_core_even_where_the_system_allows_one():
    """The limit of this process is raised first: where it is nothing anyway the bar could be missing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if hard == 0:
        pytest.skip("nobody may write one here")
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        assert said("sh", "-c", "ulimit -c").strip() == "0"
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


@pytest.mark.parametrize("does", ["exit 1", "exit 0", None])
def test_a_bubble_is_believed_only_when_it_was_blown(does, tmp_path, monkeypatch):
    """Installed is not allowed: where namespaces are forbidden `bwrap` is there and ends badly."""
    if does:
        (tmp_path / "bwrap").write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert sandbox.has_bubble.__wrapped__() is (does == "exit 0")


# What it says --------------------------------------------------------------------------------------------------------
def test_only_the_end_of_its_complaints_is_kept():
    """A damaged file is good for megabytes of them."""
    many = "head -c 1000000 /dev/zero | tr '\\0' x >&2; echo the end >&2"
    text = sandbox.run(["sh", "-c", many], limits=PATIENT, reads=[], hear=lambda _chunk: None)
    assert text.endswith("xxxthe end\n")
    assert len(text) == 4000


@bounded
def test_its_complaints_do_not_fill_the_disk(tmp_path):
    """They go to a file until it ends, and what a file may hold is bounded."""
    many = "head -c 1000000 /dev/zero >&2 && echo all was written"
    assert ended("sh", "-c", many, limits=Limits(file_bytes=100_000, wall_seconds=120))


# What outlives it ----------------------------------------------------------------------------------------------------
@pytest.fixture(params=["in a bubble", "bare"])
def walls(request, monkeypatch):
    """With `bwrap`, in whose session the group of ours ends; and without."""
    if request.param == "bare":
        monkeypatch.setattr(sandbox, "has_bubble", lambda: False)
    elif not sandbox.has_bubble():
        pytest.skip("bwrap makes no namespaces here")
    return request.param


@pytest.fixture
def naps():
    """Seconds to sleep that nobody else sleeps; whoever still does at the end goes."""
    seconds = f"600.{os.getpid()}{random.randrange(10**9)}"  # noqa: S311 a name
    yield seconds
    for pid in asleep(seconds):
        os.kill(pid, signal.SIGKILL)


def asleep(naps: str) -> list[int]:
    """Who sleeps for so long, wherever."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cmdline").read_bytes().split(b"\0")[:2] == [b"sleep", naps.encode()]:
                found.append(int(process.name))
        except OSError:
            continue
    return found


def test_nobody_outlives_a_stall(walls, naps):
    """Neither the process nor its child."""
    both = f"sleep {naps} & sleep {naps} & wait"
    assert ended("sh", "-c", both, limits=Limits(wall_seconds=120, stall_seconds=2)).stalled
    wait_until(lambda: asleep(naps) == [], 60)


def test_nobody_stays_who_has_closed_its_mouth(walls, naps):
    """Nothing more can be heard of it, so its silence says nothing; without a bubble not even that it is open."""
    assert ended("sh", "-c", f"exec >&-; exec sleep {naps}", limits=Limits(wall_seconds=600, stall_seconds=1)).stalled
    wait_until(lambda: asleep(naps) == [], 60)


def test_nobody_outlives_what_is_raised_on_hearing(walls, naps):
    """A lease that was lost, too much to say."""
    seen = []

    def hear(_chunk: bytes) -> None:
        wait_until(lambda: len(asleep(naps)) == 2, 60)
        seen.append(asleep(naps))
        raise KeyError("enough")

    both = f"sleep {naps} & sleep {naps} & echo x; wait"
    with pytest.raises(KeyError):
        sandbox.run(["sh", "-c", both], limits=PATIENT, reads=[], hear=hear)
    assert len(seen) == 1
    wait_until(lambda: asleep(naps) == [], 60)


def test_no_child_outlives_its_parents_good_end(walls, naps):
    """ffmpeg leaves none; whoever has taken it over would."""
    said("sh", "-c", f"sleep {naps} >&- 2>&- & echo done")
    wait_until(lambda: asleep(naps) == [], 60)


def test_nobody_outlives_the_worker(walls, naps):
    """kill -9, so that nobody can clean up."""
    bare = "sandbox.has_bubble = lambda: False" if walls == "bare" else ""
    script = f"""
        from media import sandbox
        {bare}
        sandbox.run(["sleep", "{naps}"], limits=sandbox.Limits(600, wall_seconds=600, stall_seconds=600),
                    reads=[], hear=lambda chunk: None)
    """
    worker = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], cwd=Path(__file__).parents[2])
    wait_until(lambda: asleep(naps), 120)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    wait_until(lambda: asleep(naps) == [], 60)


def test_a_failure_says_how_it_ended(walls):
    """By its own verdict or by a signal, through all the bars."""
    assert ended("sh", "-c", "exit 183", limits=PATIENT).exit_code == 183
    assert not ended("sh", "-c", "exit 183", limits=PATIENT).is_transient
    with pytest.raises(Failed) as failure:
        said("sh", "-c", "kill -9 $$")
    assert failure.value.is_transient
