"""More room for some: how much one person may keep, set and withdrawn by whoever keeps the storage."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lms.domain import audit
from lms.domain.errors import RuleBroken
from lms.models import Person
from media.models import UploadAllowance

ACTION = "manage_storage"


def set_for(*, person: Person, size: int, reason: str, by: Person | None) -> UploadAllowance:
    """Let a person keep `size` bytes, 0 for as many as they like; an earlier allowance is replaced.

    Raises `allowance.reason_missing` and `allowance.to_oneself`.
    """
    reason = reason.strip()
    if not reason:
        raise RuleBroken("allowance.reason_missing", _("Escriba el motivo: quien revise la bitácora lo leerá."))
    if person == by:
        raise RuleBroken("allowance.to_oneself", _("Nadie se da espacio a sí mismo. Pídalo a otra persona."))
    with transaction.atomic():
        given = {"bytes": size, "reason": reason, "set_by": by, "set_at": timezone.now()}
        allowance, _created = UploadAllowance.objects.update_or_create(person=person, defaults=given)
        audit.record("upload.allowance_set", by=by, subject=_subject(person), facts={"size": size, "reason": reason})
    return allowance


def withdraw(*, allowance: UploadAllowance, by: Person | None) -> None:
    """Let a person keep what everybody may; what is there stays, and nothing more fits. One that is gone is gone."""
    with transaction.atomic():
        gone, _kinds = UploadAllowance.objects.filter(pk=allowance.pk).delete()
        if gone:
            audit.record("upload.allowance_withdrawn", by=by, subject=_subject(allowance.person))


def _subject(person: Person) -> str:
    return f"lms.person:{person.public_id}"
