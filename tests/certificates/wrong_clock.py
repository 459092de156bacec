"""A worker whose clock is wrong by as many seconds as a file says: `--include tests.certificates.wrong_clock`.

The file is `clock` in the system's folder, and is read each time, so that the clock jumps while the worker works.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

FILE = Path(os.environ["AULA_VAR_DIR"]) / "clock"
right = timezone.now


def wrong() -> datetime:
    """The moment as this worker believes it."""
    try:
        return right() + timedelta(seconds=float(FILE.read_text()))
    except (FileNotFoundError, ValueError):
        return right()


timezone.now = wrong
