"""What of a person's record the kernel itself holds, and how it goes over to another record and back.

Who one is (names, numbers, password) and roles are the affair of `lms.domain.duplicates`: they need somebody who may.
"""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from lms.models import Appointment, GuardianConsent, Membership, Person, PersonRequest
from lms.models.people import youngest_adult_birth

from . import belongings, erasing, handing, telling

# Rows that simply belong to whoever stands for the human being.
HANDED = (
    "lms.Job.requested_by",
    "lms.StaffImport.started_by",
    "wagtailcore.Page.locked_by",
    "wagtailcore.Page.owner",
    "wagtailcore.Comment.user",
    "wagtailcore.CommentReply.user",
    "wagtaildocs.Document.uploaded_by_user",
    "wagtailimages.Image.uploaded_by_user",
)
CLAIMS = frozenset(
    {
        "lms.Appointment",
        "lms.GuardianConsent",
        "lms.Job",
        "lms.Membership",
        "lms.PersonRequest",
        "lms.RoleGrant",
        "lms.StaffImport",
        "wagtailcore.Comment",
        "wagtailcore.CommentReply",
        "wagtailcore.Page",
        "wagtaildocs.Document",
        "wagtailimages.Image",
    }
)
HISTORY = frozenset(
    {
        # Who did it, in the name that stood there.
        "lms.AccessCode.issued_by",
        "lms.Appointment.confirmed_by",
        "lms.DuplicatePair.decided_by",
        "lms.GuardianConsent.confirmed_by",
        "lms.Job.cancel_asked_by",
        "lms.Merge.merged_by",
        "lms.Merge.undone_by",
        "lms.PersonRequest.answered_by",
        "lms.RoleGrant.granted_by",
        "lms.RoleGrant.withdrawn_by",
        "wagtailcore.Comment.resolved_by",
        "wagtailcore.ModelLogEntry.user",
        "wagtailcore.PageLogEntry.user",
        "wagtailcore.Revision.user",
        "wagtailcore.TaskState.finished_by",
        "wagtailcore.UploadedFile.uploaded_by_user",
        "wagtailcore.WorkflowState.requested_by",
        # The ways into one record, parked with it: nobody enters by them while it is closed.
        "account.EmailAddress.user",
        "lms.AccessCode.person",
        "mfa.Authenticator.user",
        "socialaccount.SocialAccount.user",
        "wagtailadmin.EditingSession.user",
        "wagtailadmin.FormState.user",
        "wagtailcore.APIToken.user",
        "wagtailcore.PageSubscription.user",
        "wagtailusers.UserProfile.user",
        # Groups follow the roles; nobody has permissions of their own.
        "lms.Person_groups.person",
        "lms.Person_user_permissions.person",
        # The bonds themselves.
        "lms.DuplicatePair.first",
        "lms.DuplicatePair.second",
        "lms.Merge.absorbed",
        "lms.Merge.survivor",
        "lms.Person.merged_into",
    }
)


def merge(survivor: Person, absorbed: Person) -> dict[str, Any]:
    """Hand over what `absorbed` holds in the kernel."""
    return {
        "handed": handing.hand_over(survivor, absorbed, HANDED),
        "appointments": _merge_appointments(survivor, absorbed),
        "memberships": _merge_memberships(survivor, absorbed),
        "consent": _merge_consent(survivor, absorbed),
        "left": _leave_networks(survivor, absorbed),
        "requests": _merge_requests(survivor, absorbed),
    }


def unmerge(survivor: Person, absorbed: Person, journal: dict[str, Any]) -> None:
    """Put everything back that `merge` handed over."""
    handing.hand_back(survivor, absorbed, journal["handed"])
    moved = journal["appointments"]
    Appointment.objects.filter(pk__in=moved["to_survivor"], person=survivor).update(person=absorbed)
    Appointment.objects.filter(pk__in=moved["to_absorbed"], person=absorbed).update(person=survivor)
    for key, changed in moved["parked"]:
        if appointment := Appointment.objects.filter(pk=key).first():
            handing.rewrite(appointment, changed)
    Membership.objects.filter(pk__in=journal["memberships"]["moved"], person=survivor).update(person=absorbed)
    # In the opposite order of `merge`, for one row may stand in both.
    for key, changed in [*journal["left"], *journal["memberships"]["joined"]]:
        if row := Membership.objects.filter(pk=key).first():
            handing.rewrite(row, changed)
    _part_consent(survivor, absorbed, journal["consent"])
    PersonRequest.objects.filter(pk__in=journal["requests"]["moved"], person=survivor).update(person=absorbed)
    for key, changed in journal["requests"]["parked"]:
        if request := PersonRequest.objects.filter(pk=key).first():
            handing.rewrite(request, changed)


def _merge_appointments(survivor: Person, absorbed: Person) -> dict[str, list]:
    """Hand over every appointment. Of two that say the same and last, the better one stands and the other is parked.

    Better is what a town hall confirmed, then what began earlier. A parked one reads as refused until it is put back.
    """
    lasting = {"ends_on": None, "refused_at": None}
    standing: dict[tuple[int, int], Appointment] = {}
    for held in survivor.appointments.select_for_update().filter(**lasting):
        standing.setdefault((held.post_id, held.municipality_id), held)
    to_survivor: list[int] = []
    parked: dict[int, Appointment] = {}
    for row in absorbed.appointments.select_for_update():
        lasts = row.ends_on is None and row.refused_at is None
        twin = standing.get((row.post_id, row.municipality_id)) if lasts else None
        if twin is not None and _standing(twin) < _standing(row):
            parked[row.pk] = row
            continue
        to_survivor.append(row.pk)
        if twin is not None:
            parked[twin.pk] = twin
        if lasts:
            standing[row.post_id, row.municipality_id] = row
    changed = [[key, _park(row)] for key, row in parked.items()]
    # Of two equal ones of the absorbed record the lesser stays where it is.
    to_survivor = [key for key in to_survivor if key not in parked]
    to_absorbed = [row.pk for row in parked.values() if row.person_id == survivor.pk]
    Appointment.objects.filter(pk__in=to_survivor).update(person=survivor)
    Appointment.objects.filter(pk__in=to_absorbed).update(person=absorbed)
    return {"to_survivor": to_survivor, "to_absorbed": to_absorbed, "parked": changed}


def _park(row: Appointment) -> handing.Columns:
    reason = _("Este puesto ya está en el registro al que se unió este.")
    return handing.write(row, confirmed_at=None, refused_at=timezone.now(), refusal=reason)


def _standing(row: Appointment) -> tuple:
    return row.confirmed_at is None, row.starts_on, row.pk


def _merge_memberships(survivor: Person, absorbed: Person) -> dict[str, list]:
    """Hand over every membership; one of a network where both are ends, and the other takes on what it said."""
    mine = {row.network_id: row for row in survivor.memberships.select_for_update().filter(left_on=None)}
    moved, joined = [], []
    for row in absorbed.memberships.select_for_update():
        twin = mine.get(row.network_id) if row.left_on is None else None
        if twin is None:
            moved.append(row.pk)
            continue
        changed = handing.write(
            twin,
            is_coordinator=twin.is_coordinator or row.is_coordinator,
            joined_on=min(twin.joined_on, row.joined_on),
            confirmed_at=min(filter(None, [twin.confirmed_at, row.confirmed_at]), default=None),
        )
        joined.append([twin.pk, changed])
        joined.append([row.pk, handing.write(row, left_on=timezone.localdate(), confirmed_at=None)])
    Membership.objects.filter(pk__in=moved).update(person=survivor)
    return {"moved": moved, "joined": joined}


def _merge_consent(survivor: Person, absorbed: Person) -> dict[str, Any]:
    """A guardian's consent goes over where there is none yet; of two the survivor's says what was said last.

    A withdrawal is said when it was written down, and then the earlier word of the other record does not count.
    """
    rows = {
        row.person_id: row
        for row in GuardianConsent.objects.select_for_update().filter(person__in=[survivor, absorbed])
    }
    mine, theirs = rows.get(survivor.pk), rows.get(absorbed.pk)
    if theirs is None:
        return {"moved": None, "taken": {}}
    if mine is None:
        GuardianConsent.objects.filter(pk=theirs.pk).update(person=survivor)
        return {"moved": theirs.pk, "taken": {}}
    if _said_last(theirs) <= _said_last(mine):
        return {"moved": None, "taken": {}}
    return {"moved": None, "taken": handing.write(mine, **{name: getattr(theirs, name) for name in _CONSENT})}


_CONSENT = ("guardian_name", "relation", "declared_at", "confirmed_at", "confirmed_by", "withdrawn_at")


def _said_last(consent: GuardianConsent) -> tuple:
    return consent.withdrawn_at or consent.declared_at, consent.withdrawn_at is not None


def _part_consent(survivor: Person, absorbed: Person, journal: dict[str, Any]) -> None:
    """A consent that somebody changed since stays whole as it is: no guardian's name beside another's signature."""
    GuardianConsent.objects.filter(pk=journal["moved"], person=survivor).update(person=absorbed)
    taken = journal["taken"]
    mine = GuardianConsent.objects.select_for_update().filter(person=survivor).first() if taken else None
    if mine and all(handing.plain(mine, column) == after for column, (_before, after) in taken.items()):
        handing.rewrite(mine, taken)


def _leave_networks(survivor: Person, absorbed: Person) -> list[list]:
    """A minor whose guardian took the consent back belongs to no network, under whichever record that was said."""
    born_on = survivor.born_on or absorbed.born_on
    is_minor = born_on is not None and born_on > youngest_adult_birth(timezone.localdate())
    if not is_minor or not GuardianConsent.objects.filter(person=survivor, withdrawn_at__isnull=False).exists():
        return []
    held = Membership.objects.open().select_for_update(of=("self",)).filter(person=survivor)
    return [[row.pk, handing.write(row, left_on=timezone.localdate())] for row in held]


def _merge_requests(survivor: Person, absorbed: Person) -> dict[str, list]:
    """Requests go over; an open one is parked, as withdrawn, where the other record asks for the same."""
    open_state = PersonRequest.State.OPEN
    asked = set(PersonRequest.objects.filter(person=survivor, state=open_state).values_list("kind", flat=True))
    moved, parked = [], []
    for row in PersonRequest.objects.select_for_update().filter(person=absorbed):
        if row.state == open_state and row.kind in asked:
            parked.append([row.pk, handing.write(row, state=PersonRequest.State.WITHDRAWN)])
        else:
            moved.append(row.pk)
    PersonRequest.objects.filter(pk__in=moved).update(person=survivor)
    return {"moved": moved, "parked": parked}


belongings.register(
    belongings.Belongings(
        name="kernel",
        claims=CLAIMS,
        history=HISTORY,
        tell=telling.tell,
        merge=merge,
        unmerge=unmerge,
        erase=erasing.erase,
    )
)
