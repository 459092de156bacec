"""Files that other people wrote: everything in them becomes a question or is named. See real/SOURCES.md."""

import io
import re
import zipfile
from pathlib import Path

import pytest
from django.utils.translation import override

from courses.interchange import detect, gift, qti
from courses.interchange.reading import Severity
from courses.questions import Kind

pytestmark = pytest.mark.once
REAL = Path(__file__).parent / "real"
GIFT = sorted((REAL / "gift").iterdir())
MOODLE = sorted((REAL / "moodle_xml").iterdir())
ITEMS = sorted((REAL / "qti").glob("*.xml"))
PACKAGE = sorted((REAL / "qti" / "math-assessment").iterdir())
NAMES_ONLY = {"imsmanifest.xml", "math-test.xml"}


def name(path: Path) -> str:
    return path.name


def packed() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in PACKAGE:
            archive.writestr(path.name, path.read_bytes())
    return out.getvalue()


def things_in_gift(text: str) -> int:
    """Groups of lines that are neither comments nor categories, counted without the reader."""
    lines = [line for line in text.replace("\r", "").split("\n") if not line.strip().startswith("//")]
    groups = re.split(r"\n\s*\n", "\n".join(lines))
    return sum(bool(group.strip()) and not group.strip().startswith("$CATEGORY") for group in groups)


def things_in_moodle(text: str) -> int:
    return len(re.findall(r"<question\b", text)) - len(re.findall(r'<question\s+type="category"', text))


@pytest.mark.parametrize("path", GIFT, ids=name)
def test_every_block_of_a_gift_file_is_a_question_or_is_named(path):
    reading = detect.read(path.read_bytes())
    assert len(reading.questions) + len(reading.dropped) == things_in_gift(path.read_text())


@pytest.mark.parametrize("path", MOODLE, ids=name)
def test_every_question_of_a_moodle_file_is_a_question_or_is_named(path):
    reading = detect.read(path.read_bytes())
    assert len(reading.questions) + len(reading.dropped) == things_in_moodle(path.read_text())


@pytest.mark.parametrize("path", ITEMS, ids=name)
def test_every_item_of_qti_is_a_question_or_is_named(path):
    reading = detect.read(path.read_bytes())
    assert len(reading.questions) + len(reading.dropped) == 1


def test_every_item_of_a_qti_package_is_a_question():
    reading = detect.read(packed())
    assert {found.source for found in reading.questions} == {path.name for path in PACKAGE} - NAMES_ONLY
    assert [(note.source, note.code) for note in reading.notes if note.code == "qti.test"] == [
        ("math-test.xml", "qti.test")
    ]
    assert not reading.dropped


def test_every_answer_of_an_aiken_file_belongs_to_a_question_or_to_a_note():
    content = (REAL / "aiken" / "aiken.txt").read_bytes()
    reading = detect.read(content)
    answers = len(re.findall(r"(?mi)^\s*ANSWER:", content.decode()))
    assert len(reading.questions) + len(reading.dropped) == answers
    assert {note.code for note in reading.dropped} == {"aiken.no_options", "aiken.answer_unclear"}


@pytest.mark.parametrize("path", [*GIFT, *MOODLE, *ITEMS], ids=name)
def test_every_note_has_a_line_of_the_file_and_says_in_spanish_what_was_done(path):
    content = path.read_bytes()
    lines = content.count(b"\n") + 1
    with override("es"):
        for note in detect.read(content).notes:
            assert 1 <= note.line <= lines
            assert note.message.endswith((".", "?"))
            assert "%(" not in note.message
            assert note.severity in Severity


@pytest.mark.parametrize("path", [*GIFT, *MOODLE, *ITEMS], ids=name)
def test_what_was_read_goes_out_as_qti_and_comes_back_the_same_but_for_what_is_noted(path):
    found = detect.read(path.read_bytes()).questions
    written = qti.write(found)
    lost = {note.line for note in written.notes}
    back = {one.source: one for one in qti.read(written.content).questions} if found else {}
    for number, one in enumerate(found, start=1):
        if number not in lost:
            again = back[f"items/{number}.xml"]
            assert (again.question.name, again.question.kind) == (one.question.name, one.question.kind)
            assert (again.category, dict(again.pictures)) == (one.category, dict(one.pictures))
            assert again.question.text == one.question.text


@pytest.mark.parametrize("path", [*GIFT, *MOODLE, *ITEMS], ids=name)
def test_what_was_read_goes_out_as_gift_and_what_does_not_is_noted(path):
    found = detect.read(path.read_bytes()).questions
    written = gift.write(found)
    dropped = [note for note in written.notes if note.severity == Severity.DROPPED]
    reading = gift.read(written.content)
    assert len(reading.questions) == len(found) - len(dropped)
    assert not reading.dropped


def test_questions_in_spanish_are_read_as_they_were_meant():
    reading = gift.read((REAL / "gift" / "ejemplo-gift.txt").read_bytes())
    kinds = [found.question.kind for found in reading.questions]
    assert len(kinds) == 10
    assert set(kinds) >= {Kind.SINGLE, Kind.TRUE_FALSE, Kind.SHORT}
    texts = " ".join(found.question.text for found in reading.questions)
    assert "¿" in texts
    assert "�" not in texts


def test_pictures_of_a_moodle_file_come_along():
    reading = detect.read((REAL / "moodle_xml" / "test.xml").read_bytes())
    shown = {found.line: list(found.pictures.values()) for found in reading.questions if found.pictures}
    assert [content[:6] for content in shown[250]] == [b"GIF89a"]
    # The other one lies on a server of Moodle's, not in the file.
    assert [(note.line, note.code) for note in reading.notes if "picture" in note.code] == [(289, "picture.missing")]


def test_every_file_has_its_licence():
    told = (REAL / "SOURCES.md").read_text()
    kept = {str(path.relative_to(REAL)) for path in REAL.rglob("*.*") if path.name != "SOURCES.md"}
    assert {line.split("|")[1].strip() for line in told.splitlines() if line.startswith("| ") and "/" in line} - {
        "file"
    } == kept
