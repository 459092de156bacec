"""Migrations and content, in one process: `python -m scripts.content [--again]`, inside the virtual environment.

What was loaded is remembered under `var/stamps/` for this database and this state of the sources, so that a second run
changes nothing; `--again` loads all the same. Every loader is idempotent by itself.
"""

import argparse
import os
from contextlib import suppress
from dataclasses import dataclass

import django
from django.conf import settings
from django.core.management import call_command, get_commands
from django.db import connection

from scripts import run, steps
from scripts.steps import ROOT


@dataclass(frozen=True)
class Load:
    """One loading command, and the files whose change calls for it again."""

    command: str
    sources: tuple[str, ...]
    only_demo: bool = False


LOADS = (
    Load("load_reference_data", ("lms/data/*.csv",)),
    Load("load_site_tree", ("courses/domain/tree.py",)),
    Load("load_groups", ("lms/groups.yaml", "lms/domain/roles.py")),
    Load("make_seal_keys", ("certificates/keyring.py",)),
    Load("load_tools", ("courses/data/**/*", "lms/data/tools.csv")),
    Load("load_demo", ("*/demo/**/*",), only_demo=True),
)


def migrate() -> None:
    """Bring the database to the state of the code."""
    with steps.step("Database: migrating"):
        call_command("migrate", interactive=False, verbosity=0)


def birth_of_database() -> str:
    """What tells this database from another that was made later in its place."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT MIN(applied) FROM django_migrations")
        return str(cursor.fetchone()[0])


def load(wanted: Load, *, again: bool, birth: str) -> None:
    """Load unless it was done for this database and these sources."""
    patterns = (*wanted.sources, f"*/management/commands/{wanted.command}.py")
    files = {path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file() and path.suffix != ".pyc"}
    stamp = steps.var_dir() / "stamps" / wanted.command
    key = steps.digest(files, birth)
    if not again and steps.is_done(stamp, key):
        steps.say(f"· {wanted.command}: up to date")
        return
    with steps.step(wanted.command):
        call_command(wanted.command)
    steps.mark_done(stamp, key)


def main() -> None:
    """Migrate, then load in order; the demo only where nobody works for real."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--again", action="store_true", help="load what is already loaded, too")
    again = parser.parse_args().again
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
    # The demo's certificates carry the address in their QR for ever: the one that `make run` will answer at.
    bind = steps.setting("AULA_BIND", "127.0.0.1")
    with suppress(steps.Stopped):
        os.environ["AULA_PUBLIC_URL"] = run.public_url(bind, run.choose_port(bind))
    django.setup()
    migrate()
    with_demo = not settings.PRODUCTION and steps.setting("AULA_DEMO", "true").lower() not in {"0", "no", "false"}
    for wanted in LOADS:
        if wanted.command in get_commands() and (with_demo or not wanted.only_demo):
            load(wanted, again=again, birth=birth_of_database())


if __name__ == "__main__":
    main()
