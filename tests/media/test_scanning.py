"""The scanner looks first: what it finds is refused, what it cannot tell waits, and nothing is lost."""

import shlex
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from wagtail.documents.models import Document
from wagtail.models import Collection

from lms.domain.errors import RuleBroken
from lms.models import AuditEvent
from media.domain import intake, scanning, uploads
from media.models import Upload, Video
from tests.factories.papers import PDF

pytestmark = pytest.mark.django_db
# In halves: a scanner on the machine of whoever writes this takes the whole for what it feigns to be.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + rb"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SCRIPT = """#!/bin/sh
# As clamdscan does: 0 for clean, 1 for found, anything else for a fault.
if grep -q "broken" "$1"; then echo "ERROR: no daemon"; exit 2; fi
if grep -q 'EICAR-STANDARD''-ANTIVIRUS' "$1"; then echo "$1: Eicar-Signature FOUND"; exit 1; fi
echo "$1: OK"
"""


@pytest.fixture
def scanner(tmp_path, settings) -> Path:
    """A small real scanner."""
    path = tmp_path / "scan me"
    path.write_text(SCRIPT)
    path.chmod(0o755)
    settings.VIRUS_SCAN_COMMAND = f"{shlex.quote(str(path))} {{path}}"
    return path


def uploaded(person, content: bytes, name: str = "plan.pdf") -> Upload:
    pieces = [content]
    return uploads.receive(
        person=person, file_name=name, size=len(content), read=lambda _n: pieces.pop() if pieces else b""
    )


def take(upload: Upload, by):
    return intake.take(upload, title="Plan", by=by, collection=Collection.get_first_root_node())


def test_what_is_clean_goes_on(scanner, trainer):
    assert take(uploaded(trainer, PDF), trainer) == Document.objects.get()


def test_what_is_found_is_refused_and_written_down(scanner, trainer, tree):
    before = tree()
    with pytest.raises(RuleBroken) as refusal:
        take(uploaded(trainer, PDF + EICAR + b"%%EOF"), trainer)
    assert refusal.value.code == "upload.infected"
    assert tree() == before
    assert [model.objects.count() for model in (Upload, Document, Video)] == [0, 0, 0]
    event = AuditEvent.objects.get(action="upload.infected")
    assert event.actor == str(trainer.public_id)
    assert event.facts["finding"] == "Eicar-Signature FOUND"
    assert len(event.facts["sha256"]) == 64


def test_without_a_command_nothing_is_asked(settings, trainer):
    assert settings.VIRUS_SCAN_COMMAND == ""
    assert take(uploaded(trainer, PDF + EICAR + b"%%EOF"), trainer)


def absent(scanner: Path) -> None:
    scanner.unlink()


def confused(scanner: Path) -> None:
    scanner.write_text("#!/bin/sh\nexit 3\n")


def killed(scanner: Path) -> None:
    scanner.write_text("#!/bin/sh\nkill -9 $$\n")


def silent(scanner: Path) -> None:
    scanner.write_text("#!/bin/sh\nsleep 60\n")


@pytest.mark.parametrize("fault", [absent, confused, killed, silent])
def test_a_broken_scanner_loses_nothing(fault, scanner, client, trainer, monkeypatch):
    """The page says so, the upload stays, and goes in once the scanner works."""
    fault(scanner)
    monkeypatch.setattr(scanning, "MAX_SECONDS", 0.5)
    upload = uploaded(trainer, PDF)
    client.force_login(trainer)
    given = {"title": "Plan", "collection": "1", "upload": str(upload.public_id)}
    response = client.post(reverse("media_videos:add"), given)
    page = response.content.decode()
    assert response.status_code == 422
    assert "lo que subió está guardado" in page
    assert str(upload.public_id) in page
    assert not Document.objects.exists()
    scanner.write_text(SCRIPT)
    scanner.chmod(0o755)
    monkeypatch.undo()
    assert client.post(reverse("media_videos:add"), given).status_code == 302
    assert Document.objects.get().title == "Plan"


def test_wagtails_own_form_asks_the_scanner_too(scanner, client, trainer):
    client.force_login(trainer)
    for content in (PDF + EICAR + b"%%EOF", PDF + b"broken %%EOF"):
        file = SimpleUploadedFile("plan.pdf", content)
        given = {"title": "Plan", "collection": Collection.get_first_root_node().pk, "file": file, "tags": ""}
        assert client.post(reverse("wagtaildocs:add"), given).status_code == 200
    assert not Document.objects.exists()
    assert AuditEvent.objects.filter(action="upload.infected", actor=str(trainer.public_id)).count() == 1


def test_the_scanner_gets_a_bare_environment(scanner, trainer, monkeypatch):
    """No key and no password of ours reaches it, and it ends with its group."""
    monkeypatch.setenv("AULA_SECRET_KEY", "geheim")
    scanner.write_text("#!/bin/sh\nenv | grep -q geheim && exit 1\nexit 0\n")
    assert take(uploaded(trainer, PDF), trainer)
