"""Videos for tests that need none of ffmpeg's work: rows, and files of the sizes the rows claim."""

import hashlib
import itertools

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from wagtail.models import Collection

from media.models import Rendition, Video

_serial = itertools.count(1)


def a_video(*, duration_seconds: float = 100.0, rungs: tuple[str, ...] = ("144p", "240p"), **fields) -> Video:
    """A video that is ready, with one rendition for each rung whose bytes are 0, 1, 2 … 255, 0, 1 …"""
    fields.setdefault("title", f"Video de prueba {next(_serial)}")
    video = Video.objects.create(
        collection=Collection.get_first_root_node(),
        state=Video.State.READY,
        duration_seconds=duration_seconds,
        has_sound=True,
        **fields,
    )
    for rung in rungs:
        content = bytes(range(256)) * 40
        path = default_storage.save(f"video/{video.public_id}/{rung}.mp4", ContentFile(content))
        Rendition.objects.create(
            video=video,
            rung=rung,
            path=path,
            bytes=len(content),
            height=int(rung[:-1]) if rung != "audio" else 0,
            width=16 * int(rung[:-1]) // 9 if rung != "audio" else 0,
            duration_seconds=duration_seconds,
            codecs="avc1.42c01e,mp4a.40.2",
            sha256=hashlib.sha256(content).hexdigest(),
            manifest={"init": [0, 240], "fragments": [[240, 5000, 50.0], [5240, 5000, 50.0]]},
        )
    return video
