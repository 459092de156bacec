"""`manage.py count_delivered [path]`"""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from media.domain import delivery_log


class Command(BaseCommand):
    """Counts the bytes of films that nginx sent; may be repeated at any time."""

    help = "Counts what nginx's log of films says, each line once; on a web node of its own, run it there."

    def add_arguments(self, parser) -> None:
        """Another log than the setting's."""
        parser.add_argument("path", nargs="?", type=Path, default=settings.DELIVERY_LOG)

    def handle(self, *args, **options) -> None:
        """Say how much there was."""
        path = options["path"]
        if not path.exists():
            raise CommandError(f"{path} is not there; AULA_DELIVERY_LOG names the log of films")
        report = delivery_log.count(path)
        self.stdout.write(
            f"{report.lines} lines, {report.skipped_lines} of them skipped; {report.bytes} bytes of films"
        )
