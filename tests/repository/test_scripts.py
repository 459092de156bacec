"""What `make` runs before and around everything else."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from scripts import check_translations, run, steps, suite, system_packages
from tests.repository import tree


@pytest.fixture
def dot_env(tmp_path, monkeypatch):
    """A `.env` of a test, in the place of the real one."""
    monkeypatch.setattr(steps, "ROOT", tmp_path)
    (tmp_path / ".env").write_text('# a comment\nAULA_PORT=8123\nexport AULA_BIND="0.0.0.0"\n')


def test_the_environment_wins_over_the_file_and_both_over_the_default(dot_env, monkeypatch):
    assert steps.setting("AULA_PORT") == "8123"
    assert steps.setting("AULA_BIND", "127.0.0.1") == "0.0.0.0"  # noqa: S104 (compared)
    assert steps.setting("AULA_DEMO", "true") == "true"
    monkeypatch.setenv("AULA_PORT", "9000")
    assert steps.setting("AULA_PORT") == "9000"


def test_a_step_is_done_for_one_key_alone(tmp_path):
    stamp = tmp_path / "stamps" / "packages"
    assert not steps.is_done(stamp, "a")
    steps.mark_done(stamp, "a")
    assert steps.is_done(stamp, "a")
    assert not steps.is_done(stamp, "b")


def test_a_failed_command_ends_in_one_line_that_names_the_log(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("AULA_VAR_DIR", str(tmp_path))
    with pytest.raises(SystemExit), steps.one_line_on_failure():
        steps.run(["sh", "-c", "echo much; echo the reason; exit 3"], hint="it did not work")
    said = capsys.readouterr().err
    assert said == f"✗ it did not work: the reason (all of it is in {tmp_path / 'setup.log'})\n"
    assert "much\nthe reason" in (tmp_path / "setup.log").read_text()


def test_a_taken_port_is_passed_over_or_named(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not run.is_free("127.0.0.1", port)
        monkeypatch.setenv("AULA_PORT", str(port))
        with pytest.raises(steps.Stopped, match=f"port {port} of 127.0.0.1 is taken"):
            run.choose_port("127.0.0.1")
    monkeypatch.delenv("AULA_PORT")
    assert run.is_free("127.0.0.1", run.choose_port("127.0.0.1"))


def test_a_second_run_says_where_the_first_one_answers(tmp_path):
    address = tmp_path / "address"
    with run.hold_the_only_run(address) as first:
        first.write("http://localhost:8000")
        first.flush()
        with pytest.raises(steps.Stopped, match="already running at http://localhost:8000"):
            run.hold_the_only_run(address)
    run.hold_the_only_run(address).close()


def test_missing_packages_without_rights_end_in_the_command_to_run(monkeypatch):
    monkeypatch.setattr(system_packages, "_rights", lambda: None)
    wanted = {"there": lambda: True, "gettext": lambda: False, "ffmpeg": lambda: False}
    with pytest.raises(steps.Stopped, match=r"sudo apt-get install --yes --no-install-recommends gettext ffmpeg$"):
        system_packages.ensure(wanted)


def test_an_old_python_is_refused_in_one_line(tmp_path):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    answer = subprocess.run(
        ["/bin/sh", "scripts/python.sh", "-V"],
        cwd=tree.ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert answer.stderr.startswith("Aula Municipal needs Python 3.11 or newer")
    assert answer.stderr.count("\n") == 1


def test_the_scripts_that_come_first_need_no_package(tmp_path):
    """They run before there is a virtual environment."""
    code = "import scripts.make_ready, scripts.run, scripts.suite"
    answer = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=tree.ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr


@pytest.fixture
def catalogues(tmp_path):
    """Writes a catalogue with these entries."""

    def write(name: str, *entries: tuple[str, str, str]):
        blocks = [f'{flag}msgid "{text}"\nmsgstr "{translated}"\n' for flag, text, translated in entries]
        path = tmp_path / f"{name}.po"
        path.write_text("\n".join(['msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n', *blocks]))
        return path

    return write


def test_translations_must_be_there_whole_and_used(catalogues):
    fresh = catalogues("fresh", ("", "Entrar", ""), ("", "Salir", ""), ("", "Curso", ""), ("", "Red", ""))
    kept = catalogues(
        "kept", ("", "Entrar", "Sign in"), ("", "Salir", ""), ("#, fuzzy\n", "Curso", "Race"), ("", "Viejo", "Old")
    )
    assert check_translations.faults(fresh, kept) == [
        "fuzzy: 'Curso'",
        "no longer used: 'Viejo'",
        "not in the catalogue: 'Red'",
        "not translated: 'Salir'",
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_suite_whose_terminal_is_gone_takes_its_tests_along(number):
    code = """
from scripts import check, suite, steps
from tests import services
import os, sys
check.check = lambda: print(services.run_beside([sys.executable, "-c", SLEEPER], dict(os.environ)))
suite.main()
""".replace("SLEEPER", repr("import os, time; print(os.getpid(), flush=True); time.sleep(60)"))
    with subprocess.Popen([sys.executable, "-c", code], cwd=tree.ROOT, stdout=subprocess.PIPE, text=True) as suite:
        said = iter(suite.stdout.readline, "")
        child = int(next(line for line in said if line.strip().isdigit()))
        suite.send_signal(number)
        assert suite.wait(20) == 128 + number
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


TRIES = """
from pathlib import Path

class TestBoth:
    def test_steady(self):
        assert not Path(__file__).exists()

    def test_unsteady(self):
        mark = Path(__file__).with_suffix(".seen")
        seen = mark.exists()
        mark.touch()
        assert seen
"""


def run_twice(folder, monkeypatch, tests: str) -> suite.Outcome:
    """A file of tests that failed in a round, then alone; pytest runs for real."""
    (folder / "test_tries.py").write_text(tests)
    monkeypatch.chdir(folder)
    options = ["-p", "no:django", "-c", "/dev/null", f"--rootdir={folder}", "-p", "no:cacheprovider"]
    part = suite.Part("tests", options, dict(os.environ), is_heard=False)
    outcome = part.ended()
    part.end()
    suite.look_again(outcome, options, dict(os.environ))
    return outcome


def test_what_fails_beside_others_is_looked_at_again_alone(tmp_path, monkeypatch):
    outcome = run_twice(tmp_path, monkeypatch, TRIES)
    assert outcome.unsteady == ["test_tries.py::TestBoth::test_unsteady"]
    assert outcome.complaints == ["test_tries.py::TestBoth::test_steady"]
    assert (outcome.passed, outcome.failed) == (1, 1)


def test_what_did_not_run_again_stays_red(tmp_path, monkeypatch):
    gone = "from pathlib import Path\n\ndef test_once():\n    Path(__file__).unlink()\n    raise AssertionError\n"
    outcome = run_twice(tmp_path, monkeypatch, gone)
    assert (outcome.unsteady, outcome.failed) == ([], 1)


def test_a_part_that_died_is_not_looked_at_again(monkeypatch):
    monkeypatch.setattr(suite, "Part", None)
    outcome = suite.Outcome("tests", failed=1, complaints=["tests: pytest ended with code 3"])
    suite.look_again(outcome, [], {})
    assert outcome.failed == 1
