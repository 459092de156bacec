"""The second of two people: certifies or refuses what the first asked."""

from types import ModuleType

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from certificates.models import CertificateAct
from lms import permissions
from lms.domain.errors import RuleBroken
from lms.models import Person

from . import act_notices, asking, by_hand, correction, revocation, suspension, testimony

CERTIFY = revocation.ACTION
Kind, Decision = CertificateAct.Kind, CertificateAct.Decision
_CARRIED_OUT_BY: dict[str, ModuleType] = {
    Kind.ISSUE: by_hand,
    Kind.CORRECTION: correction,
    Kind.REVOCATION: revocation,
    Kind.SUSPENSION: suspension,
    Kind.LIFTING: suspension,
}


def visible_to(person: Person, action: str) -> QuerySet[CertificateAct]:
    """The acts over which somebody may do `action`: those of their municipalities, or all of the country's."""
    if permissions.nationwide(person, action):
        return CertificateAct.objects.all()
    return CertificateAct.objects.filter(municipality__in=permissions.municipalities_for(person, action))


def asked_by(person: Person) -> QuerySet[CertificateAct]:
    """What somebody asked, under whatever record, the newest first."""
    return CertificateAct.objects.filter(asked_by__in=Person.objects.family(person)).order_by("-asked_at", "-pk")


def obstacle(act: CertificateAct, by: Person) -> RuleBroken | None:
    """Why `by` may not decide an act, if they may not: the rule that stands in the way."""
    if not visible_to(by, CERTIFY).filter(pk=act.pk).exists():
        return RuleBroken("act.not_yours_to_decide", _("Su rol no le permite decidir esto."))
    if Person.objects.family(act.asked_by).filter(pk__in=Person.objects.family(by)).exists():
        return RuleBroken("act.asked_by_oneself", _("Usted lo pidió: lo tiene que certificar otra persona."))
    try:
        asking.assert_not_oneself(act.person, by)
    except RuleBroken as broken:
        return broken
    return None


def certify(*, act: CertificateAct, by: Person) -> CertificateAct:
    """Certify an act and do what it asks, in one transaction.

    Raises `act.not_yours_to_decide`, `act.asked_by_oneself`, `act.about_oneself`, `act.already_decided`,
    `act.not_in_force`, `act.suspended`, `act.not_suspended` and, of an issue, as `by_hand.assert_lacks`.
    """
    with transaction.atomic():
        _carried_out(act).lock(act)
        decided = _decide(act, by, Decision.CERTIFIED)
        _carried_out(decided).carry_out(decided)
        asking.tell("certificate_act.certified", decided, by=by)
        act_notices.ask(decided)
    return decided


def refuse(*, act: CertificateAct, reason: str, by: Person) -> CertificateAct:
    """Say no, and why; whoever asked reads it. Raises as `asking.checked_reason` and `certify`."""
    answer = asking.checked_reason(reason)
    with transaction.atomic():
        decided = _decide(act, by, Decision.REFUSED)
        decided.answer = answer
        decided.save()
        asking.tell("certificate_act.refused", decided, by=by)
    return decided


def carry_out_of_batch(act: CertificateAct, *, by: Person) -> None:
    """Do what an act of a batch asks, which `by` certified whole; refused where it is lacking no more.

    For whoever holds the transaction. An act that was decided before stays as it is. Raises `register.behind`.
    """
    try:
        with transaction.atomic():
            by_hand.lock(act)
            locked = _locked(act)
            if locked.is_open:
                locked.decided_by, locked.decided_at, locked.decision = by, timezone.now(), Decision.CERTIFIED
                by_hand.carry_out(locked)
                act_notices.ask(locked)
    except RuleBroken as broken:
        if broken.code == testimony.BEHIND:  # not this act's fault: it waits until the restore is declared
            raise
        refused = {"decided_by": by, "decided_at": timezone.now(), "decision": Decision.REFUSED}
        CertificateAct.objects.waiting().filter(pk=act.pk).update(answer=broken.message[:300], **refused)


def _locked(act: CertificateAct) -> CertificateAct:
    return CertificateAct.objects.select_for_update(of=("self",), no_key=True).get(pk=act.pk)


def _carried_out(act: CertificateAct) -> ModuleType:
    """What does acts of this kind."""
    return _CARRIED_OUT_BY[act.kind]


def _decide(act: CertificateAct, by: Person, decision: str) -> CertificateAct:
    """The act, locked, with its decision, not yet saved."""
    locked = _locked(act)
    if broken := obstacle(locked, by):
        raise broken
    if not locked.is_open or locked.batch_id:
        raise RuleBroken("act.already_decided", _("Esto ya se decidió."))
    locked.decided_by, locked.decided_at, locked.decision = by, timezone.now(), decision
    return locked
