"""A fault at a chosen place of a worker's work: `--include tests.media.fuse`, and a file `fuse` in its folder.

The file says which call, what happens then, and how many seconds after the call began; at the latest it happens when
the call ends. So it hits the same place on a machine of any speed. Where the call never comes (what it makes is there
already) the fault comes with the last one, before the job is done. Beside that the worker asks the reaper for work five
times a second, for a test does not wait for the clock.
"""

import contextlib
import json
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path

from celery.signals import worker_ready
from django.db import transaction
from django.db.models import QuerySet

from lms.domain import audit, jobs
from media import ffmpeg
from media.domain import conservation, inspection, making, storing
from media.models import Rendition

FUSE = Path(os.environ["AULA_VAR_DIR"]) / "fuse"
REAPS_A_SECOND = 5
UNTIL_IT_STRIKES_SECONDS = 0.5  # another thread may be the one that hears a signal
LAST = "done"
lock, reaping = threading.Lock(), threading.Lock()


def kill_everything() -> None:
    """The worker and all of its group, as a power cut; what ffmpeg runs in its own group dies with it."""
    os.killpg(0, signal.SIGKILL)
    time.sleep(UNTIL_IT_STRIKES_SECONDS)


def stop_everything() -> None:
    """As a machine that is put to sleep; not while the reaper writes, for a test has no other machine."""
    with reaping:
        os.killpg(0, signal.SIGSTOP)
        time.sleep(UNTIL_IT_STRIKES_SECONDS)


def kill_this_process() -> None:
    """One child of a pool of processes."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(UNTIL_IT_STRIKES_SECONDS)


def kill_ffmpeg() -> None:
    """The first ffmpeg that this worker has begun, as the kernel does that lacks memory."""
    while True:
        for found in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if (found / "comm").read_text().strip() == "ffmpeg" and os.getpid() in _ancestors(int(found.name)):
                    os.kill(int(found.name), signal.SIGKILL)
                    return


def _ancestors(pid: int) -> list[int]:
    found = []
    while pid > 1:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        found.append(pid)
    return found


FAULTS: dict[str, Callable[[], None]] = {
    "kill": kill_everything,
    "stop": stop_everything,
    "kill child": kill_this_process,
    "kill ffmpeg": kill_ffmpeg,
}


def _lit(call: str) -> dict:
    """What the fuse says, if this is the call; it burns once."""
    with lock, contextlib.suppress(FileNotFoundError):
        said = json.loads(FUSE.read_text())
        if call in {said["call"], LAST}:
            FUSE.unlink()
            return said
    return {}


def watch(owner: object, name: str, called: Callable[..., str]) -> None:
    """Let calls of `owner.name` be found by what `called` makes of their arguments."""
    original = getattr(owner, name)

    @wraps(original)
    def burn(*arguments, **facts):
        said = _lit(called(*arguments, **facts))
        if not said:
            return original(*arguments, **facts)
        fault = FAULTS[said["fault"]]
        if fault is kill_ffmpeg:  # while it runs, or never
            threading.Thread(target=fault, daemon=True).start()
            return original(*arguments, **facts)
        if said["after_seconds"] is not None:
            threading.Timer(said["after_seconds"], fault).start()
        answer = original(*arguments, **facts)
        fault()
        return answer

    setattr(owner, name, burn)


watch(inspection, "inspect", lambda *_a, **_f: "look")
watch(ffmpeg, "poster", lambda *_a, **_f: "draw poster")
watch(ffmpeg, "listen", lambda *_a, **_f: "listen")
watch(ffmpeg, "sound_out", lambda _source, paths, **_f: f"sound {next(iter(paths)).stem}")
watch(ffmpeg, "loudness", lambda path, **_f: f"level {path.stem}")
watch(ffmpeg, "encode", lambda _source, outputs, **_f: f"film {outputs[0].path.stem}")
watch(ffmpeg, "slides", lambda *_a, **_f: "draw slides")
watch(ffmpeg, "storyboard", lambda *_a, **_f: "draw storyboard")
watch(conservation, "read", lambda step, *_a, **_f: f"check {step.rung}")
watch(storing, "keep", lambda _path, name: f"keep {Path(name).name.partition('-')[0]}")
watch(storing, "drop_strays", lambda *_a, **_f: "strays")
watch(storing, "digest_of", lambda _name: "digest")
watch(audit, "record", lambda action, **_f: "ready" if action == "video.ready" else "")
watch(jobs.Claim, "finish", lambda _claim: LAST)
watch(QuerySet, "update_or_create", lambda rows, **facts: f"row {facts['rung']}" if rows.model is Rendition else "")


# What the protections prevent is seen when they are taken out ---------------------------------------------------------
@contextlib.contextmanager
def _row_before_file(self, path: Path, name: str, *, gets_on: bool = False):
    full = f"{storing.folder_of(self.aim.video)}/{name}-{secrets.token_hex(6)}{path.suffix}"
    with self.claim.publishing(gets_on=gets_on):
        yield full
    storing.keep(path, full)


@contextlib.contextmanager
def _whoever_holds_it(self, *, gets_on: bool = False):
    with transaction.atomic():
        yield


with contextlib.suppress(FileNotFoundError):
    without = json.loads(FUSE.read_text())["without"]
    if without == "order":
        making.Making.stored = _row_before_file
    elif without == "fence":
        jobs.Claim.publishing = _whoever_holds_it


@worker_ready.connect
def reap_all_the_time(**_facts: object) -> None:
    """Instead of the clock; not where the process is forked again, which threads do not survive."""
    if "prefork" in sys.argv:
        return

    def reap() -> None:
        while True:
            with contextlib.suppress(Exception), reaping:
                jobs.reap()
            time.sleep(1 / REAPS_A_SECOND)

    threading.Thread(target=reap, daemon=True).start()
