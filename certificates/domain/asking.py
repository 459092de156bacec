"""What all acts of the register share while they are asked: who may, for whom, why, and that one waits at a time."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from certificates.models import Certificate, CertificateAct
from lms import permissions
from lms.domain import audit, identity
from lms.domain.errors import RuleBroken
from lms.models import Municipality, Person

from . import coverage

ACTION = "ask_certificate_act"
REASON_LENGTH = 300


def checked_reason(reason: str) -> str:
    """The words of a reason. Raises `act.reason_missing`, `act.reason_too_long`, `text.number_in_it`."""
    reason = reason.strip()
    if not reason:
        raise RuleBroken("act.reason_missing", _("Escriba el motivo."))
    if len(reason) > REASON_LENGTH:
        raise RuleBroken("act.reason_too_long", _("Escriba el motivo en 300 letras o menos."))
    identity.assert_no_number(reason)
    return reason


def assert_not_oneself(person: Person, by: Person) -> None:
    """Nobody asks or certifies about themselves, under whatever record. Raises `act.about_oneself`."""
    if Person.objects.family(person).filter(pk__in=Person.objects.family(by)).exists():
        message = _("Es un certificado suyo: lo tienen que pedir y certificar otras dos personas.")
        raise RuleBroken("act.about_oneself", message)


def assert_reaches(municipality: Municipality | None, by: Person) -> None:
    """Raises `act.not_yours_to_ask` unless one may ask there; what names no municipality is the nation's."""
    may = permissions.nationwide(by, ACTION)
    if not may and not (municipality and permissions.allows_in(by, ACTION, municipality)):
        raise RuleBroken("act.not_yours_to_ask", _("Su rol no le permite pedir esto para ese municipio."))


def checked_kind(kind: str, kinds: Iterable[str]) -> str:
    """One of the kinds of reason that an act may have. Raises `act.reason_kind_unknown`."""
    if kind not in kinds:
        raise RuleBroken("act.reason_kind_unknown", _("Elija uno de los motivos de la lista."))
    return kind


def lock_asked(certificate: Certificate, by: Person, *, even_suspended: bool = False) -> Certificate:
    """The certificate, locked and in force, about which somebody may ask.

    Raises `act.not_yours_to_ask`, `act.about_oneself`, `act.not_in_force`, `act.suspended`.
    """
    if not coverage.visible_to(by, ACTION).filter(pk=certificate.pk).exists():
        raise RuleBroken("act.not_yours_to_ask", _("Su rol no le permite pedir esto de este certificado."))
    assert_not_oneself(certificate.person, by)
    return lock_in_force(certificate, even_suspended=even_suspended)


def lock_in_force(certificate: Certificate, *, even_suspended: bool = False) -> Certificate:
    """The certificate, locked. Raises `act.not_in_force` where it holds no more, `act.suspended` while it does not.

    No other takes the place of one that is suspended, for that would lift the suspension.
    """
    locked = lock(certificate)
    if not Certificate.objects.in_force().filter(pk=locked.pk).exists():
        raise RuleBroken("act.not_in_force", _("Este certificado ya no está en vigor."))
    if not even_suspended and is_suspended(locked):
        raise RuleBroken("act.suspended", _("Este certificado está suspendido."))
    return locked


def is_suspended(certificate: Certificate) -> bool:
    """Whether it is for the time being of no effect."""
    return Certificate.objects.suspended().filter(pk=certificate.pk).exists()


def lock(certificate: Certificate) -> Certificate:
    """The certificate, so that nobody else changes its state until the transaction ends."""
    return Certificate.objects.select_for_update(of=("self",), no_key=True).get(pk=certificate.pk)


def certificate_of(act: CertificateAct) -> Certificate:
    """What an act is about that is no issue."""
    if act.certificate is None:
        raise ValueError(f"{act} is about no certificate")
    return act.certificate


def moment_of(act: CertificateAct) -> datetime:
    """When it was certified."""
    if act.decided_at is None:
        raise ValueError(f"{act} was not decided")
    return act.decided_at


def put_down(*, kind: str, person: Person, by: Person, reason: str, **fields: Any) -> CertificateAct:
    """The act that waits from now on. Raises `act.already_asked` where one about the same certificate does."""
    try:
        with transaction.atomic():
            act = CertificateAct.objects.create(kind=kind, person=person, asked_by=by, reason=reason, **fields)
    except IntegrityError as error:
        message = _("Sobre este certificado ya hay un acto por certificar. Espere a que se decida.")
        raise RuleBroken("act.already_asked", message) from error
    tell("certificate_act.asked", act, by=by)
    return act


def tell(action: str, act: CertificateAct, *, by: Person) -> None:
    """Tell the trail; of what is asked only which kind, about which number."""
    facts = {"type": act.kind}
    if act.certificate:
        facts["reference"] = act.certificate.reference
    audit.record(action, by=by, subject=f"certificates.CertificateAct:{act.public_id}", facts=facts)
