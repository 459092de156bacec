"""What of somebody's is completed and not certified, and what it waits for, in words."""

from dataclasses import dataclass

from django.db.models import Q

from courses.models import Completion
from lms.domain import standing
from lms.models import Person

from . import issuing


@dataclass(frozen=True)
class Waiting:
    """`completions` are keys of rows whose certificate waits; `reasons` whole sentences. Both or neither are empty."""

    completions: frozenset[int] = frozenset()
    reasons: tuple[str, ...] = ()


def find(person: Person) -> Waiting:
    """What waits for a confirmation. A certificate that is only being prepared does not, nor one that was issued."""
    not_issued = Q(owed_certificate=None) | Q(owed_certificate__issued_at=None)
    owed = Completion.objects.of_family(person).filter(not_issued).exclude(certificate_kind="")
    owed = owed.exclude(issuing.UNASKED)
    completions = frozenset(owed.values_list("pk", flat=True))
    reasons = tuple(standing.reasons_to_wait(person)) if completions else ()
    return Waiting(completions, reasons) if reasons else Waiting()
