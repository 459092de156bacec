"""What Celery carries for this app. Importing the modules of work registers the performers of their jobs."""

from celery import shared_task

from courses.domain import activities, grading, regrading

__all__ = ["close_overdue", "regrading", "sync_activities"]


@shared_task(name="courses.tasks.sync_activities")
def sync_activities() -> None:
    """Bring activities in step with lessons whose publishing was cut short."""
    activities.sync_live()


@shared_task(name="courses.tasks.close_overdue")
def close_overdue() -> None:
    """Hand in the attempts whose time is over; nobody has to come back for that."""
    grading.close_overdue()
