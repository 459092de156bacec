"""Certificates, pictures, documents and sounds that lie in a bucket; and the settings that put them there."""

import gc
import hashlib
import io

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from PIL import Image
from wagtail.documents.models import Document
from wagtail.images.models import Image as Picture
from wagtail.models import Collection, CollectionViewRestriction

from certificates.domain import rendering
from lms.models import Language
from media.domain import captions, sources, speech
from media.models import Rendition
from tests.factories.certificates import a_certificate
from tests.factories.media import a_video
from tests.factories.papers import PDF
from tests.media.conftest import ffmpeg, tone

pytestmark = [pytest.mark.django_db, pytest.mark.once]
LISTEN = """#!/bin/sh
[ "$(head -c 4 "$1")" = RIFF ] || exit 3
printf '1\\n00:00:00,000 --> 00:00:01,000\\nBuenos días\\n' > "$3.srt"
"""


def body(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_a_certificate_is_kept_given_and_drawn_again(bucket, client):
    """To its owner; lost or half it comes again the same, and the register finds no fault."""
    certificate = a_certificate()
    client.force_login(certificate.person)
    address = reverse("certificates:download", args=[certificate.public_id])
    first = body(client.get(address))
    kept = rendering.ensure_file(certificate)
    number = f"certificates/testigos/numeros/{certificate.series}/{certificate.number:06d}.json"  # it was given out
    assert first.startswith(b"%PDF")
    assert bucket.names == {kept.path, number}
    assert bucket.read(kept.path) == first
    assert hashlib.sha256(first).hexdigest() == kept.sha256
    said = io.StringIO()
    call_command("verify_registry", stdout=said)
    for spoil in (default_storage.delete, lambda path: bucket.write(path, first[:100])):
        spoil(kept.path)
        assert body(client.get(address)) == first
        assert bucket.names == {kept.path, number}
    assert client.get(f"/archivos/{kept.path}", follow=True).status_code == 404
    assert Client().get(address).status_code == 302


@pytest.fixture
def untidy():
    """What Wagtail leaves open goes here, not in the next test."""
    yield
    gc.collect()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("untidy")
def test_a_picture_has_one_address_of_ours(bucket, signed_in):
    """The same at every visit, so that a telephone keeps it; the picture as it was brought has none."""
    drawn = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(drawn, "PNG")
    given = {"title": "Plaza", "collection": Collection.get_first_root_node().pk}
    file = SimpleUploadedFile("plaza.png", drawn.getvalue())
    assert signed_in.post(reverse("wagtailimages:add"), given | {"file": file}).status_code == 302
    picture = Picture.objects.get()
    made = picture.get_rendition("width-20|format-webp")
    assert {picture.file.name, made.file.name} <= bucket.names
    assert made.url == f"/archivos/{made.file.name}"
    shown = Client().get(made.url)
    assert body(shown) == bucket.read(made.file.name)
    assert (shown["Content-Type"], shown["X-Content-Type-Options"]) == ("image/webp", "nosniff")
    assert shown["Cache-Control"] == "public, max-age=31536000, immutable"
    default_storage.save("images/note.svg", ContentFile(b"<svg/>"))
    for path in (picture.file.name, "images/none.webp", "images/note.svg", f"images/../{picture.file.name}"):
        assert signed_in.get(f"/archivos/{path}", follow=True).status_code == 404


def test_a_document_comes_to_whom_its_collection_lets(bucket, client, trainer):
    document = Document.objects.create(title="Guía", file=ContentFile(PDF, "guía de agua.pdf"))
    client.force_login(trainer)
    found = client.get(document.url)
    assert (found.status_code, body(found), found["Content-Type"]) == (200, PDF, "application/pdf")
    assert bucket.names == {document.file.name}
    assert client.get(document.url, headers={"If-None-Match": found["ETag"]}).status_code in {200, 304}
    CollectionViewRestriction.objects.create(collection=document.collection, restriction_type="login")
    assert Client().get(document.url).status_code == 302
    assert client.get(f"/archivos/{document.file.name}", follow=True).status_code == 404


def test_a_machine_listens_to_what_lies_there(bucket, trainer, tmp_path, settings, run_jobs):
    path = tmp_path / "audio.mp4"
    ffmpeg(*tone(1.5), "-c:a", "aac", "-movflags", "+frag_keyframe+empty_moov", str(path))
    script = tmp_path / "listen.sh"
    script.write_text(LISTEN)
    script.chmod(0o755)
    settings.SPEECH_COMMAND = f"{script} {{audio}} {{language}} {{output}}"
    video, spanish = a_video(rungs=(), duration_seconds=1.5), Language.objects.get(key="es")
    stored = default_storage.save(f"video/{video.public_id}/audio.mp4", ContentFile(path.read_bytes()))
    facts = {"bytes": path.stat().st_size, "duration_seconds": 1.5, "codecs": "mp4a.40.2", "sha256": "x"}
    Rendition.objects.create(video=video, rung="audio", path=stored, **facts)
    speech.request(video=video, language=spanish, by=trainer)
    assert run_jobs() == []
    assert "Buenos días" in captions.find(video, spanish).text


def test_a_file_that_is_taken_in_goes_again_with_its_transaction(bucket, samples):
    video = a_video()
    before = bucket.names
    with sources.taken_in(samples / "silent.mp4", name="otra.mp4", video=video, is_kept=True) as taken:
        assert bucket.names == {*before, taken.path}
        assert bucket.read(taken.path) == (samples / "silent.mp4").read_bytes()
    with (
        pytest.raises(ZeroDivisionError),
        sources.taken_in(samples / "silent.mp4", name="otra.mp4", video=video, is_kept=True) as again,
    ):
        raise ZeroDivisionError
    assert bucket.names == {*before, taken.path}
    assert again.path not in bucket.names


def test_a_page_may_load_films_from_there_and_nothing_else(bucket, client):
    policy = client.get("/")["Content-Security-Policy"]
    parts = {part.split()[0]: part.split()[1:] for part in policy.split(";") if part.strip()}
    allowed = {name for name, values in parts.items() if bucket.server.url in values}
    assert allowed == {"media-src", "connect-src"}


def test_nothing_is_written_that_everybody_may_read(bucket):
    """No list of access goes with a file, for many storages know none; the bucket's own says nobody."""
    path = default_storage.save("video/x/1.mp4", ContentFile(b"x"))
    assert bucket.server.ask(f"{bucket.server.url}/{bucket.name}/{path}").status == 403
    grants = bucket.server.client.get_object_acl(Bucket=bucket.name, Key=path)["Grants"]
    assert [grant["Grantee"]["Type"] for grant in grants] == ["CanonicalUser"]
    assert default_storage.url(path) == f"/archivos/{path}"
    assert default_storage.save(path, ContentFile(b"y")) != path
