"""What Celery carries for this app."""

from celery import shared_task

from courses.domain import activities


@shared_task(name="courses.tasks.sync_activities")
def sync_activities() -> None:
    """Bring activities in step with lessons whose publishing was cut short."""
    activities.sync_live()
