"""What the demo's people declared in their records, and what others did about it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from certificates.domain import career
from certificates.models import CareerAnnotation
from lms.models import Person


def ensure_declared(person: Person, spec: dict[str, Any], *, checker: Person, certifier: Person) -> None:
    """Declare one training and take the steps of `spec`, unless the person declared it already.

    `spec`: title, institution, hours, modality (`career.MODALITIES`), `days` since it ended, `took` days, `steps`.
    """
    found = CareerAnnotation.objects.for_person(person).entries()
    if any(one.details.texts.get("title") == spec["title"] for one in found.select_related("details")):
        return
    ended = timezone.localdate() - timedelta(days=spec["days"])
    said = career.Said(
        title=spec["title"],
        institution=spec["institution"],
        hours=Decimal(spec["hours"]),
        started_on=ended - timedelta(days=spec["took"]),
        ended_on=ended,
        modality=spec["modality"],
    )
    entry = career.declare(person=person, said=said, evidence=None, by=person)
    if "checked" in spec["steps"]:
        career.check(entry=entry, by=checker)
    if "certified" in spec["steps"]:
        career.certify(entry=entry, by=certifier)
