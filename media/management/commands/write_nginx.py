"""`manage.py write_nginx <folder>`"""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from media.domain import webserver

CHOICES = {"certificate": "CERTIFICATE", "certificate_key": "CERTIFICATE_KEY", "upstream": "UPSTREAM", "host": "HOST"}


class Command(BaseCommand):
    """Writes nginx's configuration for this installation; write it again after a change of settings."""

    help = "Fills in deploy/nginx with this installation's folders, host and secret."

    def add_arguments(self, parser) -> None:
        """Where to, and what the settings do not know."""
        parser.add_argument("folder", type=Path, help="for example /etc/nginx/aula")
        for name in CHOICES:
            parser.add_argument(f"--{name.replace('_', '-')}", help="instead of the usual")

    def handle(self, *args, **options) -> None:
        """Say what was written."""
        given = {place: options[name] for name, place in CHOICES.items() if options[name]}
        try:
            written = webserver.write(options["folder"], given)
        except (ValueError, OSError) as error:
            raise CommandError(str(error)) from error
        for path in written:
            self.stdout.write(str(path))
