"""PostgreSQL and Redis for a while: `python -m tests.services -- <command>`.

Both run on free ports, in a folder of their own, as a user without rights when root calls; `DATABASE_URL` and
`REDIS_URL` name them to the command. They are stopped and their folder removed however the command ends. Standard
library alone.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

PATIENCE_SECONDS = 30


class Unavailable(Exception):
    """A service could not be started; the message says which and why."""


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def unprivileged() -> pwd.struct_passwd | None:
    """Whom the services run as when root calls (PostgreSQL refuses root); None for an ordinary caller."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Unavailable("there is no user 'postgres' or 'nobody' to run PostgreSQL as")


def postgres_program(name: str) -> str:
    """The path of one of PostgreSQL's programs, of the newest version installed. Raises `Unavailable`."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    program = str(found[-1]) if found else shutil.which(name)
    if not program:
        raise Unavailable(f"PostgreSQL's '{name}' is not installed: sudo apt-get install postgresql")
    return program


class Service:
    """One server process with a log file, stopped when the caller dies."""

    def __init__(self, name: str, folder: Path, stop_by: signal.Signals) -> None:
        self.name = name
        self.folder = folder
        self.stop_by = stop_by
        self.user = unprivileged()
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen | None = None

    def command(self, *arguments: str) -> list[str]:
        """The command as the unprivileged user, told by the kernel to stop when this process is gone."""
        drop = [f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}", "--clear-groups"] if self.user else []
        return ["setpriv", *drop, f"--pdeathsig={self.stop_by.name.removeprefix('SIG')}", *arguments]

    def start(self, *arguments: str) -> None:
        """Start the server in a session of its own, out of reach of the terminal's Ctrl-C."""
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                self.command(*arguments),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until(self, is_ready) -> None:
        """Wait until the server answers. Raises `Unavailable` with the end of its log."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end and self.process and self.process.poll() is None:
            if is_ready():
                return
            time.sleep(0.05)
        raise Unavailable(f"{self.name} did not start: {self.log.read_text()[-500:].strip()}")

    def stop(self) -> None:
        """Ask it to stop, and make it stop."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(self.stop_by)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@contextmanager
def folder_of_services() -> Iterator[Path]:
    """A temporary folder that the unprivileged user owns."""
    path = Path(tempfile.mkdtemp(prefix="aula-services-"))
    try:
        if user := unprivileged():
            os.chown(path, user.pw_uid, user.pw_gid)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL server; yields its URL."""
    service, port, password = Service("postgres", folder, signal.SIGINT), free_port(), secrets.token_hex(16)
    data, password_file = folder / "data", folder / "password"
    password_file.write_text(password)
    if service.user:
        os.chown(password_file, service.user.pw_uid, service.user.pw_gid)
    making = [postgres_program("initdb"), "--no-sync", "--username=aula", f"--pwfile={password_file}"]
    making += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", str(data)]
    made = subprocess.run(service.command(*making), cwd=folder, capture_output=True, text=True, check=False)
    if made.returncode:
        raise Unavailable(f"initdb failed: {made.stderr.strip()}")
    try:
        service.start(
            postgres_program("postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", str(folder)
        )
        ready = [postgres_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        service.wait_until(lambda: subprocess.run(ready, check=False).returncode == 0)
        yield f"postgresql://aula:{password}@127.0.0.1:{port}/postgres"
    finally:
        service.stop()


def redis_answers(port: int) -> bool:
    """Whether a Redis listens there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64)[:1] in {b"+", b"-"}
    except OSError:
        return False


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis server; yields its URL."""
    program = shutil.which("redis-server")
    if not program:
        raise Unavailable("Redis is not installed: sudo apt-get install redis-server")
    service, port, password = Service("redis", folder, signal.SIGTERM), free_port(), secrets.token_hex(16)
    try:
        quiet = ["--save", "", "--appendonly", "no", "--daemonize", "no", "--dir", str(folder)]
        service.start(program, "--port", str(port), "--bind", "127.0.0.1", "--requirepass", password, *quiet)
        service.wait_until(lambda: redis_answers(port))
        yield f"redis://:{password}@127.0.0.1:{port}/0"
    finally:
        service.stop()


class RedisServer:
    """A server of one test's own, which comes and goes, and remembers nothing of before."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._service = Service("redis", folder, signal.SIGKILL)
        self.come()

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._service.process  # it was started
        return self._service.process.pid

    def come(self) -> None:
        """Start it."""
        program = shutil.which("redis-server")
        if not program:
            raise Unavailable("Redis is not installed: sudo apt-get install redis-server")
        where = ["--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(self._service.folder)]
        self._service.start(program, *where, "--save", "", "--appendonly", "no")
        self._service.wait_until(lambda: redis_answers(self._port))

    def hang(self) -> None:
        """It takes what it is told, and says nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def go(self) -> None:
        """kill -9."""
        self._service.stop()

    def tell(self, *words: str) -> None:
        """One command, in words without blanks."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=5) as connection:
            connection.sendall(" ".join(words).encode() + b"\r\n")
            connection.recv(64)


@contextmanager
def running() -> Iterator[dict[str, str]]:
    """Both services; yields the environment variables that name them."""
    with ExitStack() as stack:
        folder = stack.enter_context(folder_of_services())
        yield {
            "DATABASE_URL": stack.enter_context(postgres(folder)),
            "REDIS_URL": stack.enter_context(redis(folder)),
        }


def _leave(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def run_beside(command: list[str], environment: dict[str, str]) -> int:
    """Run a command to its end and return its code; whatever ends us, it gets the time to clean up."""
    process = subprocess.Popen(command, env=environment)
    try:
        return process.wait()
    except KeyboardInterrupt:
        # The terminal has told the command, too: let it clean up while the services are still there.
        process.wait(20)
        raise
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def main(command: list[str]) -> int:
    """Run a command beside the services; returns its exit code."""
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGHUP, _leave)
    try:
        with running() as environment:
            code = run_beside(command, {**os.environ, **environment})
            return code if code >= 0 else 128 - code
    except KeyboardInterrupt:
        return 130
    except Unavailable as reason:
        print(f"✗ {reason}", file=sys.stderr)  # noqa: T201 (it talks to whoever called it)
        return 1


if __name__ == "__main__":
    arguments = sys.argv[1:]
    sys.exit(main(arguments[1:] if arguments[:1] == ["--"] else arguments))
