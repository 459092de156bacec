"""The kernel: people, municipalities, posts, networks, roles, jobs and the audit trail."""

from .celery import app as celery_app

__all__ = ["celery_app"]
