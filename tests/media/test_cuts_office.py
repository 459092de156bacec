"""The pages of cuts and tracks: what is said beforehand, what is asked for, what comes back when it cannot be."""

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from lms.domain import jobs
from lms.models import Job, Language
from media.domain import cuts, tracks
from media.forms import ClockField
from media.models import Cut, Track, Upload
from tests.factories.media import a_video

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client, trainer):
    client.force_login(trainer)
    return client


@pytest.fixture
def video(trainer):
    """A hundred seconds, with an original."""
    made = a_video(uploaded_by=trainer, rungs=("240p",))
    made.source_path = default_storage.save(f"video/{made.public_id}/source-x", ContentFile(b"x"))
    made.save()
    return made


def page_of(office, name, video):
    return office.get(reverse(f"media_videos:{name}", args=[video.pk])).content.decode()


def test_what_will_happen_is_said_first(office, video):
    words = page_of(office, "cuts", video)
    assert "Nadie va a medias" in words
    assert "habrá que renovarlas" not in words
    Track.objects.create(video=video, kind="sign", state="ready")
    assert "Lengua de señas (LENSEGUA)." in page_of(office, "cuts", video)
    edit = page_of(office, "edit", video)
    assert reverse("media_videos:cuts", args=[video.pk]) in edit
    assert reverse("media_videos:tracks", args=[video.pk]) in edit


def test_a_trim_is_asked_for_and_seen(office, video):
    url = reverse("media_videos:cuts_trim", args=[video.pk])
    assert office.post(url, {"recorte-start": "0:04.5", "recorte-end": "1:30"}).status_code == 302
    cut = Cut.objects.get()
    assert (cut.trim_start_seconds, cut.trim_end_seconds, cut.edit_list) == (4.5, 90, [[4500, 90_000, 0]])
    assert Job.objects.get().subject == str(cut.public_id)
    shown = page_of(office, "cuts", video)
    assert "Se está preparando un corte nuevo" in shown
    assert "data-trim" not in shown
    fragment = office.get(reverse("media_videos:cuts_progress", args=[video.pk]))
    assert "En espera de turno" in fragment.content.decode()
    assert "no-store" in fragment["Cache-Control"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"recorte-start": "0:04x", "recorte-end": "1:30"}, "Escriba minutos y segundos"),
        ({"recorte-start": "1:30", "recorte-end": "0:04"}, "un segundo después del inicio"),
        ({"recorte-start": "", "recorte-end": ""}, "Así no se recorta nada"),
    ],
)
def test_a_trim_that_cannot_be_keeps_what_was_typed(given, words, office, video):
    response = office.post(reverse("media_videos:cuts_trim", args=[video.pk]), given)
    page = response.content.decode()
    assert (response.status_code, Cut.objects.count()) == (422, 0)
    assert words in page
    assert not given["recorte-start"] or f'value="{given["recorte-start"]}"' in page


def test_a_file_is_replaced_by_an_ordinary_form(office, samples, video):
    url = reverse("media_videos:cuts_replace", args=[video.pk])
    assert office.post(url, {"archivo-content": "same"}).status_code == 422
    file = SimpleUploadedFile("otra.mp4", (samples / "silent.mp4").read_bytes())
    assert office.post(url, {"archivo-content": "same", "archivo-shift": "5", "archivo-file": file}).status_code == 302
    cut = Cut.objects.get()
    assert (cut.source_name, cut.edit_list, Upload.objects.count()) == ("otra.mp4", [], 0)
    # While one is being made the next is refused, and what was uploaded stays for later.
    file = SimpleUploadedFile("otra.mp4", (samples / "silent.mp4").read_bytes())
    response = office.post(url, {"archivo-content": "other", "archivo-file": file})
    assert response.status_code == 422
    assert Cut.objects.count() == 1


def test_a_failed_cut_is_tried_again_or_taken_away(office, video):
    cut = Cut.objects.create(video=video, number=2, state="failed", reason="Está dañado.", duration_seconds=9)
    assert "Está dañado." in page_of(office, "cuts", video)
    office.post(reverse("media_videos:cuts_retry", args=[video.pk]))
    cut.refresh_from_db()
    assert (cut.state, Job.objects.get().kind) == ("waiting", cuts.KIND)
    Cut.objects.update(state="failed")
    office.post(reverse("media_videos:cuts_abandon", args=[video.pk]))
    assert not Cut.objects.exists()
    for name in ("cuts_retry", "cuts_abandon", "cuts_undo"):
        assert office.post(reverse(f"media_videos:{name}", args=[video.pk])).status_code == 302
    assert not Cut.objects.exists()


def test_tracks_are_added_shown_and_taken_away(office, samples, trainer):
    video = a_video(uploaded_by=trainer, duration_seconds=2, rungs=("240p",))
    url = reverse("media_videos:tracks", args=[video.pk])
    spanish = Language.objects.get(key="es")
    given = {"pista-kind": "sound", "pista-language": spanish.pk}
    plain = SimpleUploadedFile("voz.mp4", (samples / "plain.mp4").read_bytes())
    response = office.post(url, given | {"pista-file": plain})
    assert response.status_code == 422
    assert "0:05.0" in response.content.decode()
    assert office.post(url, {"pista-kind": "sound", "pista-file": plain}).status_code == 422
    fitting = SimpleUploadedFile("voz.mp4", (samples / "portrait.mp4").read_bytes())
    assert office.post(url, given | {"pista-file": fitting}).status_code == 302
    track = Track.objects.get()
    assert jobs.claim(Job.objects.get(kind=tracks.KIND).pk)
    fragment = office.get(reverse("media_videos:tracks_progress", args=[video.pk]))
    assert "data-moving" in fragment.content.decode()
    Track.objects.update(state="ready")
    assert "Por renovar" in page_of(office, "tracks", video)
    Job.objects.all().delete()
    office.post(reverse("media_videos:tracks_retry", args=[video.pk, track.public_id]))
    assert Track.objects.get().state == "waiting"
    other = a_video(uploaded_by=trainer)
    assert office.post(reverse("media_videos:tracks_remove", args=[other.pk, track.public_id])).status_code == 404
    office.post(reverse("media_videos:tracks_remove", args=[video.pk, track.public_id]))
    assert not Track.objects.exists()


@pytest.mark.parametrize(
    ("text", "seconds"), [("83", 83), ("1:23", 83), ("1:23.5", 83.5), ("1:02:03", 3723), ("0:04,25", 4.25), ("", None)]
)
def test_moments_as_one_reads_them(text, seconds):
    assert ClockField(required=False).clean(text) == seconds


@pytest.mark.parametrize("text", ["x", "1:2:3:4", "-5", "1e3", "1:", "nan"])
def test_what_is_no_moment(text):
    with pytest.raises(ValidationError):
        ClockField(required=False).clean(text)
