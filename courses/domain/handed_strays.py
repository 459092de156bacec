"""Handed-in files and their rows, brought together again: no file without its row, no row without its file."""

import logging
from datetime import datetime

from django.core.files.storage import default_storage

from courses.domain.handing_in import FOLDER
from courses.models import HandedFile
from lms.domain import strays

log = logging.getLogger(__name__)


def sweep(at: datetime | None = None) -> tuple[int, int]:
    """Delete files that no row names for a day, and tell the log of rows whose file is gone. Returns both counts.

    Such a row stays: it says that somebody handed something in, and a backup may hold it still.
    """
    return drop_strays(at), len(report_lost())


def drop_strays(at: datetime | None = None) -> int:
    """Delete what lies there without a row and is older than a day, with the folders that are left empty."""
    return strays.drop(FOLDER, _named, at)


def _named(paths: list[str]) -> set[str]:
    return set(HandedFile.objects.filter(path__in=paths).values_list("path", flat=True))


def report_lost() -> list[str]:
    """The public ids of rows whose file is not there; each is told to the log."""
    lost = []
    for handed in HandedFile.objects.order_by("pk").only("pk", "public_id", "path").iterator(strays.AT_A_TIME):
        # Asked again: it may have been taken back since it was read.
        if not default_storage.exists(handed.path) and HandedFile.objects.filter(pk=handed.pk).exists():
            log.error("The file of what was handed in as %s is gone", handed.public_id)
            lost.append(str(handed.public_id))
    return lost
