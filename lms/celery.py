"""The Celery application: the carrier of jobs whose ledger is the database (`lms.models.Job`)."""

import os

from celery import Celery, platforms
from celery.signals import beat_embedded_init
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
TRANSPORT_ALIASES["aula-files"] = "lms.broker:Transport"
TRANSPORT_ALIASES["redis"] = TRANSPORT_ALIASES["rediss"] = "lms.broker:RedisTransport"

app = Celery("lms")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@beat_embedded_init.connect
def end_with_the_worker(**_facts: object) -> None:
    """The clock of `worker --beat` is a process of its own: without this it outlives a worker that was killed."""
    platforms.set_pdeathsig("SIGKILL")
