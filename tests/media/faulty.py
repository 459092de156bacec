"""A system in which videos are made while things go wrong: what goes in, what may be seen meanwhile, and the end."""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from media.domain import conservation, inspection, ladder
from tests.media.conftest import H264, ffmpeg, tone
from tests.nursery import Child
from tests.system import ROOT, System, wait_until

ENVIRONMENT = {"PYTHONPATH": str(ROOT), "CELERY_SKIP_CHECKS": "1"}
WORKER = ["--pool", "threads", "--concurrency", "1", "--without-gossip", "--without-mingle", "--without-heartbeat"]
WORKER += ["--loglevel", "INFO", "--include", "tests.media.fuse"]
ADD = """
from pathlib import Path
from media.domain import library
print(library.add_video(title="Clase", source=Path({path!r}), source_name="clase.mp4", by=None, keep_source=True).pk)
"""
RETRY_LOST = """
from lms.domain import jobs
from media.domain import library
from media.models import Video
jobs.reap()
library.end_lost()
video = Video.objects.get(pk={video})
assert video.state == "failed" and "Intente de nuevo" in video.reason, (video.state, video.reason)
library.retry(video=video, by=None)
"""
RUNGS = {"240p", "144p", "slides", "audio", "opus", "mp3"}
LONG_AGO = "2001-01-01 00:00:00+00:00"


class Job(NamedTuple):
    """A row of the ledger."""

    state: str
    attempts: int
    reason: str


def a_film(path: Path, seconds: int) -> Path:
    """A film of one small size with sound, cheap to make and to convert."""
    picture = ["-f", "lavfi", "-i", f"testsrc2=s=320x180:r=15:d={seconds}"]
    ffmpeg(*picture, *tone(seconds), *H264, "-c:a", "aac", str(path))
    return path


def add(system: System, film: Path) -> int:
    """The film as a video of the system; its key."""
    return int(system.python(ADD.format(path=str(film))))


def light(system: System, call: str, fault: str, after_seconds: float | None = None, *, without: str = "") -> None:
    """Say what goes wrong in the next worker's life, and without which protection it lives (`tests.media.fuse`)."""
    said = json.dumps({"call": call, "fault": fault, "after_seconds": after_seconds, "without": without})
    (system.folder / "fuse.new").write_text(said)
    (system.folder / "fuse.new").rename(system.folder / "fuse")


def let_rest_end(system: System) -> None:
    """What rests after a failure, or was lost on the way, is due."""
    system.sql("UPDATE lms_job SET due_at = %s WHERE state = 'waiting'", LONG_AGO)


def let_time_pass(system: System) -> None:
    """That, and what a dead worker held is free."""
    system.sql("UPDATE lms_job SET lease_until = %s WHERE state = 'running'", LONG_AGO)
    let_rest_end(system)


def state_of(system: System, video: int) -> str:
    """Of a video."""
    return system.sql("SELECT state FROM media_video WHERE id = %s", video)[0][0]


def job_of(system: System, video: int) -> Job:
    """How the work on a video stands."""
    subject = Path(named(system, video)[0]).parent.name
    columns = "SELECT state, attempts, reason FROM lms_job WHERE kind = 'media.transcode' AND subject = %s"
    found = system.sql(columns, subject)
    assert len(found) == 1, "one row for one piece of work"
    return Job(*found[0])


def published(system: System, video: int) -> dict[str, str]:
    """The rungs that a viewer gets, each with its file; none of them is anything but whole."""
    rows = system.sql("SELECT rung, path, bytes, sha256 FROM media_rendition WHERE video_id = %s", video)
    for rung, path, size, digest in rows:
        content = (system.files / path).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (size, digest), rung
    for path in filter(None, named(system, video)):
        assert (system.files / path).stat().st_size, path
    return {rung: path for rung, path, _size, _digest in rows}


def named(system: System, video: int) -> tuple[str, ...]:
    """The files that the video's own row names: its source, and what is shown beside the film."""
    columns = "SELECT source_path, poster_path, storyboard_path, waveform_path FROM media_video WHERE id = %s"
    return system.sql(columns, video)[0]


def files_of(system: System, video: int) -> set[str]:
    """What lies in the video's folder."""
    folder = (system.files / named(system, video)[0]).parent
    return {str(path.relative_to(system.files)) for path in folder.iterdir()}


def orphans(system: System) -> list[str]:
    """The command lines of what still works in the system's folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            said = process.read_bytes()
        except OSError:
            continue
        if f"{system.folder}/work".encode() in said:
            found.append(said.replace(b"\0", b" ").decode())
    return found


def wait_for_the_end(system: System, video: int) -> None:
    """Until the work is done."""
    done = 120, lambda: f"{job_of(system, video)}: {system.log('worker')}"
    wait_until(lambda: job_of(system, video).state == "done", *done)


def check_the_end(system: System, video: int) -> None:
    """All there is was published, once and whole; no row without its file, no file without its row, nothing left."""
    paths, beside = published(system, video), named(system, video)
    assert set(paths) == RUNGS
    assert "" not in beside
    assert state_of(system, video) == "ready"
    assert files_of(system, video) == {*beside, *paths.values()}
    assert [path.name for path in system.seen(system.folder / "work").iterdir()] == orphans(system) == []
    told = "SELECT action FROM lms_auditevent WHERE subject = %s AND action = 'video.ready'"
    assert len(system.sql(told, f"media.video:{Path(beside[0]).parent.name}")) == 1
    with tempfile.TemporaryDirectory() as name:  # ffmpeg follows links, also the one into the system's own world
        folder = Path(shutil.copytree((system.files / beside[0]).parent, Path(name, "copy")))
        source = inspection.inspect(folder / Path(beside[0]).name)
        for step in ladder.plan(source):
            made = folder / Path(paths[step.rung]).name
            conservation.read(step, made, seconds=float(ladder.whole_seconds(source)))


def kill_group(worker: Child) -> None:
    """kill -9 from outside."""
    os.killpg(worker.pid, 9)
    worker.wait(30)


def is_asleep(worker: Child) -> bool:
    """Stopped by a signal."""
    return Path(f"/proc/{worker.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
