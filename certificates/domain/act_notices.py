"""Telling the holder what two people did about a certificate of theirs."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _

from certificates.models import CertificateAct
from courses.domain import notices
from lms.domain import job_words, jobs

TELL = "certificates.tell_act"
Kind = CertificateAct.Kind


def ask(act: CertificateAct) -> None:
    """Owe the holder the news of an act that was certified."""
    jobs.request(TELL, act.public_id, max_attempts=notices.TRIES)


@jobs.performs(TELL)
def tell(held: jobs.Claim) -> None:
    """Tell it, once."""
    acts = CertificateAct.objects.select_related("person__merged_into", "certificate", "event__certificate")
    act = acts.get(public_id=held.job.subject)
    if act.decision == CertificateAct.Decision.CERTIFIED:
        notices.send(held, act.person.holder, lambda: _notice(act))


def _notice(act: CertificateAct) -> notices.Notice:
    old, new = act.certificate, act.made
    words = {"old": old.reference if old else "", "new": new.reference if new else ""}
    if act.kind == Kind.REVOCATION:
        said = _("Se revocó su certificado %(old)s: ya no tiene validez.") % words
        more = _("Motivo: %(why)s.") % {"why": act.get_reason_kind_display()}
        subject = _("Aula Municipal: se revocó un certificado suyo")
    elif act.kind == Kind.SUSPENSION:
        said = _("Se suspendió su certificado %(old)s: por ahora no tiene validez.") % words
        more = _("Motivo: %(why)s.") % {"why": act.get_reason_kind_display()}
        subject = _("Aula Municipal: se suspendió un certificado suyo")
    elif act.kind == Kind.LIFTING:
        said = _("Se levantó la suspensión de su certificado %(old)s: vuelve a valer.") % words
        more = _("Quien lo verifique lo verá vigente otra vez.")
        subject = _("Aula Municipal: se levantó una suspensión")
    elif act.kind == Kind.CORRECTION:
        said = _("Se corrigió su certificado %(old)s. Lo sustituye el %(new)s.") % words
        more = _("Use desde ahora el nuevo: quien verifique el anterior verá que fue sustituido.")
        subject = _("Aula Municipal: se corrigió un certificado suyo")
    else:
        said = _("Se emitió un certificado a su nombre: %(new)s.") % words
        more = _("Lo encuentra en su expediente.")
        subject = _("Aula Municipal: tiene un certificado nuevo")
    return notices.Notice(subject, [said, more], said, reverse("certificates:record"))


@job_words.names(TELL)
def references_of(subjects: Iterable[str]) -> dict[str, str]:
    """The kinds of act, and the numbers they are about."""
    found = CertificateAct.objects.filter(public_id__in=set(subjects)).select_related("certificate")
    return {
        str(act.public_id): f"{act.get_kind_display()} {act.certificate.reference if act.certificate else ''}".strip()
        for act in found
    }
