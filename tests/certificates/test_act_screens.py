"""What two people see of what they do to the register, in a real browser: as wide as a telephone, no barrier."""

import pytest
from django.urls import reverse
from django.utils import timezone

from certificates.domain import batches, correction
from certificates.models import CertificateAct, CertificateBatch
from lms.models import RoleGrant
from tests.courses.test_bank_screens import look, window
from tests.factories.certificates import a_certificate, a_correction, a_revocation
from tests.factories.people import an_employee, somebody_with_role

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.django_db(transaction=True)]
__all__ = ["window"]


@pytest.fixture(autouse=True)
def own_keys(settings, tmp_path):
    settings.SEAL_KEYS_DIR = tmp_path / "keys"


def test_what_is_asked_and_what_is_decided(window):
    asker = somebody_with_role("administrator")
    RoleGrant.objects.create(person=window.person, role="certifier", scope="nation")
    certificate, revoked = a_certificate(), a_certificate()
    for page in ("revoke", "correct"):
        window.look(reverse(f"certificates:{page}", args=[certificate.public_id]), page)
    window.get_by_label("Nombre").fill("Ana Xʼol")
    window.get_by_label("Motivo").select_option("error")
    window.get_by_label("Explicación").fill("Falta el segundo apellido")
    window.get_by_role("button", name="Pedir la corrección").click()
    look(window, "", "acts")
    a_revocation(revoked, kind="duplicate")
    window.look(reverse("certificates:certificate", args=[revoked.code]), "revoked")
    superseded = a_certificate()
    a_correction(superseded, person_name="Ana Xʼol")
    window.look(reverse("certificates:certificate", args=[superseded.code]), "superseded")
    window.look(reverse("certificates:issue_by_hand"), "by-hand")
    asked = {"reason_kind": "error", "reason": "Mal escrito", "wanted": {"person_name": "Otra Persona"}}
    act = correction.ask(certificate=a_certificate(), by=asker, **asked)
    window.look(reverse("certificates_acts:index"), "queue", 1280)
    window.look(reverse("certificates_acts:decide", args=[act.public_id]), "decide", 1280)
    window.get_by_role("button", name="Certificar", exact=True).click()
    window.get_by_text("Quedó certificado").wait_for()
    assert CertificateAct.objects.get(pk=act.pk).decision == "certified"
    assert window.complaints == []


def test_a_list_from_the_paste_to_the_progress(window):
    RoleGrant.objects.create(person=window.person, role="certifier", scope="nation")
    people = [an_employee(email=f"una{number}@muni.example") for number in range(3)]
    window.look(reverse("certificates:batch_new"), "batch-new")
    window.get_by_label("Lista de personas").fill("\n".join([*(one.email for one in people), "nadie@muni.example"]))
    window.get_by_label("Nombre de la formación").fill("Taller de archivo municipal")
    window.get_by_label("Horas").fill("6")
    for label in ("Inicio", "Finalización"):
        window.get_by_label(label).fill(timezone.localdate().isoformat())
    window.get_by_label("Por qué se emite a mano").fill("Acta 12-2026")
    window.get_by_role("button", name="Revisar la lista").click()
    window.get_by_text("Línea 4").wait_for()
    look(window, "", "batch-read")
    window.get_by_role("button", name="Pedir 3 certificados").click()
    window.get_by_text("Usted lo pidió").wait_for()
    look(window, "", "batch-asked")
    batch = CertificateBatch.objects.get()
    batches.certify(batch=batch, by=somebody_with_role("certifier"))
    window.look(reverse("certificates:batch", args=[batch.public_id]), "batch-running")
    window.look(reverse("certificates:batches"), "batches")
    window.look(reverse("certificates:tracking"), "tracking")
    assert window.complaints == []
