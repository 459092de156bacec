"""Whether a fault is that a disk is full: it is nobody's file's fault, and passes when somebody makes room."""

import errno
import sqlite3

from django.db import OperationalError
from django.utils.translation import gettext as _

from media import ffmpeg

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
POSTGRES_FULL = "53100"  # disk_full


def is_missing(fault: BaseException) -> bool:
    """Whether files, ffmpeg or the database had no room."""
    if isinstance(fault, OperationalError):
        cause = fault.__cause__
        codes = getattr(cause, "sqlite_errorcode", None), getattr(cause, "sqlstate", None)
        return codes in {(sqlite3.SQLITE_FULL, None), (None, POSTGRES_FULL)}
    return isinstance(fault, ffmpeg.NoRoom) or (isinstance(fault, OSError) and fault.errno in FULL)


def words_for_work(fault: BaseException, otherwise: str) -> str:
    """What is said of work that was given up; `otherwise` where room was not what it lacked."""
    if not is_missing(fault):
        return otherwise
    return _(
        "No quedaba espacio en el disco del servidor. Avise a quien administra el sistema y elija «Intentar de nuevo» "
        "cuando haya espacio."
    )
