"""A kind of job for `test_worker_process`: it begins, and ends when it is allowed to."""

import os
import time
from pathlib import Path

from django.db import transaction

from lms.domain import jobs

KIND = "test.slow"
FOLDER = Path(os.environ["AULA_VAR_DIR"])


def _note(word: str, claim: jobs.Claim) -> None:
    with (FOLDER / "notes").open("a") as notes:
        notes.write(f"{word} {claim.job.subject}\n")


@jobs.performs(KIND)
def wait_for_permission(claim: jobs.Claim) -> None:
    """Hold the job until the file `permission` is there."""
    _note("begun", claim)
    while not (FOLDER / "permission").exists():
        time.sleep(0.05)
    with transaction.atomic():
        claim.assert_held()
        _note("ended", claim)
