"""Everything kept about oneself as a PDF: complete, in words, on letter paper."""

from datetime import timedelta
from io import BytesIO

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from certificates.pdf.own_data import COUNTED, render_own_data
from certificates.pdf.own_labels import LABELS
from lms.domain import own_data
from lms.models import AuditEvent, Person
from lms.views import recent
from tests.factories.people import a_cui, a_person
from tests.factories.whole_record import a_whole_record

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Person:
    cui = a_cui()
    made = a_whole_record(
        given_names="Xʼul Ixmukaneꞌ",
        surnames="Kʼicheʼ Tzʼutujil",
        cui=cui,
        phone="58761234",
        email="xul@example.org",
        guardian_name="Ẍaq Marta",
    )
    made.known_cui = cui
    return made


def pages_of(content: bytes) -> list:
    return PdfReader(BytesIO(content)).pages


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in pages_of(content))


def pairs_of(value) -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return [pair for key, one in value.items() for pair in [(key, one), *pairs_of(one)]]
    return [pair for one in value for pair in pairs_of(one)] if isinstance(value, list) else []


def test_a_whole_record_fills_every_part(person):
    """Or the next two tests would prove little."""
    record = own_data.build_document(person)["record"]
    empty = [(part, key) for part, told in record.items() for key, value in told.items() if value in (None, [], {})]
    assert empty == []


def test_every_key_has_a_label(person):
    record = own_data.build_document(person)["record"]
    assert {key for key, _value in pairs_of(record)} - set(LABELS) == set()


def test_every_word_of_the_document_is_on_the_paper(person):
    document = own_data.build_document(person)
    paper = " ".join(text_of(render_own_data(document)).split())
    plain = {
        str(value)
        for key, value in pairs_of(_without_counted(document["record"]))
        if isinstance(value, str) and not (key.endswith(("_at", "_on")) or key == "at")
    }
    squeezed = paper.replace(" ", "")
    assert [word for word in plain if "".join(word.split()) not in squeezed] == []
    assert person.known_cui in paper
    for letters in ("Xʼul Ixmukaneꞌ", "Kʼicheʼ Tzʼutujil", "Ẍaq Marta"):
        assert letters in paper, letters


def _without_counted(value):
    if isinstance(value, dict):
        return {key: _without_counted(one) for key, one in value.items() if key not in COUNTED}
    return [_without_counted(one) for one in value] if isinstance(value, list) else value


def test_it_is_letter_paper_and_goes_on_over_pages(person):
    document = own_data.build_document(person)
    document["record"]["kernel"]["trail"] *= 40
    pages = pages_of(render_own_data(document))
    assert len(pages) > 3
    assert {(float(page.mediabox.width), float(page.mediabox.height)) for page in pages} == {(612.0, 792.0)}
    assert "página 2" in pages[1].extract_text()


def test_an_almost_empty_record_is_a_page_as_well():
    content = render_own_data(own_data.build_document(a_person()))
    assert "Mis datos" in text_of(content)


def test_it_is_in_spanish_whatever_the_page_is(client, person):
    client.force_login(person)
    client.cookies["django_language"] = "en"
    answer = client.post(reverse("certificates:own_data_pdf"))
    text = text_of(b"".join(answer.streaming_content))
    assert "Corrección de datos" in text


def test_the_file_for_its_owner_alone_and_only_a_moment_after_signing_in(client, person):
    client.force_login(person)
    address = reverse("certificates:own_data_pdf")
    assert client.get(address).url == reverse("lms:own_data_download")
    answer = client.post(address)
    content = b"".join(answer.streaming_content)
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/pdf", "private, no-store")
    assert content.startswith(b"%PDF")
    assert AuditEvent.objects.get(action="own_data.downloaded").facts == {"form": "pdf"}
    with time_machine.travel(timezone.now() + timedelta(seconds=recent.HOLDS_SECONDS + 5), tick=True):
        assert client.post(address).url == reverse("lms:own_data_download")
