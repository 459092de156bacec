"""Files that lie in a storage without a row: a worker was killed between the two, or before letting the file go."""

import contextlib
import os
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.core.files.storage import default_storage
from django.utils import timezone

# Far longer than the moment between a file and its row, in a request or in a restore that is under way.
REST = timedelta(days=1)
AT_A_TIME = 500


def drop(folder: str, named: Callable[[list[str]], Collection[str]], at: datetime | None = None) -> int:
    """Delete what lies in `folder`, or one level below it, without a row and for a day; how many files went.

    `named` tells which of some paths a row names. Folders that are left empty go too.
    """
    before = (at or timezone.now()) - REST
    stored, gone = _stored(folder), 0
    while some := list(islice(stored, AT_A_TIME)):
        known = set(named(some))
        gone += sum(_drop(path, folder, before) for path in some if path not in known)
    return gone


def _stored(folder: str) -> Iterator[str]:
    with contextlib.suppress(FileNotFoundError):
        below, files = default_storage.listdir(folder)
        yield from (f"{folder}/{name}" for name in files)
        for one in below:
            with contextlib.suppress(FileNotFoundError):
                yield from (f"{folder}/{one}/{name}" for name in default_storage.listdir(f"{folder}/{one}")[1])


def _drop(path: str, folder: str, before: datetime) -> bool:
    try:
        if default_storage.get_modified_time(path) >= before:
            return False
    except FileNotFoundError:  # it was let go meanwhile
        return False
    default_storage.delete(path)
    parent = path.rpartition("/")[0]
    if parent != folder:
        with contextlib.suppress(NotImplementedError, OSError):  # other storages have no folders; others lie in it
            os.rmdir(default_storage.path(parent))
    return True
