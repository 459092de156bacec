"""What somebody's certificates wait for, in words they can act on (docs/decisions/0013)."""

from collections.abc import Iterator

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from lms.models import Appointment, GuardianConsent, Membership, Person

from . import people


def reasons_to_wait(person: Person) -> list[str]:
    """Whole sentences, one for each thing that is still missing; none when a certificate may be issued."""
    if people.may_be_certified(person):
        return []
    return [*_missing_link(person), *_missing_consent(person)]


def _missing_link(person: Person) -> Iterator[str]:
    """Nobody stands behind the person yet: name who is to be waited for, or what to do first."""
    held = person.appointments.confirmed().order_by("starts_on").first()
    if person.memberships.filter(confirmed_at__isnull=False).exists() or (held and not _is_ahead(held)):
        return
    posts = person.appointments.awaiting().select_related("municipality__department").order_by("-starts_on", "-pk")
    asked = person.memberships.awaiting().select_related("network")
    if held:
        yield _("Su certificado sale cuando empiece su puesto, el %(day)s.") % {"day": date_format(held.starts_on)}
    for appointment in posts[:1]:
        yield after_confirmation_of(appointment)
    for membership in asked:
        yield _("Su certificado sale cuando quien coordina «%(network)s» acepte su solicitud.") % {
            "network": membership.network.name
        }
    if not (held or posts or asked):
        yield _without_link(person)


def _is_ahead(appointment: Appointment) -> bool:
    return appointment.starts_on > timezone.localdate()


def _without_link(person: Person) -> str:
    if people.is_minor(person.born_on):
        return _("Su certificado sale cuando una red le acepte como integrante. Pida unirse a la suya.")
    return _("Su certificado sale cuando se confirme su puesto. Anótelo en «Mi cuenta», o pida unirse a su red.")


def after_confirmation_of(appointment: Appointment) -> str:
    """What a declared post waits for."""
    return _("Su certificado sale cuando Recursos Humanos de %(place)s confirme su puesto.") % {
        "place": appointment.municipality
    }


def _missing_consent(person: Person) -> Iterator[str]:
    """A minor's certificates wait for the signed paper as well."""
    if not people.is_minor(person.born_on):
        return
    consent = GuardianConsent.objects.filter(person=person).first()
    if consent is None:
        yield _("Como es menor de 18 años, falta el permiso de su madre, su padre o la persona encargada.")
    elif consent.withdrawn_at:
        yield _("La persona encargada retiró su permiso. Con un permiso nuevo, o al cumplir 18 años, sale.")
    elif not consent.holds:
        yield _("Falta que quien coordina su red confirme que recibió el permiso firmado de la persona encargada.")


def requests_of(person: Person) -> list[Membership]:
    """The person's own requests to join a network: those that wait, and the newest answer where it was a no."""
    asked = person.memberships.filter(confirmed_at=None, invited_at=None)
    mine = asked.select_related("network", "municipality__department")
    newest: dict[int, Membership] = {}
    for request in mine.order_by("pk"):
        newest[request.network_id] = request
    inside = set(person.memberships.current().values_list("network_id", flat=True))
    return [request for network_id, request in newest.items() if network_id not in inside]
