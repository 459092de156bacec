"""Posts that people hold: appointing, confirming, refusing, correcting, moving, ending."""

from datetime import date
from functools import partial

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import permissions
from lms.models import Appointment, Municipality, Person, Post
from lms.models.people import youngest_adult_birth
from lms.signals import link_confirmed

from . import audit, identity
from .errors import RuleBroken

REASON_LENGTH = 300


def appoint(
    *,
    person: Person,
    post: Post,
    municipality: Municipality,
    starts_on: date,
    by: Person | None,
    renglon: str = "",
    act: str = "",
    ends_on: date | None = None,
) -> Appointment:
    """Note that `person` holds a post. What the person says of themselves is declared and waits to be confirmed.

    `by` is the person, or whoever may `manage_staff` in the municipality; what they enter is confirmed from the start
    and told by `link_confirmed` on commit. Raises `appointment.ends_before_it_starts`, `appointment.post_closed`,
    `appointment.already_held`, `appointment.not_allowed`, `appointment.minor`, `text.number_in_it`.
    """
    identity.assert_no_number(act)
    if by != person:
        _assert_manages(by, municipality)
        _assert_of_age(person, by)
    appointment = draft(
        person=person,
        post=post,
        municipality=municipality,
        starts_on=starts_on,
        by=by,
        renglon=renglon,
        act=act,
        ends_on=ends_on,
    )
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=person.pk)
        _assert_not_held(person, post, municipality, ends_on)
        appointment.save(force_insert=True)
        facts = {"post": post.code, "municipality": municipality.code, "starts_on": starts_on.isoformat()}
        audit.record("appointment.made", by=by, subject=subject_of(person), facts=facts)
        if not appointment.is_declared:
            tell_confirmed(person)
    return appointment


def draft(
    *,
    person: Person,
    post: Post,
    municipality: Municipality,
    starts_on: date,
    by: Person | None,
    renglon: str = "",
    act: str = "",
    ends_on: date | None = None,
) -> Appointment:
    """An appointment by the rules, not saved: declared when it is one's own, else confirmed by `by`.

    Raises `appointment.ends_before_it_starts` and `appointment.post_closed`.
    """
    _assert_order(starts_on, ends_on)
    _assert_open(post)
    is_declared = by == person
    return Appointment(
        person=person,
        post=post,
        municipality=municipality,
        renglon=renglon,
        starts_on=starts_on,
        ends_on=ends_on,
        act=_clean(act),
        is_declared=is_declared,
        confirmed_at=None if is_declared else timezone.now(),
        confirmed_by=None if is_declared else by,
    )


def end_appointment(
    *, appointment: Appointment, ends_on: date, by: Person | None, end_reason: str = "", end_act: str = ""
) -> Appointment:
    """Write the last day of an appointment, with why (`Appointment.EndReason`) and by which act.

    The person themselves, or whoever may `manage_staff` in its municipality. Raises `appointment.ended`,
    `appointment.ends_before_it_starts`, `appointment.not_allowed` and `text.number_in_it`.
    """
    identity.assert_no_number(end_act)
    if by is None or by.pk != appointment.person_id:
        _assert_manages(by, appointment.municipality)
    with transaction.atomic():
        locked = Appointment.objects.select_for_update().get(pk=appointment.pk)
        if locked.ends_on:
            raise RuleBroken("appointment.ended", _("Este nombramiento ya tiene fecha final."))
        _assert_order(locked.starts_on, ends_on)
        locked.ends_on, locked.end_reason, locked.end_act = ends_on, end_reason, _clean(end_act)
        locked.save(update_fields=["ends_on", "end_reason", "end_act"])
        facts = {"appointment": str(locked.public_id), "ends_on": ends_on.isoformat()}
        audit.record("appointment.ended", by=by, subject=subject_of(locked.person), facts=facts)
    return locked


def confirm_appointment(*, appointment: Appointment, by: Person | None) -> Appointment:
    """The town hall stands behind an appointment that awaits it; told by `link_confirmed` on commit.

    Raises `appointment.not_allowed`, `appointment.own` (nobody confirms their own), `appointment.minor` and
    `appointment.answered`.
    """
    with transaction.atomic():
        locked = _lock_awaiting(appointment, by)
        _assert_of_age(locked.person, by)
        locked.confirmed_at, locked.confirmed_by = timezone.now(), by
        locked.save(update_fields=["confirmed_at", "confirmed_by"])
        audit.record("appointment.confirmed", by=by, subject=subject_of(locked.person), facts=_facts(locked))
        tell_confirmed(locked.person)
    return locked


def refuse_appointment(*, appointment: Appointment, reason: str, by: Person | None) -> Appointment:
    """The town hall does not know of an appointment; the person reads `reason` and may declare it again.

    Raises as `confirm_appointment`, `appointment.reason_missing` and `text.number_in_it`.
    """
    reason = _clean_reason(reason)
    with transaction.atomic():
        locked = _lock_awaiting(appointment, by)
        locked.refused_at, locked.refusal = timezone.now(), reason
        locked.save(update_fields=["refused_at", "refusal"])
        audit.record("appointment.refused", by=by, subject=subject_of(locked.person), facts=_facts(locked))
    return locked


def correct_appointment(
    *,
    appointment: Appointment,
    post: Post,
    renglon: str,
    starts_on: date,
    by: Person | None,
    ends_on: date | None = None,
    act: str = "",
) -> Appointment:
    """Write anew what was entered wrongly; nobody corrects their own. The trail keeps which columns changed.

    Raises `appointment.not_allowed`, `appointment.own`, `appointment.refused`, and as `appoint`.
    """
    identity.assert_no_number(act)
    with transaction.atomic():
        locked = _lock_of_another(appointment, by)
        _assert_order(starts_on, ends_on)
        if post != locked.post:
            _assert_open(post)
        _assert_not_held(locked.person, post, locked.municipality, ends_on, besides=locked.pk)
        wanted = {"post": post, "renglon": renglon, "starts_on": starts_on, "ends_on": ends_on, "act": _clean(act)}
        if changed := sorted(name for name, value in wanted.items() if getattr(locked, name) != value):
            for name in changed:
                setattr(locked, name, wanted[name])
            locked.save(update_fields=changed)
            facts = {**_facts(locked), "fields": changed}
            audit.record("appointment.corrected", by=by, subject=subject_of(locked.person), facts=facts)
    return locked


def annul_appointment(*, appointment: Appointment, reason: str, by: Person | None) -> Appointment:
    """Take back an appointment that never was: it counts for nothing and is kept with its reason.

    Raises `appointment.not_allowed`, `appointment.own`, `appointment.refused`, `appointment.reason_missing` and
    `text.number_in_it`.
    """
    reason = _clean_reason(reason)
    with transaction.atomic():
        locked = _lock_of_another(appointment, by)
        locked.confirmed_at = locked.confirmed_by = None
        locked.refused_at, locked.refusal = timezone.now(), reason
        locked.save(update_fields=["confirmed_at", "confirmed_by", "refused_at", "refusal"])
        audit.record("appointment.annulled", by=by, subject=subject_of(locked.person), facts=_facts(locked))
    return locked


def move(
    *,
    appointment: Appointment,
    municipality: Municipality,
    post: Post,
    last_day: date,
    starts_on: date,
    by: Person | None,
    renglon: str = "",
    act: str = "",
) -> Appointment:
    """End an appointment here and propose one in another municipality, which that town hall has to confirm.

    Learning and certificates belong to the person and stay. Returns the new appointment. Raises
    `appointment.same_place`, `appointment.awaiting`, and as `end_appointment` and `appoint`.
    """
    _assert_manages(by, appointment.municipality)
    if municipality == appointment.municipality:
        message = _("Elija otra municipalidad. Para cambiar de puesto aquí, anote el nuevo y termine el anterior.")
        raise RuleBroken("appointment.same_place", message)
    _assert_open(post)
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=appointment.person_id)
        reason = Appointment.EndReason.MOVED
        ended = end_appointment(appointment=appointment, ends_on=last_day, end_reason=reason, end_act=act, by=by)
        if ended.confirmed_at is None:
            raise RuleBroken("appointment.awaiting", _("Confirme primero este nombramiento; después haga el traslado."))
        _assert_not_held(person, post, municipality, None)
        proposed = Appointment.objects.create(
            person=person,
            post=post,
            municipality=municipality,
            renglon=renglon,
            starts_on=starts_on,
            act=_clean(act),
            is_declared=False,
        )
        facts = {**_facts(ended), "to": municipality.code, "post": post.code}
        audit.record("appointment.moved", by=by, subject=subject_of(person), facts=facts)
    return proposed


def subject_of(person: Person) -> str:
    """The person as the trail names them."""
    return f"lms.person:{person.public_id}"


def tell_confirmed(person: Person) -> None:
    """Send `link_confirmed` when the transaction holds."""
    transaction.on_commit(partial(link_confirmed.send_robust, sender=Appointment, person=person))


def _facts(appointment: Appointment) -> dict:
    return {"appointment": str(appointment.public_id), "municipality": appointment.municipality.code}


def _clean(text: str) -> str:
    return " ".join(text.split())


def _clean_reason(text: str) -> str:
    reason = _clean(text)[:REASON_LENGTH]
    if not reason:
        message = _("Escriba el motivo: la persona lo va a leer en su cuenta.")
        raise RuleBroken("appointment.reason_missing", message)
    identity.assert_no_number(reason)
    return reason


def _assert_manages(by: Person | None, municipality: Municipality) -> None:
    if by is not None and not permissions.allows_in(by, "manage_staff", municipality):
        raise RuleBroken("appointment.not_allowed", _("Usted no lleva el personal de esa municipalidad."))


def _assert_of_age(person: Person, by: Person | None) -> None:
    """A town hall does not make a minor its own; ANAM may, where the law lets them work."""
    is_minor = person.born_on is not None and person.born_on > youngest_adult_birth(timezone.localdate())
    if is_minor and by is not None and not permissions.nationwide(by, "manage_staff"):
        message = _("Esta persona es menor de 18 años: su lugar es una red. Si trabaja aquí, escriba a ANAM.")
        raise RuleBroken("appointment.minor", message)


def _assert_order(starts_on: date, ends_on: date | None) -> None:
    if ends_on and ends_on < starts_on:
        raise RuleBroken("appointment.ends_before_it_starts", _("La fecha final es anterior a la inicial."))


def _assert_open(post: Post) -> None:
    if not post.is_open:
        raise RuleBroken("appointment.post_closed", _("Ese puesto ya no se ofrece. Elija otro."))


def _assert_not_held(
    person: Person, post: Post, municipality: Municipality, ends_on: date | None, *, besides: int = 0
) -> None:
    same = Appointment.objects.filter(person=person, post=post, municipality=municipality)
    held = same.filter(ends_on=None, refused_at=None).exclude(pk=besides).first()
    if ends_on is None and held:
        message = _("Ese puesto ya está anotado y sigue vigente.")
        if held.is_awaiting:
            message = _("Ese puesto ya está anotado y espera que la municipalidad lo confirme.")
        raise RuleBroken("appointment.already_held", message)


def _lock_of_another(appointment: Appointment, by: Person | None) -> Appointment:
    """The row, for somebody who manages the staff there and is not its person. A refused one is closed."""
    _assert_manages(by, appointment.municipality)
    if by is not None and by.pk == appointment.person_id:
        message = _("Su propio nombramiento lo confirma o lo corrige otra persona, o ANAM.")
        raise RuleBroken("appointment.own", message)
    locked = Appointment.objects.select_for_update().get(pk=appointment.pk)
    if locked.refused_at:
        raise RuleBroken("appointment.refused", _("Este nombramiento fue rechazado y ya no cuenta."))
    return locked


def _lock_awaiting(appointment: Appointment, by: Person | None) -> Appointment:
    locked = _lock_of_another(appointment, by)
    if not locked.is_awaiting:
        raise RuleBroken("appointment.answered", _("Alguien ya confirmó este nombramiento."))
    return locked
