"""What Celery carries for this app."""

from celery import shared_task

from courses.domain import activities, grading, weighing


@shared_task(name="courses.tasks.sync_activities")
def sync_activities() -> None:
    """Bring activities and weights in step with lessons whose publishing was cut short."""
    activities.sync_live()
    weighing.weigh_missing()


@shared_task(name="courses.tasks.close_overdue")
def close_overdue() -> None:
    """Hand in the attempts whose time is over; nobody has to come back for that."""
    grading.close_overdue()
