"""The real system, started for a test: its own folder, its own database, its own processes, nothing shared."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg
from redis import Redis

from tests import databases
from tests.nursery import Child, Nursery
from tests.services import free_port

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
POOL = ["--pool", "threads", "--concurrency", "2", "--beat", "--loglevel", "INFO"]
# Tests that run side by side must not take each other's messages: one Redis database for each test process.
REDIS_DATABASE = 15 - int(os.environ.get("PYTEST_XDIST_WORKER", "gw-1").removeprefix("gw")) - 1

ASK = """
import json, sqlite3, sys
for line in sys.stdin:
    path, statement, values = json.loads(line)
    with sqlite3.connect(path, timeout=30) as connection:
        rows = connection.execute(statement, values).fetchall()
    connection.close()
    print(json.dumps(rows), flush=True)
"""


class System:
    """Web and worker of one installation. Every process ends with the test process, however that ends."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.within: list[str] = []  # what is forked lives in this command's world (`tests.disks`)
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.environment = {**os.environ, "PYTHONUNBUFFERED": "1", **self._settings(), **environment}
        self._processes: list[subprocess.Popen | Child] = []
        self._nursery: Nursery | None = None
        self._clerk: subprocess.Popen | None = None
        self.web: subprocess.Popen | None = None

    def _settings(self) -> dict[str, str]:
        settings = {
            "AULA_VAR_DIR": str(self.folder),
            "AULA_FILES_DIR": str(self.folder / "files"),
            "AULA_HASHED_STATIC": "true",
            "AULA_PUBLIC_URL": self.url,
        }
        if url := os.environ.get("REDIS_URL"):
            settings["REDIS_URL"] = f"{url.rpartition('/')[0]}/{REDIS_DATABASE}"
        return settings

    def run(self, *command: str) -> str:
        """Run a command to its end with the system's settings; returns what it printed. Raises when it fails."""
        answer = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=600
        )
        if answer.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {answer.returncode}: {answer.stdout}{answer.stderr}")
        return answer.stdout

    @property
    def nursery(self) -> Nursery:
        """A process with Django loaded, to fork others from; it takes a moment the first time."""
        if self._nursery is None:
            self._nursery = Nursery(self.environment, ROOT, self.folder / "nursery.log", self.within)
        return self._nursery

    def seen(self, path: Path) -> Path:
        """A path of the system's as one reaches it from here: a disk of its own is mounted where it alone looks."""
        return Path(f"/proc/{self.nursery.pid}/root{path}") if self.within else path

    @property
    def files(self) -> Path:
        """Where the site's files lie."""
        return self.seen(self.folder / "files")

    def manage(self, *arguments: str) -> str:
        """Run a management command to its end; returns what it printed. Raises when it fails."""
        with tempfile.TemporaryDirectory(dir=self.folder, prefix="manage-") as name:
            output, errors = Path(name, "output"), Path(name, "errors")
            code = self.nursery.start("manage.py", *arguments, output=output, errors=errors).wait(600)
            if code:
                told = f"{output.read_text()}{errors.read_text()}{self.log('nursery')}"
                raise RuntimeError(f"{' '.join(arguments)} ended with {code}: {told}")
            return output.read_text()

    def python(self, code: str) -> str:
        """Run a few lines of Python inside the system, models at hand; returns what they printed."""
        return self.manage("shell", "--no-imports", "-c", code)

    def sql(self, statement: str, *values: object) -> list[tuple]:
        """Ask the system's database, or tell it, past all that the system itself does; what it answered.

        `values` stand where the statement says `%s`.
        """
        url = self.environment["DATABASE_URL"]
        if not url.startswith("sqlite"):
            return _ask(psycopg.connect(url), statement, values or None)
        statement, path = statement.replace("%s", "?"), Path(url.removeprefix("sqlite:///"))
        if self.within and path.is_relative_to(self.folder):
            return self._ask_within(path, statement, values)
        return _ask(sqlite3.connect(path, timeout=30), statement, values)

    def _ask_within(self, path: Path, statement: str, values: tuple) -> list[tuple]:
        """A file on a disk that the system alone sees: SQLite follows every link, also the one into its world."""
        if self._clerk is None:
            enter = ["nsenter", f"--target={self.nursery.pid}", "--mount", "--preserve-credentials"]
            enter += ["--user"] if "--user" in self.within else []
            command = [*enter, "setpriv", "--pdeathsig", "KILL", sys.executable, "-ISc", ASK]
            self._clerk = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._clerk.stdin
        assert self._clerk.stdout
        self._clerk.stdin.write(json.dumps([str(path), statement, values]) + "\n")
        self._clerk.stdin.flush()
        return [tuple(row) for row in json.loads(self._clerk.stdout.readline())]

    def start(self, name: str, *command: str) -> subprocess.Popen:
        """Start a process in a session of its own; what it says goes to `<name>.log`."""
        with (self.folder / f"{name}.log").open("a") as log:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def start_worker(self, *options: str) -> subprocess.Popen:
        """The worker with its clock, as `Procfile` starts it."""
        return self.start("worker", str(PROGRAMS / "celery"), "-A", "lms", "worker", *POOL, *options)

    def fork_worker(self, *options: str) -> Child:
        """The same, from a process that has everything loaded: for those that are started again and again.

        `options` stand in the place of a pool of threads with a clock.
        """
        command = ["celery", "-A", "lms", "worker", *(options or POOL)]
        worker = self.nursery.start(*command, output=self.folder / "worker.log")
        self._processes.append(worker)
        return worker

    def start_web(self) -> subprocess.Popen:
        """The web process, as `Procfile` starts it; returns when it answers."""
        options = ["--config", "scripts/gunicorn_conf.py", "--bind", f"127.0.0.1:{self.port}"]
        options += ["--worker-class", "gthread", "--workers", "2", "--threads", "4"]
        self.web = process = self.start("web", str(PROGRAMS / "gunicorn"), "lms.wsgi", *options, "--no-control-socket")
        wait_until(self.is_healthy, 60, lambda: f"the web process does not answer: {self.log('web')}")
        return process

    def kill_web(self) -> None:
        """kill -9 of the web process and of all that it started."""
        assert self.web  # it was started
        _signal_group(self.web, signal.SIGKILL)
        self.web.wait()

    def is_healthy(self) -> bool:
        """Whether /salud/ answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/salud/", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def log(self, name: str) -> str:
        """The end of what a process said."""
        path = self.folder / f"{name}.log"
        return path.read_text()[-3000:] if path.exists() else ""

    def kill(self) -> None:
        """kill -9 of every process with all that it started."""
        for process in self._processes:
            _signal_group(process, signal.SIGKILL)
            process.wait()
        self._processes.clear()

    def stop(self) -> None:
        """Stop every process with all that it started."""
        for process in self._processes:
            _signal_group(process, signal.SIGTERM)
        for process in self._processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            _signal_group(process, signal.SIGKILL)
            process.wait()
        if self._clerk:
            self._clerk.kill()
            self._clerk.communicate()
        if self._nursery:
            self._nursery.stop()


def _ask(connection, statement: str, values: Sequence | None) -> list[tuple]:
    with closing(connection):
        answer = connection.execute(statement, values)
        rows = answer.fetchall() if answer.description else []
        connection.commit()
        return rows


def _signal_group(process: subprocess.Popen | Child, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def wait_until(is_so, seconds: float, complaint=lambda: "it did not happen in time") -> None:
    """Wait for a condition. Raises AssertionError with the complaint when it does not come true."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise AssertionError(complaint())
        time.sleep(0.1)


@contextmanager
def installed(**environment: str) -> Iterator[System]:
    """A system on a fresh database of the engine in force, with reference data and nothing else; nothing runs yet."""
    database = databases.test_database()
    database.ensure_template()
    with tempfile.TemporaryDirectory(prefix="aula-system-", ignore_cleanup_errors=True) as folder:
        name = Path(folder).name.rpartition("-")[2].lower()
        system = System(Path(folder), DATABASE_URL=database.copy(name), **environment)
        if url := system.environment.get("REDIS_URL"):
            Redis.from_url(url).flushdb()
        try:
            yield system
        finally:
            system.stop()
            database.discard(name)
