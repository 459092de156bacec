"""The paper: what it says, that it is always the same, and that a machine reads its QR."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from uuid import UUID

import pypdf
import pypdfium2
import pytest
import zxingcpp

from certificates.models import Certificate, Series
from certificates.pdf import lettering, render, words

VERIFY = "https://aula.example.org/verificar/3Q7WZ1K9M4X0TBV6HG2RDN8PSE/"
EIGHTY = "Wenceslao Estanislao Maximiliano Hermenegildo Xochitlquetzal Tzunux-Ajpopꞌ Sacẍa"


def a_paper(**fields) -> Certificate:
    """A certificate with frozen facts, never saved: drawing needs no database."""
    facts = {
        "place": "Guatemala",
        "programme": [],
        "signatories": [{"name": "Quien Preside", "role": "Presidencia"}, {"name": "", "role": "Dirección"}],
        "verify_url": VERIFY,
    }
    defaults = {
        "series": Series(name="ANAM", year=2026),
        "number": 123,
        "course_key": UUID("6b1ad4c0-31a5-4b51-9c5c-5a1f4fd6c0a1"),
        "reference": "ANAM-2026-000123",
        "code": "3Q7WZ1K9M4X0TBV6HG2RDN8PSE",
        "person_name": "María Xʼol",
        "course_title": "Cobro y registro de usuarios de agua",
        "kind": "diploma",
        "hours": Decimal("4.5"),
        "started_on": date(2026, 5, 3),
        "completed_on": date(2026, 5, 15),
        "score_percent": 90,
        "municipality_name": "Nebaj, Quiché",
        "post_name": "Cajero receptor",
        "issuer": "Asociación Nacional de Municipalidades de Guatemala",
        "issued_at": datetime(2026, 5, 16, 4, 3, 2, tzinfo=UTC),
        "facts": facts,
    }
    return Certificate(**{**defaults, **fields})


def reader(certificate: Certificate) -> pypdf.PdfReader:
    return pypdf.PdfReader(BytesIO(render(certificate)))


def text_of(certificate: Certificate) -> str:
    return reader(certificate).pages[0].extract_text()


def test_it_says_everything():
    text = text_of(a_paper())
    for said in (
        "Asociación Nacional de Municipalidades de Guatemala",
        "Diploma",
        "María Xʼol",
        "Cobro y registro de usuarios de agua",
        "4.5 horas (cuatro horas y media)",
        "del 3 al 15 de mayo de 2026",
        "90 sobre 100",
        "Cajero receptor, municipalidad de Nebaj, Quiché.",
        "Quien Preside",
        "Presidencia",
        "Dirección",
        "Guatemala, 15 de mayo de 2026",  # 16 May in UTC, still the 15th in Guatemala
        "ANAM-2026-000123",
        "3Q7WZ-1K9M4-X0TBV-6HG2R-DN8PSE",
        "Verifique en aula.example.org/verificar con el código",
    ):
        assert said in text


def test_a_constancia_says_so():
    text = text_of(a_paper(kind="constancia", score_percent=None, municipality_name="", post_name=""))
    assert "Constancia de participación" in text
    assert "por haber participado en el curso" in text
    assert "sobre 100" not in text


@pytest.mark.parametrize(
    "name",
    [
        "Xʼol Kꞌicheꞌ Sacẍaj Ꞌaq ʻEwa",
        "<b>Ana</b> & Co.",
        '<img src="/etc/passwd.png">',
        "&amp; {{ 7*7 }} ${x}",
        "Ño Ñandú Ü",
        "javascript:alert(1)",
    ],
)
def test_names_are_drawn_as_they_are(name):
    assert name in text_of(a_paper(person_name=name))


def test_eighty_letters_are_all_there():
    assert len(EIGHTY) == 80
    assert EIGHTY in text_of(a_paper(person_name=EIGHTY)).replace(" \n", " ")


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("Ana\u202egnat", "Ana[U+202E]gnat"),
        ("Ana\u0007\tX", "Ana[U+0007][U+0009]X"),
        ("Ana\u200bX", "Ana[U+200B]X"),
        ("中 Ana", "[U+4E2D] Ana"),
        ("Ana 😀", "Ana [U+1F600]"),
        ("A\u0308na", "Äna"),
        ("Ana\u00a0Xol", "Ana Xol"),
    ],
)
def test_what_has_no_shape_is_drawn_as_its_number(name, drawn):
    assert drawn in text_of(a_paper(person_name=name))


def test_other_alphabets_fall_back_on_dejavu_in_stored_order():
    assert list(lettering.runs("Ana Ж א", lettering.BOLD)) == [
        (lettering.BOLD, "Ana "),
        (lettering.FALLBACK, "Ж"),
        (lettering.BOLD, " "),
        (lettering.FALLBACK, "א"),
    ]


def test_no_character_is_ever_a_blank_box():
    for point in (*range(0x20, 0xD800, 7), *range(0xE000, 0x11000, 13)):
        for face, shown in lettering.runs(chr(point), lettering.REGULAR):
            assert {ord(letter) for letter in shown} <= lettering._characters(face)


def test_the_same_facts_give_the_same_bytes():
    assert render(a_paper()) == render(a_paper())
    assert render(a_paper()) != render(a_paper(number=124, reference="ANAM-2026-000124"))


def test_the_page_is_carta_landscape_and_one():
    pages = reader(a_paper(person_name=EIGHTY)).pages
    assert [(float(page.mediabox.width), float(page.mediabox.height)) for page in pages] == [(792.0, 612.0)]


def test_every_face_is_embedded():
    fonts = reader(a_paper(person_name="Ana Ж")).pages[0]["/Resources"]["/Font"]
    descriptors = [font.get_object()["/FontDescriptor"] for font in fonts.values()]
    assert len(descriptors) == 4
    assert all("/FontFile2" in descriptor for descriptor in descriptors)


def test_it_describes_itself():
    found = reader(a_paper())
    assert found.metadata.title == "Diploma ANAM-2026-000123"
    assert found.metadata.author == "Asociación Nacional de Municipalidades de Guatemala"
    assert found.metadata.creation_date_raw == "D:20260515220302-06'00'"
    assert found.trailer["/Root"]["/Lang"] == "es-GT"


def test_it_is_light():
    assert len(render(a_paper())) < 45_000


@pytest.mark.parametrize("grayscale", [False, True])
@pytest.mark.parametrize("name", ["Ana", EIGHTY])
def test_its_qr_reads_from_a_print_of_200_dpi(name, grayscale):
    page = pypdfium2.PdfDocument(render(a_paper(person_name=name)))[0]
    image = page.render(scale=200 / 72, grayscale=grayscale).to_pil().convert("L")
    assert [found.text for found in zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)] == [VERIFY]


@pytest.mark.parametrize("name", ["Ana", EIGHTY, ("Wenceslao " * 17)[:161]])
def test_nothing_runs_into_anything(name):
    """White stands between the text and the lines to sign on, and nothing leaves the page."""
    paper = a_paper(person_name=name, course_title=("MUNICIPALIDAD " * 19)[:255], post_name=("Encargado " * 12)[:120])
    image = pypdfium2.PdfDocument(render(paper))[0].render(scale=1, grayscale=True).to_pil()
    bottom = 612 - 116 - 42  # where the lines to sign on are
    strip = image.crop((120, bottom - 22, 760, bottom - 2))
    assert strip.getextrema()[0] > 250
    assert image.crop((742, 0, 792, 612)).getextrema()[0] > 250


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ("1", "1 hora (una hora)"),
        ("0.5", "0.5 horas (media hora)"),
        ("1.5", "1.5 horas (una hora y media)"),
        ("2.2", "2.2 horas (dos horas y doce minutos)"),
        ("0.1", "0.1 horas (seis minutos)"),
        ("21", "21 horas (veintiuna horas)"),
        ("31", "31 horas (treinta y una horas)"),
        ("40", "40 horas (cuarenta horas)"),
        ("100", "100 horas (cien horas)"),
        ("101", "101 horas (ciento una horas)"),
        ("200", "200 horas (doscientas horas)"),
        ("999", "999 horas (novecientas noventa y nueve horas)"),
        ("1500", "1500 horas (mil quinientas horas)"),
        ("9999", "9999 horas (nueve mil novecientas noventa y nueve horas)"),
    ],
)
def test_hours_in_words(hours, said):
    assert words.hours(Decimal(hours)) == said


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ((2026, 5, 15), (2026, 5, 15), "el 15 de mayo de 2026"),
        ((2026, 5, 3), (2026, 5, 15), "del 3 al 15 de mayo de 2026"),
        ((2026, 4, 28), (2026, 5, 1), "del 28 de abril al 1 de mayo de 2026"),
        ((2025, 12, 28), (2026, 1, 3), "del 28 de diciembre de 2025 al 3 de enero de 2026"),
    ],
)
def test_periods_in_words(first, last, said):
    assert words.period(date(*first), date(*last)) == said


def test_the_code_is_printed_in_groups():
    assert re.fullmatch(r"(\w{5}-){4}\w{6}", a_paper().grouped_code)
