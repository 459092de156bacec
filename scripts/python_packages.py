"""The virtual environment and the packages of the lock files."""

import subprocess
import sys

from scripts import steps, system_packages
from scripts.steps import ROOT, VENV, VENV_PYTHON

LOCKS = {"run": "requirements.lock", "dev": "requirements-dev.lock"}


def ensure(kind: str) -> None:
    """Have `.venv` hold exactly what the lock file of `kind` names; more is left alone when `kind` is "run"."""
    _ensure_environment()
    key = steps.digest([ROOT / LOCKS[kind]], _version())
    stamp = VENV / f"installed-{kind}"
    if steps.is_done(stamp, key):
        steps.say("· Python packages: up to date")
        return
    with steps.step(f"Python packages: installing {LOCKS[kind]}"):
        _install(kind)
    steps.mark_done(stamp, key)
    if kind == "dev":
        # The lock for development holds everything that the other one does, in the same versions.
        steps.mark_done(VENV / "installed-run", steps.digest([ROOT / LOCKS["run"]], _version()))


def ensure_browser() -> None:
    """Where the distribution has no Chromium that runs everywhere, the one that playwright brings."""
    stamp = VENV / "installed-chromium"
    if system_packages.has_chromium() or steps.is_done(stamp, _version()):
        return
    with steps.step("Chromium: installing the one that playwright brings"):
        steps.run(
            [str(VENV_PYTHON), "-m", "playwright", "install", "--with-deps", "--only-shell", "chromium"],
            hint="there is no Chromium for the tests; please install Chromium or Google Chrome, then repeat",
        )
    steps.mark_done(stamp, _version())


def _ensure_environment() -> None:
    if VENV_PYTHON.exists() and _works("-m", "pip", "--version"):
        return
    with steps.step("Virtual environment: making .venv"):
        steps.run(
            [sys.executable, "-m", "venv", "--clear", str(VENV)],
            hint="Python cannot make a virtual environment; please run: sudo apt-get install python3-venv",
        )


def _works(*arguments: str) -> bool:
    return not subprocess.run([VENV_PYTHON, *arguments], capture_output=True, check=False).returncode


def _version() -> str:
    return subprocess.run([VENV_PYTHON, "-VV"], capture_output=True, text=True, check=True).stdout


def _install(kind: str) -> None:
    """With uv, ten times as fast; with pip where uv cannot be had or cannot reach the packages."""
    lock = LOCKS[kind]
    pip = [str(VENV_PYTHON), "-m", "pip", "--disable-pip-version-check"]
    try:
        if not _works("-m", "uv", "--version"):
            steps.run([*pip, "install", "--quiet", "--require-hashes", "-r", "requirements-uv.lock"])
        action = ["sync", lock] if kind == "dev" else ["install", "-r", lock]
        uv = [str(VENV_PYTHON), "-m", "uv", "pip", *action, "--require-hashes", "--python", str(VENV_PYTHON)]
        steps.run(uv, hint="uv could not", UV_PYTHON_DOWNLOADS="never")
    except steps.Stopped as stopped:
        steps.say(f"  {stopped}")
        steps.say("  trying with pip, which takes about a minute")
        steps.run(
            [*pip, "install", "--require-hashes", "-r", lock],
            hint="the Python packages could not be installed (is the package index within reach?)",
        )
