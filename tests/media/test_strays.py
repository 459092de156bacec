"""No file without its row, and no row without its file, whatever was killed in between."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import OperationalError
from django.utils import timezone

from lms.domain import jobs
from lms.models import AuditEvent, Job
from media.domain import library, storing, transcoding
from media.models import Cut, Video
from tests.factories.media import a_video

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def old(name: str) -> str:
    """A stored file that came two hours ago, as far as a test can say so."""
    path = default_storage.save(name, ContentFile(b"x"))
    before = timezone.now().timestamp() - 7200
    os.utime(default_storage.path(path), (before, before))
    return path


@pytest.fixture
def late(monkeypatch):
    """Two hours later, for what the system says of files."""
    created = default_storage.get_created_time
    monkeypatch.setattr(default_storage, "get_created_time", lambda path: created(path) - 2 * HOUR)


def test_what_no_row_names_goes_after_an_hour(late):
    video = a_video()
    folder = storing.folder_of(video)
    stray, fresh = old(f"{folder}/240p-stray.mp4"), default_storage.save(f"{folder}/x.mp4", ContentFile(b"x"))
    rows = set(video.renditions.values_list("path", flat=True))
    for path in rows:
        os.utime(default_storage.path(path), (0, 0))
    poster, source = old(f"{folder}/poster-1.jpg"), old(f"{folder}/source-2")
    Video.objects.filter(pk=video.pk).update(poster_path=poster)
    Cut.objects.create(video=video, number=2, state=Cut.State.FAILED, source_path=source)
    assert library.sweep() == 1
    assert {name for name in (*rows, poster, source, fresh, stray) if not default_storage.exists(name)} == {stray}


def test_what_was_linked_a_moment_ago_stays(db):
    """It keeps the time of the upload; its row comes with the transaction."""
    video = a_video()
    linked = old(f"{storing.folder_of(video)}/source-3")
    assert library.sweep() == 0
    assert default_storage.exists(linked)


def test_what_a_cut_has_before_it_is_in_use_stays(late):
    video = a_video()
    poster = old(f"{storing.folder_of(video)}/c2-poster-4.jpg")
    cut = Cut.objects.create(video=video, number=2, state=Cut.State.PROCESSING)
    assert library.sweep() == 0
    Cut.objects.filter(pk=cut.pk).update(state=Cut.State.FAILED)
    assert library.sweep() == 1
    assert not default_storage.exists(poster)


def test_a_commit_whose_answer_was_lost_leaves_the_file(add, monkeypatch):
    """The row may be there: a file too many is swept, one too few is a hole."""
    video = add("silent.mp4")
    job = Job.objects.get(subject=str(video.public_id))
    publishing = jobs.Claim.publishing

    @transcoding.contextlib.contextmanager
    def answered_by_nobody(claim, *, gets_on=False):
        with publishing(claim, gets_on=gets_on):
            yield
        if gets_on:
            raise OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patched:
        patched.setattr(jobs.Claim, "publishing", answered_by_nobody)
        jobs.run(job.pk)
    for path in video.renditions.values_list("path", flat=True):
        assert default_storage.exists(path)
    assert video.renditions.count() == 1
    jobs.run(job.pk)
    video.refresh_from_db()
    assert (video.state, video.renditions.count()) == ("ready", 2)
    names = {Path(path).name for path in video.renditions.values_list("path", flat=True)}
    rungs = [name for name in default_storage.listdir(storing.folder_of(video))[1] if name.endswith(".mp4")]
    assert set(rungs) == names


def test_a_video_is_ready_once_though_its_worker_dies_then(add, monkeypatch):
    """Between what is published last and the end of the job there is no moment to die in."""
    video = add("silent.mp4")
    job = Job.objects.get(subject=str(video.public_id))

    def dies(*_arguments) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(jobs, "_end", dies)
        with pytest.raises(KeyboardInterrupt):
            jobs.run(job.pk)
    Job.objects.filter(state=Job.State.RUNNING).update(lease_until=timezone.now() - HOUR)
    jobs.run(job.pk)
    assert AuditEvent.objects.filter(action="video.ready").count() == 1
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("done", 1)
