"""What of a person's record hangs in the register. Its rows never change: they stay under the record they name.

Whoever reads by person reads the whole family (`PersonQuerySet.family`). Of what is still owed, a merge keeps one
certificate for each course and edition: nobody gets a second one for having been registered twice.
"""

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.utils.translation import ngettext

from certificates.models import CareerAnnotation, Certificate, OwedCertificate
from lms.domain import belongings, jobs
from lms.models import Person
from lms.models.people import PersonQuerySet

from . import erasing, issuing, telling


def merge(survivor: Person, absorbed: Person) -> list[dict[str, Any]]:
    """Let go of what is owed twice; the journal names it. What was issued twice before stays issued."""
    people = Person.objects.family(survivor) | Person.objects.family(absorbed)
    owed = OwedCertificate.objects.select_for_update(of=("self",)).select_related("completion")
    by_edition: dict[tuple, list[OwedCertificate]] = defaultdict(list)
    for row in owed.filter(completion__person__in=people).order_by("pk"):
        by_edition[row.completion.course_key, row.completion.edition].append(row)
    dropped = [row for rows in by_edition.values() for row in _surplus(rows, people)]
    journal = [{"completion": row.completion_id, "owed_at": row.owed_at.isoformat()} for row in dropped]
    OwedCertificate.objects.filter(pk__in=[row.pk for row in dropped]).delete()
    return journal


def unmerge(survivor: Person, absorbed: Person, journal: list[dict[str, Any]]) -> None:
    """Owe again what was let go of."""
    for entry in journal:
        owed, created = OwedCertificate.objects.get_or_create(
            completion_id=entry["completion"], defaults={"owed_at": datetime.fromisoformat(entry["owed_at"])}
        )
        if created:
            jobs.request(issuing.ISSUE, owed.completion.public_id, max_attempts=issuing.ATTEMPTS)


def count(person: Person) -> list[str]:
    """Certificates and what was declared, in short phrases."""
    issued = Certificate.objects.for_person(person).count()
    phrases = [ngettext("%(n)d certificado", "%(n)d certificados", issued) % {"n": issued}]
    if declared := CareerAnnotation.objects.for_person(person).entries().count():
        phrases.append(
            ngettext("%(n)d formación declarada", "%(n)d formaciones declaradas", declared) % {"n": declared}
        )
    return phrases


def _surplus(rows: list[OwedCertificate], people: PersonQuerySet) -> list[OwedCertificate]:
    """What of one edition is not issued yet and need not be: all of it beside one in force, else all but the first."""
    waiting = [row for row in rows if row.issued_at is None]
    one = rows[0].completion
    held = Certificate.objects.in_force().filter(person__in=people).of_edition(one.course_key, one.edition)
    return waiting if held.exists() else waiting[1:]


belongings.register(
    belongings.Belongings(
        name="certificates",
        count=count,
        claims=frozenset(
            {
                "certificates.Certificate",
                *("certificates.CertificateAct", "certificates.CertificateBatch", "certificates.CertificateBundle"),
                "certificates.CareerAnnotation",
                "certificates.CareerShare",
            }
        ),
        history=frozenset(
            {
                "certificates.CertificateEvent.by",
                "certificates.CareerAnnotation.recorded_by",
                "certificates.HandoverPackage.asked_by",
            }
        ),
        tell=telling.tell,
        merge=merge,
        unmerge=unmerge,
        erase=erasing.erase,
        assert_erasable=erasing.assert_erasable,
    )
)
