"""Handed-in files and their rows, brought together again: no file without its row, no row without its file."""

import contextlib
import logging
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.core.files.storage import default_storage
from django.utils import timezone

from courses.domain.handing_in import FOLDER
from courses.models import HandedFile

log = logging.getLogger(__name__)
# Far longer than the moment between a file and its row, in a request or in a restore that is under way.
REST = timedelta(days=1)
AT_A_TIME = 500


def sweep(at: datetime | None = None) -> tuple[int, int]:
    """Delete files that no row names for a day, and tell the log of rows whose file is gone. Returns both counts.

    Such a row stays: it says that somebody handed something in, and a backup may hold it still.
    """
    return drop_strays(at), len(report_lost())


def drop_strays(at: datetime | None = None) -> int:
    """Delete what lies there without a row and is older than a day, with the folders that are left empty."""
    before = (at or timezone.now()) - REST
    stored, gone = _stored(), 0
    while some := list(islice(stored, AT_A_TIME)):
        named = set(HandedFile.objects.filter(path__in=some).values_list("path", flat=True))
        gone += sum(_drop(path, before) for path in some if path not in named)
    return gone


def _stored() -> Iterator[str]:
    """Every file in the folder of handed files, and one level below it."""
    with contextlib.suppress(FileNotFoundError):
        folders, files = default_storage.listdir(FOLDER)
        yield from (f"{FOLDER}/{name}" for name in files)
        for folder in folders:
            with contextlib.suppress(FileNotFoundError):
                yield from (f"{FOLDER}/{folder}/{name}" for name in default_storage.listdir(f"{FOLDER}/{folder}")[1])


def _drop(path: str, before: datetime) -> bool:
    try:
        if default_storage.get_modified_time(path) >= before:
            return False
    except FileNotFoundError:  # it was let go meanwhile
        return False
    default_storage.delete(path)
    parent = path.rpartition("/")[0]
    if parent != FOLDER:
        with contextlib.suppress(NotImplementedError, OSError):  # other storages have no folders; others lie in it
            os.rmdir(default_storage.path(parent))
    return True


def report_lost() -> list[str]:
    """The public ids of rows whose file is not there; each is told to the log."""
    lost = []
    for handed in HandedFile.objects.order_by("pk").only("pk", "public_id", "path").iterator(AT_A_TIME):
        # Asked again: it may have been taken back since it was read.
        if not default_storage.exists(handed.path) and HandedFile.objects.filter(pk=handed.pk).exists():
            log.error("The file of what was handed in as %s is gone", handed.public_id)
            lost.append(str(handed.public_id))
    return lost
