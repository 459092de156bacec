"""Erasing a person: what need not be held goes, in one transaction; a nameless row stays for the register to point to.

What stays and why: docs/decisions/0014. Each app lets go of its own part (`<app>/domain/erasing.py`).
"""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import permissions
from lms.models import Person, RoleGrant

from . import audit, belongings, erasing
from .errors import RuleBroken
from .own_data import family

ACTION = "answer_requests"


def erase(*, person: Person, by: Person | None) -> dict[str, int]:
    """Let go of everything that need not be held of a person and of the records that were joined to theirs.

    `by` None is the installation itself, after a restore. Returns how many rows of each kind went; nothing when the
    person was erased before. An app that cannot let go yet raises, and then nothing is changed. Raises
    `erasure.not_allowed`, `erasure.own`, and as `assert_erasable`.
    """
    if by is not None and not permissions.allows(by, ACTION):
        raise RuleBroken("erasure.not_allowed", _("Usted no puede borrar los datos de nadie."))
    if by == person:
        raise RuleBroken("erasure.own", _("Nadie borra sus propios datos. Pídalo a otra persona de ANAM."))
    sessions = erasing.sessions_of(family(person))
    with transaction.atomic():
        # `no_key`: whoever completes a course meanwhile has its enrolment, names the person, and is waited for.
        locked = Person.objects.select_for_update(no_key=True).get(pk=person.pk)
        if locked.erased_at:
            return {}
        assert_erasable(locked)
        for entry in belongings.all_of_them():
            entry.assert_erasable(locked)
        erasing.end_sessions(sessions)
        gone = {"sessions": len(sessions)}
        # From the top down: what an app above still points to stays in the apps below.
        for one in family(locked):
            for entry in reversed(belongings.all_of_them()):
                for kind, count in entry.erase(one).items():
                    gone[kind] = gone.get(kind, 0) + count
        facts = {kind: count for kind, count in sorted(gone.items()) if count}
        audit.record("person.erased", by=by, subject=f"lms.person:{locked.public_id}", facts=facts)
    return gone


def assert_erasable(person: Person) -> None:
    """Raises `erasure.joined`, `erasure.superuser` and `erasure.role_in_force`: others rely on these records today."""
    if person.merged_into_id:
        raise RuleBroken("erasure.joined", _("Este registro se unió a otro. Borre el registro que quedó."))
    records = family(person)
    if any(one.is_superuser for one in records):
        raise RuleBroken("erasure.superuser", _("Esta cuenta administra el sistema. Quítele antes ese permiso."))
    now = timezone.now()
    held = RoleGrant.objects.filter(person__in=records)
    if held.in_force(now).exists() or held.filter(starts_at__gt=now).exists():
        message = _("Esta persona tiene un rol. Hay que retirarle sus roles antes de borrar sus datos.")
        raise RuleBroken("erasure.role_in_force", message)
