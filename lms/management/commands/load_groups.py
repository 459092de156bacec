"""Gives Wagtail's groups the permissions of `lms/groups.yaml`. May be repeated; changes nothing twice."""

from django.core.management.base import BaseCommand
from django.db import transaction

from lms.domain import roles


class Command(BaseCommand):
    """`manage.py load_groups`."""

    help = __doc__

    @transaction.atomic
    def handle(self, *args: object, **options: object) -> None:
        """Ensure the groups."""
        for name in roles.ensure_groups():
            self.stderr.write(f"There is no permission {name}; migrate first")
