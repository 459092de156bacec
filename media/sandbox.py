"""The cage around ffmpeg: no network, no file but its own, bounded CPU, memory and output, dead with its worker.

`bwrap` gives the first two where user namespaces are allowed; everything else holds everywhere. Where `bwrap` does not
work the whitelists of `media.ffmpeg` still stand, and the system check `media.W001` says so.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

GIB = 1024**3
LAST_SIGNAL = 31
CPU_GRACE_SECONDS = 5  # after the signal that the time is used up, which ffmpeg answers by ending
# ffmpeg 5 says so and ends well, with half a file. What a file says of itself is indented.
NO_ROOM = re.compile(r"^\S.*(No space left on device|Disk quota exceeded)\)?$", re.MULTILINE)


class Failed(Exception):
    """A caged process did not end well. `exit_code` is negative when a signal ended it; `stalled` when we did."""

    def __init__(self, message: str, *, exit_code: int = 0, stalled: bool = False) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.stalled = stalled

    @property
    def is_transient(self) -> bool:
        """Whether another try may end well: we or a signal ended it, which a shell or `bwrap` tells as 128 and more.

        Beyond the signals stand ffmpeg's own verdicts: from 6.1 on it exits with 183 for damaged data, 234, 251…
        Whoever used up the processor's time would use it up again.
        """
        ended_by = -self.exit_code if self.exit_code < 0 else self.exit_code - 128
        return self.stalled or (0 < ended_by <= LAST_SIGNAL and ended_by != signal.SIGXCPU)


class NoRoom(Failed):
    """The disk was full."""

    @property
    def is_transient(self) -> bool:
        """Somebody will make room."""
        return True


@dataclass(frozen=True)
class Limits:
    """What a process may use. `stall_seconds` is how long it may be silent."""

    cpu_seconds: int = 60
    memory_bytes: int = 2 * GIB
    file_bytes: int = GIB
    wall_seconds: int = 120
    stall_seconds: int = 60


def _bubble(reads: list[Path], writes: list[Path]) -> list[str]:
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/usr", "/usr"]
    for name in ("bin", "lib", "lib64"):
        folder = Path("/", name)
        if folder.is_symlink():
            command += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.exists():
            command += ["--ro-bind", str(folder), str(folder)]
    command += ["--ro-bind-try", "/etc/alternatives", "/etc/alternatives"]
    command += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108 a private one
    for path in reads:
        command += ["--ro-bind", str(path), str(path)]
    for path in writes:
        command += ["--bind", str(path), str(path)]
    return [*command, "--chdir", "/", "--"]


@cache
def has_bubble() -> bool:
    """Whether `bwrap` can make its namespaces here."""
    if not shutil.which("bwrap"):
        return False
    trial = [*_bubble([], []), "true"]
    return subprocess.run(trial, capture_output=True, check=False, timeout=20).returncode == 0


def caged(command: list[str], limits: Limits, reads: list[Path], writes: list[Path]) -> list[str]:
    """`command` with its bars: die with the parent, resource limits, low priority, and the bubble where it works."""
    bars: list[str] = []
    if shutil.which("setpriv"):
        bars += ["setpriv", "--pdeathsig", "KILL", "--"]
    if shutil.which("prlimit"):
        bars += [
            "prlimit",
            f"--cpu={limits.cpu_seconds}:{limits.cpu_seconds + CPU_GRACE_SECONDS}",
            f"--as={limits.memory_bytes}",
            f"--fsize={limits.file_bytes}",
            "--core=0",
            "--",
        ]
    bars += ["nice", "-n", "10"]
    return bars + (_bubble(reads, writes) if has_bubble() else []) + command


def _environment() -> dict[str, str]:
    # Few malloc arenas: each thread's own would eat the limit of address space without using it.
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "2"}


def _kill(process: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _chunks(process: subprocess.Popen, limits: Limits) -> Iterator[bytes]:
    assert process.stdout is not None  # noqa: S101 for the type checker: we asked for the pipe
    ends_at = time.monotonic() + limits.wall_seconds
    with DefaultSelector() as selector:
        selector.register(process.stdout, EVENT_READ)
        heard_at = time.monotonic()
        while True:
            if selector.select(timeout=1):
                chunk = os.read(process.stdout.fileno(), 65536)
                if not chunk:
                    return
                yield chunk
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > limits.stall_seconds:
                raise Failed("stalled", stalled=True)
            if time.monotonic() > ends_at:
                raise Failed("out of time", stalled=True)


def run(
    command: list[str],
    *,
    limits: Limits,
    reads: list[Path],
    writes: list[Path] | None = None,
    hear: Callable[[bytes], None],
) -> str:
    """Run `command` in its cage; `hear` gets its output as it comes, and whatever it raises ends the whole group.

    Returns the end of what it wrote to its standard error.

    Raises `Failed` for an exit other than 0, a stall or a limit; `NoRoom` where it complained of a full disk.
    """
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            caged(command, limits, [path.resolve() for path in reads], [path.resolve() for path in writes or []]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            start_new_session=True,
            env=_environment(),
        )
        try:
            for chunk in _chunks(process, limits):
                hear(chunk)
            process.wait(timeout=limits.stall_seconds)
        except subprocess.TimeoutExpired as late:
            raise Failed("did not end", stalled=True) from late
        finally:
            _kill(process)
            if process.stdout:
                process.stdout.close()
        complaints.seek(max(0, complaints.seek(0, os.SEEK_END) - 4000))
        text = complaints.read().decode(errors="replace")
        if NO_ROOM.search(text):
            raise NoRoom(text.strip(), exit_code=process.returncode)
        if process.returncode:
            raise Failed(text.strip() or f"exit {process.returncode}", exit_code=process.returncode)
        return text
