"""Registering people, their appointments, and what they may change about themselves."""

import unicodedata
from datetime import date, datetime
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import permissions
from lms.models import Appointment, Language, Municipality, Person, Post, RoleGrant
from lms.models.people import PersonQuerySet

from . import audit, identity
from .errors import RuleBroken

ADULT_YEARS = 18
NAME_LENGTH = 80


def register(
    *,
    given_names: str,
    surnames: str,
    password: str,
    cui: str = "",
    email: str = "",
    phone: str = "",
    municipality: Municipality | None = None,
    post: Post | None = None,
    renglon: str = "",
    born_on: date | None = None,
    language: Language | None = None,
    by: Person | None = None,
    at: datetime | None = None,
) -> Person:
    """Open somebody's record; with municipality and post, with an appointment from today.

    `by` is an administrator who does it for them; None is the person, or the installation. An empty password opens a
    record that nobody can sign in to yet. Raises `person.name_missing`, `person.name_too_long`,
    `person.identifier_missing`, `person.password_weak`, `person.cui_taken`, `person.email_taken`,
    `person.phone_taken`, `person.not_allowed`.
    """
    if by is not None and not permissions.allows(by, "manage_people"):
        raise _not_allowed()
    at = at or timezone.now()
    person = Person(born_on=born_on, language=language, joined_at=at)
    _set_fields(person, given_names=given_names, surnames=surnames, email=email, phone=phone, cui=cui)
    _set_password(person, password)
    with transaction.atomic():
        _save(person)
        audit.record("person.registered", by=by or person, subject=_subject(person), facts={})
        if municipality and post:
            appoint(
                person=person,
                post=post,
                municipality=municipality,
                starts_on=timezone.localdate(at),
                renglon=renglon,
                by=by or person,
            )
    return person


def change_details(*, person: Person, by: Person | None, **fields: Any) -> Person:
    """Change given_names, surnames, email, phone, cui, born_on or language; what is not named stays.

    A person's own CUI is written once; afterwards an administrator changes it. Raises as `register`, and
    `person.cui_fixed`.
    """
    assert_may_change(person, by)
    with transaction.atomic():
        locked = Person.objects.select_for_update().get(pk=person.pk)
        if "cui" in fields and locked.cui_digest and by == person and not permissions.allows(by, "manage_people"):
            raise RuleBroken("person.cui_fixed", _("Para corregir su CUI, escriba a la administración de ANAM."))
        before = _comparable(locked)
        for name in ("born_on", "language"):
            if name in fields:
                setattr(locked, name, fields.pop(name))
        _set_fields(locked, **fields)
        changed = sorted(name for name, value in _comparable(locked).items() if value != before[name])
        if changed:
            _save(locked)
            audit.record("person.changed", by=by, subject=_subject(locked), facts={"fields": changed})
    return locked


def change_password(*, person: Person, new: str, by: Person | None, old: str = "") -> None:
    """Set a new password; the person gives the old one, an administrator need not.

    Ends every other session of the person. Raises `person.password_wrong`, `person.password_weak`,
    `person.identifier_missing` and `person.not_allowed`.
    """
    assert_may_change(person, by)
    if by == person and not person.check_password(old):
        raise RuleBroken("person.password_wrong", _("La contraseña actual no es esa."))
    if not new:
        raise RuleBroken("person.password_weak", _("Escriba la contraseña nueva."))
    with transaction.atomic():
        _set_password(person, new)
        person.save(update_fields=["password"])
        audit.record("person.password_changed", by=by, subject=_subject(person))


def set_active(*, person: Person, is_active: bool, by: Person | None) -> None:
    """Close or reopen a record; nothing is ever deleted. Raises `person.not_allowed` and `person.own_record`."""
    assert_may_change(person, by)
    if by == person:
        raise RuleBroken("person.own_record", _("No puede desactivar su propia cuenta."))
    with transaction.atomic():
        changed = Person.objects.filter(pk=person.pk, is_active=not is_active).update(is_active=is_active)
        if changed:
            action = "person.reopened" if is_active else "person.closed"
            audit.record(action, by=by, subject=_subject(person))
    person.is_active = is_active


def appoint(
    *,
    person: Person,
    post: Post,
    municipality: Municipality,
    starts_on: date,
    by: Person | None,
    renglon: str = "",
    ends_on: date | None = None,
) -> Appointment:
    """Note that `person` holds a post. What the person says of themselves is marked as declared.

    Raises `appointment.ends_before_it_starts`, `appointment.already_held`, `person.not_allowed`.
    """
    assert_may_change(person, by)
    _assert_order(starts_on, ends_on)
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=person.pk)
        held = Appointment.objects.filter(person=person, post=post, municipality=municipality, ends_on=None)
        if ends_on is None and held.exists():
            raise RuleBroken("appointment.already_held", _("Ese puesto ya está anotado y sigue vigente."))
        appointment = Appointment.objects.create(
            person=person,
            post=post,
            municipality=municipality,
            renglon=renglon,
            starts_on=starts_on,
            ends_on=ends_on,
            is_declared=by == person,
        )
        facts = {"post": post.code, "municipality": municipality.code, "starts_on": starts_on.isoformat()}
        audit.record("appointment.made", by=by, subject=_subject(person), facts=facts)
    return appointment


def end_appointment(*, appointment: Appointment, ends_on: date, by: Person | None) -> Appointment:
    """Write the last day of an appointment. Raises `appointment.ended` and as `appoint`."""
    assert_may_change(appointment.person, by)
    with transaction.atomic():
        locked = Appointment.objects.select_for_update().get(pk=appointment.pk)
        if locked.ends_on:
            raise RuleBroken("appointment.ended", _("Este nombramiento ya tiene fecha final."))
        _assert_order(locked.starts_on, ends_on)
        locked.ends_on = ends_on
        locked.save(update_fields=["ends_on"])
        facts = {"appointment": str(locked.public_id), "ends_on": ends_on.isoformat()}
        audit.record("appointment.ended", by=by, subject=_subject(locked.person), facts=facts)
    return locked


def is_minor(born_on: date | None, *, on: date | None = None) -> bool:
    """Whether somebody born on that day is under 18 on the day `on` (default today); False when it is not known."""
    if born_on is None:
        return False
    on = on or timezone.localdate()
    years = on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))
    return years < ADULT_YEARS


def visible_to(by: Person) -> PersonQuerySet:
    """The people whose records `by` may manage: everybody for the nation, else those appointed in their places."""
    if permissions.nationwide(by, "manage_people"):
        return Person.objects.all()
    places = permissions.municipalities_for(by, "manage_people")
    return Person.objects.filter(
        pk__in=Appointment.objects.current().filter(municipality__in=places.values("pk")).values("person_id")
    )


def assert_may_change(person: Person, by: Person | None) -> None:
    """The person themselves, an administrator of their municipality, or the installation (`by` None).

    Nobody but a superuser touches a superuser, and nobody somebody who holds a role that they could not grant: with
    a new password they would hold it themselves. Raises `person.not_allowed`.
    """
    if by is None or by == person or by.is_superuser:
        return
    if person.is_superuser or not visible_to(by).filter(pk=person.pk).exists():
        raise _not_allowed()
    for held in RoleGrant.objects.in_force().filter(person=person).select_related("department", "municipality"):
        places = permissions.places_of(held.scope, held.department, held.municipality)
        if not permissions.may_grant(by, held.role, places):
            raise _not_allowed()


def _not_allowed() -> RuleBroken:
    return RuleBroken("person.not_allowed", _("Usted no puede cambiar los datos de esta persona."))


def _subject(person: Person) -> str:
    return f"lms.person:{person.public_id}"


def _assert_order(starts_on: date, ends_on: date | None) -> None:
    if ends_on and ends_on < starts_on:
        raise RuleBroken("appointment.ends_before_it_starts", _("La fecha final es anterior a la inicial."))


def _clean_name(text: str) -> str:
    """One line, single spaces, without the invisible characters that reorder or break text."""
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    clean = "".join(c for c in composed if unicodedata.category(c) not in {"Cc", "Cf", "Co", "Cs"})
    if len(clean) > NAME_LENGTH:  # composing makes some texts longer
        raise RuleBroken("person.name_too_long", _("Escriba nombres y apellidos de 80 letras o menos."))
    return clean


def _set_fields(person: Person, **fields: str) -> None:
    for name in ("given_names", "surnames"):
        if name in fields:
            setattr(person, name, _clean_name(fields[name]))
    if not person.given_names or not person.surnames:
        raise RuleBroken("person.name_missing", _("Escriba sus nombres y apellidos como están en su DPI."))
    if "email" in fields:
        person.email = (fields["email"] or "").strip().lower() or None
    if "phone" in fields:
        person.phone = identity.normalise_phone(fields["phone"]) if fields["phone"] else None
    if fields.get("cui"):
        cui = identity.normalise_cui(fields["cui"])
        if identity.cui_digest(cui) != person.cui_digest:
            person.cui_digest = identity.cui_digest(cui)
            person.cui_encrypted = identity.encrypt_cui(cui)
    if person.has_usable_password() and person.password:
        _assert_identified(person)


def _assert_identified(person: Person) -> None:
    if not (person.cui_digest or person.email or person.phone):
        message = _("Escriba su CUI, un correo o un teléfono: con uno de ellos va a entrar.")
        raise RuleBroken("person.identifier_missing", message)


def _set_password(person: Person, password: str) -> None:
    if not password:
        person.set_unusable_password()
        return
    _assert_identified(person)
    try:
        validate_password(password, person)
    except ValidationError as invalid:
        raise RuleBroken("person.password_weak", " ".join(invalid.messages)) from invalid
    person.set_password(password)


def _comparable(person: Person) -> dict:
    names = ("given_names", "surnames", "email", "phone", "born_on", "language_id", "cui_digest")
    return {name.removesuffix("_id").removesuffix("_digest"): getattr(person, name) for name in names}


def _save(person: Person) -> None:
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError as error:
        if taken := _taken(person):
            raise taken from error
        raise


def _taken(person: Person) -> RuleBroken | None:
    others = Person.objects.exclude(pk=person.pk)
    if person.cui_digest and others.filter(cui_digest=person.cui_digest).exists():
        return RuleBroken("person.cui_taken", _("Ya hay una cuenta con este CUI."))
    if person.email and others.filter(email=person.email).exists():
        return RuleBroken("person.email_taken", _("Ya hay una cuenta con este correo."))
    if person.phone and others.filter(phone=person.phone).exists():
        return RuleBroken("person.phone_taken", _("Ya hay una cuenta con este teléfono."))
    return None
