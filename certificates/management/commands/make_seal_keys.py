"""`manage.py make_seal_keys [--anew] [--dry-run]`: the keys that certificates are sealed with."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from certificates import keyring, token_keys


class Command(BaseCommand):
    """Makes a key of each use where there is none; with `--anew` new ones, with which everything is sealed from now on.

    The old keys stay beside them: what they sealed is checked with their certificates for ever. With AULA_PKCS11_MODULE
    the new ones of AULA_PKCS11_USES are made in the token and never leave it.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--anew", action="store_true", help="make new keys although there are some")
        parser.add_argument("--dry-run", action="store_true", help="make none, say which there are")

    def handle(self, *args, **options) -> None:
        try:
            made = [] if options["dry_run"] else [key.name for key in keyring.ensure(anew=options["anew"])]
        except keyring.KeyMissing as problem:
            raise CommandError(f"no key was made: {problem}") from problem
        for use in keyring.Use:
            for key in keyring.history(use):
                state = "made now" if key.name in made else "there" if key.private else "certificate only"
                state += ", in the token" if token_keys.is_in_token(key.private) else ""
                self.stdout.write(f"{use.value} {key.name} since {key.since:%Y-%m-%d %H:%M:%S} UTC: {state}")
        self.stdout.write(f"in {settings.SEAL_KEYS_DIR}")
