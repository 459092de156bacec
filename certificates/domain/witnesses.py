"""Telling those who keep what we sign: each checkpoint goes to each witness once, as it was published.

A witness is an address of `settings.WITNESSES`. Whoever kept a note can show, years later, that the log lost a leaf.
"""

from collections.abc import Iterable
from hashlib import sha256

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from certificates.models import Checkpoint
from courses.domain import notices
from lms import gateways
from lms.domain import job_words, jobs, letters

TELL = "certificates.tell_witness"


def ask(made: Checkpoint) -> None:
    """Owe it to every witness of today; in the transaction that signs it. The ledger keeps no address."""
    for address in settings.WITNESSES:
        jobs.request(TELL, f"{made.day}:{name_of(address)}", max_attempts=notices.TRIES)


def name_of(address: str) -> str:
    """As the ledger names an address."""
    return sha256(address.strip().lower().encode()).hexdigest()[:16]


@jobs.performs(TELL)
def tell(held: jobs.Claim) -> None:
    """Tell one witness, once; not who is none any more. Raises `GatewayFailed` where it was not taken."""
    day, _colon, name = held.job.subject.partition(":")
    address = next((one for one in settings.WITNESSES if name_of(one) == name), None)
    if address is None or held.job.payload.get("is_out"):
        return
    made = Checkpoint.objects.get(day=day)
    held.note(is_out=True)
    try:
        with translation.override("es"):
            _letter(made, address).send()
    except letters.REFUSALS as problem:
        held.note(is_out=False)
        raise gateways.GatewayFailed(type(problem).__name__) from None


def _letter(made: Checkpoint, address: str) -> EmailMessage:
    before = Checkpoint.objects.filter(day__lt=made.day).last()
    site = settings.PUBLIC_URL
    proof = f"{site}{reverse('certificates:consistency')}?desde={before.size}&hasta={made.size}" if before else ""
    context = {"made": made, "before": before, "proof": proof, "page": site + reverse("certificates:log")}
    words = _("Registro público de certificados: punto de control del %(day)s")
    subject = words % {"day": date_format(made.day, "DATE_FORMAT")}
    letter = EmailMessage(subject, render_to_string("emails/checkpoint.txt", context), None, [address])
    letter.attach(f"punto-de-control-{made.day}.txt", made.note.encode(), "text/plain; charset=utf-8")
    return letter


@job_words.names(TELL)
def days_of(subjects: Iterable[str]) -> dict[str, str]:
    """The days of the checkpoints."""
    return {subject: subject.partition(":")[0] for subject in subjects}
