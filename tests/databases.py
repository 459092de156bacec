"""Test databases, copied from a template that is migrated once for each state of the migrations.

Migrating Wagtail from nothing costs ten seconds; copying a file or `CREATE DATABASE … TEMPLATE` costs a tenth of one.
The template holds the reference data, so that tests speak of real municipalities.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import psycopg
from django.db import connections

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "var" / "test-templates"


def fingerprint() -> str:
    """Changes whenever a migration, the reference data or the framework does."""
    digest = hashlib.sha256((version("django") + version("wagtail")).encode())
    files = [*ROOT.glob("*/migrations/*.py"), *ROOT.glob("lms/data/*.csv")]
    files += [ROOT / "lms/management/commands/load_reference_data.py", ROOT / "courses/domain/tree.py"]
    files += [ROOT / "lms/groups.yaml", ROOT / "lms/domain/roles.py"]
    for path in sorted(files):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _locked(name: str):
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / f"{name}.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _migrate(url: str) -> None:
    environment = {**os.environ, "DATABASE_URL": url}
    for command in (["migrate", "-v0"], ["load_reference_data"], ["load_site_tree"], ["load_groups"]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True, stdout=2)


class SqliteFile:
    """A file beside a template file."""

    def __init__(self, settings: dict) -> None:
        self.settings = settings
        self.template = FOLDER / f"{fingerprint()}.sqlite3"
        self.path = Path(os.environ["AULA_VAR_DIR"]) / "test.sqlite3"

    def ensure_template(self) -> None:
        with _locked("sqlite"):
            if not self.template.exists():
                fresh = self.template.with_suffix(".new")
                for leftover in FOLDER.glob("*.new*"):
                    leftover.unlink()
                _migrate(f"sqlite:///{fresh}")
                fresh.rename(self.template)

    def restore(self) -> None:
        # A new file in its place: a request of a browser's that comes late goes on in the old one, and harms nobody.
        fresh = self.path.with_suffix(".fresh")
        shutil.copyfile(self.template, fresh)
        fresh.replace(self.path)
        for suffix in ("-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)
        self.settings["NAME"] = str(self.path)

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)

    def copy(self, name: str) -> str:
        """Another copy of the template, for a process of its own; returns its URL."""
        path = self.path.with_name(f"{name}.sqlite3")
        shutil.copyfile(self.template, path)
        return f"sqlite:///{path}"

    def discard(self, name: str) -> None:
        """Remove a copy."""
        for leftover in self.path.parent.glob(f"{name}.sqlite3*"):
            leftover.unlink()


class PostgresDatabase:
    """A database beside a template database."""

    def __init__(self, settings: dict) -> None:
        self.settings = settings
        self.template = f"aula_template_{fingerprint()}"
        self.name = f"aula_test_{os.getpid()}"

    def _execute(self, sql: str) -> list:
        keys = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password"}
        where = {ours: self.settings[theirs] for theirs, ours in keys.items() if self.settings.get(theirs)}
        with psycopg.connect(dbname="postgres", autocommit=True, **where) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def _url(self, name: str) -> str:
        of = self.settings
        return f"postgresql://{of['USER']}:{of['PASSWORD']}@{of['HOST']}:{of['PORT']}/{name}"

    def ensure_template(self) -> None:
        with _locked("postgres"):
            if not self._execute(f"SELECT 1 FROM pg_database WHERE datname = '{self.template}'"):  # noqa: S608 own name
                self._execute(f"DROP DATABASE IF EXISTS {self.template}_new WITH (FORCE)")
                self._execute(f"CREATE DATABASE {self.template}_new")
                _migrate(self._url(f"{self.template}_new"))
                self._execute(f"ALTER DATABASE {self.template}_new RENAME TO {self.template}")

    def restore(self) -> None:
        self._execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        self._execute(f"CREATE DATABASE {self.name} TEMPLATE {self.template}")
        self.settings["NAME"] = self.name

    def drop(self) -> None:
        self._execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    def copy(self, name: str) -> str:
        """Another copy of the template, for a process of its own; returns its URL."""
        self._execute(f"CREATE DATABASE {self.name}_{name} TEMPLATE {self.template}")
        return self._url(f"{self.name}_{name}")

    def discard(self, name: str) -> None:
        """Remove a copy."""
        self._execute(f"DROP DATABASE IF EXISTS {self.name}_{name} WITH (FORCE)")


def test_database() -> SqliteFile | PostgresDatabase:
    """The database of this test process, by the engine in force."""
    settings = connections["default"].settings_dict
    return SqliteFile(settings) if settings["ENGINE"].endswith("sqlite3") else PostgresDatabase(settings)


def disconnect() -> None:
    """Close this thread's connection and the pool behind it."""
    connections["default"].close()
    if hasattr(connections["default"], "close_pool"):
        connections["default"].close_pool()
