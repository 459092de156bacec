"""`manage.py after_restore`: void the numbers that were given out after the backup that was restored."""

import re
from argparse import ArgumentParser, ArgumentTypeError

from django.core.management.base import BaseCommand, CommandError

from certificates.domain import restoring


def series_and_number(text: str) -> tuple[restoring.Key, int]:
    """`ANAM-2026=130` as its parts."""
    found = re.fullmatch(r"(.{1,20})-(\d{4})=(\d{1,9})", text)
    if not found:
        raise ArgumentTypeError(f"{text}: SERIES=NUMBER is wanted, as ANAM-2026=130")
    return (found[1], int(found[2])), int(found[3])


class Command(BaseCommand):
    """Reads in the storage what was given out after the backup; may be run any number of times.

    `--last` says the highest number of a series that anybody holds, where the files were lost, too. What is voided is a
    leaf of the log, stands in the trail, and is never taken back. What happened later to certificates that the backup
    has is said, and has to be certified again.
    """

    help = "Voids the numbers that were given out after the backup that was restored, so that none is given out again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--last",
            action="append",
            default=[],
            type=series_and_number,
            metavar="SERIES=NUMBER",
            help="the highest number of a series that is known from elsewhere; may be said several times",
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be void, and write nothing")

    def handle(self, *args: object, **options) -> None:
        evidence = restoring.find_evidence()
        for (name, year), numbers in sorted(evidence.numbers.items()):
            self.stdout.write(f"{name}-{year}: the storage knows {len(numbers)} lost, up to {max(numbers)}")
        for said in restoring.lost_events():
            self.stdout.write(said)
        for day, _note in evidence.notes:
            self.stdout.write(f"checkpoint of {day}: published, and lost")
        for path in evidence.unread:
            self.stdout.write(f"{path}: sealed by us and lost; its number cannot be read, say it with --last")
        if options["dry_run"]:
            return
        try:
            made = restoring.declare(evidence, dict(options["last"]))
        except restoring.NotCredible as problem:
            raise CommandError(str(problem)) from problem
        if made is None:
            self.stdout.write("Nothing was lost that is known of.")
            return
        for series, (first, last) in restoring.build_entry(made)["void"].items():
            self.stdout.write(f"{series}: void from {first} to {last}")
        self.stdout.write(f"Leaf {made.leaves} of the log says so.")
