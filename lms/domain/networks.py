"""Networks of people over several municipalities: founding, joining, leaving."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import permissions
from lms.models import Membership, Municipality, Network, Person

from . import audit
from .errors import RuleBroken


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

    An administrator may, and a coordinator of the network, who makes no coordinators. Raises `network.not_allowed`,
    `network.municipality_outside` and `network.already_member`.
    """
    if not (_manages(by) or (_coordinates(by, network) and not is_coordinator)):
        raise _not_allowed()
    places = network.municipalities.all()
    if places and municipality not in places:
        raise RuleBroken("network.municipality_outside", _("Ese municipio no pertenece a la red."))
    try:
        with transaction.atomic():
            membership = Membership.objects.create(
                person=person, network=network, municipality=municipality, is_coordinator=is_coordinator
            )
            facts = {"person": str(person.public_id), "municipality": municipality.code}
            audit.record("network.joined", by=by, subject=f"lms.network:{network.public_id}", facts=facts)
    except IntegrityError as error:
        raise RuleBroken("network.already_member", _("Esta persona ya es integrante de la red.")) from error
    return membership


def leave(*, membership: Membership, by: Person | None) -> None:
    """End a membership today: the member, a coordinator of the network or an administrator may.

    Raises `network.not_allowed` and `network.not_member`.
    """
    is_member = by is not None and by.pk == membership.person_id
    if not (is_member or _manages(by) or _coordinates(by, membership.network)):
        raise _not_allowed()
    with transaction.atomic():
        left = Membership.objects.current().filter(pk=membership.pk).update(left_on=timezone.localdate())
        if not left:
            raise RuleBroken("network.not_member", _("Esta persona ya no es integrante de la red."))
        facts = {"person": str(membership.person.public_id)}
        audit.record("network.left", by=by, subject=f"lms.network:{membership.network.public_id}", facts=facts)


def _manages(by: Person | None) -> bool:
    return by is None or permissions.allows(by, "manage_networks")


def _coordinates(by: Person | None, network: Network) -> bool:
    current = Membership.objects.current()
    return by is not None and by.is_active and current.filter(person=by, network=network, is_coordinator=True).exists()


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
