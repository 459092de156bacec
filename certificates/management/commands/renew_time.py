"""`manage.py renew_time`: another proof of time for those certificates whose newest one ends soon."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from certificates.domain import time_proofs


class Command(BaseCommand):
    """Asks the authority for them now; the clock does so every hour. Exits with 1 where one could not be had."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say which are due, and ask nobody")

    def handle(self, *args, **options) -> None:
        if not settings.SEAL_LONG_TERM:
            raise CommandError("AULA_SEAL_LONG_TERM is off: no proof of time is kept up")
        if options["dry_run"]:
            for file in time_proofs.due().iterator(chunk_size=500):
                self.stdout.write(f"certificate {file.certificate.reference}: until {file.time_until:%Y-%m-%d}")
            return
        done = time_proofs.renew()
        self.stdout.write(f"{done.count} have another proof of time, {time_proofs.due().count()} are due")
        if done.left:
            raise CommandError("\n".join(done.left))
