"""What strangers see of the register, in a real browser: as wide as a telephone, no barrier, no file sent."""

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from certificates.domain import checkpoints, rendering
from tests.courses.test_bank_screens import look, window
from tests.factories.certificates import a_certificate, a_revocation

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.django_db(transaction=True)]
__all__ = ["window"]


@pytest.fixture(autouse=True)
def own_keys(settings, tmp_path):
    settings.SEAL_KEYS_DIR = tmp_path / "keys"


@pytest.fixture
def paper(own_keys):
    """A certificate and its PDF, made before there is a browser: both run a loop of their own."""
    certificate = a_certificate()
    checkpoints.publish()
    with default_storage.open(rendering.ensure_file(certificate).path) as stored:
        return certificate, stored.read()


def test_the_public_log_fits_a_telephone(paper, window):
    window.look(reverse("certificates:log"), "log")
    window.get_by_role("link", name="20").first.click()
    assert "registro-publico" in window.inner_text("body")
    assert window.complaints == []


def test_a_pdf_is_compared_without_being_sent(paper, window, tmp_path):
    certificate, content = paper
    (tmp_path / "good.pdf").write_bytes(content)
    (tmp_path / "changed.pdf").write_bytes(content[:-2] + b" \n")
    window.look(reverse("certificates:compare_file"), "compare")
    sent = []
    window.on("request", lambda request: sent.append((request.method, request.post_data)))
    told, field = window.locator("[data-told]"), window.locator("#archivo")
    field.set_input_files(tmp_path / "good.pdf")
    told.get_by_text("está vigente").wait_for()
    look(window, "", "compared")
    field.set_input_files(tmp_path / "changed.pdf")
    told.get_by_text("no es uno de los que emitimos").wait_for()
    assert told.get_by_role("link").count() == 0
    a_revocation(certificate, reason="Prueba")
    field.set_input_files(tmp_path / "good.pdf")
    told.get_by_text("ya no tiene validez").wait_for()
    look(window, "", "void")
    assert {method for method, _body in sent} == {"GET"}
    assert [body for _method, body in sent if body] == []
    told.get_by_role("link").click()
    window.get_by_text("Certificado revocado").first.wait_for()
    assert [one for one in window.complaints if "404" not in one] == []
