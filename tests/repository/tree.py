"""The files of the tree, as git knows them."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = ("lms", "media", "courses", "certificates")


def files(*suffixes: str, under: tuple[str, ...] = ()) -> list[Path]:
    """Tracked and new files, ignored ones left out; by suffix and by first folder when those are given."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *under]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    paths = [ROOT / name for name in sorted(set(names))]
    return [path for path in paths if path.is_file() and (not suffixes or path.suffix in suffixes)]


def name(path: Path) -> str:
    """The path as a person writes it."""
    return str(path.relative_to(ROOT))
