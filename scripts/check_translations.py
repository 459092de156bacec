"""Every text is translated: `python -m scripts.check_translations [--update]`, in the virtual environment.

Texts are written in Spanish in the code; English is a catalogue. The texts are gathered anew in a folder beside the
tree and compared with `lms/locale/en`: none may be missing, fuzzy or left over. `--update` brings the catalogue up to
date and lists what still has to be translated.
"""

import contextlib
import shutil
import sys
import tempfile
from pathlib import Path

import django
import polib
from django.conf import settings
from django.core.management import CommandError, call_command

from scripts import steps
from scripts.steps import ROOT

CATALOGUE = Path("lms/locale/en/LC_MESSAGES/django.po")
SOURCES = ("lms", "media", "courses", "certificates", "templates")
Key = tuple[str | None, str]


def gather(folder: Path) -> Path:
    """Copy the sources and the catalogue to `folder`, run makemessages there, return the new catalogue."""
    skip = shutil.ignore_patterns("__pycache__", "migrations", "static", "data", "*.mo")
    for name in SOURCES:
        shutil.copytree(ROOT / name, folder / name, ignore=skip)
    catalogue = folder / CATALOGUE
    catalogue.parent.mkdir(parents=True, exist_ok=True)
    settings.configure(LOCALE_PATHS=[str(catalogue.parents[2])], USE_I18N=True)
    django.setup()
    with contextlib.chdir(folder):
        try:
            call_command("makemessages", locale=["en"], add_location="file", no_wrap=True, verbosity=0)
        except CommandError as failure:
            raise steps.Stopped(f"makemessages failed: {failure}") from failure
    return catalogue


def entries(path: Path) -> dict[Key, polib.POEntry]:
    """What a catalogue holds, by context and text."""
    if not path.exists():
        return {}
    return {(entry.msgctxt, entry.msgid): entry for entry in polib.pofile(str(path)) if not entry.obsolete}


def faults(fresh: Path, kept: Path) -> list[str]:
    """What is wrong with the catalogue, one line each."""
    used, known = entries(fresh), entries(kept)
    found = [f"not in the catalogue: {text!r}" for _context, text in used.keys() - known.keys()]
    found += [f"no longer used: {text!r}" for _context, text in known.keys() - used.keys()]
    found += [f"fuzzy: {entry.msgid!r}" for entry in known.values() if entry.fuzzy]
    found += [
        f"not translated: {entry.msgid!r}" for entry in known.values() if not entry.translated() and not entry.fuzzy
    ]
    return sorted(found)


def update(fresh: Path, kept: Path) -> None:
    """Replace the catalogue by the gathered one, without what is no longer used."""
    catalogue = polib.pofile(str(fresh), wrapwidth=0)
    for entry in list(catalogue.obsolete_entries()):
        catalogue.remove(entry)
    catalogue.metadata.pop("POT-Creation-Date", None)
    kept.parent.mkdir(parents=True, exist_ok=True)
    catalogue.save(str(kept))


def main() -> int:
    """Compare, or update and compare; 1 when something is missing."""
    with steps.one_line_on_failure(), tempfile.TemporaryDirectory(prefix="aula-messages-") as folder:
        fresh, kept = gather(Path(folder)), ROOT / CATALOGUE
        if "--update" in sys.argv:
            update(fresh, kept)
        found = faults(fresh, kept)
        for line in found if "--update" in sys.argv else found[:20]:
            steps.say(line)
        if found:
            steps.say(f"{len(found)} texts of {CATALOGUE} want attention; `make messages` brings the file up to date.")
        return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
