"""Registering people, and what they and others may change about them."""

import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import permissions
from lms.models import Appointment, Language, Membership, Municipality, Person, Post, RoleGrant
from lms.models.people import PersonQuerySet, youngest_adult_birth

from . import audit, identity
from .appointments import (
    annul_appointment,
    appoint,
    confirm_appointment,
    correct_appointment,
    end_appointment,
    move,
    refuse_appointment,
    subject_of,
)
from .errors import RuleBroken

# The verbs on appointments have a file of their own and are said of people: `people.appoint(…)`.
__all__ = [
    "annul_appointment",
    "appoint",
    "assert_may_change",
    "assert_reaches",
    "change_details",
    "change_password",
    "clean_name",
    "confirm_appointment",
    "correct_appointment",
    "end_appointment",
    "is_minor",
    "kept_from",
    "may_be_certified",
    "move",
    "refuse_appointment",
    "register",
    "set_active",
    "set_fields",
    "taken",
    "visible_to",
]
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
    starts_on: date | None = None,
    ends_on: date | None = None,
    act: str = "",
    born_on: date | None = None,
    language: Language | None = None,
    by: Person | None = None,
    at: datetime | None = None,
) -> Person:
    """Open somebody's record; with municipality and post, with an appointment (from today unless `starts_on` is given).

    `by` does it for them: an administrator, or the HR delegate of the municipality that is named; None is the person,
    or the installation. An empty password opens a record that nobody can sign in to yet. Raises `person.name_missing`,
    `person.name_too_long`, `person.identifier_missing`, `person.password_weak`, `person.cui_taken`,
    `person.email_taken`, `person.phone_taken`, `person.not_allowed`, and as `appoint`.
    """
    if not _may_register(by, municipality if post else None):
        raise _not_allowed()
    at = at or timezone.now()
    person = Person(born_on=born_on, language=language, joined_at=at)
    set_fields(person, given_names=given_names, surnames=surnames, email=email, phone=phone, cui=cui)
    _set_password(person, password)
    with transaction.atomic():
        _save(person)
        audit.record("person.registered", by=by or person, subject=subject_of(person), facts={})
        if municipality and post:
            appoint(
                person=person,
                post=post,
                municipality=municipality,
                starts_on=starts_on or timezone.localdate(at),
                ends_on=ends_on,
                renglon=renglon,
                act=act,
                by=by or person,
            )
    return person


def change_details(*, person: Person, by: Person | None, **fields: Any) -> Person:
    """Change given_names, surnames, email, phone, cui, born_on or language; what is not named stays.

    The person themselves, an administrator, or the HR delegate of their town hall. A CUI is written once; afterwards
    an administrator changes it, and names and birth date are theirs to set but not to change. What a delegate may not
    change says `kept_from`. Raises as `register`, `person.cui_fixed`, `person.fixed`, `person.contact_kept` and as
    `assert_may_change`.
    """
    assert_may_change(person, by, "manage_staff")
    with transaction.atomic():
        locked = Person.objects.select_for_update().get(pk=person.pk)
        if "cui" in fields and locked.cui_digest and by and not permissions.allows(by, "manage_people"):
            raise _cui_fixed(is_own=by == person)
        before, kept = _comparable(locked), kept_from(by, locked)
        for name in ("born_on", "language"):
            if name in fields:
                setattr(locked, name, fields.pop(name))
        set_fields(locked, **fields)
        changed = sorted(name for name, value in _comparable(locked).items() if value != before[name])
        if by == person and not permissions.allows(by, "manage_people"):
            _assert_free(name for name in changed if before[name])
        _assert_not_kept(changed, kept)
        if changed:
            _save(locked)
            audit.record("person.changed", by=by, subject=subject_of(locked), facts={"fields": changed})
    return locked


def _assert_free(changed: Iterable[str]) -> None:
    """What identifies a person is not theirs to change alone once it is set."""
    if {"given_names", "surnames", "born_on"} & set(changed):
        message = _("Para corregir sus nombres o su fecha de nacimiento, pida una corrección en «Mis datos».")
        raise RuleBroken("person.fixed", message)


def kept_from(by: Person | None, person: Person) -> set[str]:
    """Which of email, phone and born_on `by` leaves as they are on the record of somebody else.

    With an e-mail or a phone of one's own one comes in by code: of whoever signs in already, or could, a town hall
    changes neither, nor fills in what is empty. And the day of birth, once set, says who is a minor.
    """
    if by is None or by == person or visible_to(by).filter(pk=person.pk).exists():
        return set()
    kept = {"email", "phone"} if _comes_in(person) else set()
    return kept | ({"born_on"} if person.born_on else set())


def _comes_in(person: Person) -> bool:
    """Whether the person ever signed in, or has what one signs in with besides a code."""
    has_key = Authenticator.objects.filter(user=person).exists()
    return bool(person.last_login) or person.has_usable_password() or has_key


def _assert_not_kept(changed: Iterable[str], kept: set[str]) -> None:
    if {"email", "phone"} & kept & set(changed):
        message = _("Esta persona ya entra con su cuenta: su correo y su teléfono los cambia ella misma, o ANAM.")
        raise RuleBroken("person.contact_kept", message)
    if {"born_on"} & kept & set(changed):
        message = _("La fecha de nacimiento ya está anotada. La persona puede pedir una corrección en «Mis datos».")
        raise RuleBroken("person.fixed", message)


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
        audit.record("person.password_changed", by=by, subject=subject_of(person))


def set_active(*, person: Person, is_active: bool, by: Person | None) -> None:
    """Close or reopen a record; nothing is ever deleted. Raises `person.not_allowed` and `person.own_record`."""
    assert_may_change(person, by)
    if by == person:
        raise RuleBroken("person.own_record", _("No puede desactivar su propia cuenta."))
    with transaction.atomic():
        changed = Person.objects.filter(pk=person.pk, is_active=not is_active).update(is_active=is_active)
        if changed:
            action = "person.reopened" if is_active else "person.closed"
            audit.record(action, by=by, subject=subject_of(person))
    person.is_active = is_active


def is_minor(born_on: date | None, *, on: date | None = None) -> bool:
    """Whether somebody born on that day is under 18 on the day `on` (default today); False when it is not known."""
    if born_on is None:
        return False
    return born_on > youngest_adult_birth(on or timezone.localdate())


def may_be_certified(person: Person) -> bool:
    """Whether somebody stands behind `person`, so that a certificate may be issued (`PersonQuerySet.certifiable`)."""
    return Person.objects.certifiable().filter(pk=person.pk).exists()


def visible_to(by: Person, action: str = "manage_people") -> PersonQuerySet:
    """The people on whom `by` may do `action`; never a record that was merged into another.

    Everybody for the nation, else those whose appointment in their places, confirmed or awaiting, is not over.
    """
    if permissions.nationwide(by, action):
        return Person.objects.standing()
    places = permissions.municipalities_for(by, action)
    return Person.objects.filter(
        pk__in=Appointment.objects.lasting().filter(municipality__in=places.values("pk")).values("person_id")
    )


def assert_may_change(person: Person, by: Person | None, action: str = "manage_people") -> None:
    """The person themselves, whoever may do `action` where they work, or the installation (`by` None).

    Nobody but a superuser touches a superuser, and nobody somebody who holds a role (or coordinates a network) that
    they could not grant: with a new password they would hold it themselves. A record that was merged into another is
    changed by nobody, nor is one that was erased. Raises `person.merged`, `person.erased` and as `assert_reaches`.
    """
    if person.erased_at:
        raise RuleBroken("person.erased", _("Los datos de este registro se borraron. Ya no se puede cambiar."))
    if person.merged_into_id:
        raise RuleBroken("person.merged", _("Este registro se unió a otro. Busque el registro que quedó."))
    if by is None or by == person or by.is_superuser:
        return
    if person.is_superuser:
        raise _not_allowed()
    assert_reaches(person, by, action)
    for held in RoleGrant.objects.not_over().filter(person=person).select_related("municipality"):
        if not permissions.may_grant(by, held, as_long=False):
            raise _not_allowed()
    is_coordinator = Membership.objects.current().filter(person=person, is_coordinator=True).exists()
    if is_coordinator and not permissions.nationwide(by, action):
        raise _not_allowed()


def assert_reaches(person: Person, by: Person, action: str) -> None:
    """That `by` may do `action` on the record of `person`.

    A town hall does not reach into the record of somebody whom another one, or a network, has as well or may have soon:
    else one could lay hands on anybody's record by appointing them. Nor into a minor's. Raises `person.not_allowed`,
    `person.held_elsewhere` and `person.minor`.
    """
    if not visible_to(by, action).filter(pk=person.pk).exists():
        raise _not_allowed()
    if by == person or permissions.nationwide(by, action):
        return
    places = permissions.municipalities_for(by, action)
    held = Appointment.objects.lasting().filter(person=person).exclude(municipality__in=places.values("pk"))
    if held.exists() or Membership.objects.open().filter(person=person).exists():
        message = _("Otra municipalidad o una red también le tiene: sus datos los cambia ANAM o la misma persona.")
        raise RuleBroken("person.held_elsewhere", message)
    if is_minor(person.born_on):
        message = _("Esta persona es menor de 18 años: sus datos los cambia ANAM o la misma persona.")
        raise RuleBroken("person.minor", message)


def _may_register(by: Person | None, municipality: Municipality | None) -> bool:
    if by is None or permissions.allows(by, "manage_people"):
        return True
    return municipality is not None and permissions.allows_in(by, "manage_staff", municipality)


def _not_allowed() -> RuleBroken:
    return RuleBroken("person.not_allowed", _("Usted no puede cambiar los datos de esta persona."))


def _cui_fixed(*, is_own: bool) -> RuleBroken:
    if is_own:
        return RuleBroken("person.cui_fixed", _("Para corregir su CUI, escriba a la administración de ANAM."))
    return RuleBroken("person.cui_fixed", _("Esta persona ya tiene CUI. Solo la administración de ANAM lo corrige."))


def clean_name(text: str) -> str:
    """One line, single spaces, without the invisible characters that reorder or break text.

    Raises `person.name_too_long`.
    """
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    clean = "".join(c for c in composed if unicodedata.category(c) not in {"Cc", "Cf", "Co", "Cs"})
    if len(clean) > NAME_LENGTH:  # composing makes some texts longer
        raise RuleBroken("person.name_too_long", _("Escriba nombres y apellidos de 80 letras o menos."))
    return clean


def set_fields(person: Person, **fields: str) -> None:
    """Write given_names, surnames, email, phone or cui into `person`, which is not saved; what is not named stays.

    Raises `person.name_missing`, `person.name_too_long`, `person.identifier_missing`, `cui.malformed` and
    `phone.malformed`.
    """
    for name in ("given_names", "surnames"):
        if name in fields:
            setattr(person, name, clean_name(fields[name]))
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
        if broken := taken(person):
            raise broken from error
        raise


def taken(person: Person) -> RuleBroken | None:
    """The rule that keeps `person` from being saved because somebody else has their CUI, e-mail or phone."""
    others = Person.objects.exclude(pk=person.pk)
    if person.cui_digest and others.filter(cui_digest=person.cui_digest).exists():
        return RuleBroken("person.cui_taken", _("Ya hay una cuenta con este CUI."))
    if person.email and others.filter(email=person.email).exists():
        return RuleBroken("person.email_taken", _("Ya hay una cuenta con este correo."))
    if person.phone and others.filter(phone=person.phone).exists():
        return RuleBroken("person.phone_taken", _("Ya hay una cuenta con este teléfono."))
    return None
