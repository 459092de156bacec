"""The paper as a template says it: archivable, accessible, the same bytes each time; and the first layout as ever."""

import io
import zlib
from decimal import Decimal
from hashlib import sha256

import pikepdf
import pypdf
import pypdfium2
import pytest
import zxingcpp

from certificates.domain import pictures, samples, templates
from certificates.models import Certificate, CertificateTemplate
from certificates.pdf import finishing, render, render_sample, wording, words, words_english
from certificates.pdf.design import design_of
from tests.certificates.test_archivable import BARE, faults, struct_text
from tests.certificates.test_pdf import EIGHTY, VERIFY, a_paper
from tests.factories.templates import a_design, a_file

pytestmark = [pytest.mark.once, pytest.mark.django_db]
HOSTILE = ["<b>Ana", '<img src="/etc/passwd.png"/>', "Ana ]]> & ( \\ ) %>> EMC Q", "W" * 170, "{nota}{horas.__class__}"]
TEXTS = {
    "intro": "En cumplimiento del artículo 94 del Código Municipal y del Acuerdo 12 de su Junta Directiva,",
    "body": "\n".join(["Con una duración de {horas} {nota} {puesto_y_municipio}, en {lugar}, el {fecha}."] * 8),
}


def a_drawn(certificate: Certificate | None = None, **said) -> Certificate:
    """A paper with a design; `said` as for `a_design`."""
    paper = certificate or a_paper()
    template = CertificateTemplate(name="x", kind=paper.kind)
    paper.facts |= templates.facts_of(template, a_design(**said), 1)
    return paper


def text_of(content: bytes) -> str:
    return pypdf.PdfReader(io.BytesIO(content)).pages[0].extract_text()


# The first layout: what was issued is drawn again as it was.

LONG = {"person_name": "W" * 170, "course_title": ("MUNICIPALIDAD " * 19)[:255], "hours": Decimal(1500)}
BEFORE = [
    ({}, "2124d7b1ff897f007d73aafb2301bce7c72e6c51cad91491590d35e8fe06ea6e"),
    ({"kind": "constancia", **BARE}, "88e905fc2150184061efd2f41635b8788aeb62eabae6f718c9ef65e4f523c535"),
    (LONG, "e803f38be69ed98c566ab7fa8f904e527817109a2c6dbe4e82f0bc086db64eab"),
    ({"person_name": EIGHTY}, "c7f840b6795eaf7e3261c6aede6246fb5cc4b41ee5d441cc01d6d6955c2681f8"),
]


def unpacked(content: bytes) -> str:
    """The digest of a file without what the packing of its streams adds, which differs between versions of zlib."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as pdf:
        pdf.save(
            out,
            static_id=True,
            compress_streams=False,
            stream_decode_level=pikepdf.StreamDecodeLevel.generalized,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
        )
    return sha256(out.getvalue()).hexdigest()


@pytest.mark.parametrize(("fields", "digest"), BEFORE)
def test_without_a_design_it_is_drawn_as_before_there_were_any(fields, digest):
    """Drawn by the code from before templates."""
    assert unpacked(render(a_paper(**fields), '{"a": 1}')) == digest


# Layout 2 broke a line where it was full.

SECOND = [
    ({"paper": "portrait"}, "9ec2e19425dc78c2439de257f18a4560b96186e7e17679799e7598640b243235"),
    (
        {"fields": LONG, "paper": "portrait", "signatories": 3, "texts": TEXTS},
        "02474f1b6d995bd97cd8f54bea4d2fc481b54b3585e5079dac68a3aee72b2506",
    ),
    ({"fields": LONG, "signatories": 2}, "27322b7c4d0da96bbc2f72c2a04c0a998fc802bc33c204c5dc8c528b04c8dda4"),
]


@pytest.mark.parametrize(("said", "digest"), SECOND)
def test_what_was_issued_with_the_second_layout_is_drawn_as_before(said, digest):
    """Drawn by the code from before lines were broken evenly."""
    said = dict(said)
    drawn = a_drawn(a_paper(**said.pop("fields", {})), **said)
    drawn.facts["layout"] = 2
    drawn.facts["design"]["template"]["key"] = "x"
    assert unpacked(render(drawn, '{"a": 1}')) == digest


def test_no_sentence_and_no_signatory_ends_in_a_line_of_one_word():
    drawn = a_drawn(paper="portrait", signatories=3)
    lines = text_of(render(drawn)).splitlines()
    drawn.facts["layout"] = 2
    before = text_of(render(drawn)).splitlines()
    for alone in ("2026.", "Ajpopꞌ"):
        assert alone in before
        assert alone not in lines


# With a template.


@pytest.mark.parametrize("language", ["es", "en", "quc"])
@pytest.mark.parametrize("paper", ["landscape", "portrait"])
@pytest.mark.parametrize("kind", wording.KINDS)
def test_every_kind_lying_and_standing_in_every_language_is_archivable(kind, paper, language):
    said = {"language": language, "has_book": True, "year_style": "grouped", "texts": {"title": "Wuj"}}
    drawn = a_drawn(a_paper(kind=kind), paper=paper, logos=4, signatories=3, is_signed=True, **said)
    content = render(drawn)
    assert faults(content) == []
    assert content == render(drawn)
    size = pypdf.PdfReader(io.BytesIO(content)).pages[0].mediabox
    assert (size.width > size.height) is (paper == "landscape")


@pytest.mark.parametrize(("logos", "signatories"), [(0, 0), (1, 2), (4, 3)])
@pytest.mark.parametrize("paper", ["landscape", "portrait"])
def test_nothing_runs_into_anything(paper, logos, signatories):
    """With the longest of all: white above the lines to sign on, and nothing leaves the page; the QR is read."""
    who = {"name": ("Licenciado " * 8)[:80], "role": ("Presidencia " * 8)[:90], "sha256": ""}
    drawn = a_drawn(
        a_paper(**LONG, post_name=("Encargado " * 13)[:120]),
        paper=paper, logos=logos, has_book=True, texts=TEXTS,
    )  # fmt: skip
    drawn.facts["design"]["signatories"] = [who] * signatories
    content = render(drawn)
    assert faults(content) == []
    page = pypdfium2.PdfDocument(content)[0]
    image = page.render(scale=1, grayscale=True).to_pil()
    width, height = image.size
    foot = 116 if paper == "landscape" else 128
    under = 42 if signatories else -10
    strip = image.crop((110, height - foot - under - 20, width - 40, height - foot - under - 3))
    assert strip.getextrema()[0] > 250
    assert image.crop((width - 44 if paper == "portrait" else width - 50, 0, width, height)).getextrema()[0] > 250
    assert image.crop((110, height - foot + 4, width - 40, height - foot + 12)).getextrema()[0] > 250
    sharp = page.render(scale=200 / 72, grayscale=True).to_pil()
    assert [found.text for found in zxingcpp.read_barcodes(sharp, formats=zxingcpp.BarcodeFormat.QRCode)] == [VERIFY]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_drawn_as_they_are(text):
    said = [{"name": text[:80], "role": text[:90], "sha256": ""}]
    design = a_design(logos=1) | {"signatories": said}
    design["logos"][0]["alt"] = text
    paper = a_paper(person_name=text, course_title=text, post_name=text[:120])
    paper.facts |= templates.facts_of(CertificateTemplate(name="x", kind="diploma"), design, 1)
    content = render(paper)
    assert faults(content) == []
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert len(pdf.pages[0].Resources.XObject) == 1
    assert text[:20] in text_of(content)


def test_a_value_is_never_looked_at_for_fields():
    content = render(a_drawn(a_paper(person_name="{numero}"), texts={"body": "Doy fe de {nombre}."}))
    assert "Doy fe de {numero}." in text_of(content)


def test_a_line_whose_field_says_nothing_is_left_out():
    said = {"body": "Duró {horas_en_cifras} horas.\nNota: {nota}.\nPuesto: {puesto}."}
    text = text_of(render(a_drawn(a_paper(**BARE), texts=said)))
    assert "Duró 4.5 horas." in text
    assert "Nota" not in text
    assert "Puesto" not in text


def test_it_is_read_in_order_with_its_pictures(tmp_path):
    drawn = a_drawn(a_paper(kind="competencia"), logos=1, signatories=1, is_signed=True, texts={"intro": "Uno.\nDos."})
    content = render(drawn)
    assert struct_text(content, tmp_path)[:5] == [
        "Asociación Nacional de Municipalidades de Guatemala", "Uno.", "Dos.", "otorga la presente", "Certificación",
    ]  # fmt: skip
    with pikepdf.open(io.BytesIO(content)) as pdf:
        figures = [child for child in pdf.Root.StructTreeRoot.K[0].K if child.S == "/Figure"]
        said = [str(figure.Alt) for figure in figures]
        assert said[0] == "Logo número 0"
        assert said[1] == "Firma de Sebastián Siero Xʼol Presidencia de la Junta Directiva"
        assert all(len(figure.A.BBox) == 4 for figure in figures)


def test_each_text_says_in_which_language_it_is():
    content = render(a_drawn(language="quc", texts={"title": "Wuj"}))
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert str(pdf.Root.Lang) == "quc"
        children = [child for child in pdf.Root.StructTreeRoot.K[0].K if child.S in ("/P", "/H1")]
        tags = {str(child.S): str(child.get("/Lang", "")) for child in children[:3]}
        assert tags == {"/P": "es-GT", "/H1": ""}
    assert "Wuj" in text_of(content)
    assert "por haber aprobado el curso" in text_of(content)


def test_english_words_and_both_years():
    text = text_of(render(a_drawn(language="en", year_style="grouped")))
    assert "A course of 4.5 hours (four and a half hours), held from 3 to 15 May 2,026." in text
    assert "Guatemala, 15 May 2,026" in text
    assert "mayo de 2,026" in text_of(render(a_drawn(year_style="grouped")))


def test_the_pictures_are_in_the_file_once_and_unopened():
    drawn = a_drawn(logos=1, signatories=3, is_signed=True)
    with pikepdf.open(io.BytesIO(render(drawn))) as pdf:
        images = [one for one in pdf.objects if isinstance(one, pikepdf.Stream) and one.get("/Subtype") == "/Image"]
        assert len(images) == 2
        for image in images:
            shown = pikepdf.PdfImage(image).as_pil_image().convert("RGB")
            assert (shown.size, shown.getpixel((shown.width // 2, 1))) == ((480, 240), (255, 255, 255))
            assert "/SMask" not in image


def test_no_stream_ends_with_what_could_be_the_end_of_a_line():
    """A page whose packed content would end so; packed once more it says the same."""
    content = next(b"% " + str(n).encode() for n in range(9999) if zlib.compress(b"%% %d" % n).endswith(b"\r"))
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.pages[0].Contents = pdf.make_stream(content)
        kept, plain = finishing._saved(pdf, is_first=False), finishing._saved(pdf, is_first=True)
    for made, is_closed in ((kept, True), (plain, False)):
        with pikepdf.open(io.BytesIO(made)) as pdf:
            stream = pdf.pages[0].Contents
            assert stream.read_bytes() == content
            assert stream.read_raw_bytes().endswith(b"\r") is not is_closed
        assert (b"\r\nendstream" in made) is not is_closed


def test_without_a_template_no_stream_ends_so_either():
    """What was issued before may have one, and is drawn again as it was given out."""
    texts = ("a" * length for length in range(1, 257))
    text = next(one for one in texts if zlib.compress(one.encode()).endswith(b"\r"))
    paper = a_paper()
    assert b"\r\nendstream" in render(paper, text)
    paper.facts["layout"] = templates.LAYOUT
    content = render(paper, text)
    assert b"\r\nendstream" not in content
    assert faults(content) == []
    assert text_of(content) == text_of(render(a_paper(), text)), "it looks the same"


def test_a_sample_is_marked_and_verifies_as_absent(client, settings):
    drawn = samples.build("diploma", templates.facts_of(CertificateTemplate(kind="diploma"), a_design(logos=2), 0))
    content = render_sample(drawn)
    assert faults(content) == []
    assert "MUESTRA" in text_of(content)
    assert "MUESTRA" not in text_of(render(drawn))
    path = drawn.facts["verify_url"].removeprefix(settings.PUBLIC_URL)
    assert client.get(path).status_code == 404


def test_a_sample_shows_pictures_that_are_not_kept():
    content = pictures.redraw(a_file(ink=33))
    digest = pictures.digest_of(content)
    design = a_design() | {"logos": [{"sha256": digest, "alt": "Nuevo"}]}
    drawn = samples.build("diploma", templates.facts_of(CertificateTemplate(kind="diploma"), design, 0))
    assert faults(render_sample(drawn, {digest: content})) == []


def test_what_a_paper_is_called_is_what_it_says():
    paper = a_drawn(texts={"title": "Reconocimiento"})
    assert design_of(paper).said("title") == "Reconocimiento"
    assert pypdf.PdfReader(io.BytesIO(render(paper))).metadata.title == "Reconocimiento ANAM-2026-000123"


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ("1", "1 hour (one hour)"),
        ("0.5", "0.5 hours (half an hour)"),
        ("2.2", "2.2 hours (two hours and twelve minutes)"),
        ("21", "21 hours (twenty-one hours)"),
        ("110", "110 hours (one hundred ten hours)"),
        ("1500", "1500 hours (one thousand five hundred hours)"),
    ],
)
def test_hours_in_english(hours, said):
    assert words_english.hours(Decimal(hours)) == said


def test_periods_in_both_styles():
    first, last = a_paper().started_on.replace(month=4), a_paper().completed_on
    assert words.period(first, last, words.grouped_year) == "del 3 de abril al 15 de mayo de 2,026"
    assert words_english.period(first, last) == "from 3 April to 15 May 2026"
    assert words_english.period(last, last) == "on 15 May 2026"
    assert words_english.period(first.replace(year=2025), last) == "from 3 April 2025 to 15 May 2026"
