"""What a person may keep: said before a byte is sent, counted once, and given back."""

import pytest
from django.core.files.base import ContentFile
from django.test import override_settings
from django.utils import timezone
from wagtail.documents.models import Document

from media.domain import uploads
from media.models import Cut, Track, Upload
from tests.factories.media import a_video

from .test_uploads import BASE, TUS, create, patch

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client, trainer):
    client.force_login(trainer)
    return client


def test_what_counts(trainer, other_trainer):
    """Uploads by the size that they will have; originals that are here, each once; papers. Nothing of others."""
    uploads.begin(person=trainer, file_name="a.mp4", size=1000)
    unknown = uploads.begin(person=trainer, file_name="a.mp4", size=None)
    uploads.append(unknown, offset=0, length=5, read=lambda size: b"01234"[:size])
    video = a_video(rungs=(), uploaded_by=trainer, source_path="video/x/source", source_bytes=200)
    a_video(rungs=(), uploaded_by=trainer, source_path="", source_bytes=7_000_000)  # dropped
    Cut.objects.create(video=video, number=2, made_by=trainer, source_path="video/x/source", source_bytes=200)
    Cut.objects.create(video=video, number=3, state="in_use", made_by=trainer, source_path="video/x/3", source_bytes=30)
    Track.objects.create(video=video, kind="sign", made_by=trainer, source_path="video/x/t", source_bytes=4)
    Document.objects.create(title="x", file=ContentFile(b"12", "a.pdf"), file_size=2, uploaded_by_user=trainer)
    expired = uploads.begin(person=trainer, file_name="a.mp4", size=90_000)
    Upload.objects.filter(pk=expired.pk).update(expires_at=timezone.now())
    assert uploads.used_by(trainer) == 1000 + 5 + 200 + 30 + 4 + 2
    assert uploads.used_by(other_trainer) == 0
    assert uploads.quota_of(trainer) == 50 * 1024**3


@override_settings(UPLOAD_QUOTA_BYTES=100)
def test_what_does_not_fit_is_413_with_words_that_help(signed_in, trainer):
    url = create(signed_in, size=60)["Location"]
    refused = create(signed_in, size=41)
    assert refused.status_code == 413
    assert "pida más espacio" in refused.content.decode()
    assert create(signed_in, size=40).status_code == 201
    assert create(signed_in, size=1).status_code == 413
    signed_in.delete(url, headers=TUS)
    assert create(signed_in, size=60).status_code == 201


@override_settings(UPLOAD_QUOTA_BYTES=100)
def test_an_unknown_length_has_the_quota_too(signed_in):
    url = signed_in.post(BASE, headers=TUS | {"Upload-Defer-Length": "1"})["Location"]
    assert patch(signed_in, url, 0, b"x" * 101).status_code == 413
    assert patch(signed_in, url, 0, b"x" * 60).status_code == 204
    assert patch(signed_in, url, 60, b"x" * 41).status_code == 413
    assert patch(signed_in, url, 60, b"x", **{"Upload-Length": "101"}).status_code == 413
    assert patch(signed_in, url, 60, b"x" * 40, **{"Upload-Length": "100"}).status_code == 204


@override_settings(UPLOAD_QUOTA_BYTES=0)
def test_no_quota_at_all(signed_in):
    assert create(signed_in, size=10**9).status_code == 201
