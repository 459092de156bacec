"""What Celery carries for this app. Importing the modules of work registers the performers of their jobs."""

from celery import shared_task

from courses.domain import (
    activities,
    assigning,
    digests,
    effects,
    grading,
    handed_strays,
    regrading,
    rule_changes,
    seats,
    weighing,
)

PERFORMERS = (effects, regrading)  # nothing here calls them: their jobs are asked for elsewhere


@shared_task(name="courses.tasks.sync_activities")
def sync_activities() -> None:
    """Bring activities and weights in step with lessons whose publishing was cut short."""
    activities.sync_live()
    weighing.weigh_missing()


@shared_task(name="courses.tasks.close_overdue")
def close_overdue() -> None:
    """Hand in the attempts whose time is over; nobody has to come back for that."""
    grading.close_overdue()


@shared_task(name="courses.tasks.apply_rules")
def apply_rules() -> None:
    """Judge everybody by the rules whose day has come."""
    rule_changes.apply_due()


@shared_task(name="courses.tasks.fill_seats")
def fill_seats() -> None:
    """Share out the seats that came free without anybody leaving: a closed account, a new edition."""
    seats.fill_all()


@shared_task(name="courses.tasks.keep_assignments")
def keep_assignments() -> None:
    """Reach whoever came to fit what was assigned, and release whoever fits no more."""
    assigning.look_again()


@shared_task(name="courses.tasks.send_digests")
def send_digests() -> None:
    """Put the day's round of reminders into the ledger, if it was not held."""
    digests.ask()


@shared_task(name="courses.tasks.sweep_handed")
def sweep_handed() -> None:
    """Let go of files that were handed in and have no row; tell of rows that have no file."""
    handed_strays.sweep()
