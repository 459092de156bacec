"""What a killed worker left is taken away by whoever takes over: that, and nothing that somebody else needs."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from lms.domain import jobs
from media.domain import storing
from media.models import Video
from tests.factories.media import a_video
from tests.media.test_strays import old

pytestmark = pytest.mark.django_db


def test_the_scratch_of_the_life_before_goes_and_the_neighbours_stays(settings, tmp_path):
    """Gigabytes, after a kill in the middle of a long film."""
    settings.WORK_DIR = tmp_path
    mine, other = jobs.request("media.transcode", "mine"), jobs.request("media.transcode", "another's")
    left, neighbours = (settings.WORK_DIR / f"{job.public_id}-dead" for job in (mine, other))
    for folder in (left, neighbours):
        folder.mkdir(parents=True)
        (folder / "240p.mp4").write_bytes(b"half")
    with storing.workplace(mine) as folder:
        assert (left.exists(), neighbours.exists(), folder.stat().st_mode & 0o777) == (False, True, 0o700)
    assert not folder.exists()


def test_only_what_is_old_and_ours_and_named_by_nobody_goes():
    """Another job may be storing a poster at this moment; another cut has its own names."""
    video = a_video()
    folder = storing.folder_of(video)
    stray, poster = old(f"{folder}/240p-stray.mp4"), old(f"{folder}/poster-named.jpg")
    others = old(f"{folder}/c2-240p-others.mp4")
    young = default_storage.save(f"{folder}/poster-young.jpg", ContentFile(b"x"))
    row = video.renditions.first()
    row.path = old(f"{folder}/240p-named.mp4")
    row.save(update_fields=["path"])
    Video.objects.update(poster_path=poster)
    storing.drop_strays(video, "", before=timezone.now() - timedelta(hours=1))
    every = {stray, poster, others, young, row.path}
    assert {path for path in every if not default_storage.exists(path)} == {stray}
