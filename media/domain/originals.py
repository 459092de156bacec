"""What becomes of the originals: kept always, or dropped some days after the video is ready.

A dropped original cannot be cut or converted again; what was made from it stays. Its checksum is in the audit trail,
so that whoever has a copy can prove that it is the same film.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from lms.domain import audit
from media.domain import storing
from media.models import Cut, Video

UNFINISHED = [Cut.State.WAITING, Cut.State.PROCESSING]


def drop_due(at: datetime | None = None) -> int:
    """Drop the originals whose time is over; returns how many went."""
    if settings.KEEP_ORIGINALS_DAYS is None:
        return 0
    before = (at or timezone.now()) - timedelta(days=settings.KEEP_ORIGINALS_DAYS)
    ready = Video.objects.filter(state=Video.State.READY).exclude(source_path="")
    due = ready.annotate(made_at=Max("renditions__created_at")).filter(made_at__lte=before)
    return sum(_drop(video) for video in due.order_by("pk"))


def _drop(video: Video) -> bool:
    """Of one video, with the cuts made from the same file; none that a cut in the making still needs."""
    path = video.source_path
    if not default_storage.exists(path):
        return False
    digest = storing.digest_of(path)
    with transaction.atomic():
        video = Video.objects.select_for_update().get(pk=video.pk)
        cuts = video.cuts.filter(source_path=path)
        if video.state != Video.State.READY or video.source_path != path or cuts.filter(state__in=UNFINISHED).exists():
            return False
        cuts.update(source_path="")
        video.source_path = ""
        video.save(update_fields=["source_path"])
        facts = {"sha256": digest, "is_whole": digest == video.source_sha256, "bytes": video.source_bytes}
        audit.record("video.original_dropped", by=None, subject=f"media.video:{video.public_id}", facts=facts)
        transaction.on_commit(lambda: default_storage.delete(path))
    return True
