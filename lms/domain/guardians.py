"""Minors: registering with little, and the consent of their mother, father or guardian.

The minor names who signs; whoever coordinates their network, or ANAM, confirms that the signed paper is in their hands.
Until then learning works and certificates wait (docs/decisions/0013). With the 18th birthday none of it is asked any
more.
"""

from datetime import date
from functools import partial

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import permissions
from lms.models import GuardianConsent, Membership, Person
from lms.models.people import MembershipQuerySet
from lms.signals import link_confirmed

from . import audit, networks, people
from .errors import RuleBroken


def register_minor(
    *,
    given_names: str,
    surnames: str,
    born_on: date,
    password: str,
    guardian_name: str,
    relation: str,
    email: str = "",
    phone: str = "",
) -> Person:
    """Open a minor's own record: names, birth date, a way to sign in, and who will sign. No CUI, post or language.

    Raises `person.not_a_minor`, as `people.register` and as `declare`.
    """
    if not people.is_minor(born_on):
        raise RuleBroken("person.not_a_minor", _("Este registro es para menores de 18 años. Revise su fecha."))
    with transaction.atomic():
        person = people.register(
            given_names=given_names, surnames=surnames, password=password, email=email, phone=phone, born_on=born_on
        )
        declare(person=person, guardian_name=guardian_name, relation=relation, by=person)
    return person


def declare(*, person: Person, guardian_name: str, relation: str, by: Person | None) -> GuardianConsent:
    """Name who lets a minor take part; a new name, or one after a withdrawal, has to be confirmed anew.

    The minor does it, or ANAM for them. Raises `consent.not_a_minor`, `consent.name_missing`, `person.not_allowed`.
    """
    people.assert_may_change(person, by)
    if not people.is_minor(person.born_on):
        raise RuleBroken("consent.not_a_minor", _("El permiso es solo para menores de 18 años."))
    name = " ".join(guardian_name.split())
    if not name:
        raise RuleBroken("consent.name_missing", _("Escriba el nombre de quien autoriza."))
    with transaction.atomic():
        consent, _created = GuardianConsent.objects.update_or_create(
            person=person,
            defaults={
                "guardian_name": name,
                "relation": relation,
                "declared_at": timezone.now(),
                "confirmed_at": None,
                "confirmed_by": None,
                "withdrawn_at": None,
            },
        )
        audit.record("consent.declared", by=by, subject=_subject(person), facts={"relation": relation})
    return consent


def confirm(*, person: Person, by: Person | None) -> GuardianConsent:
    """Note that the signed paper is in the hands of whoever coordinates the network, or of ANAM.

    Repeating it changes nothing. Raises `consent.not_allowed`, `consent.not_declared`, `consent.withdrawn`.
    """
    _assert_may_confirm(person, by)
    with transaction.atomic():
        consent = _locked(person)
        if consent.withdrawn_at:
            message = _("El permiso fue retirado. Para volver, la persona escribe de nuevo quién autoriza.")
            raise RuleBroken("consent.withdrawn", message)
        if consent.confirmed_at is None:
            consent.confirmed_at, consent.confirmed_by = timezone.now(), by
            consent.save(update_fields=["confirmed_at", "confirmed_by"])
            audit.record("consent.confirmed", by=by, subject=_subject(person))
            transaction.on_commit(partial(link_confirmed.send_robust, sender=GuardianConsent, person=person))
    return consent


def undo(*, person: Person, by: Person | None) -> GuardianConsent:
    """Take back a confirmation that was a mistake; the paper is asked for again.

    Whoever confirmed it may, while they look after a network of the minor's, and ANAM. Raises as `confirm`.
    """
    _assert_may_confirm(person, by)
    with transaction.atomic():
        consent = _locked(person)
        if consent.confirmed_at and not may_undo(consent, by):
            raise RuleBroken("consent.not_allowed", _("Lo deshace quien lo confirmó, o ANAM."))
        if consent.confirmed_at and consent.withdrawn_at is None:
            consent.confirmed_at = consent.confirmed_by = None
            consent.save(update_fields=["confirmed_at", "confirmed_by"])
            audit.record("consent.confirmation_undone", by=by, subject=_subject(person))
    return consent


def withdraw(*, person: Person, by: Person | None) -> GuardianConsent:
    """The guardian takes the consent back: told by the minor, or to whoever coordinates a network, or to ANAM.

    From that moment the minor belongs to no network, so its courses are closed to them; what they learnt and the
    certificates they have stay theirs. A coordinator ends the places in the networks that they look after, no more;
    the consent itself ends with the last network. Repeating it changes nothing. Raises `consent.not_allowed` and
    `consent.not_declared`.
    """
    if by != person:
        _assert_may_confirm(person, by)
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=person.pk)
        consent = _locked(person)
        if consent.withdrawn_at is None:
            every = Membership.objects.filter(person=person, left_on=None)
            if by is None or by == person:
                ended = every
            else:
                ended = every.filter(network__in=networks.in_care_of(by).values("pk"))
            count = ended.update(left_on=timezone.localdate())
            if Membership.objects.open().filter(person=person).exists():
                audit.record(
                    "consent.withdrawn_from_network", by=by, subject=_subject(person), facts={"networks": count}
                )
            else:
                consent.withdrawn_at = timezone.now()
                consent.save(update_fields=["withdrawn_at"])
                audit.record("consent.withdrawn", by=by, subject=_subject(person), facts={"networks": count})
    return consent


def may_undo(consent: GuardianConsent, by: Person | None) -> bool:
    """Whether `by` is who confirmed the consent, or ANAM."""
    return by is None or consent.confirmed_by_id == by.pk or permissions.nationwide(by, networks.ACTION)


def members_in_care_of(by: Person) -> MembershipQuerySet:
    """The members and those who ask to be, of every network whose members `by` looks after."""
    return Membership.objects.open().filter(network__in=networks.in_care_of(by).values("pk"))


def _assert_may_confirm(person: Person, by: Person | None) -> None:
    """ANAM, or a coordinator of a network of theirs, but never the minor themselves."""
    if by is None:
        return
    nationwide = permissions.nationwide(by, networks.ACTION)
    if by == person or not (nationwide or members_in_care_of(by).filter(person=person).exists()):
        raise RuleBroken("consent.not_allowed", _("El permiso lo confirma quien coordina la red, o ANAM."))


def _locked(person: Person) -> GuardianConsent:
    consent = GuardianConsent.objects.select_for_update().filter(person=person).first()
    if consent is None:
        raise RuleBroken("consent.not_declared", _("Todavía no está escrito quién autoriza."))
    return consent


def _subject(person: Person) -> str:
    return f"lms.person:{person.public_id}"
