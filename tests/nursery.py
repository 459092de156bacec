"""A process that has Django loaded, and others are forked from it: `python -m tests.nursery`, told what on its input.

Importing the same code takes Python seconds each time; a worker that is killed twenty times would spend a minute and a
half on it. What is forked is the real thing all the same: a process of its own in a session of its own, with its own
connections, started by the same command line. Each line of the input asks for one, each line of the output says which
number it got, or how it ended.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

LOOKS_A_SECOND = 50
SET_DEATH_SIGNAL = 1
# What a child would import before it begins.
BECOME = ("celery.bin.celery", "celery.apps.worker", "celery.beat", "celery.concurrency.thread")
BECOME += ("celery.worker.consumer", "django.core.management.commands.shell")


class Child:
    """A forked process, in the words of `subprocess.Popen`."""

    def __init__(self, nursery: "Nursery", pid: int) -> None:
        self.pid = pid
        self._nursery = nursery

    def poll(self) -> int | None:
        """How it ended, as `Popen.returncode`; None while it runs."""
        self._nursery.listen(0)
        return self._nursery.ended.get(self.pid)

    def wait(self, timeout: float | None = None) -> int:
        """Until it has ended. Raises `subprocess.TimeoutExpired`."""
        end = None if timeout is None else time.monotonic() + timeout
        while (code := self._nursery.ended.get(self.pid)) is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            self._nursery.listen(0.05)
        return code

    def terminate(self) -> None:
        """Ask it to stop."""
        os.kill(self.pid, signal.SIGTERM)


class Nursery:
    """The process that is forked from, with the settings of one system. It ends with the test process.

    `within` is a command that goes before its own, and becomes it.
    """

    def __init__(self, environment: dict[str, str], cwd: Path, log: Path, within: Sequence[str] = ()) -> None:
        self.ended: dict[int, int] = {}
        self._born: list[int] = []
        self._rest = b""
        with log.open("a") as complaints:
            self._process = subprocess.Popen(
                [*within, "setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "tests.nursery"],
                cwd=cwd,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
            )

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def start(self, *command: str, output: Path, errors: Path | None = None) -> Child:
        """Fork a process that goes on as `celery …` or `manage.py …`."""
        wish = {"command": command, "output": str(output), "errors": str(errors or output)}
        assert self._process.stdin
        self._process.stdin.write(json.dumps(wish).encode() + b"\n")
        self._process.stdin.flush()
        while not self._born:
            self.listen(60)
        return Child(self, self._born.pop())

    def listen(self, seconds: float) -> None:
        """Hear what it says within so many seconds. Raises `RuntimeError` when it is gone."""
        assert self._process.stdout
        handle = self._process.stdout.fileno()
        if not select.select([handle], [], [], seconds)[0]:
            return
        heard = os.read(handle, 65536)
        if not heard:
            raise RuntimeError("the process that others are forked from has ended")
        *lines, self._rest = (self._rest + heard).split(b"\n")
        for said in map(json.loads, lines):
            if "code" in said:
                self.ended[said["pid"]] = said["code"]
            else:
                self._born.append(said["pid"])

    def stop(self) -> None:
        """End it; what it started is stopped by whoever asked for it."""
        self._process.kill()
        self._process.communicate()


def _become(command: list[str], output: str, errors: str) -> None:
    os.setsid()
    ctypes.CDLL(None).prctl(SET_DEATH_SIGNAL, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for number, path in ((2, errors), (1, output)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), number)
    sys.argv = command
    if command[0] == "celery":
        from celery.__main__ import main  # noqa: PLC0415 what the child becomes

        sys.exit(main())
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    execute_from_command_line(command)
    sys.exit(0)


def _say(**words: int) -> None:
    os.write(1, json.dumps(words).encode() + b"\n")


def _tell_who_ended() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        _say(pid=pid, code=os.waitstatus_to_exitcode(status))


def _load() -> None:
    import django  # noqa: PLC0415 a test process reads this file, too

    django.setup()
    from django.db import connections  # noqa: PLC0415
    from django.urls import get_resolver  # noqa: PLC0415

    from lms.celery import app  # noqa: PLC0415

    app.loader.import_default_modules()
    _patterns = get_resolver().url_patterns  # imports every view
    for name in BECOME:
        import_module(name)
    connections.close_all()


def main() -> None:
    """Load everything; then fork what is asked for until the input ends."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
    _load()
    rest = b""
    while True:
        if select.select([0], [], [], 1 / LOOKS_A_SECOND)[0]:
            heard = os.read(0, 65536)
            if not heard:
                return
            *lines, rest = (rest + heard).split(b"\n")
            for wish in map(json.loads, lines):
                pid = os.fork()
                if pid == 0:
                    _become(**wish)
                _say(pid=pid)
        _tell_who_ended()


if __name__ == "__main__":
    main()
