"""Ask a web server as many clients at once: for the measurements that count requests in a second.

The clients are threads with a raw line each, so that those who ask take little of the machine from those who answer.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from scripts import steps
from scripts.bench_delivery import TICKS
from scripts.steps import ROOT, VENV_PYTHON
from tests.services import free_port

WARM_SECONDS = 1.0
PATIENCE_SECONDS = 120
WORKERS = ["--worker-class", "gthread", "--workers", "2", "--threads", "4"]  # as in the Procfile


@dataclass
class Load:
    """What a stretch of asking came to."""

    a_second: float
    p95_ms: float
    cpu_ms: float
    """Of the web processes and the database, for one request."""


def request(method: str, path: str, *, cookie: str = "", mark: str = "", body: str = "", kind: str = "") -> bytes:
    """One request as it goes over the line."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n"
    head += f"Cookie: {cookie}\r\n" if cookie else ""
    head += f"X-CSRFToken: {mark}\r\n" if mark else ""
    content = body.encode()
    head += f"Content-Type: {kind}\r\nContent-Length: {len(content)}\r\n" if body else ""
    return head.encode() + b"\r\n" + content


@contextmanager
def serving(application: str, environment: dict[str, str], folder: Path) -> Iterator[tuple[int, int]]:
    """gunicorn with an application; yields its process and its port."""
    port = free_port()
    command = [str(VENV_PYTHON.parent / "gunicorn"), application, "--config", str(ROOT / "scripts/gunicorn_conf.py")]
    command += ["--bind", f"127.0.0.1:{port}", "--no-control-socket", "--log-level", "warning", *WORKERS]
    process = Popen(["setpriv", "--pdeathsig", "TERM", *command], cwd=folder, env=environment)
    try:
        _await(port)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()


def _await(port: int) -> None:
    """Until it answers, whatever it says: its processes begin later than it listens."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as line:
                line.sendall(request("GET", "/nothing-of-this-name"))
                if line.recv(65536):
                    return
        except OSError:
            time.sleep(0.1)
    raise steps.Stopped("a web server of the measurement did not begin to answer")


def cpu_of(*processes: int) -> float:
    """CPU seconds that processes and their children used until now, those that ended included."""
    total = 0
    for process in processes:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        total += sum(_ticks(each, ended=False) for each in children) + _ticks(str(process), ended=True)
    return total / TICKS


def _ticks(process: str, *, ended: bool) -> int:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0
    return sum(int(field) for field in fields[11 : 15 if ended else 13])


def press(
    port: int, requests_of: Callable[[int], Iterator[bytes]], *, clients: int, seconds: float, watched: tuple[int, ...]
) -> Load:
    """So many clients ask one thing after another for a while. Raises `Stopped` when one gets no 200."""
    waits: list[float] = []
    faults: list[str] = []
    begin = time.monotonic() + WARM_SECONDS
    until = begin + seconds

    def go_on(number: int) -> None:
        mine = []
        try:
            with socket.create_connection(("127.0.0.1", port)) as line:
                asked = requests_of(number)
                while (start := time.monotonic()) < until:
                    line.sendall(next(asked))
                    _take(line)
                    if start >= begin:
                        mine.append(time.monotonic() - start)
        except (OSError, steps.Stopped) as fault:
            faults.append(str(fault))
        waits.extend(mine)

    threads = [threading.Thread(target=go_on, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    time.sleep(max(0, begin - time.monotonic()))
    used = cpu_of(*watched)
    time.sleep(max(0, until - time.monotonic()))
    used = cpu_of(*watched) - used
    for thread in threads:
        thread.join()
    if faults or not waits:
        raise steps.Stopped(f"the web server of the measurement: {(faults or ['no answer'])[0]}")
    p95 = sorted(waits)[len(waits) * 19 // 20]
    return Load(len(waits) / seconds, 1000 * p95, 1000 * used / len(waits))


def _take(line: socket.socket) -> None:
    """Read one answer to its end."""
    kept = b""
    while b"\r\n\r\n" not in kept:
        kept += _more(line)
    head, _empty, rest = kept.partition(b"\r\n\r\n")
    if b" 200 " not in head[:16]:
        raise steps.Stopped(f"{head.splitlines()[0].decode()} {rest[:200].decode(errors='replace')}")
    lines = [each.partition(b":") for each in head.lower().splitlines()]
    length = next((int(value) for name, _colon, value in lines if name == b"content-length"), None)
    if length is None:
        while not rest.endswith(b"0\r\n\r\n"):
            rest += _more(line)
        return
    while len(rest) < length:
        rest += _more(line)


def _more(line: socket.socket) -> bytes:
    if got := line.recv(65536):
        return got
    raise steps.Stopped("closed the line")
