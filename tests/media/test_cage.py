"""The cage around ffmpeg: what runs within sees no file of another's and no network, and ends at its limits."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from media import sandbox
from media.sandbox import Failed, Limits

pytestmark = pytest.mark.once
bounded = pytest.mark.skipif(not shutil.which("prlimit"), reason="util-linux is not installed")
in_a_bubble = pytest.mark.skipif(not sandbox.has_bubble(), reason="bwrap makes no namespaces here")
PATIENT = Limits(wall_seconds=120, stall_seconds=120)


def said(*command: str, reads: list[Path] | None = None, writes: list[Path] | None = None, limits=PATIENT) -> str:
    """What a caged command writes to its standard output."""
    heard = bytearray()
    sandbox.run(list(command), limits=limits, reads=reads or [], writes=writes, hear=heard.extend)
    return heard.decode()


def ended(*command: str, limits: Limits, writes: list[Path] | None = None) -> Failed:
    """The failure in which a caged command ends."""
    with pytest.raises(Failed) as failure:
        said(*command, limits=limits, writes=writes)
    return failure.value


@in_a_bubble
def test_no_file_but_its_own(tmp_path):
    """A neighbour's, a key's, the system's; its own it reads and cannot change."""
    own, other = tmp_path / "own", tmp_path / "other"
    own.write_text("mío")
    other.write_text("ajeno")
    assert said("cat", str(own), reads=[own]) == "mío"
    for path in (other, Path("/etc/passwd"), Path(__file__)):
        with pytest.raises(Failed):
            said("cat", str(path), reads=[own])
    for command in (["rm", str(own)], ["sh", "-c", f"echo x > {own}"], ["ln", str(own), str(tmp_path / "x")]):
        with pytest.raises(Failed):
            said(*command, reads=[own])
    assert own.read_text() == "mío"
    assert said("ls", str(tmp_path), reads=[own]).split() == ["own"]


@in_a_bubble
def test_it_writes_into_its_own_folder_alone(tmp_path):
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    mine.mkdir()
    theirs.mkdir()
    said("sh", "-c", f"echo x > {mine}/x", writes=[mine])
    assert (mine / "x").exists()
    with pytest.raises(Failed):
        said("sh", "-c", f"echo x > {theirs}/x", writes=[mine])
    assert not list(theirs.iterdir())


@in_a_bubble
def test_no_network_and_nobody_else(tmp_path):
    """Not even this machine's own; and no process but its own can be seen."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        reach = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
        python = shutil.which("python3", path="/usr/bin:/bin")
        if python is None:
            pytest.skip("no Python of the system's own")
        subprocess.run([python, "-c", reach], check=True)
        with pytest.raises(Failed):
            said(python, "-c", reach)
    numbers = [name for name in said("ls", "/proc").split() if name.isdigit()]
    assert len(numbers) <= 3


def test_no_secret_of_ours(monkeypatch):
    monkeypatch.setenv("AULA_SECRET_KEY", "geheim")
    assert "geheim" not in said("env")


@bounded
def test_the_processor_is_bounded():
    """A loop that says nothing ends by the clock of the processor, and no other try would be better."""
    failure = ended(
        "sh", "-c", "while :; do :; done", limits=Limits(cpu_seconds=1, wall_seconds=200, stall_seconds=200)
    )
    assert not failure.is_transient
    assert not failure.stalled


@bounded
def test_whoever_does_not_hear_that_the_time_is_up_is_ended_too(monkeypatch):
    monkeypatch.setattr(sandbox, "CPU_GRACE_SECONDS", 1)
    limits = Limits(cpu_seconds=1, wall_seconds=200, stall_seconds=200)
    assert ended("sh", "-c", "trap '' XCPU; while :; do :; done", limits=limits).is_transient


@bounded
def test_memory_is_bounded():
    """A block of half a gigabyte where a quarter is allowed."""
    limits = Limits(memory_bytes=256 * 1024**2, wall_seconds=120, stall_seconds=120)
    command = ["dd", "if=/dev/zero", "of=/dev/null", "bs=512M", "count=1"]
    assert not said(*command)
    assert "memory" in str(ended(*command, limits=limits))


@bounded
def test_no_memory_is_written_to_the_disk(tmp_path):
    """A crash leaves no core: it would hold what the film held."""
    assert said("sh", "-c", "ulimit -c").strip() == "0"


def test_whoever_talks_without_end_is_ended():
    """By the clock on the wall: every word puts the stall off."""
    words = "for n in $(seq 600); do echo x; sleep 0.1; done"
    assert ended("sh", "-c", words, limits=Limits(wall_seconds=1, stall_seconds=60)).stalled


def test_whoever_closes_its_mouth_and_stays_is_ended():
    failure = ended("sh", "-c", "exec >&-; exec sleep 600", limits=Limits(wall_seconds=600, stall_seconds=1))
    assert failure.stalled


@pytest.mark.skipif(not shutil.which("setpriv"), reason="util-linux is not installed")
def test_it_dies_with_its_worker(tmp_path):
    """kill -9, so that nobody can clean up."""
    marker = tmp_path / "pid"
    script = f"""
        from pathlib import Path
        from media import sandbox
        inside = "echo $$ > {marker}; exec sleep 600"
        sandbox.has_bubble = lambda: False
        sandbox.run(["sh", "-c", inside], limits=sandbox.Limits(600, wall_seconds=600, stall_seconds=600),
                    reads=[], writes=[Path({str(tmp_path)!r})], hear=lambda chunk: None)
    """
    worker = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], cwd=Path(__file__).parents[2])
    ends_at = time.monotonic() + 120
    while not (marker.exists() and marker.read_text().strip()):
        assert time.monotonic() < ends_at
        time.sleep(0.05)
    pid = int(marker.read_text())
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    while _is_alive(pid):
        assert time.monotonic() < ends_at
        time.sleep(0.05)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
