"""Making two records of one human being one, and parting them again (docs/decisions/0011).

The survivor stands from then on; the absorbed record is closed, names the survivor in `merged_into`, and keeps what
cannot or need not move. What hangs on a person goes over by its app's own part (`lms.domain.belongings`), and each
part's journal puts it back within `UNDO_DAYS`. Locks: the two people by key, then the parts in their order, the head of
the audit trail last.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import permissions
from lms.models import DuplicatePair, Merge, Person, RoleGrant

from . import audit, belongings, handing, people, roles
from .appointments import subject_of
from .errors import RuleBroken
from .identity import assert_no_number

ACTION = "merge_people"
UNDO_DAYS = 30
REASON_LENGTH = 300
SURVIVOR, ABSORBED = "survivor", "absorbed"
# What is chosen, and the columns it stands in. The last three are unique: what the survivor does not take is parked.
COLUMNS: dict[str, tuple[str, ...]] = {
    "given_names": ("given_names",),
    "surnames": ("surnames",),
    "born_on": ("born_on",),
    "language": ("language",),
    "cui": ("cui_digest", "cui_encrypted"),
    "email": ("email",),
    "phone": ("phone",),
}
UNIQUE = ("cui", "email", "phone")
EMPTY: dict[str, Any] = {"cui_encrypted": ""}


def merge(
    *, survivor: Person, absorbed: Person, reason: str, by: Person | None, keep: Mapping[str, str] | None = None
) -> Merge:
    """Let `survivor` take `absorbed` in. `keep` says by field (`COLUMNS`) whose value stays: "survivor" or "absorbed".

    What is not named stays the survivor's, or becomes the absorbed record's where the survivor has none. Roles of the
    absorbed record end. Raises `merge.not_allowed`, `merge.reason_missing`, `merge.reason_too_long`, `merge.same`,
    `merge.own_record`, `merge.superuser`, `merge.erased`, `merge.already_merged`, `merge.survivor_closed` and
    `person.not_allowed`.
    """
    assert_may(by)
    reason = clean_reason(reason)
    with transaction.atomic():
        survivor, absorbed = _locked(survivor, absorbed)
        assert_may_merge(survivor, absorbed, by)
        if not survivor.is_active:
            raise RuleBroken("merge.survivor_closed", _("El registro que queda está cerrado. Reábralo primero."))
        chosen = choose(survivor, absorbed, keep or {})
        at = timezone.now()
        parts = {entry.name: entry.merge(survivor, absorbed) for entry in belongings.all_of_them()}
        identity = _join_identity(survivor, absorbed, chosen)
        ended = _end_roles(absorbed, at, by)
        made = Merge.objects.create(
            survivor=survivor,
            absorbed=absorbed,
            reason=reason,
            kept=chosen,
            journal={"parts": parts, "identity": identity, "roles": ended},
            merged_at=at,
            merged_by=by,
        )
        DuplicatePair.objects.filter(_pair(survivor, absorbed)).update(
            state=DuplicatePair.State.MERGED, decided_at=at, decided_by=by, decision=reason
        )
        _tell("person.merged", made, by, kept=chosen, roles_ended=len(ended))
    return made


def undo(*, merge: Merge, by: Person | None) -> Merge:
    """Part two records again; each gets back what was its own, and the survivor keeps what it did since.

    Roles come back where `by` could grant them. Raises `merge.not_allowed`, `merge.already_undone`, `merge.too_late`,
    `merge.later_first`, `merge.own_record`, `merge.erased` and `person.not_allowed`.
    """
    assert_may(by)
    with transaction.atomic():
        survivor, absorbed = _locked(merge.survivor, merge.absorbed)
        done = Merge.objects.select_for_update(of=("self",)).get(pk=merge.pk)
        _assert_may_undo(done, survivor, absorbed, by)
        parts = done.journal["parts"]
        for entry in reversed(belongings.all_of_them()):
            # A part that came with a newer version had nothing to do with this merge.
            if entry.name in parts:
                entry.unmerge(survivor, absorbed, parts[entry.name])
        _part_identity(survivor, absorbed, done.journal["identity"])
        restored = _restore_roles(absorbed, done, by)
        done.undone_at, done.undone_by = timezone.now(), by
        left_out = len(done.journal["roles"]) - restored
        done.journal = {}
        done.save(update_fields=["undone_at", "undone_by", "journal"])
        DuplicatePair.objects.filter(_pair(survivor, absorbed)).update(
            state=DuplicatePair.State.OPEN, decided_at=None, decided_by=None, decision=""
        )
        _tell("person.parted", done, by, roles_restored=restored, roles_left_out=left_out)
    return done


def dismiss(*, pair: DuplicatePair, reason: str, by: Person | None) -> DuplicatePair:
    """Note that two records are of two people; they are not suggested again.

    Raises `merge.not_allowed`, `merge.reason_missing`, `merge.reason_too_long` and `duplicate.decided`.
    """
    assert_may(by)
    reason = clean_reason(reason)
    with transaction.atomic():
        locked = DuplicatePair.objects.select_for_update(of=("self",)).get(pk=pair.pk)
        if locked.state != DuplicatePair.State.OPEN:
            raise RuleBroken("duplicate.decided", _("Sobre esta pareja ya se decidió."))
        locked.state, locked.decision = DuplicatePair.State.DISMISSED, reason
        locked.decided_at, locked.decided_by = timezone.now(), by
        locked.save(update_fields=["state", "decision", "decided_at", "decided_by"])
        facts = {"other": str(locked.second.public_id)}
        audit.record("duplicate.dismissed", by=by, subject=subject_of(locked.first), facts=facts)
    return locked


def forget_journals() -> int:
    """Empty the journals of merges that can no longer be undone; returns how many."""
    over = Merge.objects.filter(merged_at__lt=_undo_begins(), undone_at=None).exclude(journal={})
    return over.update(journal={})


@dataclass(frozen=True)
class Undoing:
    """Whether a merge can be undone now, or why not."""

    is_open: bool
    until: Any
    obstacle: str = ""


def undoing(merge: Merge) -> Undoing:
    """What stands in the way of undoing a merge, leaving aside who asks."""
    until = merge.merged_at + timedelta(days=UNDO_DAYS)
    try:
        _assert_can_be_undone(merge)
    except RuleBroken as broken:
        return Undoing(False, until, broken.message)
    return Undoing(True, until)


def choose(survivor: Person, absorbed: Person, keep: Mapping[str, str]) -> dict[str, str]:
    """Whose value of each field stays: as wished, else the survivor's, else the absorbed record's where only it has."""
    return {
        field: keep[field] if keep.get(field) in {SURVIVOR, ABSORBED} else _default(survivor, absorbed, field)
        for field in COLUMNS
    }


def assert_may(by: Person | None) -> None:
    """Raises `merge.not_allowed`. `by` None is the installation itself."""
    if by is not None and not permissions.allows(by, ACTION):
        raise RuleBroken("merge.not_allowed", _("Usted no puede unir registros de personas."))


def assert_may_merge(survivor: Person, absorbed: Person, by: Person | None) -> None:
    """That these two may be made one by `by`. Raises as `merge`."""
    if survivor.pk == absorbed.pk:
        raise RuleBroken("merge.same", _("Es el mismo registro. Elija dos distintos."))
    _assert_nobodys_own(survivor, absorbed, by)
    if survivor.is_superuser or absorbed.is_superuser:
        raise RuleBroken("merge.superuser", _("Una cuenta que administra el sistema no se une con otra."))
    if survivor.erased_at or absorbed.erased_at:
        raise RuleBroken("merge.erased", _("Los datos de este registro ya se borraron. No se puede unir."))
    if survivor.merged_into_id or absorbed.merged_into_id:
        raise RuleBroken("merge.already_merged", _("Uno de los registros ya está unido a otro. Busque el que quedó."))
    for person in (survivor, absorbed):
        people.assert_may_change(person, by)


def clean_reason(reason: str) -> str:
    """One line. Raises `merge.reason_missing`, `merge.reason_too_long` and `text.number_in_it`."""
    reason = " ".join(reason.split())
    if not reason:
        raise RuleBroken("merge.reason_missing", _("Escriba el motivo: quien revise después lo va a leer."))
    if len(reason) > REASON_LENGTH:
        raise RuleBroken("merge.reason_too_long", _("Escriba el motivo en 300 letras o menos."))
    assert_no_number(reason)
    return reason


def _assert_nobodys_own(survivor: Person, absorbed: Person, by: Person | None) -> None:
    if by is not None and by.pk in {survivor.pk, absorbed.pk}:
        raise RuleBroken("merge.own_record", _("Nadie une ni separa su propio registro. Pídalo a otra persona."))


def _assert_may_undo(done: Merge, survivor: Person, absorbed: Person, by: Person | None) -> None:
    _assert_can_be_undone(done)
    _assert_nobodys_own(survivor, absorbed, by)
    if survivor.erased_at or absorbed.erased_at:
        raise RuleBroken("merge.erased", _("Los datos de este registro ya se borraron. No se puede separar."))
    people.assert_may_change(survivor, by)


def _assert_can_be_undone(done: Merge) -> None:
    if done.undone_at:
        raise RuleBroken("merge.already_undone", _("Esta unión ya se deshizo."))
    if done.merged_at < _undo_begins() or not done.journal:
        raise RuleBroken("merge.too_late", _("Pasaron más de 30 días: esta unión ya no se puede deshacer."))
    survivor = done.survivor_id
    later = Merge.objects.filter(Q(survivor=survivor) | Q(absorbed=survivor), undone_at=None, pk__gt=done.pk)
    if later.exists():
        raise RuleBroken("merge.later_first", _("Deshaga primero la unión más reciente de este registro."))


def _undo_begins():
    return timezone.now() - timedelta(days=UNDO_DAYS)


def _locked(survivor: Person, absorbed: Person) -> tuple[Person, Person]:
    """Both rows, locked in the order of their keys. Rows that point to them may still be written (`no_key`)."""
    rows = Person.objects.select_for_update(no_key=True).filter(pk__in=[survivor.pk, absorbed.pk]).order_by("pk")
    found = {row.pk: row for row in rows}
    return found[survivor.pk], found[absorbed.pk]


def _pair(one: Person, other: Person) -> Q:
    first, second = sorted([one.pk, other.pk])
    return Q(first=first, second=second)


def _tell(action: str, made: Merge, by: Person | None, **facts: Any) -> None:
    """Once on each of the two records."""
    for person, other in ((made.survivor, made.absorbed), (made.absorbed, made.survivor)):
        said = {"merge": str(made.public_id), "other": str(other.public_id), **facts}
        audit.record(action, by=by, subject=subject_of(person), facts=said)


def _default(survivor: Person, absorbed: Person, field: str) -> str:
    column = COLUMNS[field][0]
    return ABSORBED if not getattr(survivor, column) and getattr(absorbed, column) else SURVIVOR


def _join_identity(survivor: Person, absorbed: Person, chosen: Mapping[str, str]) -> dict[str, Any]:
    """Names and numbers as chosen. A unique one that the survivor does not keep is parked on the absorbed record."""
    taken = [field for field in COLUMNS if chosen[field] == ABSORBED]
    columns = [column for field in taken for column in COLUMNS[field]]
    parked = [column for field in taken if field in UNIQUE for column in COLUMNS[field]]
    theirs = {column: getattr(absorbed, column) for column in columns}
    own = {column: getattr(survivor, column) for column in parked}
    # Whoever is signed in with the absorbed record is signed out, and stays so after an undo.
    Person.objects.filter(pk=absorbed.pk).update(session_epoch=Coalesce("session_epoch", 0) + 1)
    freed = handing.write(absorbed, **{column: EMPTY.get(column) for column in parked}, is_active=False)
    gained = handing.write(survivor, **theirs)
    filled = handing.write(absorbed, **own)
    lacking = ""
    if _lends_password(survivor, absorbed):
        lacking, survivor.password = survivor.password, absorbed.password
        survivor.save(update_fields=["password"])
    followers = list(Person.objects.filter(merged_into=absorbed).order_by("pk").values_list("pk", flat=True))
    Person.objects.filter(pk__in=followers).update(merged_into=survivor)
    absorbed.merged_into = survivor
    absorbed.save(update_fields=["merged_into"])
    return {
        "survivor": gained,
        "absorbed": {**freed, **{name: [freed.get(name, pair)[0], pair[1]] for name, pair in filled.items()}},
        # What stands where there is no password; a password itself is never written here.
        "lacking_password": lacking,
        "followers": followers,
    }


def _lends_password(survivor: Person, absorbed: Person) -> bool:
    """Whoever could enter still can, unless that would open roles to somebody who had none."""
    needs = not survivor.has_usable_password() and absorbed.has_usable_password()
    return needs and not RoleGrant.objects.not_over().filter(person=survivor).exists()


def _part_identity(survivor: Person, absorbed: Person, journal: dict[str, Any]) -> None:
    if journal["lacking_password"] and survivor.password == absorbed.password:
        survivor.password = journal["lacking_password"]
        survivor.save(update_fields=["password"])
    unique = {column for field in UNIQUE for column in COLUMNS[field]}
    own = {column: handing.read(absorbed, column, pair[0]) for column, pair in journal["absorbed"].items()}
    handing.write(absorbed, **{column: EMPTY.get(column) for column in own if column in unique})
    handing.rewrite(survivor, journal["survivor"])
    Person.objects.filter(pk__in=journal["followers"]).update(merged_into=absorbed)
    absorbed.merged_into = None
    absorbed.save(update_fields=["merged_into"])
    handing.write(absorbed, **_still_free(own))


def _still_free(own: dict[str, Any]) -> dict[str, Any]:
    """Without the numbers that somebody else has by now: the survivor gave one up, and another took it."""
    free = dict(own)
    for field in UNIQUE:
        key, *others = COLUMNS[field]
        if free.get(key) and Person.objects.filter(**{key: free[key]}).exists():
            for column in (key, *others):
                free.pop(column, None)
    return free


def _end_roles(absorbed: Person, at, by: Person | None) -> list[list]:
    """End what the absorbed record may do: [key, end before]. The survivor gets no role by a merge."""
    ended = []
    for grant in RoleGrant.objects.not_over().select_for_update(of=("self",)).filter(person=absorbed).order_by("pk"):
        ended.append([grant.pk, grant.ends_at.isoformat() if grant.ends_at else None])
        grant.ends_at, grant.withdrawn_by = at, by
        grant.save(update_fields=["ends_at", "withdrawn_by"])
    roles.sync_groups(absorbed)
    return ended


def _restore_roles(absorbed: Person, done: Merge, by: Person | None) -> int:
    """Give back the roles that the merge ended and that `by` could grant; returns how many."""
    restored = 0
    for key, ends_at in done.journal["roles"]:
        grant = RoleGrant.objects.select_for_update(of=("self",)).filter(pk=key, ends_at=done.merged_at).first()
        if grant and (by is None or permissions.may_grant(by, grant, as_long=False)):
            grant.ends_at, grant.withdrawn_by = handing.read(grant, "ends_at", ends_at), None
            grant.save(update_fields=["ends_at", "withdrawn_by"])
            restored += 1
    roles.sync_groups(absorbed)
    return restored
