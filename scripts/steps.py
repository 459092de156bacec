"""Steps of a set-up: shown, skipped when done, and ended in one clear line when they fail."""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"


class Stopped(Exception):
    """The set-up cannot go on; the message is one line that says what to do."""


def setting(name: str, default: str = "") -> str:
    """A setting as `lms.settings` will see it: the environment first, then the file `.env`."""
    if name in os.environ:
        return os.environ[name]
    file = ROOT / ".env"
    for line in file.read_text().splitlines() if file.exists() else []:
        key, _, value = line.strip().removeprefix("export ").partition("=")
        if key.strip() == name:
            return value.strip().strip("'\"")
    return default


def var_dir() -> Path:
    """Where everything is written that the running system writes."""
    folder = Path(setting("AULA_VAR_DIR", str(ROOT / "var")))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def say(text: str) -> None:
    """One line for whoever is waiting."""
    print(text, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Say what begins and how long it took."""
    say(f"· {title} …")
    start = time.monotonic()
    yield
    say(f"  done in {time.monotonic() - start:.0f} s")


@contextmanager
def one_line_on_failure() -> Iterator[None]:
    """End the program with one line instead of a traceback when a step stops."""
    try:
        yield
    except Stopped as stopped:
        print(f"✗ {stopped}", file=sys.stderr, flush=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def run(command: list[str], *, show: bool = False, hint: str = "", **environment: str) -> None:
    """Run a command; its output goes to `var/setup.log` and, with `show`, to the screen. Raises `Stopped`."""
    log = var_dir() / "setup.log"
    last = ""
    with log.open("a", encoding="utf-8", errors="replace") as file:
        file.write(f"\n$ {' '.join(command)}\n")
        with subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            for line in process.stdout or ():
                file.write(line)
                last = line.strip() or last
                show = show and not line.startswith("Traceback ")  # the log has it; the last line says enough
                if show:
                    say(f"  {line.rstrip()}")
    if process.returncode:
        raise Stopped(f"{hint or ' '.join(command[:4]) + ' failed'}: {last[:300]} (all of it is in {log})")


def digest(paths: Iterable[Path], *also: str) -> str:
    """A key that changes when one of the files does."""
    total = hashlib.sha256("\n".join(also).encode())
    for path in sorted(paths):
        total.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def is_done(stamp: Path, key: str) -> bool:
    """Whether a step was finished for exactly this key."""
    return stamp.exists() and stamp.read_text() == key


def mark_done(stamp: Path, key: str) -> None:
    """Remember that a step was finished."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key)
