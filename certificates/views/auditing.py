"""Anybody's record as an auditor reads it: without name and numbers, and each reading is written down."""

from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from certificates.domain import career, lines
from certificates.domain import record as records
from lms.domain import audit
from lms.models import Person
from lms.permissions import needs

from .verification import marked


@needs(career.READ)
@require_safe
def record(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The lines of a record, and the posts; of the person the initials alone."""
    person = get_object_or_404(Person.objects.standing().filter(erased_at=None), public_id=public_id)
    with transaction.atomic():
        audit.record("career.read", by=request.user, subject=f"lms.person:{person.public_id}")
    found = records.find(person)
    shown = lines.lines_of(found)
    context = {
        "initials": person.initials,
        "lines": shown,
        "sums": lines.sums(shown),
        "modalities": lines.by_modality(shown),
        "periods": [one for one in found.periods if one.appointment],
        "refused": sum(1 for one in found.declared if not one.counts),
        "masked": True,
    }
    return marked(render(request, "certificates/audited_record.html", context))
