"""Entries of career records for tests, made by the verbs themselves."""

from datetime import date
from decimal import Decimal

from django.utils import timezone

from certificates.domain import career
from certificates.domain.evidence import Evidence
from certificates.models import CareerAnnotation
from lms.models import Person
from tests.factories import papers


def a_paper(name: str = "diploma.pdf") -> Evidence:
    """A small PDF that was looked at."""
    return Evidence(papers.a_paper(".pdf"), name, ".pdf")


def a_declaration(person: Person, *, evidence: Evidence | None = None, **said) -> CareerAnnotation:
    """A workshop of twenty hours in the spring of 2025, at INAP, that somebody declares."""
    defaults = {
        "title": "Presupuesto municipal",
        "institution": "INAP",
        "hours": Decimal("20.0"),
        "started_on": date(2025, 3, 3),
        "ended_on": date(2025, 4, 4),
        "modality": "in_person",
    }
    return career.declare(person=person, said=career.Said(**(defaults | said)), evidence=evidence, by=person)


def a_step(entry: CareerAnnotation, *, step: str, by: Person) -> CareerAnnotation:
    """A step as somebody would write it into the table by hand: no rule is asked, and the log does not know it."""
    given = {"about": entry, "occurred_on": timezone.localdate(), "recorded_by": by, "salt": "x"}
    return CareerAnnotation.objects.create(person=entry.person, kind=entry.kind, step=step, **given)
