"""Checks that nothing in the trail of events was changed or removed. Reads only; exits 1 and names what it found."""

import sys

from django.core.management.base import BaseCommand

from lms.domain import audit
from lms.models import AuditEvent


class Command(BaseCommand):
    """`manage.py verify_audit`."""

    help = __doc__

    def handle(self, *args: object, **options: object) -> None:
        """Walk the chain."""
        faults = list(audit.find_faults())
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            sys.exit(1)
        self.stdout.write(f"{AuditEvent.objects.count()} events, none changed")
