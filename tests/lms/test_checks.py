"""System checks, each by its id."""

import os
import re
import secrets
import subprocess
import sys

import pytest
from django.core.checks import run_checks

from lms import checks, permissions
from lms.domain import roles
from lms.models import Person
from tests.databases import ROOT
from tests.factories.people import a_person

# This machine may lack a tool that a real one has; those who need it say so themselves.
OF_THE_MACHINE = {"media.W001"}


def ids(found) -> list[str]:
    return [message.id for message in found]


def test_lms_e001_the_identity_key_equals_the_secret_key(settings):
    settings.IDENTITY_KEY = settings.SECRET_KEY
    assert ids(checks.check_keys()) == ["lms.E001"]


def test_lms_e002_the_identity_key_is_short(settings):
    settings.IDENTITY_KEY = "corta"
    assert ids(checks.check_keys()) == ["lms.E002"]


@pytest.fixture
def table(monkeypatch):
    def replace(module, name: str, value: dict) -> None:
        monkeypatch.setattr(module, name, lambda: value)

    return replace


def test_lms_e003_the_policy_names_a_role_that_does_not_exist(table):
    table(permissions, "policy", {"actions": {"x": ["learner", "coordinator", "trainer", "emperor"]}})
    assert ids(checks.check_policy()) == ["lms.E003"]


def test_lms_e004_a_group_names_a_role_that_does_not_exist(table):
    table(roles, "groups_table", {"Emperadores": {"roles": ["trainer", "emperor"]}})
    assert ids(checks.check_policy()) == ["lms.E004"]


def test_lms_w002_deployed_without_production_mode(settings):
    settings.PRODUCTION, settings.HTTPS = False, True
    assert ids(checks.check_production()) == ["lms.W002"]


def test_lms_w003_deployed_without_https(settings):
    settings.PRODUCTION, settings.HTTPS = True, False
    assert ids(checks.check_production()) == ["lms.W003"]


def test_lms_w004_the_second_factor_is_off(settings):
    settings.SECOND_FACTOR = "off"
    assert ids(checks.check_ways_in()) == ["lms.W004"]


def test_lms_e005_the_second_factor_is_off_in_production(settings, db):
    settings.PRODUCTION, settings.SMS_GATEWAY, settings.SECOND_FACTOR = True, "", "off"
    [found] = checks.check_ways_in()
    assert (found.id, found.is_serious()) == ("lms.E005", True)


def test_lms_w005_a_gateway_for_trials_in_production(settings, db):
    settings.PRODUCTION, settings.SMS_GATEWAY = True, "file"
    assert ids(checks.check_ways_in()) == ["lms.W005"]


def test_lms_w006_people_of_the_demo_in_production(settings, db):
    settings.PRODUCTION, settings.SMS_GATEWAY = True, ""
    someone = a_person(is_demo=True)
    assert ids(checks.check_ways_in()) == ["lms.W006"]
    Person.objects.filter(pk=someone.pk).update(is_active=False)
    assert ids(checks.check_ways_in()) == []


def test_nothing_is_wrong_here():
    assert [message for message in run_checks() if message.id.startswith("lms.")] == []


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AULA_", "DATABASE", "REDIS"))}
    command = [sys.executable, "-W", "error", "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env={**clean, **environment}, capture_output=True, text=True, check=False)


def production(folder) -> dict[str, str]:
    return {
        "AULA_MODE": "production",
        "AULA_VAR_DIR": str(folder),
        "DATABASE_URL": "postgresql://aula:clave@db.example.org/aula",
        "REDIS_URL": "redis://redis.example.org/0",
        "AULA_PUBLIC_URL": "https://aula.example.org",
        "AULA_SECRET_KEY": secrets.token_urlsafe(48),
        "AULA_IDENTITY_KEY": secrets.token_urlsafe(48),
    }


def test_production_is_deployable_without_a_warning(tmp_path):
    environment = production(tmp_path)
    assert manage("make_seal_keys", **environment).returncode == 0
    ended = manage("check", "--deploy", "--fail-level", "ERROR", **environment)
    assert ended.returncode == 0, ended.stderr
    named = set(re.findall(r"\((\w+\.[EWC]\d+)\)", ended.stdout + ended.stderr))
    assert named <= OF_THE_MACHINE, ended.stderr


@pytest.mark.parametrize(
    "missing", ["DATABASE_URL", "REDIS_URL", "AULA_PUBLIC_URL", "AULA_SECRET_KEY", "AULA_IDENTITY_KEY"]
)
def test_production_does_not_start_without(tmp_path, missing):
    environment = production(tmp_path)
    del environment[missing]
    ended = manage("check", **environment)
    assert ended.returncode != 0
    assert missing in ended.stderr


def test_production_does_not_start_with_one_key_for_both(tmp_path):
    environment = production(tmp_path)
    environment["AULA_IDENTITY_KEY"] = environment["AULA_SECRET_KEY"]
    ended = manage("check", **environment)
    assert (ended.returncode, "lms.E001" in ended.stderr) == (1, True)


def test_lms_w001_sqlite_in_production(tmp_path):
    sqlite = {"DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3", "AULA_ALLOW_SQLITE": "true"}
    ended = manage("check", **{**production(tmp_path), **sqlite})
    assert (ended.returncode, "lms.W001" in ended.stderr) == (0, True)
