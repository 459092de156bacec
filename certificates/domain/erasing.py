"""What the register lets go of when a person is erased: what is owed and cannot be issued; never what was issued."""

from django.utils.translation import gettext as _

from certificates.models import CareerShare, CertificateAct, OwedCertificate
from courses.models import Completion
from lms.domain import people
from lms.domain.errors import RuleBroken
from lms.models import Person

from . import career, handover, issuing


def erase(person: Person) -> dict[str, int]:
    """Rows of the register say what the paper says and cannot change; they point to a record without a name.

    What only waits for somebody to stand behind the person goes: nobody will. So goes what was asked and refused. Of
    the career record digests stay, and the links to it end. Packages in which they may stand are made anew by whoever
    needs them.
    """
    refused = CertificateAct.objects.filter(person=person, decision=CertificateAct.Decision.REFUSED)
    return {
        "owed_certificates": OwedCertificate.objects.filter(completion__person=person, issued_at=None).delete()[0],
        "refused_acts": refused.delete()[0],
        "career_annotations": career.erase(person),
        "handover_packages": handover.drop_with(person),
        "career_shares": CareerShare.objects.filter(person=person).delete()[0],
    }


def assert_erasable(person: Person) -> None:
    """Raises `erasure.certificate_on_its_way`: what can be issued to the human being is issued with the name first.

    Raises `erasure.act_waiting` where two people are about to do something.

    `person` is the record that stands; whatever record of theirs something was completed under, it is the one asked.
    """
    if CertificateAct.objects.waiting().filter(person__in=Person.objects.family(person)).exists():
        message = _("Sobre esta persona hay un acto por certificar. Certifíquelo o rechácelo primero.")
        raise RuleBroken("erasure.act_waiting", message)
    if not people.may_be_certified(person):
        return
    made = Completion.objects.of_family(person).exclude(certificate_kind="").exclude(issuing.UNASKED)
    is_owed = made.filter(owed_certificate__isnull=False, owed_certificate__issued_at=None).exists()
    unheard = made.filter(owed_certificate=None)
    if is_owed or any(not _is_held(one, person) for one in unheard):
        message = _("Una constancia de esta persona está en preparación. Pruebe de nuevo en unos minutos.")
        raise RuleBroken("erasure.certificate_on_its_way", message)


def _is_held(completion: Completion, person: Person) -> bool:
    """Whether somebody needs no certificate of this any more."""
    return OwedCertificate.objects.beside(completion, person).exists() or issuing.is_held(completion, person)
