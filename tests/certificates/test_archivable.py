"""The file of a certificate is PDF/A-3a and PDF/UA-1, says its text in order, and can be made again byte for byte."""

import io
import subprocess
from contextlib import nullcontext
from decimal import Decimal

import page as checker
import pikepdf
import pytest

from certificates.pdf import finishing, render
from certificates.pdf.page import draw
from tests.certificates.test_pdf import EIGHTY, a_paper

pytestmark = pytest.mark.once
PROFILES = ("3a", "ua1")
NAMES = [
    "Ana",
    "Xʼol Kꞌicheꞌ Sacẍaj Ꞌaq ʻEwa",
    EIGHTY,
    ("Wenceslao " * 17)[:161],
    "W" * 170,
    "<b>Ana",
    '<img src="/etc/passwd.png"/>',
    "Ana ]]> & ( \\ ) %>> EMC Q",
    "Ana\u202e\u0007\u00ad\ufeff\ufffe 中 😀 Ж א",
    "javascript:alert(1)",
]
BARE = {"score_percent": None, "municipality_name": "", "post_name": ""}


def faults(content: bytes) -> list[str]:
    """What the file breaks of both standards."""
    reports = [checker.validate_pdf_bytes(content, profile=profile) for profile in PROFILES]
    found = [f"{failure.rule_id} {failure.message}" for report in reports for failure in report.failures]
    assert bool(found) != all(report.is_compliant for report in reports)
    return found


def struct_text(content: bytes, tmp_path) -> list[str]:
    """The text of each element in the order of the structure tree, as poppler reads it."""
    path = tmp_path / "paper.pdf"
    path.write_bytes(content)
    told = subprocess.run(["pdfinfo", "-struct-text", path], capture_output=True, text=True, check=True).stdout
    return _quoted([line.strip() for line in told.splitlines()])


def _quoted(lines: list[str]) -> list[str]:
    found: list[str] = []
    for line in lines:
        if line.startswith('"'):
            found[-1] += line[1:-1]
        elif not line.startswith("/"):
            found.append("")
    return [text for text in found if text]


@pytest.mark.parametrize("fields", [{}, BARE], ids=["all", "bare"])
@pytest.mark.parametrize("kind", ["diploma", "constancia"])
@pytest.mark.parametrize("name", NAMES)
def test_it_is_archivable_and_accessible(name, kind, fields):
    content = render(a_paper(person_name=name, kind=kind, **fields))
    assert faults(content) == []
    assert name not in NAMES[5:7] or b"/passwd" not in content


@pytest.mark.parametrize("count", [0, 1, 3])
def test_any_number_of_signatories(count):
    paper = a_paper(course_title=("MUNICIPALIDAD " * 19)[:255], hours=Decimal(1500))
    paper.facts["signatories"] = [{"name": EIGHTY, "role": f"Dirección de {'asuntos ' * 12}"}] * count
    assert faults(render(paper)) == []


def test_qpdf_finds_no_fault(tmp_path):
    path = tmp_path / "paper.pdf"
    path.write_bytes(render(a_paper(person_name=NAMES[8])))
    done = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_read_in_order(tmp_path):
    assert struct_text(render(a_paper(course_title="Agua " * 30 + "limpia")), tmp_path) == [
        "Asociación Nacional de Municipalidades de Guatemala",
        "otorga el presente",
        "Diploma",
        "a",
        "María Xʼol",
        "por haber aprobado el curso",
        "Agua " * 30 + "limpia",
        "Con una duración de 4.5 horas (cuatro horas y media), realizado del 3 al 15 de mayo de 2026.",
        "Nota obtenida: 90 sobre 100.",
        "Cajero receptor, municipalidad de Nebaj, Quiché.",
        "Quien Preside",
        "Presidencia",
        "Dirección",
        "Guatemala, 15 de mayo de 2026",
        "Número ANAM-2026-000123",
        "Código 3Q7WZ-1K9M4-X0TBV-6HG2R-DN8PSE",
        "Verifique en aula.example.org/verificar con el código, o con la cámara de su teléfono.",
    ]


@pytest.mark.parametrize("name", [EIGHTY, "W" * 170, ("Wenceslao " * 17)[:161]])
def test_a_broken_name_is_read_as_it_is_written(name, tmp_path):
    assert name in struct_text(render(a_paper(person_name=name)), tmp_path)


def test_the_qr_says_where_it_leads():
    with pikepdf.open(io.BytesIO(render(a_paper()))) as pdf:
        children = list(pdf.Root.StructTreeRoot.K[0].K)
        (figure,) = [child for child in children if child.S == "/Figure"]
        assert str(figure.Alt).endswith(a_paper().facts["verify_url"])
        assert [round(float(edge)) for edge in figure.A.BBox] == [655, 18, 747, 110]


def test_the_same_facts_give_the_same_bytes_once_finished():
    assert render(a_paper(person_name=EIGHTY)) == render(a_paper(person_name=EIGHTY))


# Negative controls: with a piece left out the checker refuses the file.


def test_the_bare_drawing_is_refused():
    drawn, _tags = draw(a_paper())
    rules = {fault.split()[0] for fault in faults(drawn)}
    assert rules > {"PDFA3A-STRUCT-TREE-ROOT-001", "PDFUA1-TAGGED-DOCUMENT-001"}


def without(monkeypatch, name: str) -> str:
    monkeypatch.setattr(finishing, name, lambda *args: None)
    return " ".join(faults(render(a_paper())))


@pytest.mark.parametrize(
    ("piece", "rule"),
    [
        ("_mend_fonts", "UNICODE-VALUE"),
        ("_write_structure", "TAGGED-DOCUMENT"),
        ("_write_intent", "DEVICE-RGB"),
        ("_describe", "ID-SCHEMA"),
    ],
)
def test_with_a_step_left_out_it_is_refused(monkeypatch, piece, rule):
    assert rule in without(monkeypatch, piece)


def test_untagged_ornament_is_refused(monkeypatch):
    monkeypatch.setattr("certificates.pdf.tagging.Tags.ornament", lambda self: nullcontext())
    assert "PDFUA1-CONTENT-TAGGING-001" in " ".join(faults(render(a_paper())))
