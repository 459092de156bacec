"""Taking a certificate out of force: one asks, another certifies. The row stays as it is; a new event says so."""

from django.db import transaction

from certificates.models import Certificate, CertificateAct, CertificateEvent
from lms.domain import audit
from lms.models import Person

from . import asking, log

ACTION = "certify_certificate_act"
Reason = CertificateAct.Reason
REASONS = (Reason.ERROR, Reason.UNFULFILLED, Reason.FRAUD, Reason.DUPLICATE, Reason.HOLDER, Reason.OTHER)


def ask(*, certificate: Certificate, reason_kind: str, reason: str, by: Person) -> CertificateAct:
    """Ask that a certificate in force, suspended or not, be revoked; until somebody else certifies that it stays so.

    Raises as `asking.checked_reason`, `asking.checked_kind`, `asking.lock_asked` and `asking.put_down`.
    """
    reason = asking.checked_reason(reason)
    asking.checked_kind(reason_kind, REASONS)
    with transaction.atomic():
        locked = asking.lock_asked(certificate, by, even_suspended=True)
        return asking.put_down(
            kind=CertificateAct.Kind.REVOCATION,
            certificate=locked,
            person=locked.person,
            municipality=locked.municipality,
            reason_kind=reason_kind,
            reason=reason,
            by=by,
        )


def lock(act: CertificateAct) -> None:
    """Hold what the act is about."""
    asking.lock(asking.certificate_of(act))


def carry_out(act: CertificateAct) -> None:
    """Write what was certified; every later check sees it. For `acts.certify`. Raises `act.not_in_force`."""
    certificate = asking.lock_in_force(asking.certificate_of(act), even_suspended=True)
    event = CertificateEvent.objects.create(
        certificate=certificate,
        kind=CertificateEvent.Kind.REVOKED,
        at=asking.moment_of(act),
        reason=act.reason,
        by=act.decided_by,
    )
    act.event = event
    act.save()
    log.append(event)
    audit.record(
        "certificate.revoked",
        by=act.decided_by,
        subject=f"certificates.Certificate:{certificate.public_id}",
        facts={"reference": certificate.reference},
    )
