"""Start web and worker under one process manager, and say where they answer: `python -m scripts.run`."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from threading import Thread

from scripts import steps
from scripts.steps import ROOT, VENV, Stopped, setting

PATIENCE_SECONDS = 90


def hold_the_only_run(address_file: Path):
    """Take the lock that one running system holds. Raises `Stopped` when another one has it."""
    handle = address_file.open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        raise Stopped(f"Aula Municipal is already running at {address_file.read_text().strip()}") from None
    return handle


def is_free(bind: str, port: int) -> bool:
    """Whether a server can listen there."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError:
            return False
    return True


def choose_port(bind: str) -> int:
    """`AULA_PORT`, or the first free port from 8000 on. Raises `Stopped` when there is none."""
    if chosen := setting("AULA_PORT"):
        if not is_free(bind, int(chosen)):
            raise Stopped(f"port {chosen} of {bind} is taken; name another: AULA_PORT=8080 make run")
        return int(chosen)
    for port in range(8000, 8100):
        if is_free(bind, port):
            return port
    raise Stopped("every port from 8000 to 8099 is taken; name a free one: AULA_PORT=9000 make run")


def host_for_links(bind: str) -> str:
    """The host that links and QR codes name: this machine, as a telephone in the same network would call it."""
    if bind in {"127.0.0.1", "::1", "localhost"}:
        return "localhost"
    if bind not in {"0.0.0.0", "::"}:  # noqa: S104 (compared, not bound)
        return bind
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: it only asks which address would be used
            return probe.getsockname()[0]
        except OSError:
            return "localhost"


def public_url(bind: str, port: int) -> str:
    """The address that links and QR codes name: `AULA_PUBLIC_URL`, or this machine at the port."""
    return setting("AULA_PUBLIC_URL") or f"http://{host_for_links(bind)}:{port}"


def wait_until_healthy(url: str, system: subprocess.Popen) -> bool:
    """Whether the web process answers before patience ends."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and system.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/salud/", timeout=5) as answer:  # noqa: S310 (our own http address)
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    return False


def demo_accounts() -> str:
    """Who can sign in to the demo; empty where there is none."""
    answer = subprocess.run(
        [steps.VENV_PYTHON, "manage.py", "demo_accounts"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() if answer.returncode == 0 else ""


def welcome(address: str, local_url: str, system: subprocess.Popen) -> None:
    """Print the address and the accounts once the web process answers."""
    accounts = demo_accounts()
    if not wait_until_healthy(local_url, system):
        return
    line = "─" * 78
    print(f"\n{line}\n  Aula Municipal: {address}\n", flush=True)
    if accounts:
        print("\n".join(f"  {row}" for row in accounts.splitlines()) + "\n")
    print(f"  Ctrl-C stops it.\n{line}\n", flush=True)


def start() -> int:
    """Run until it is stopped; returns the exit code."""
    address_file = steps.var_dir() / "address"
    lock = hold_the_only_run(address_file)
    bind = setting("AULA_BIND", "127.0.0.1")
    port = choose_port(bind)
    address = public_url(bind, port)
    lock.truncate(0)
    lock.write(address)
    lock.flush()
    environment = {
        **os.environ,
        "AULA_BIND": f"[{bind}]" if ":" in bind else bind,
        "AULA_PORT": str(port),
        "AULA_PUBLIC_URL": address,
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONUNBUFFERED": "1",
        # In a container everybody is root; Celery need not say so at every start.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }
    os.environ["AULA_PUBLIC_URL"] = address
    steps.say("· Starting web and worker …")
    # A session of its own: Ctrl-C reaches it once, from here, and not a second time from the terminal.
    # When this process is killed outright, the kernel stops the other one, so that nothing is left behind.
    honcho = ["setpriv", "--pdeathsig", "TERM", str(VENV / "bin" / "honcho"), "start"]
    system = subprocess.Popen(honcho, cwd=ROOT, env=environment, start_new_session=True)
    stopped_by: list[int] = []

    def stop(number: int, frame: object) -> None:
        stopped_by.append(number)
        if system.poll() is None:
            system.terminate()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    local = "127.0.0.1" if bind in {"0.0.0.0", "localhost"} else environment["AULA_BIND"]  # noqa: S104
    Thread(target=welcome, args=(address, f"http://{local}:{port}", system), daemon=True).start()
    code = system.wait()
    if stopped_by:
        print("\nStopped.", flush=True)
        return 0
    raise Stopped(f"web or worker ended by itself (code {code}); the lines above say why")


if __name__ == "__main__":
    with steps.one_line_on_failure():
        sys.exit(start())
