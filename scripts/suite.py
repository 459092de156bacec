"""The whole suite: `python -m scripts.suite`, in the virtual environment.

Checks first, then every test on SQLite, then every test that touches a database again on PostgreSQL and Redis. In each
round the journeys in a real browser run beside the other tests: they share one running system and mostly wait. All
parts run even when one fails. A few that failed run once more, alone (decision 24).
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from scripts import check, steps
from scripts.steps import VENV_PYTHON
from tests import services

# `tests/conftest.py` puts the longest files first; xdist would order them by the number of their tests.
SIDE_BY_SIDE = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
TESTS = ["-m", "not journey"]
JOURNEYS = ["-m", "journey"]
NO_TESTS_COLLECTED = 5
MOST_AGAIN = 3  # in a round: more than these is not the weather


@dataclass
class Outcome:
    """How many tests of one part passed, failed and were left out, and for how long it ran."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0
    complaints: list[str] = field(default_factory=list)
    unsteady: list[str] = field(default_factory=list)
    """Tests that failed beside others and passed alone."""


def address_of(case: ElementTree.Element) -> str:
    """As pytest takes it: `tests/lms/test_x.py::TestY::test_z`."""
    names = case.get("classname", "").split(".")
    folders = [name for name in names if not name.startswith("Test")]
    return "::".join(["/".join(folders) + ".py", *names[len(folders) :], case.get("name", "")])


def read(report: Path, outcome: Outcome) -> None:
    """Add up pytest's report."""
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 (written by our own pytest)
        verdicts = {child.tag for child in case}
        if verdicts & {"failure", "error"}:
            outcome.failed += 1
            outcome.complaints.append(address_of(case))
        elif "skipped" in verdicts:
            outcome.skipped += 1
        else:
            outcome.passed += 1


class Part:
    """One run of pytest, from its beginning. Only one of those side by side can be heard while it runs."""

    def __init__(self, name: str, options: list[str], environment: dict[str, str], *, is_heard: bool) -> None:
        self.outcome = Outcome(name)
        self._start = time.monotonic()
        self._folder = tempfile.TemporaryDirectory(prefix="aula-report-")
        self._report = Path(self._folder.name) / "report.xml"
        self._words = Path(self._folder.name) / "words"
        command = [str(VENV_PYTHON), "-m", "pytest", *options, f"--junit-xml={self._report}"]
        with self._words.open("wb") as words:
            output = None if is_heard else words
            self._process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)

    def ended(self) -> Outcome:
        """Wait for its end, say what it said, and what came of it."""
        code = self._process.wait()
        if words := self._words.read_text(errors="replace"):
            steps.say(f"\n━━ {self.outcome.name} ━━\n{words}")
        if self._report.exists():
            read(self._report, self.outcome)
        if code not in {0, NO_TESTS_COLLECTED} and not self.outcome.failed:
            self.outcome.failed = 1
            self.outcome.complaints.append(f"{self.outcome.name}: pytest ended with code {code}")
        self.outcome.seconds = time.monotonic() - self._start
        return self.outcome

    def end(self) -> None:
        """Let nothing outlive us; the tests get the time to clean up."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        self._folder.cleanup()


def run_round(engine: str, environment: dict[str, str], *options: str) -> list[Outcome]:
    """Every part on one engine, side by side."""
    steps.say(f"\n━━ tests on {engine}, journeys beside them ━━")
    parts: list[Part] = []
    try:
        parts.append(Part(f"tests on {engine}", [*SIDE_BY_SIDE, *TESTS, *options], environment, is_heard=True))
        parts.append(Part(f"journeys on {engine}", [*JOURNEYS, *options], environment, is_heard=False))
        outcomes = [part.ended() for part in parts]
        if 0 < sum(outcome.failed for outcome in outcomes) <= MOST_AGAIN:
            for outcome, which in zip(outcomes, (TESTS, JOURNEYS), strict=True):
                look_again(outcome, [*which, *options], environment)
        return outcomes
    finally:
        for part in parts:
            part.end()


def look_again(outcome: Outcome, options: list[str], environment: dict[str, str]) -> None:
    """Run what failed once more, alone on the machine; what passes then is counted as passed, and named."""
    names = [name for name in outcome.complaints if ".py::" in name]
    if not names or len(names) < outcome.failed:
        return
    part = Part(f"{outcome.name}: what failed, alone", [*options, *names], environment, is_heard=True)
    try:
        second = part.ended()
    finally:
        part.end()
    if second.passed + second.failed != len(names) or not set(second.complaints) <= set(names):
        return
    outcome.unsteady = [name for name in names if name not in second.complaints]
    outcome.complaints = second.complaints
    outcome.passed, outcome.failed = outcome.passed + len(outcome.unsteady), second.failed
    outcome.seconds += second.seconds


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
        for name in outcome.unsteady:
            steps.say(f"  ↻ failed beside others, passed alone: {name}")
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
            outcomes += run_round("PostgreSQL and Redis", {**clean, **addresses}, "--database-only")
    except services.Unavailable as reason:
        outcomes.append(Outcome("PostgreSQL and Redis", failed=1, complaints=[str(reason)]))
    return 0 if summarise(outcomes) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
