"""Small disks of a system's own, which really fill up: file systems in memory, mounted where it alone sees them.

Where the machine allows neither user namespaces nor mounts the tests that ask for them are skipped; limits on the size
of files (`test_no_room_on_the_disk_keeps_what_arrived`, `test_no_room_in_the_middle_is_tried_again`) are left then.
"""

import os
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path

from tests.system import System

WORLDS = (["unshare", "--user", "--map-root-user", "--mount"], ["unshare", "--mount"])
MOUNT = """
while [ "$1" != -- ]; do
  [ -z "$3" ] || mv "$3" "$2.moved"
  mount -t tmpfs -o size="$1" tmpfs "$2"
  [ -z "$3" ] || mv "$2.moved" "$2/${3##*/}"
  shift 3
done
shift
exec "$@"
"""


@cache
def world() -> list[str]:
    """The command that gives a process mounts of its own; empty where none is allowed."""
    trial = ["sh", "-c", "mount -t tmpfs tmpfs /mnt"]
    for command in WORLDS:
        with suppress(FileNotFoundError):
            if not subprocess.run([*command, *trial], capture_output=True, check=False, timeout=20).returncode:
                return command
    return []


def mount(system: System, *, bytes_each: int, folders: list[Path], moved: dict[Path, Path] | None = None) -> None:
    """Give a system, before anything of it runs, a disk in the place of each folder; `moved` files go onto it."""
    given = []
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        given += [str(bytes_each), str(folder), str((moved or {}).get(folder, ""))]
    system.within = [*world(), "sh", "-ec", MOUNT, "sh", *given, "--"]


def fill(folder: Path, *, leaving: int = 0) -> None:
    """Write until the disk is full, and give so many bytes back."""
    with (folder / "filling").open("wb", buffering=0) as filling:
        for size in (65536, 4096, 1):
            with suppress(OSError):
                while True:
                    filling.write(bytes(size))
        os.ftruncate(filling.fileno(), filling.tell() - leaving)


def make_room(folder: Path) -> None:
    """Take away what filled the disk."""
    (folder / "filling").unlink()
