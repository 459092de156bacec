"""Two who want the same rows, brought to the moment in which a wrong order of locks would hold both for ever."""

import time
from collections.abc import Callable
from threading import Thread

import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction

from lms.models import Person

on_postgresql = pytest.mark.skipif(
    not settings.DATABASES["default"]["ENGINE"].endswith("postgresql"), reason="SQLite lets in one writer at a time"
)
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def lock_person(person: Person) -> None:
    """As a verb does that changes the record."""
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)


def _wait_until_it_waits(thread: Thread) -> None:
    """Until the other one stands before a lock of ours, or has come to its end without."""
    while thread.is_alive():
        with connection.cursor() as cursor:
            # Inside a transaction PostgreSQL lists those connections for ever that there were at the first look.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(WAITING)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)


def cross(first: Callable[[], object], other: Callable[[], object], then: Callable[[], object]) -> list[object]:
    """In one transaction `first` and `then`; in between `other` begins, elsewhere. What `other` and we came to.

    Of two that wait for each other PostgreSQL ends one with an `OperationalError`.
    """
    came_to: list[object] = []

    def run() -> None:
        try:
            came_to.append(other())
        except Exception as failure:
            came_to.append(failure)
        finally:
            connection.close()

    thread = Thread(target=run)
    try:
        with transaction.atomic():
            first()
            thread.start()
            _wait_until_it_waits(thread)
            ours: object = then()
    except OperationalError as failure:
        ours = failure
    finally:
        thread.join()
    return [*came_to, ours]
