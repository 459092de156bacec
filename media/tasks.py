"""What Celery carries for this app. Importing `transcoding` registers the performer of its jobs."""

from celery import shared_task

from media.domain import library, transcoding, uploads

__all__ = ["sweep_lost_videos", "sweep_uploads", "transcoding"]


@shared_task(name="media.tasks.sweep_uploads")
def sweep_uploads() -> None:
    """Delete uploads that nobody finished, and folders that a killed process left."""
    uploads.sweep()
    library.sweep()


@shared_task(name="media.tasks.sweep_lost_videos")
def sweep_lost_videos() -> None:
    """Tell videos whose work was given up."""
    library.end_lost()
