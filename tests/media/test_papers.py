"""Slides and papers: known by their bytes, without programs, no larger inside than they say; and their names."""

import os
import re

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.urls import reverse
from wagtail.documents.models import Document
from wagtail.models import Collection, GroupCollectionPermission

from lms.domain.errors import RuleBroken
from lms.models import AuditEvent
from media.domain import intake, library, papers, uploads
from media.models import Upload, Video
from tests.factories.papers import MAIN, OLE, OPEN_DOCUMENT, PDF, a_paper, archive, types

HTML = b"<html><script>alert(1)</script>"


def written(folder, content: bytes, name: str = "x"):
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("suffix", [".pdf", *MAIN, *OPEN_DOCUMENT])
def test_what_is_known(suffix, tmp_path):
    path = written(tmp_path, a_paper(suffix))
    assert papers.is_paper(path)
    assert papers.look(path) == suffix


def test_pictures_and_a_sheet_inside_are_no_programs(tmp_path):
    inside = {"ppt/media/a.png": os.urandom(5000), "ppt/embeddings/Libro1.xlsx": a_paper(".xlsx")}
    assert papers.look(written(tmp_path, a_paper(".pptx", inside))) == ".pptx"


def macro_enabled() -> bytes:
    kind = b"application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml"
    both = types(MAIN[".pptx"][1]) + b'<Override ContentType="' + kind + b'"/>'
    return archive({"[Content_Types].xml": both, "ppt/presentation.xml": b"<x/>"})


def locked() -> bytes:
    """A zip whose entries say that they want a password."""
    content = bytearray(a_paper(".docx"))
    content[6] |= 1
    start = content.index(b"PK\x01\x02")
    content[start + 8] |= 1
    return bytes(content)


def shifted() -> bytes:
    """Another file before the archive."""
    return HTML + a_paper(".docx")


def prefixed() -> bytes:
    """It begins like an archive, and the archive that counts begins later."""
    return b"PK\x03\x04" + HTML + a_paper(".docx")


def lying() -> bytes:
    """Entries that are larger than they say."""
    content = bytearray(a_paper(".docx", {"word/media/a.bin": b"\0" * 5_000_000}))
    place = content.rindex(b"PK\x01\x02")
    content[place + 24 : place + 28] = (10).to_bytes(4, "little")
    return bytes(content)


def twice() -> bytes:
    """One name for two entries: one program reads the first, another the second."""
    kinds = [types(MAIN[suffix][1]) for suffix in (".docx", ".pptx")]
    content = archive({"[Content_Types].xml": kinds[0], "[Content_Typez].xml": kinds[1]})
    return content.replace(b"Typez", b"Types")


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: OLE, "macros"),
        (macro_enabled, "macros"),
        (lambda: a_paper(".pptx", {"ppt/vbaProject.bin": OLE}), "macros"),
        (lambda: a_paper(".pptx", {"ppt/vbaProject.bin": b"x"}), "macros"),
        (lambda: a_paper(".docx", {"word/embeddings/oleObject1.bin": OLE}), "macros"),
        (lambda: a_paper(".odp", {"Basic/Standard/Module1.xml": b"<x/>"}), "macros"),
        (lambda: archive({"[Content_Types].xml": b'<!DOCTYPE x [<!ENTITY a "b">]><Types/>'}), "macros"),
        (lambda: a_paper(".docx", {f"word/{n}.bin": b"\0" * 10_000_000 for n in range(3)}), "bomb"),
        (lambda: a_paper(".docx", {f"{n}": b"" for n in range(papers.MAX_ENTRIES)}), "bomb"),
        (lying, "broken"),
        (lambda: a_paper(".docx", {"../../x": b"x"}), "broken"),
        (lambda: a_paper(".docx", {"C:\\x": b"x"}), "broken"),
        (twice, "broken"),
        (lambda: a_paper(".pptx")[:-30], "broken"),
        (prefixed, "broken"),
        (lambda: PDF[:-8], "broken"),
        (lambda: PDF + a_paper(".docx"), "broken"),
        (locked, "locked"),
        (lambda: archive({"a.txt": b"x"}), "unknown"),
        (lambda: archive({"mimetype": b"application/epub+zip"}), "unknown"),
        (lambda: archive({"[Content_Types].xml": b"<Types/>"}), "unknown"),
        (shifted, "unknown"),
        (lambda: HTML, "unknown"),
        (lambda: b"", "unknown"),
    ],
)
def test_what_is_refused(make, code, tmp_path):
    with pytest.raises(RuleBroken) as refusal:
        papers.look(written(tmp_path, make()))
    assert refusal.value.code == f"document.{code}"


def test_a_paper_has_a_limit(tmp_path):
    path = written(tmp_path, PDF)
    os.truncate(path, papers.MAX_BYTES + 1)
    with pytest.raises(RuleBroken) as refusal:
        papers.look(path)
    assert refusal.value.code == "document.too_big"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Guía de agua.pptx", "Guía_de_agua.pptx"),
        ("../../etc/passwd", "passwd.pptx"),
        ("C:\\x\\plan.html", "plan.pptx"),
        ('a"; rm -rf *\r\n.pdf', "a_rm_-rf.pptx"),
        ("....", "documento.pptx"),
        ("ñ" * 300, "ñ" * 80 + ".pptx"),
    ],
)
def test_names_are_cleaned(given, name):
    assert papers.clean_name(given, ".pptx") == name


def uploaded(person, content: bytes, name: str = "plan.html") -> Upload:
    pieces = [content]
    return uploads.receive(
        person=person, file_name=name, size=len(content), read=lambda _n: pieces.pop() if pieces else b""
    )


def root() -> Collection:
    return Collection.get_first_root_node()


@pytest.mark.django_db
def test_a_paper_becomes_a_document(trainer, client, tree):
    before = tree()
    content = a_paper(".pptx")
    document = intake.take(uploaded(trainer, content), title="Plan", by=trainer, collection=root())
    assert (document.title, document.uploaded_by_user) == ("Plan", trainer)
    assert re.fullmatch(r"plan(_\w+)?\.pptx", document.filename)
    with document.file.open("rb") as kept:
        assert kept.read() == content
    assert document.file_size == len(content)
    document.file.close()
    assert not Upload.objects.exists()
    assert tree() - before == {default_storage.path(document.file.name)}
    assert AuditEvent.objects.get(action="document.added").facts["title"] == "Plan"
    response = client.get(document.url)
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "presentation" in response["Content-Type"]
    response.close()


@pytest.mark.django_db
@pytest.mark.parametrize("content", [OLE, HTML])
def test_a_refused_paper_leaves_nothing(content, trainer, tree):
    before = tree()
    with pytest.raises(RuleBroken):
        intake.take(uploaded(trainer, content, "plan.pptx"), title="x", by=trainer, collection=root())
    assert tree() == before
    assert [model.objects.count() for model in (Upload, Document, Video)] == [0, 0, 0]


@pytest.mark.django_db
def test_a_fault_while_a_paper_is_kept_leaves_the_upload(trainer, tree, monkeypatch):
    upload = uploaded(trainer, PDF)
    before = tree()

    def fail(*_args, **_facts) -> None:
        raise OperationalError("server closed the connection")

    with monkeypatch.context() as patched:
        patched.setattr(papers.audit, "record", fail)
        with pytest.raises(OperationalError):
            intake.take(upload, title="x", by=trainer, collection=root())
    assert tree() == before
    assert not Document.objects.exists()
    assert intake.take(upload, title="x", by=trainer, collection=root()) == Document.objects.get()


@pytest.mark.django_db
def test_only_into_a_collection_where_one_may(trainer):
    GroupCollectionPermission.objects.filter(permission__codename="add_document").delete()
    with pytest.raises(RuleBroken) as refusal:
        intake.take(uploaded(trainer, PDF), title="x", by=trainer, collection=root())
    assert refusal.value.code == "document.collection"


@pytest.mark.django_db
def test_a_paper_is_no_video(trainer):
    with pytest.raises(RuleBroken) as refusal:
        intake.take(uploaded(trainer, PDF), title="x", by=trainer, collection=root(), only_videos=True)
    assert refusal.value.code == "video.not_a_video"


@pytest.mark.django_db
@pytest.mark.parametrize(("content", "is_taken"), [(PDF, True), (HTML, False), (OLE, False)])
def test_wagtails_own_form_looks_at_the_bytes_too(content, is_taken, client, trainer):
    client.force_login(trainer)
    file = SimpleUploadedFile("plan.pdf", content)
    response = client.post(
        reverse("wagtaildocs:add"), {"title": "Plan", "collection": root().pk, "file": file, "tags": ""}
    )
    assert (response.status_code == 302) is is_taken
    assert Document.objects.exists() is is_taken
    assert library.Video.objects.count() == 0
