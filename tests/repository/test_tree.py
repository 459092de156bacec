"""What every file of the tree keeps to."""

import re

import pytest
from django.core.management import call_command

from tests.repository import tree

LINES_AT_MOST = 400
LONGER_WITH_A_REASON: dict[str, str] = {
    "lms/settings.py": "every setting stands in one file, so that one reading tells what an installation can be",
}
FORBIDDEN_NAMES = {
    "utils",
    "helpers",
    "common",
    "misc",
    "manager",
    "managers",
    "handler",
    "handlers",
    "service",
    "data",
}
INDEX_HOSTS = re.compile(r"\b(files\.)?py" + r"pi\.org|pythonhosted\.org|registry\.npm" + r"js\.org|\bcrates\.io\b")


def test_no_file_is_longer_than_a_person_reads():
    longer = {
        tree.name(path)
        for path in tree.files(".py", ".html", ".js", ".css", ".sh")
        if "/vendor/" not in tree.name(path) and len(path.read_text().splitlines()) > LINES_AT_MOST
    }
    assert longer == set(LONGER_WITH_A_REASON)


def test_no_module_has_a_name_that_says_nothing():
    nameless = {tree.name(path) for path in tree.files(".py") if {path.stem, path.parent.name} & FORBIDDEN_NAMES}
    assert nameless == set()


def test_no_package_index_is_named():
    """Where packages come from is the machine's affair: its configuration of pip and uv decides."""
    naming = {
        tree.name(path)
        for path in tree.files(".py", ".toml", ".lock", ".sh", ".md", ".cfg", ".txt", ".yaml", ".yml", "")
        if INDEX_HOSTS.search(path.read_text(errors="replace"))
    }
    assert naming == set()


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_each_app_has_one_last_migration():
    for app in tree.APPS:
        numbers = [path.name[:4] for path in tree.files(".py", under=(f"{app}/migrations",)) if path.name[0] == "0"]
        assert len(numbers) == len(set(numbers)), app
