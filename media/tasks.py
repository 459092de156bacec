"""What Celery carries for this app. Importing the modules of work registers the performers of their jobs."""

from celery import shared_task
from django.conf import settings

from media.domain import (
    closing,
    cut_making,
    cuts,
    delivery_log,
    library,
    originals,
    speech,
    tracks,
    transcoding,
    uploads,
)

__all__ = ["count_delivered", "cut_making", "speech", "sweep_lost_videos", "sweep_uploads", "transcoding"]


@shared_task(name="media.tasks.sweep_uploads")
def sweep_uploads() -> None:
    """Delete uploads that nobody finished, folders that a killed process left, replaced cuts, and due originals."""
    uploads.sweep()
    library.sweep()
    cuts.sweep()
    originals.drop_due()


@shared_task(name="media.tasks.sweep_lost_videos")
def sweep_lost_videos() -> None:
    """Tell videos, cuts and tracks whose work was given up."""
    library.end_lost()
    cuts.end_lost()
    tracks.end_lost()


@shared_task(name="media.tasks.note_closed_accounts")
def note_closed_accounts() -> None:
    """Let nginx know whose accounts are closed."""
    if settings.MEDIA_DELIVERY == "nginx":
        closing.bring_into_step()


@shared_task(name="media.tasks.count_delivered")
def count_delivered() -> None:
    """Count what nginx sent, where it writes on this machine."""
    if settings.MEDIA_DELIVERY == "nginx" and settings.DELIVERY_LOG.exists():
        delivery_log.count()
