"""Inviting people into a course by a code: made, used, revoked.

A trainer invites to the courses that they write, an administrator to all; an HR delegate invites the staff of their own
town hall, and the code then works for nobody else.
"""

import secrets
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.domain import enrolment as enrolments
from courses.models import CoursePage, Enrolment, Invitation, InvitationUse
from courses.models.joining import CODE_LENGTH
from courses.models.reach import writes
from lms import permissions
from lms.domain import audit
from lms.domain.errors import RuleBroken
from lms.models import Appointment, Municipality, Person

# Without what is read wrongly on a screen or by telephone: 0 O, 1 I L.
SIGNS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
MOST_USES, LONGEST_DAYS = 1000, 366
STAFF = "assign_to_staff"


def may_invite(by: Person | None, course: CoursePage, municipality: Municipality | None) -> bool:
    """Whether `by` may invite to a course: its writers, or for a town hall's staff its HR delegate."""
    if by is None:
        return True
    if municipality:
        return permissions.allows_in(by, STAFF, municipality)
    return writes(by, course)


@transaction.atomic
def make(
    *,
    course: CoursePage,
    by: Person | None,
    municipality: Municipality | None = None,
    max_uses: int = 1,
    days: int = 30,
    note: str = "",
) -> Invitation:
    """A new invitation for `max_uses` people (1 to 1000) over `days` (1 to 366).

    Raises `invitation.not_allowed`, `invitation.course_closed`, `invitation.out_of_bounds`.
    """
    if not may_invite(by, course, municipality):
        raise RuleBroken("invitation.not_allowed", _("Usted no puede invitar a este curso."))
    if not course.live or course.entry == CoursePage.Entry.ASSIGNED:
        message = _("A este curso no se invita: no está publicado, o solo entra quien lo tiene asignado.")
        raise RuleBroken("invitation.course_closed", message)
    if not (1 <= max_uses <= MOST_USES and 1 <= days <= LONGEST_DAYS):
        raise RuleBroken("invitation.out_of_bounds", _("Escriba de 1 a 1000 personas, y de 1 a 366 días."))
    made = _with_a_code(
        course=course,
        municipality=municipality,
        max_uses=max_uses,
        note=" ".join(note.split())[:120],
        made_by=by,
        expires_at=timezone.now() + timedelta(days=days),
    )
    _record("invitation.made", made, by, uses=max_uses, days=days)
    return made


def _with_a_code(**fields) -> Invitation:
    for _try in range(5):
        code = "".join(secrets.choice(SIGNS) for _sign in range(CODE_LENGTH))
        try:
            with transaction.atomic():
                return Invitation.objects.create(code=code, **fields)
        except IntegrityError:
            continue
    raise RuntimeError("no free code")


@transaction.atomic
def revoke(*, invitation: Invitation, by: Person | None) -> Invitation:
    """Let nobody else in by it; whoever came in stays. Raises `invitation.not_allowed`."""
    if not may_invite(by, invitation.course, invitation.municipality):
        raise RuleBroken("invitation.not_allowed", _("Usted no puede anular esta invitación."))
    locked = Invitation.objects.select_for_update(of=("self",), no_key=True).get(pk=invitation.pk)
    if locked.revoked_at is None:
        locked.revoked_at = timezone.now()
        locked.save(update_fields=["revoked_at"])
        _record("invitation.revoked", locked, by)
    return locked


def plain_code(typed: str) -> str:
    """A code however it was typed: `abcd-2345`, `ABCD 2345`."""
    return "".join(sign for sign in typed.upper() if sign.isascii() and sign.isalnum())[: CODE_LENGTH + 1]


def find(typed: str) -> Invitation | None:
    """The invitation with this code, whether or not it still lets anybody in."""
    code = plain_code(typed)
    found = Invitation.objects.select_related("course", "municipality")
    return found.filter(code=code).first() if len(code) == CODE_LENGTH else None


@transaction.atomic
def redeem(*, invitation: Invitation, person: Person, at=None) -> Enrolment:
    """Enter the course by an invitation, which counts each person once; whoever is in already uses nothing up.

    Raises `invitation.over`, `invitation.other_staff` and as `enrolment.enter`.
    """
    at = at or timezone.now()
    held = Invitation.objects.select_for_update(of=("self",), no_key=True)
    invitation = held.select_related("course", "municipality").get(pk=invitation.pk)
    known = InvitationUse.objects.filter(invitation=invitation, person=person).exists()
    if not known and not enrolments.knows(person, invitation.course.translation_key):
        _assert_lets_in(invitation, person, at)
        InvitationUse.objects.create(invitation=invitation, person=person, used_at=at)
        Invitation.objects.filter(pk=invitation.pk).update(used_count=F("used_count") + 1)
        _record("invitation.used", invitation, person)
    entered, action = enrolments.enter(person=person, course=invitation.course, at=at)
    if action:
        enrolments.record(action, entered, person)
    return entered


def _assert_lets_in(invitation: Invitation, person: Person, at) -> None:
    if invitation.revoked_at or invitation.expires_at <= at or invitation.used_count >= invitation.max_uses:
        message = _("Esta invitación ya no sirve: venció, se anuló o ya la usaron todas las personas que podían.")
        raise RuleBroken("invitation.over", message)
    if invitation.course.entry == CoursePage.Entry.ASSIGNED:
        raise RuleBroken("invitation.over", _("A este curso ya no se entra con invitación."))
    if invitation.municipality and not works_in(person, invitation.municipality):
        message = _("Esta invitación es para el personal de la municipalidad de %(place)s.")
        raise RuleBroken("invitation.other_staff", message % {"place": invitation.municipality.name_common})


def works_in(person: Person, municipality: Municipality) -> bool:
    """Whether a town hall stands behind somebody's post there today."""
    held = Appointment.objects.current().confirmed()
    return held.filter(person=person, municipality=municipality).exists()


def made_for(course_key: UUID) -> QuerySet[Invitation]:
    """The invitations to a course that are not a town hall's own, the newest first."""
    return Invitation.objects.filter(course__translation_key=course_key, municipality=None).select_related("course")


def made_in(municipality: Municipality) -> QuerySet[Invitation]:
    """The invitations of a town hall, the newest first."""
    return Invitation.objects.filter(municipality=municipality).select_related("course", "municipality")


def _record(action: str, invitation: Invitation, by: Person | None, **facts: object) -> None:
    subject = f"courses.invitation:{invitation.public_id}"
    told = {"course": str(invitation.course.translation_key), **facts}
    if invitation.municipality:
        told["municipality"] = invitation.municipality.code
    audit.record(action, by=by, subject=subject, facts=told)
