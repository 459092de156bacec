"""Taking a certificate out of force. The row stays as it is; a new event says so."""

from django.db import transaction
from django.utils.translation import gettext as _

from certificates.models import Certificate, CertificateEvent
from lms.domain import audit, identity
from lms.domain.errors import RuleBroken
from lms.models import Person

from . import coverage, log

ACTION = "revoke_certificate"


def revoke(*, certificate: Certificate, reason: str, by: Person) -> CertificateEvent:
    """Revoke a certificate in force; every later check sees it.

    Raises `certificate.not_yours_to_revoke`, `certificate.reason_missing`, `certificate.reason_too_long` or
    `certificate.already_revoked`.
    """
    reason = reason.strip()
    if not coverage.visible_to(by, ACTION).filter(pk=certificate.pk).exists():
        raise RuleBroken("certificate.not_yours_to_revoke", _("Su rol no le permite revocar este certificado."))
    if not reason:
        raise RuleBroken("certificate.reason_missing", _("Escriba por qué se revoca el certificado."))
    if len(reason) > 300:
        raise RuleBroken("certificate.reason_too_long", _("Escriba el motivo en 300 letras o menos."))
    identity.assert_no_number(reason)
    with transaction.atomic():
        locked = Certificate.objects.select_for_update().get(pk=certificate.pk)
        if locked.newest_event().kind != CertificateEvent.Kind.ISSUED:
            raise RuleBroken("certificate.already_revoked", _("Este certificado ya no está en vigor."))
        event = CertificateEvent.objects.create(
            certificate=locked, kind=CertificateEvent.Kind.REVOKED, reason=reason, by=by
        )
        log.append(event)
        audit.record(
            "certificate.revoked",
            by=by,
            subject=f"certificates.Certificate:{locked.public_id}",
            facts={"reference": locked.reference},
        )
    return event
