"""Makes the catalogue and the toolbox where they are missing. May be repeated."""

from django.core.management.base import BaseCommand

from courses.domain.tree import ensure_tree


class Command(BaseCommand):
    """`manage.py load_site_tree`."""

    help = __doc__

    def handle(self, *args: object, **options: object) -> None:
        """Ensure the trunk of the page tree."""
        ensure_tree()
