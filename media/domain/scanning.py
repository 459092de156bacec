"""Asking a scanner for viruses before anything that was sent is kept: a command of the operator's, off by default.

It runs outside the cage of ffmpeg, for it talks to its daemon and reads its signatures, but within limits.
"""

import contextlib
import hashlib
import logging
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from lms.domain import audit
from lms.domain.errors import RuleBroken
from lms.models import Person

log = logging.getLogger(__name__)
CLEAN, FOUND = 0, 1  # as clamscan and clamdscan answer; anything else is a fault
MAX_SECONDS = 100  # the person waits, and so does the proxy
LIMITS = ("--cpu=600", f"--as={4 * 1024**3}", f"--fsize={64 * 1024**2}", "--core=0")


class Failed(Exception):
    """The scanner did not answer: nothing is known of the file, and it has to wait."""


def check(path: Path, *, by: Person | None) -> None:
    """Let the scanner look at a file. Raises `upload.infected`; `Failed` when it cannot tell.

    Nothing is quarantined: what is refused goes, and the trail keeps its digest and the name of what was found.
    """
    if not settings.VIRUS_SCAN_COMMAND:
        return
    words = [word.replace("{path}", str(path)) for word in shlex.split(settings.VIRUS_SCAN_COMMAND)]
    code, said = _run(words)
    if code == CLEAN:
        return
    if code != FOUND:
        log.error("the virus scanner ended with %s: %s", code, said)
        raise Failed(f"exit {code}: {said}")
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    finding = said.replace(str(path), "").strip(" :\n")[:200]
    audit.record("upload.infected", by=by, subject="media.upload", facts={"sha256": digest, "finding": finding})
    raise RuleBroken(
        "upload.infected",
        _("El archivo trae un virus y no se guardó. Revise su computadora con un antivirus y suba otra copia."),
    )


def _run(words: list[str]) -> tuple[int, str]:
    bars = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
    bars += ["prlimit", *LIMITS, "--"] if shutil.which("prlimit") else []
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"}
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                [*bars, *words],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environment,
            )
        except OSError as failure:
            log.exception("the virus scanner does not start")
            raise Failed(str(failure)) from failure
        try:
            code = process.wait(MAX_SECONDS)
        except subprocess.TimeoutExpired as late:
            log.error("the virus scanner did not end")
            raise Failed("out of time") from late
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        said.seek(0)
        return code, said.read(2000).decode(errors="replace").strip()
