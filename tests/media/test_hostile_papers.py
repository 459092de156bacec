"""Papers that mean harm: programs in every disguise, archives that grow, names that lead elsewhere."""

import io
import os
import random
import struct
import zipfile
import zlib

import pytest
from django.core.files.storage import default_storage
from wagtail.documents.models import Document
from wagtail.models import Collection

from lms.domain.errors import RuleBroken
from media.domain import papers, pdfs
from tests.factories.papers import MAIN, PDF, a_paper, archive, types

pytestmark = pytest.mark.once


def looked_at(folder, content: bytes) -> str:
    """The ending that is found, or the code of the refusal."""
    path = folder / "x"
    path.write_bytes(content)
    try:
        return papers.look(path)
    except RuleBroken as refusal:
        return refusal.code


# PDF ------------------------------------------------------------------------------------------------------------------
def pdf(*objects: bytes, head: bytes = b"%PDF-1.7\n") -> bytes:
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, one) for number, one in enumerate(objects, start=1))
    return head + body + b"trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n"


def stream(content: bytes, more: bytes = b"/Filter/FlateDecode", *, packed: bytes | None = None) -> bytes:
    packed = zlib.compress(content) if packed is None else packed
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (more, len(packed), packed)


SCRIPT = b"<</Type/Action/S/JavaScript/JS(app.alert(1))>>"
OBJECTS = b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode"
ESCAPED = b"<</S/J#61va#53cript/JS(x)>>"
BROKEN = zlib.compress(b"1 0 " + SCRIPT + random.Random(1).randbytes(5000).hex().encode())[:-200] + b"\xff" * 200  # noqa: S311

HARMFUL = {
    "a script": pdf(b"<</OpenAction" + SCRIPT + b">>"),
    "a script with blanks": pdf(b"<< /S\n/JavaScript /JS (x) >>"),
    "a script by letters' numbers": pdf(ESCAPED),
    "a script all in numbers": pdf(b"<</S/" + b"".join(b"#%02X" % letter for letter in b"JavaScript") + b"/JS(x)>>"),
    "a script's name by reference": pdf(b"<</S 2 0 R/JS(x)>>", b"/JavaScript"),
    "a script's name glued to its number": pdf(b"<</S 2 0 R>>\nendobj\n2 0 obj/JavaScript"),
    "scripts by their names": pdf(b"<</Names<</Dests 3 0 R/JavaScript 4 0 R>>>>"),
    "a program to start": pdf(b"<</S/Launch/Win<</F(cmd.exe)>>>>"),
    "a file within": pdf(b"<</Names<</EmbeddedFiles 3 0 R>>>>"),
    "a file beside the text": pdf(b"<</Subtype/FileAttachment/FS 3 0 R>>"),
    "a form with a program": pdf(b"<</AcroForm<</XFA 3 0 R>>>>"),
    "a film of its own": pdf(b"<</Subtype/RichMedia>>"),
    "a script in a stream of objects": pdf(stream(b"1 0 " + SCRIPT, OBJECTS)),
    "a script in a stream of any kind": pdf(stream(b"1 0 " + ESCAPED)),
    "a script in a picture's stream": pdf(stream(b"", b"/Subtype/Image", packed=b"x" * 5000 + b"9 0 obj" + SCRIPT)),
    "a script in a stream that breaks": pdf(stream(b"", packed=BROKEN)),
    "a script after a megabyte": pdf(stream(b" " * (pdfs.BLOCK - SCRIPT.index(b"Script")) + SCRIPT, OBJECTS)),
    "a script in a comment's stream": pdf(b"%stream\n" + zlib.compress(SCRIPT) + b"\n%endstream"),
}


@pytest.mark.parametrize("name", HARMFUL)
def test_programs_in_a_pdf(name, tmp_path):
    assert looked_at(tmp_path, HARMFUL[name]) == "document.macros"


UNSEEN = {
    "objects in a rare packing": pdf(stream(b"", b"/Type/ObjStm/Filter/LZWDecode", packed=b"x")),
    "objects packed twice": pdf(stream(b"", b"/Type/ObjStm/Filter[/ASCII85Decode/FlateDecode]", packed=b"x")),
    "objects as differences": pdf(stream(b"x", OBJECTS + b"/DecodeParms<</Predictor 12>>")),
    "objects behind a password": pdf(stream(b"x", OBJECTS), b"<</Encrypt 3 0 R>>"),
}


@pytest.mark.parametrize("name", UNSEEN)
def test_what_cannot_be_seen_in_a_pdf(name, tmp_path):
    assert looked_at(tmp_path, UNSEEN[name]) == "document.locked"


HONEST = {
    "a title": pdf(b"<</Title(HTML5/JavaScript, CSS/JavaScript y m\xe1s)>>"),
    "a page's text": pdf(stream(b"BT (Aprenda HTML/JavaScript) Tj ET")),
    "a form without scripts": pdf(b"<</AcroForm<</Fields[]/SigFlags 3>>/OpenAction[2 0 R/Fit]>>"),
    "a link": pdf(b"<</S/URI/URI(https://example.org/javascript)>>"),
    "longer names": pdf(b"<</LaunchPad 1/JavaScriptX 2/ObjStmX 3>>"),
    "objects": pdf(stream(b"1 0 <</Type/Page>>", OBJECTS)),
    "a photograph": pdf(stream(b"", b"/Filter/DCTDecode", packed=b"\xff\xd8" + bytes(range(256)) * 40)),
    "an old font": pdf(stream(b"", b"/Filter[/ASCII85Decode/LZWDecode]", packed=b"abc")),
    "objects, and an old font": pdf(
        stream(b"1 0 <<>>", OBJECTS), stream(b"", b"/Filter[/ASCII85Decode/LZWDecode]", packed=b"abc")
    ),
    "protected, and all in sight": pdf(b"<</Encrypt 3 0 R>>"),
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_pdfs(name, tmp_path):
    assert looked_at(tmp_path, HONEST[name]) == ".pdf"


def over_one_another(times: int) -> bytes:
    """Streams that begin one within the other, and all go on through the same megabyte of nothing."""
    head = b"stream\nx\x01"
    stored = b"\0" + struct.pack("<HH", len(head), 0xFFFF - len(head)) + head
    return pdf(head + stored * times + b"\0\0\0\xff\xff" * 200_000 + b"\1\0\0\xff\xff")


def test_a_pdf_that_grows(tmp_path, monkeypatch):
    grown = pdf(stream(bytes(10_000_000)))
    assert looked_at(tmp_path, grown) == ".pdf"
    monkeypatch.setattr(papers, "MAX_UNPACKED", 5_000_000)
    assert looked_at(tmp_path, grown) == "document.bomb"


def test_a_pdf_that_is_read_again_and_again(tmp_path, monkeypatch):
    """Little comes out of it; what goes in counts, too."""
    assert looked_at(tmp_path, over_one_another(3)) == ".pdf"
    monkeypatch.setattr(papers, "MAX_UNPACKED", 5_000_000)
    assert looked_at(tmp_path, over_one_another(20)) == "document.bomb"


def test_a_pdf_of_streams_alone(tmp_path, monkeypatch):
    many = pdf(b"stream\n" * 200)
    assert looked_at(tmp_path, many) == ".pdf"
    monkeypatch.setattr(pdfs, "MAX_STREAMS", 100)
    assert looked_at(tmp_path, many) == "document.bomb"


def test_two_files_in_one(tmp_path):
    """A page, an archive, a picture before or behind."""
    assert looked_at(tmp_path, b"<html>" + PDF) == "document.unknown"
    assert looked_at(tmp_path, b"GIF89a" + archive({"a.class": b"x"})) == "document.unknown"
    assert looked_at(tmp_path, PDF[:-8] + archive({"a.class": b"x"}) + PDF[-8:]) == "document.broken"
    assert looked_at(tmp_path, b"\x89PNG\r\n\x1a\n" + a_paper(".docx")) == "document.unknown"


# Archives -------------------------------------------------------------------------------------------------------------
RELATION = '<Relationship Id="1" Type="http://x/{kind}" Target="{target}"/>'


def related(kind: str, target: str, code: str = "utf-8") -> dict[str, bytes]:
    text = f'<?xml version="1.0" encoding="{code}"?><Relationships>' + RELATION + "</Relationships>"
    return {"word/_rels/settings.xml.rels": text.format(kind=kind, target=target).encode(code)}


@pytest.mark.parametrize("target", [
    "http://203.0.113.9/x.dotm", "HTTPS://203.0.113.9/x.dotm", "mhtml:http://203.0.113.9/x", "//203.0.113.9/x",
    r"\\203.0.113.9\x.dotm", "file://203.0.113.9/x.dotm", r"file:///\\203.0.113.9\x", "%5C%5C203.0.113.9%5Cx",
    "&#104;ttp://203.0.113.9/x",
])  # fmt: skip
@pytest.mark.parametrize("kind", ["attachedTemplate", "oleObject"])
def test_a_template_from_elsewhere(kind, target, tmp_path):
    assert looked_at(tmp_path, a_paper(".docx", related(kind, target))) == "document.macros"
    assert looked_at(tmp_path, a_paper(".docx", related(kind, target, "utf-16"))) == "document.macros"


@pytest.mark.parametrize(("kind", "target"), [
    ("attachedTemplate", r"file:///C:\Users\ana\Normal.dotm"), ("attachedTemplate", "C:\\x.dotm"),
    ("hyperlink", "https://www.muni.gob.gt/"), ("image", "media/a.png"), ("oleObject", "embeddings/a.xlsx"),
])  # fmt: skip
def test_what_word_writes_every_day(kind, target, tmp_path):
    assert looked_at(tmp_path, a_paper(".docx", related(kind, target))) == ".docx"


def packed_otherwise() -> bytes:
    buffer = io.BytesIO(a_paper(".docx"))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_LZMA) as made:
        made.writestr("word/a.xml", b"x" * 1000)
    return buffer.getvalue()


def overlapping() -> bytes:
    """Two entries, each in order by itself, and the second lies within the first."""
    inner = a_paper(".docx", {"word/b.bin": os.urandom(3000)})
    first, table = inner.index(b"PK\x03\x04", 4), inner.index(b"PK\x01\x02")
    last = inner.rindex(b"PK\x03\x04", 0, table)
    assert last > first
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made, zipfile.ZipFile(io.BytesIO(inner)) as given:
        for name in ("[Content_Types].xml", "word/document.xml"):
            made.writestr(name, given.read(name))
        made.writestr("word/a.bin", inner[last:table])
        made.writestr("word/b.bin", given.read("word/b.bin"), zipfile.ZIP_DEFLATED)
    content = buffer.getvalue()
    second, entry = content.rindex(b"PK\x03\x04"), content.rindex(b"PK\x01\x02")
    within = content.index(inner[last:table])
    assert content[second : second + 4] == content[within : within + 4]
    leads = content[: entry + 42] + struct.pack("<I", within) + content[entry + 46 :]
    return _without(leads, second, content.index(b"PK\x01\x02"))


def _without(content: bytes, start: int, end: int) -> bytes:
    """Without a stretch before the table, whose place is told anew."""
    place = content.rindex(b"PK\x05\x06") + 16
    (table,) = struct.unpack_from("<I", content, place)
    told = content[:place] + struct.pack("<I", table - (end - start)) + content[place + 4 :]
    return told[:start] + told[end:]


def test_that_archive_is_whole_to_whoever_only_reads():
    """So that the test of it tests us."""
    with zipfile.ZipFile(io.BytesIO(overlapping())) as made:
        assert sum(entry.compress_size for entry in made.infolist()) > len(overlapping())
        assert made.namelist()[-2:] == ["word/a.bin", "word/b.bin"]


def of_two_kinds() -> bytes:
    """One program opens the text, another the slides."""
    both = types(MAIN[".docx"][1]).replace(b"</Types>", b"") + types(MAIN[".pptx"][1])
    return archive({"[Content_Types].xml": both, "word/document.xml": b"<x/>", "ppt/presentation.xml": b"<x/>"})


BOOK = a_paper(".xlsx", {"xl/vbaProject.bin": b"x"})
ARCHIVES = {
    "macros in a book within": (lambda: a_paper(".pptx", {"ppt/embeddings/a.bin": BOOK}), "macros"),
    "macros by capitals": (lambda: a_paper(".pptx", {"ppt/VBAPROJECT.BIN": b"x"}), "macros"),
    "controls": (lambda: a_paper(".docx", {"word/activeX/activeX1.xml": b"<x/>"}), "macros"),
    "relations that are no XML": (lambda: a_paper(".docx", {"word/_rels/a.rels": b"<x"}), "broken"),
    "relations that grow": (lambda: a_paper(".docx", {"word/_rels/a.rels": (
        b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 1000 + b'">' + b"".join(
            b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 50) for n in range(5)) + b"]><x>&f;</x>"
    )}), "broken"),
    "up and out": (lambda: a_paper(".pptx", {"ppt/../../../x": b"x"}), "broken"),
    "up and out the other way": (lambda: a_paper(".pptx", {"ppt\\..\\..\\x": b"x"}), "broken"),
    "from the root": (lambda: a_paper(".pptx", {"/etc/cron.d/x": b"x"}), "broken"),
    "one name in capitals too": (lambda: a_paper(".pptx", {"PPT/presentation.xml": b"x"}), "broken"),
    "packed otherwise": (packed_otherwise, "broken"),
    "entries over one another": (overlapping, "broken"),
    "a text and slides": (of_two_kinds, "unknown"),
    "a thousandfold": (lambda: a_paper(".pptx", {"ppt/media/a.bmp": bytes(30_000_000)}), "bomb"),
}  # fmt: skip


@pytest.mark.parametrize("name", ARCHIVES)
def test_archives(name, tmp_path):
    make, code = ARCHIVES[name]
    assert looked_at(tmp_path, make()) == f"document.{code}"


def test_a_zero_in_an_entrys_name(tmp_path):
    """One program reads to the zero, another past it."""
    content = a_paper(".pptx", {"ppt/a.xml?..x": b"x"}).replace(b"ppt/a.xml?..x", b"ppt/a.xml\0..x")
    assert looked_at(tmp_path, content) == "document.broken"


# Names ----------------------------------------------------------------------------------------------------------------
NAMES = {
    "../../../etc/passwd": "passwd.pptx",
    "..\\..\\x.exe": "x.pptx",
    "/etc/shadow": "shadow.pptx",
    "plan\0.exe": "plan.pptx",
    "plan\u202extpp.exe": "planxtpp.pptx",
    "plan\r\nContent-Type: text/html\r\n.pptx": "html.pptx",
    "con.": "con.pptx",
    "-rf": "rf.pptx",
    "..": "documento.pptx",
    "": "documento.pptx",
    "🎓": "documento.pptx",
    "gui\u0301a": "guía.pptx",
    "𝒜" * 200: "𝒜" * 40 + ".pptx",
    "a" * 5000: "a" * 80 + ".pptx",
}


@pytest.mark.parametrize("given", NAMES)
def test_names_are_only_names(given):
    name = papers.clean_name(given, ".pptx")
    assert name == NAMES[given]
    assert len(name.encode()) < 255 - 40


@pytest.mark.django_db
def test_a_name_of_the_longest_letters_is_kept(tmp_path, trainer):
    """Four bytes to a letter: no disk takes 80 of them and an ending."""
    path = tmp_path / "x"
    path.write_bytes(a_paper(".pptx"))
    assert set(MAIN) > {".pptx"}
    facts = {"source": path, "source_name": "𝒜" * 90, "by": trainer, "collection": Collection.get_first_root_node()}
    document = papers.add(title="x", **facts)
    assert default_storage.exists(Document.objects.get(pk=document.pk).file.name)
