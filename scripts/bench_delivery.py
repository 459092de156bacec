"""nginx with the check of who asks, beside plain nginx: `python -m scripts.bench_delivery [seconds]`.

Both serve the same file by ranges of 256 KB over kept connections, in turns, in one run. What counts is how much work
of nginx a range costs (its own CPU time), for on one machine those who ask take most of the processor; the rates that
they saw stand beside it. The configuration is that of `deploy/nginx`, its log included; no Python runs behind it.
"""

import json
import os
import random
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts import steps

RANGE_BYTES = 256 * 1024
FILE_BYTES = 64 * 1024**2
THREADS = 2
AT_ONCE = 8  # requests on their way on one connection
ROUNDS = 7
TICKS = os.sysconf("SC_CLK_TCK")
NAME = "11111111-2222-3333-4444-555555555555"


@dataclass
class Round:
    """What one stretch of asking came to."""

    ranges: int
    wall_seconds: float
    cpu_seconds: float

    @property
    def a_second(self) -> float:
        """Ranges in a second of the clock."""
        return self.ranges / self.wall_seconds

    @property
    def a_cpu_second(self) -> float:
        """Ranges in a second of nginx's own work."""
        return self.ranges / self.cpu_seconds


def cpu_seconds(process: int) -> float:
    """What a process and all that it started used of the processor until now."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    total = 0
    for each in [str(process), *children]:
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def ask(port: int, path: str, cookie: str, until: float, done: list[int]) -> None:
    """Ranges from anywhere in the file, several on their way at once, until the time is up."""
    draw = random.Random(threading.get_ident())  # noqa: S311 where to read, no secret
    scratch = bytearray(1024 * 1024)
    with socket.create_connection(("127.0.0.1", port)) as line:
        while time.monotonic() < until:
            text = "".join(_request(path, cookie, draw.randrange(FILE_BYTES - RANGE_BYTES)) for _one in range(AT_ONCE))
            line.sendall(text.encode())
            _take(line, scratch, AT_ONCE)
            done.append(AT_ONCE)


def _request(path: str, cookie: str, start: int) -> str:
    end = start + RANGE_BYTES - 1
    return (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: aula_viewer={cookie}\r\nRange: bytes={start}-{end}\r\n\r\n"
    )


def _take(line: socket.socket, scratch: bytearray, answers: int) -> None:
    """Read so many answers and throw them away. Raises `Stopped` when one is no 206."""
    kept = b""
    for _answer in range(answers):
        while b"\r\n\r\n" not in kept:
            kept += line.recv(65536)
        head, _empty, rest = kept.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 206"):
            raise steps.Stopped(f"nginx answered {head.splitlines()[0].decode()}")
        missing = RANGE_BYTES - len(rest)
        kept = rest[RANGE_BYTES:] if missing < 0 else b""
        while missing > 0:
            missing -= line.recv_into(scratch, min(missing, len(scratch)))


def load(process: int, port: int, path: str, cookie: str, seconds: float) -> Round:
    """Ask from several threads for a while."""
    done: list[int] = []
    before, start = cpu_seconds(process), time.monotonic()
    threads = [
        threading.Thread(target=ask, args=(port, path, cookie, start + seconds, done)) for _one in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if not done:
        raise steps.Stopped("nginx sent nothing")
    return Round(sum(done), time.monotonic() - start, max(cpu_seconds(process) - before, 1 / TICKS))


@contextmanager
def served(folder: Path) -> Iterator[tuple[int, int, str, str, str]]:
    """nginx over one file: its process and port, the plain path, the checked one, the key."""
    from media.domain import addresses  # noqa: PLC0415 Django is set up by now
    from tests import webserver  # noqa: PLC0415

    files = folder / "files"
    film = files / "video" / NAME / "240p-abc.mp4"
    film.parent.mkdir(parents=True)
    film.write_bytes(os.urandom(1024**2) * (FILE_BYTES // 1024**2))
    key, ends_at = f"{'a' * 32}.{'b' * 40}", addresses.end_of()
    path = f"{NAME}/1/0/240p/{film.name}"
    checked = f"/video/f/{addresses._seal(ends_at, path, key)}/{ends_at}/{path}"
    plain = f"location /plain/ {{ alias {files}/; sendfile on; tcp_nopush on; types {{ video/mp4 mp4; }} }}"
    user = "user root;" if os.geteuid() == 0 else ""
    with webserver.running(folder / "nginx", files, more=plain, processes=f"worker_processes 1; {user}") as nginx:
        # The process that was started is the one that becomes nginx.
        yield nginx.process.pid, nginx.port, f"/plain/video/{NAME}/{film.name}", checked, key


def measure(seconds: float) -> tuple[list[Round], list[Round]]:
    """Plain and checked, in turns, so that both meet the same weather; the first turn warms up."""
    with tempfile.TemporaryDirectory(prefix="aula-bench-") as name, served(Path(name)) as (process, port, *paths, key):
        rounds = [tuple(load(process, port, path, key, seconds) for path in paths) for _round in range(ROUNDS)]
    plain, checked = zip(*rounds[1:], strict=True)
    return list(plain), list(checked)


def main(seconds: float, *, as_json: bool) -> None:
    """Measure and say it in a line each, or all in one for `scripts.bench`."""
    import django  # noqa: PLC0415

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
    django.setup()
    plain, checked = measure(seconds)
    by_cpu = [statistics.median(one.a_cpu_second for one in rounds) for rounds in (plain, checked)]
    by_clock = [statistics.median(one.a_second for one in rounds) for rounds in (plain, checked)]
    pairs = zip(plain, checked, strict=True)
    ratio = statistics.median(ours.a_cpu_second / theirs.a_cpu_second for theirs, ours in pairs)
    if as_json:
        steps.say(json.dumps({"plain": by_cpu[0], "checked": by_cpu[1], "ratio": ratio}))
        return
    for what, work, clock in zip(("plain nginx", "with the access check and the log"), by_cpu, by_clock, strict=True):
        steps.say(f"{what}: {work:,.0f} ranges of 256 KB a CPU second of nginx, {clock:,.0f} a second seen")
    steps.say(f"Media by nginx: ratio {ratio:.2f} (goal ≥ 0.80): {'holds' if ratio >= 0.8 else 'DOES NOT HOLD'}")


if __name__ == "__main__":
    with steps.one_line_on_failure():
        if not (shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")):
            raise steps.Stopped("nginx is missing: sudo apt-get install nginx-light")
        given = [word for word in sys.argv[1:] if word != "--json"]
        main(float(given[0]) if given else 3, as_json="--json" in sys.argv)
