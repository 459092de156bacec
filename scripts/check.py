"""What a machine can judge without running the suite: `python -m scripts.check [--fix]`, in the virtual environment."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scripts import steps
from scripts.steps import ROOT, VENV, VENV_PYTHON


def tool(name: str, *arguments: str) -> list[str]:
    """A command of the virtual environment."""
    return [str(VENV / "bin" / name), *arguments]


def manage(*arguments: str) -> list[str]:
    """A management command."""
    return [str(VENV_PYTHON), "manage.py", *arguments]


def templates() -> list[str]:
    """Our templates, as Django's own style is asked of them."""
    return sorted(str(path) for path in (ROOT / "templates").rglob("*.html"))


def checks() -> dict[str, list[str]]:
    """Every check by the name it is shown under."""
    return {
        "style": tool("ruff", "check", "--quiet", "."),
        "format": tool("ruff", "format", "--check", "--quiet", "."),
        "templates": tool("djade", "--check", "--target-version", "5.2", *templates()),
        "arrows": tool("lint-imports", "--no-cache"),
        "types": tool("mypy"),
        "Django": manage("check", "--fail-level", "WARNING"),
        "migrations": manage("makemigrations", "--check", "--dry-run"),
        "translations": [str(VENV_PYTHON), "-m", "scripts.check_translations"],
    }


def judge(name: str, command: list[str], environment: dict[str, str]) -> bool:
    """Run one check, say how it went, and show what it said when it failed."""
    start = time.monotonic()
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    passed = answer.returncode == 0
    steps.say(f"{'✓' if passed else '✗'} {name} ({time.monotonic() - start:.0f} s)")
    if not passed:
        steps.say((answer.stdout + answer.stderr).strip())
    return passed


def check() -> bool:
    """Run every check, all of them even when one fails."""
    with tempfile.TemporaryDirectory(prefix="aula-check-") as folder:
        # Away from the running system: its database, its keys and its settings play no part here.
        environment = {
            **os.environ,
            "AULA_MODE": "embedded",
            "AULA_VAR_DIR": folder,
            "DATABASE_URL": f"sqlite:///{Path(folder) / 'empty.sqlite3'}",
            "REDIS_URL": "",
        }
        outcomes = [judge(name, command, environment) for name, command in checks().items()]
    return all(outcomes)


def fix() -> bool:
    """Repair what the tools can repair by themselves."""
    repairs = {
        "style": tool("ruff", "check", "--fix", "--quiet", "."),
        "format": tool("ruff", "format", "--quiet", "."),
        "templates": tool("djade", "--target-version", "5.2", *templates()),
    }
    # djade ends with 1 when it has changed something, so a second round is the judge.
    for command in repairs.values():
        subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    return all([judge(name, command, dict(os.environ)) for name, command in repairs.items()])


if __name__ == "__main__":
    sys.exit(0 if (fix() if "--fix" in sys.argv else check()) else 1)
