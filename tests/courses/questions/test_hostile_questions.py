"""Files that mean harm, or that nobody can read: a clear error, never a crash, within bounds."""

import io
import random
import stat
import zipfile

import pytest
from django.utils.translation import override

from courses.interchange import archive, decoding, detect, drafting, gift, markup, moodle_xml, qti, reading, sayings
from courses.interchange.qti import machine
from courses.interchange.reading import Unreadable

pytestmark = pytest.mark.once
ESSAY = '<question type="essay"><name><text>{}</text></name></question>'


def refused(content: bytes) -> str:
    with pytest.raises(Unreadable) as caught, override("es"):
        detect.read(content)
    return str(caught.value.message)


def packed(files: dict[str, bytes], way: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", way) as package:
        for name, content in files.items():
            package.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    "entity",
    [
        '<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">',
        '<!ENTITY b SYSTEM "file:///etc/passwd">',
        '<!ENTITY % p SYSTEM "x">%p;',
    ],
    ids=["laughs", "file", "parameter"],
)
def test_entities_are_refused(entity):
    content = f"<!DOCTYPE quiz [{entity}]><quiz>{ESSAY.format('&b;')}</quiz>".encode()
    for read in (moodle_xml.read, qti.read):
        with pytest.raises(Unreadable) as caught:
            read(content)
        assert caught.value.message == markup.UNSAFE


def test_a_document_type_that_only_names_a_file_is_passed_over():
    content = f'<!DOCTYPE quiz SYSTEM "http://example.org/x.dtd"><quiz>{ESSAY.format("n")}</quiz>'
    assert len(moodle_xml.read(content.encode()).questions) == 1


def test_depth_and_number_of_elements_are_bounded(monkeypatch):
    deep = b"<quiz>" + b"<a>" * 119 + b"</a>" * 119 + b"</quiz>"
    moodle_xml.read(deep)
    with pytest.raises(Unreadable) as caught:
        moodle_xml.read(b"<quiz>" + b"<a>" * 120 + b"</a>" * 120 + b"</quiz>")
    assert caught.value.message == markup.TOO_COMPLEX
    monkeypatch.setattr(markup, "MOST_ELEMENTS", 10)
    with pytest.raises(Unreadable) as caught:
        moodle_xml.read(b"<quiz>" + b"<a/>" * 10 + b"</quiz>")
    assert caught.value.message == markup.TOO_COMPLEX


def test_a_package_that_grows_is_refused(monkeypatch):
    bomb = packed({"a.xml": b"<quiz>" + b" " * 5_000_000 + b"</quiz>"})
    with pytest.raises(Unreadable) as caught:
        detect.read(bomb)
    assert caught.value.message == archive.TOO_BIG
    monkeypatch.setattr(archive, "MAX_RATIO", 10_000)
    archive.Archive(bomb)
    monkeypatch.setattr(archive, "MAX_UNPACKED", 1_000_000)
    with pytest.raises(Unreadable):
        archive.Archive(bomb)


def test_a_package_of_too_many_files_or_too_many_bytes_is_refused(monkeypatch):
    many = packed({f"{number}.txt": b"x" for number in range(20)})
    archive.Archive(many)
    monkeypatch.setattr(archive, "MAX_ENTRIES", 19)
    with pytest.raises(Unreadable):
        archive.Archive(many)
    monkeypatch.setattr(archive, "MAX_ENTRIES", 5_000)
    monkeypatch.setattr(archive, "MAX_BYTES", 100)
    with pytest.raises(Unreadable):
        archive.Archive(many)


@pytest.mark.parametrize("name", ["../x.xml", "/etc/x.xml", "a/../../x.xml", "..\\x.xml", "C:x.xml"])
def test_paths_that_lead_elsewhere_are_refused(name):
    assert refused(packed({name: b"<quiz/>"})) == str(archive.UNSAFE)


def test_links_locked_files_and_files_of_one_name_are_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        link = zipfile.ZipInfo("x.xml")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        package.writestr(link, "/etc/passwd")
    assert refused(out.getvalue()) == str(archive.UNSAFE)
    locked = bytearray(packed({"x.xml": b"<quiz/>"}))
    for head in (b"PK\x03\x04", b"PK\x01\x02"):
        locked[locked.index(head) + (6 if head[2] == 3 else 8)] |= 1
    assert refused(bytes(locked)) == str(archive.LOCKED)
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as package:
        package.writestr("x.xml", "<quiz/>")
        with pytest.warns(UserWarning, match="Duplicate name"):
            package.writestr("x.xml", "<quiz/>")
    assert refused(twice.getvalue()) == str(archive.UNSAFE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n ",
        b"hola",
        b"::a::b{T}\x00",
        b"PK\x03\x04" + b"x" * 100,
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 100,
        b"\x1f\x8b" + b"x" * 50,
        b"<html><body>{=a}</body></html>",
        b"<quiz>",
        b"{" * 10_000,
        "::a::b{T}\ufdd0".encode(),
    ],
    ids=["empty", "blank", "words", "nul", "zip", "png", "gzip", "html", "cut", "braces", "noncharacter"],
)
def test_what_is_no_file_of_questions_is_refused_in_words(content):
    assert refused(content).endswith(".")


def test_bytes_at_random_never_crash():
    chance = random.Random("azar")  # noqa: S311 (the same ones each time)
    for size in (10, 1_000, 50_000):
        for head in (b"", b"PK\x03\x04", b"<quiz>", b"::a::{", b"<?xml version='1.0'?><assessmentItem>"):
            try:
                detect.read(head + chance.randbytes(size))
            except Unreadable:
                continue


def test_a_file_that_is_too_big_is_refused(monkeypatch):
    monkeypatch.setattr(decoding, "MAX_BYTES", 100)
    assert refused(b"x {T}\n\n" * 50) == str(decoding.TOO_BIG)


def test_a_line_without_end_is_read_in_one_go():
    made = gift.read(b"a" * 2_000_000 + b"{T}")
    assert [note.code for note in made.dropped] == ["question.too_long"]
    assert len(made.dropped[0].excerpt) <= reading.EXCERPT_LENGTH


def test_there_are_no_more_questions_than_anybody_can_use(monkeypatch):
    monkeypatch.setattr(drafting, "MOST_QUESTIONS", 10)
    assert refused(b"x {T}\n\n" * 11) == str(sayings.TOO_MANY)
    assert len(detect.read(b"x {T}\n\n" * 10).questions) == 10


def test_reading_is_given_up_when_it_takes_too_long(monkeypatch):
    monkeypatch.setattr(drafting, "MOST_SECONDS", -1)
    package = packed({"a.gift": b"x {T}"})
    for content in (b"x {T}", package):
        assert refused(content) == str(sayings.TOO_SLOW)


@pytest.mark.parametrize(
    "content",
    [
        b"x{" + b"~a" * 101 + b"}",
        b"x{" + b"=a" * 101 + b"}",
        b"x{#" + b"=1" * 101 + b"}",
        b"x{" + b"=a->b" * 101 + b"}",
        b"q\n" + b"".join(b"A. x\n" for _number in range(101)) + b"ANSWER: A",
    ],
    ids=["options", "texts", "numbers", "pairs", "letters"],
)
def test_a_question_of_too_many_parts_is_named_before_they_are_looked_at(content, monkeypatch):
    def never(*args, **kwargs):
        raise AssertionError("a part was looked at")

    monkeypatch.setattr("courses.interchange.gift.answers._said_back", never)
    assert [note.code for note in detect.read(content).dropped] == ["question.too_many"]


ITEM = """<assessmentItem identifier="i" title="t"><responseDeclaration identifier="R" cardinality="single"
 baseType="identifier"><correctResponse><value>A</value></correctResponse></responseDeclaration>
<outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"/><outcomeDeclaration identifier="F"
 cardinality="multiple" baseType="identifier"/><itemBody><choiceInteraction responseIdentifier="R" maxChoices="1">
<simpleChoice identifier="A">a</simpleChoice><simpleChoice identifier="B">b</simpleChoice></choiceInteraction>
</itemBody>
<responseProcessing>{}</responseProcessing></assessmentItem>"""
DOUBLE = (
    '<setOutcomeValue identifier="F"><multiple><variable identifier="F"/><variable identifier="F"/>'
    '<baseValue baseType="identifier">A</baseValue></multiple></setOutcomeValue>'
)
SQUARE = (
    '<setOutcomeValue identifier="SCORE"><product><sum><variable identifier="SCORE"/><baseValue baseType="float">9e29'
    '</baseValue></sum><baseValue baseType="float">9e29</baseValue></product></setOutcomeValue>'
)


@pytest.mark.parametrize(
    ("rule", "code"), [(DOUBLE, "qti.processing"), (SQUARE, "points.changed")], ids=["values", "numbers"]
)
def test_processing_that_grows_without_end_is_bounded(rule, code):
    made = qti.read(ITEM.format(rule * 60).encode())
    assert made.questions[0].question.body.options[0].percent == 100
    assert code in {note.code for note in made.notes}


def test_processing_has_so_many_steps_and_no_more(monkeypatch):
    plain = '<setOutcomeValue identifier="SCORE"><mapResponse identifier="R"/></setOutcomeValue>'
    monkeypatch.setattr(machine, "MOST_STEPS", 5)
    assert "qti.processing" in {note.code for note in qti.read(ITEM.format(plain * 10).encode()).notes}


def test_a_picture_that_could_carry_programs_stays_behind():
    html = '&lt;img src="data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9eD4=" alt="x"&gt;'
    content = f'<quiz><question type="essay"><questiontext><text>{html}</text></questiontext></question></quiz>'
    made = moodle_xml.read(content.encode())
    assert (made.questions[0].question.text, dict(made.questions[0].pictures)) == ("x", {})
    assert [note.code for note in made.notes] == ["picture.kind"]
