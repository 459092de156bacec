"""`manage.py verify_registry`: does the register hold?"""

import sys

from django.core.management.base import BaseCommand

from certificates.domain.checking import find_faults
from certificates.models import Certificate, LogLeaf


class Command(BaseCommand):
    """Reads the whole register, names each row at fault, and exits with 1 if there is one. Changes nothing."""

    help = __doc__

    def handle(self, *args, **options) -> None:
        count = 0
        for fault in find_faults():
            count += 1
            self.stdout.write(fault)
        if count:
            self.stderr.write(f"{count} faults")
            sys.exit(1)
        self.stdout.write(f"{Certificate.objects.count()} certificates, {LogLeaf.objects.count()} leaves: all hold")
