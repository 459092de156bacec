"""Suspending a certificate while a doubt is looked into, and lifting that: one asks, another certifies.

Both are events of the register like any other: nothing is taken back, and the log tells of both.
"""

from django.db import transaction
from django.utils.translation import gettext as _

from certificates.models import Certificate, CertificateAct, CertificateEvent
from lms.domain import audit
from lms.domain.errors import RuleBroken
from lms.models import Person

from . import asking, log

Kind, Reason = CertificateAct.Kind, CertificateAct.Reason
REASONS = (Reason.DOUBT, Reason.ERROR, Reason.HOLDER, Reason.OTHER)
REASONS_TO_LIFT = (Reason.CLEARED, Reason.HOLDER, Reason.OTHER)
_EVENTS = {
    Kind.SUSPENSION: (CertificateEvent.Kind.SUSPENDED, "certificate.suspended"),
    Kind.LIFTING: (CertificateEvent.Kind.REINSTATED, "certificate.reinstated"),
}


def ask(*, certificate: Certificate, reason_kind: str, reason: str, by: Person) -> CertificateAct:
    """Ask that a certificate in force be suspended; it holds until somebody else certifies that.

    Raises as `asking.checked_reason`, `asking.checked_kind`, `asking.lock_asked` and `asking.put_down`.
    """
    asking.checked_kind(reason_kind, REASONS)
    return _ask(Kind.SUSPENSION, certificate, reason_kind, reason, by)


def ask_lifting(*, certificate: Certificate, reason_kind: str, reason: str, by: Person) -> CertificateAct:
    """Ask that a suspension be lifted; it lasts until somebody else certifies that.

    Raises `act.not_suspended`, and as `ask`.
    """
    asking.checked_kind(reason_kind, REASONS_TO_LIFT)
    return _ask(Kind.LIFTING, certificate, reason_kind, reason, by)


def _ask(kind: str, certificate: Certificate, reason_kind: str, reason: str, by: Person) -> CertificateAct:
    reason = asking.checked_reason(reason)
    with transaction.atomic():
        locked = asking.lock_asked(certificate, by, even_suspended=kind == Kind.LIFTING)
        if kind == Kind.LIFTING:
            _assert_suspended(locked)
        return asking.put_down(
            kind=kind,
            certificate=locked,
            person=locked.person,
            municipality=locked.municipality,
            reason_kind=reason_kind,
            reason=reason,
            by=by,
        )


def _assert_suspended(certificate: Certificate) -> None:
    if not asking.is_suspended(certificate):
        raise RuleBroken("act.not_suspended", _("Este certificado no está suspendido."))


def lock(act: CertificateAct) -> None:
    """Hold what the act is about."""
    asking.lock(asking.certificate_of(act))


def carry_out(act: CertificateAct) -> None:
    """Write what was certified. For `acts.certify`. Raises `act.not_in_force`, `act.suspended`, `act.not_suspended`."""
    is_lifting = act.kind == Kind.LIFTING
    certificate = asking.lock_in_force(asking.certificate_of(act), even_suspended=is_lifting)
    if is_lifting:
        _assert_suspended(certificate)
    kind, told = _EVENTS[Kind(act.kind)]
    event = CertificateEvent.objects.create(
        certificate=certificate, kind=kind, at=asking.moment_of(act), reason=act.reason, by=act.decided_by
    )
    act.event = event
    act.save()
    log.append(event)
    audit.record(
        told,
        by=act.decided_by,
        subject=f"certificates.Certificate:{certificate.public_id}",
        facts={"reference": certificate.reference},
    )
