"""Erasing again, after a restore, whom the backup brought back."""

from argparse import ArgumentParser
from pathlib import Path
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from lms.domain import erasure
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Person


class Command(BaseCommand):
    """`--list` prints the ids of everybody who was erased; `--again FILE` erases those of a file, one id a line."""

    help = "Lists who was erased, by id, and erases them again after a restore."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--list", action="store_true", help="print the ids of everybody who was erased")
        what.add_argument("--again", type=Path, metavar="FILE", help="erase the people of a list, one id a line")
        parser.add_argument("--dry-run", action="store_true", help="say who would be erased, and erase nobody")

    def handle(self, *args: object, **options) -> None:
        if options["list"]:
            subjects = (
                AuditEvent.objects.filter(action="person.erased").order_by("pk").values_list("subject", flat=True)
            )
            for subject in subjects:
                print(subject.removeprefix("lms.person:"), file=self.stdout)
            return
        ids = [UUID(line) for line in options["again"].read_text().split()]
        left = Person.objects.filter(public_id__in=ids, erased_at=None, merged_into=None).order_by("pk")
        refused = [str(person.public_id) for person in left if not self._erase(person, options["dry_run"])]
        if refused:
            raise CommandError(f"{len(refused)} could not be erased.")

    def _erase(self, person: Person, is_dry: bool) -> bool:
        try:
            if not is_dry:
                erasure.erase(person=person, by=None)
        except RuleBroken as broken:
            print(f"{person.public_id} {broken.code}", file=self.stdout)
            return False
        print(f"{person.public_id} {'would be erased' if is_dry else 'erased'}", file=self.stdout)
        return True
