"""Networks of people over several municipalities: founding, asking to join, joining, coordinating, leaving."""

from collections.abc import Iterable
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import permissions
from lms.models import GuardianConsent, Membership, Municipality, Network, Person
from lms.signals import link_confirmed

from . import audit, people
from .errors import RuleBroken

ACTION = "manage_network_members"


def found(*, name: str, municipalities: Iterable[Municipality], by: Person | None, purpose: str = "") -> Network:
    """Make a network. `by` None is the installation itself. Raises `network.not_allowed` and `network.name_taken`."""
    _assert_manages(by)
    with transaction.atomic():
        network = _save(Network(), name, purpose)
        network.municipalities.set(municipalities)
        audit.record("network.founded", by=by, subject=f"lms.network:{network.public_id}", facts=_facts(network))
    return network


def change(
    *, network: Network, name: str, municipalities: Iterable[Municipality], by: Person | None, purpose: str = ""
) -> Network:
    """Rename a network or change its municipalities. Raises as `found`."""
    _assert_manages(by)
    with transaction.atomic():
        _save(network, name, purpose)
        network.municipalities.set(municipalities)
        audit.record("network.changed", by=by, subject=f"lms.network:{network.public_id}", facts=_facts(network))
    return network


def join(
    *, person: Person, network: Network, municipality: Municipality, by: Person | None, is_coordinator: bool = False
) -> Membership:
    """Take `person` into a network for one of its municipalities (any, when the network names none).

    An administrator may; whoever had asked, or was invited, is in. Raises `network.not_allowed`,
    `network.municipality_outside`, `network.already_member`, `network.consent_withdrawn` and
    `network.coordinator_minor`.
    """
    _assert_manages(by)
    _assert_may_enter(person, network, municipality)
    if is_coordinator:
        _assert_grown_up(person)
    with transaction.atomic():
        membership = _locked_pending(person, network) or Membership(person=person, network=network)
        membership.municipality, membership.is_coordinator = municipality, is_coordinator
        membership.confirmed_at = timezone.now()
        _enter(membership)
        _record("network.joined", membership, by, municipality=municipality.code)
        _tell(membership)
    return membership


def invite(*, person: Person, network: Network, municipality: Municipality, by: Person | None) -> Membership | None:
    """A coordinator would like somebody in the network: whoever asked is in, the others are asked by an invitation.

    Whoever is in already, was invited, declined once, or is a minor who did not ask, is left alone; the coordinator is
    not to learn who a number belongs to. Raises `network.not_allowed` and `network.municipality_outside`.
    """
    _assert_looks_after(by, network)
    _assert_place(network, municipality)
    with transaction.atomic():
        asked = Membership.objects.awaiting().filter(person=person, network=network).first()
        if asked is not None:
            return accept(membership=asked, by=by)
        known = Membership.objects.filter(person=person, network=network)
        declined = known.filter(confirmed_at=None, invited_at__isnull=False)
        if people.is_minor(person.born_on) or known.filter(left_on=None).exists() or declined.exists():
            return None
        invited = Membership(person=person, network=network, municipality=municipality)
        invited.confirmed_at, invited.invited_at = None, timezone.now()
        try:
            _enter(invited)
        except RuleBroken:  # they asked, or were invited, at this very moment
            return None
        _record("network.invited", invited, by, municipality=municipality.code)
    return invited


def ask_to_join(*, person: Person, network: Network, municipality: Municipality) -> Membership:
    """Somebody asks for their own place in a network; it waits for whoever coordinates it.

    A grown-up who was invited is in at once; a minor's place always waits to be accepted. Raises
    `network.already_member`, `network.already_asked`, `network.municipality_outside`, `network.consent_missing`,
    `network.consent_withdrawn`.
    """
    _assert_may_enter(person, network, municipality)
    if people.is_minor(person.born_on) and not GuardianConsent.objects.filter(person=person).exists():
        raise RuleBroken("network.consent_missing", _("Primero escriba quién autoriza que usted participe."))
    if Membership.objects.awaiting().filter(person=person, network=network).exists():
        raise RuleBroken("network.already_asked", _("Su solicitud ya está en espera."))
    with transaction.atomic():
        invited = _locked_pending(person, network)
        is_in = invited is not None and not people.is_minor(person.born_on)
        membership = invited or Membership(person=person, network=network)
        membership.municipality, membership.joined_on = municipality, timezone.localdate()
        membership.confirmed_at = timezone.now() if is_in else None
        membership.invited_at = membership.invited_at if is_in else None
        _enter(membership)
        _record("network.joined" if is_in else "network.asked", membership, person, municipality=municipality.code)
        if is_in:
            _tell(membership)
    return membership


def decline(*, membership: Membership, by: Person | None) -> None:
    """Somebody does not take up an invitation; they may still ask to join.

    Raises `network.not_allowed` and `network.not_asked`.
    """
    _assert_own(membership, by)
    with transaction.atomic():
        declined = Membership.objects.invited().filter(pk=membership.pk).update(left_on=timezone.localdate())
        if not declined:
            raise _not_asked()
        _record("network.invitation_declined", membership, by)


def withdraw_request(*, membership: Membership, by: Person | None) -> None:
    """Somebody no longer asks to join. Raises `network.not_allowed` and `network.not_asked`."""
    _assert_own(membership, by)
    with transaction.atomic():
        asked = _locked_request(membership)
        _record("network.request_withdrawn", asked, by)
        asked.delete()


def accept(*, membership: Membership, by: Person | None) -> Membership:
    """Take in somebody who asked. Repeating it changes nothing. Raises `network.not_allowed`, `network.not_asked`."""
    _assert_looks_after(by, membership.network)
    with transaction.atomic():
        if Membership.objects.current().filter(pk=membership.pk).exists():
            return membership
        asked = _locked_request(membership)
        asked.confirmed_at = timezone.now()
        asked.joined_on = timezone.localdate()
        asked.save(update_fields=["confirmed_at", "joined_on"])
        _record("network.joined", asked, by, municipality=asked.municipality.code)
        _tell(asked)
    return asked


def refuse(*, membership: Membership, by: Person | None) -> None:
    """Do not take in somebody who asked; they may ask again. Raises `network.not_allowed` and `network.not_asked`."""
    _assert_looks_after(by, membership.network)
    with transaction.atomic():
        asked = _locked_request(membership)
        asked.left_on = timezone.localdate()
        asked.save(update_fields=["left_on"])
        _record("network.refused", asked, by)


def leave(*, membership: Membership, by: Person | None) -> None:
    """End a membership today: the member, a coordinator of the network or an administrator may.

    Raises `network.not_allowed` and `network.not_member`.
    """
    is_member = by is not None and by.pk == membership.person_id
    if not (is_member or looks_after(by, membership.network)):
        raise _not_allowed()
    with transaction.atomic():
        left = Membership.objects.current().filter(pk=membership.pk).update(left_on=timezone.localdate())
        if not left:
            raise RuleBroken("network.not_member", _("Esta persona ya no es integrante de la red."))
        _record("network.left", membership, by)


def choose_coordinator(*, membership: Membership, is_coordinator: bool, by: Person | None) -> Membership:
    """An administrator says who coordinates a network, or no longer does. A minor does not.

    Raises `network.not_allowed`, `network.not_member`, `network.coordinator_minor`.
    """
    _assert_manages(by)
    if is_coordinator:
        _assert_grown_up(membership.person)
    with transaction.atomic():
        locked = Membership.objects.current().select_for_update().filter(pk=membership.pk).first()
        if locked is None:
            raise RuleBroken("network.not_member", _("Esta persona ya no es integrante de la red."))
        if locked.is_coordinator != is_coordinator:
            locked.is_coordinator = is_coordinator
            locked.save(update_fields=["is_coordinator"])
            action = "network.coordinator_chosen" if is_coordinator else "network.coordinator_released"
            _record(action, locked, by)
    return locked


def looks_after(by: Person | None, network: Network) -> bool:
    """Whether `by` takes in and lets go members of the network: who coordinates it, ANAM, the installation (None)."""
    return by is None or in_care_of(by).filter(pk=network.pk).exists()


def in_care_of(by: Person) -> QuerySet[Network]:
    """The networks whose members `by` looks after."""
    if permissions.nationwide(by, ACTION):
        return Network.objects.all()
    mine = Membership.objects.current().filter(person=by, person__is_active=True, is_coordinator=True)
    return Network.objects.filter(pk__in=mine.values("network"))


def places_of(network: Network) -> QuerySet[Municipality]:
    """The municipalities for which somebody may be a member: the network's, or all when it names none."""
    named = network.municipalities.select_related("department")
    return named if named.exists() else Municipality.objects.select_related("department")


def _assert_may_enter(person: Person, network: Network, municipality: Municipality) -> None:
    _assert_place(network, municipality)
    if Membership.objects.current().filter(person=person, network=network).exists():
        raise _already_member()
    consent = GuardianConsent.objects.filter(person=person).first()
    if people.is_minor(person.born_on) and consent and consent.withdrawn_at:
        message = _("La persona encargada retiró su permiso. Para volver hace falta uno nuevo.")
        raise RuleBroken("network.consent_withdrawn", message)


def _assert_place(network: Network, municipality: Municipality) -> None:
    if not places_of(network).filter(pk=municipality.pk).exists():
        raise RuleBroken("network.municipality_outside", _("Ese municipio no pertenece a la red."))


def _assert_own(membership: Membership, by: Person | None) -> None:
    if by is not None and by.pk != membership.person_id:
        raise _not_allowed()


def _assert_grown_up(person: Person) -> None:
    if people.is_minor(person.born_on):
        raise RuleBroken("network.coordinator_minor", _("Quien coordina una red tiene 18 años o más."))


def _enter(membership: Membership) -> None:
    """Write a place in a network; of two at the same moment one is told."""
    try:
        with transaction.atomic():
            membership.save()
    except IntegrityError as error:
        raise _already_member() from error


def _locked_pending(person: Person, network: Network) -> Membership | None:
    """A request or an invitation that has no answer yet."""
    pending = Membership.objects.filter(person=person, network=network, left_on=None, confirmed_at=None)
    return pending.select_for_update().first()


def _locked_request(membership: Membership) -> Membership:
    asked = Membership.objects.awaiting().select_for_update(of=("self",)).filter(pk=membership.pk).first()
    if asked is None:
        raise _not_asked()
    return asked


def _not_asked() -> RuleBroken:
    return RuleBroken("network.not_asked", _("Esa solicitud ya no está en espera."))


def _record(action: str, membership: Membership, by: Person | None, **facts: str) -> None:
    subject = f"lms.network:{membership.network.public_id}"
    audit.record(action, by=by, subject=subject, facts={"person": str(membership.person.public_id), **facts})


def _tell(membership: Membership) -> None:
    transaction.on_commit(partial(link_confirmed.send_robust, sender=Membership, person=membership.person))


def _already_member() -> RuleBroken:
    return RuleBroken("network.already_member", _("Esta persona ya es integrante de la red."))


def _assert_looks_after(by: Person | None, network: Network) -> None:
    if not looks_after(by, network):
        raise _not_allowed()


def _manages(by: Person | None) -> bool:
    return by is None or permissions.allows(by, "manage_networks")


def _not_allowed() -> RuleBroken:
    return RuleBroken("network.not_allowed", _("Usted no puede cambiar esta red."))


def _assert_manages(by: Person | None) -> None:
    if not _manages(by):
        raise _not_allowed()


def _save(network: Network, name: str, purpose: str) -> Network:
    network.name, network.purpose = " ".join(name.split()), purpose.strip()
    try:
        with transaction.atomic():
            network.save()
    except IntegrityError as error:
        raise RuleBroken("network.name_taken", _("Ya hay una red con ese nombre.")) from error
    return network


def _facts(network: Network) -> dict:
    codes = network.municipalities.order_by("code").values_list("code", flat=True)
    return {"name": network.name, "municipalities": list(codes)}
