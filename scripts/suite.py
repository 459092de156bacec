"""The whole suite: `python -m scripts.suite`, in the virtual environment.

Checks first, then every test on SQLite, then every test again on PostgreSQL and Redis. The journeys in a real browser
come last in each round, one after the other, because they share one running system. All parts run even when one fails.
"""

import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from scripts import check, steps
from scripts.steps import VENV_PYTHON
from tests import services

PARTS = {
    "tests": ["-n", "2", "--dist", "loadfile", "-m", "not journey"],
    "journeys": ["-m", "journey"],
}
NO_TESTS_COLLECTED = 5


@dataclass
class Outcome:
    """How many tests of one part passed, failed and were left out, and for how long it ran."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0
    complaints: list[str] = field(default_factory=list)


def read(report: Path, outcome: Outcome) -> None:
    """Add up pytest's report."""
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 (written by our own pytest)
        verdicts = {child.tag for child in case}
        if verdicts & {"failure", "error"}:
            outcome.failed += 1
            outcome.complaints.append(f"{case.get('classname')}::{case.get('name')}")
        elif "skipped" in verdicts:
            outcome.skipped += 1
        else:
            outcome.passed += 1


def run_part(name: str, options: list[str], environment: dict[str, str]) -> Outcome:
    """One run of pytest."""
    steps.say(f"\n━━ {name} ━━")
    outcome, start = Outcome(name), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="aula-report-") as folder:
        report = Path(folder) / "report.xml"
        command = [str(VENV_PYTHON), "-m", "pytest", *options, f"--junit-xml={report}"]
        code = services.run_beside(command, environment)
        if report.exists():
            read(report, outcome)
    if code not in {0, NO_TESTS_COLLECTED} and not outcome.failed:
        outcome.failed = 1
        outcome.complaints.append(f"{name}: pytest ended with code {code}")
    outcome.seconds = time.monotonic() - start
    return outcome


def run_round(engine: str, environment: dict[str, str]) -> list[Outcome]:
    """Every part on one engine."""
    return [run_part(f"{name} on {engine}", options, environment) for name, options in PARTS.items()]


def run_checks() -> Outcome:
    """`make check`, counted as one test."""
    steps.say("━━ checks ━━")
    start = time.monotonic()
    passed = check.check()
    outcome = Outcome("checks", passed=int(passed), failed=int(not passed), seconds=time.monotonic() - start)
    if not passed:
        outcome.complaints.append("make check")
    return outcome


def summarise(outcomes: list[Outcome]) -> bool:
    """Show every part and the sum; true when nothing failed."""
    steps.say("\n━━ summary ━━")
    for outcome in outcomes:
        left_out = f", {outcome.skipped} skipped" if outcome.skipped else ""
        steps.say(
            f"{outcome.name}: {outcome.passed} passed, {outcome.failed} failed{left_out} in {outcome.seconds:.0f} s"
        )
        for complaint in outcome.complaints:
            steps.say(f"  ✗ {complaint}")
    failed = sum(outcome.failed for outcome in outcomes)
    steps.say(f"{sum(outcome.passed for outcome in outcomes)} passed, {failed} failed")
    return failed == 0


def _leave(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def main() -> int:
    """Run everything; 0 when nothing failed."""
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGHUP, _leave)
    outcomes = [run_checks()]
    # What the caller's shell says about AULA_… is for the running system, not for the tests.
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AULA_", "DATABASE_", "REDIS_"))}
    outcomes += run_round("SQLite", clean)
    try:
        with services.running() as addresses:
            outcomes += run_round("PostgreSQL and Redis", {**clean, **addresses})
    except services.Unavailable as reason:
        outcomes.append(Outcome("PostgreSQL and Redis", failed=1, complaints=[str(reason)]))
    return 0 if summarise(outcomes) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
