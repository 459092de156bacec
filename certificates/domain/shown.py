"""What the public page says of a certificate, read at every request, by one statement that is written once.

Everything stands in the row of the newest event, which decides the state: nothing is asked for afterwards.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from certificates.models import CertificateAct, CertificateEvent
from certificates.models.register import state_on
from lms.models.written import Written

from . import codes


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate as its page shows it, and the leaf of its newest event; `act_kind` is that of who had it so.

    `successor_*` are of the one that took its place, `forerunner` the number of the one whose place it took; None where
    there is none.
    """

    code: str
    reference: str
    kind: str
    person_name: str
    course_title: str
    hours: Decimal
    started_on: date
    completed_on: date
    score_percent: int | None
    municipality_name: str
    post_name: str
    issuer: str
    issued_at: datetime
    expires_on: date | None
    facts: dict[str, Any]
    state: str
    state_at: datetime
    act_kind: str | None
    reason_kind: str | None
    leaf_index: int | None
    leaf_digest: str | None
    successor_code: str | None
    successor_reference: str | None
    successor_said: str | None
    forerunner: str | None

    @property
    def public_reason(self) -> str:
        """Of what kind the reason was for which two people revoked or suspended it; empty for all others."""
        if self.act_kind in {CertificateAct.Kind.REVOCATION, CertificateAct.Kind.SUSPENSION} and self.reason_kind:
            return str(CertificateAct.Reason(self.reason_kind).label)
        return ""


_OF_OTHERS = {
    "state": "state",
    "state_at": "at",
    "act_kind": "act__kind",
    "reason_kind": "act__reason_kind",
    "leaf_index": "leaf__index",
    "leaf_digest": "leaf__digest",
    "successor_code": "certificate__superseded_by__code",
    "successor_reference": "certificate__superseded_by__reference",
    "successor_said": "successor_said",
    "forerunner": "certificate__supersedes__reference",
}
_COLUMNS = [_OF_OTHERS.get(name, f"certificate__{name}") for name in Shown.__dataclass_fields__]


@Written
def _newest_event(code: str, today: date) -> QuerySet:
    theirs = CertificateEvent.objects.filter(certificate=OuterRef("certificate__superseded_by")).order_by("-pk")
    found = (
        CertificateEvent.objects.filter(certificate__code=code)
        .order_by("-pk")
        .annotate(
            state=state_on(today, said="kind", expires_on="certificate__expires_on"),
            successor_said=Subquery(theirs.values("kind")[:1]),
        )
    )
    return found.values_list(*_COLUMNS)[:1]


def find(typed: str) -> Shown | None:
    """The certificate of a code as it was typed, as it stands today, or None.

    A malformed code is looked up as well, so that it takes as long as one that does not exist.
    """
    rows = _newest_event(code=codes.normalise(typed) or "-", today=timezone.localdate())
    return Shown(*rows[0]) if rows else None
