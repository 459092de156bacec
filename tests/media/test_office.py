"""The library in the back-office: a trainer uploads, watches, describes, captions; what is in use stays."""

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from django.urls import reverse

from courses.models import Activity
from lms.domain import roles
from lms.models import AuditEvent, Job, Language
from media import ffmpeg
from media.checks import check_cage, check_ffmpeg
from media.domain import library, transcoding, uploads
from media.models import Upload, Video
from tests.factories.courses import a_course, a_lesson
from tests.factories.media import a_video
from tests.factories.people import a_person, somebody_with_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client, trainer):
    client.force_login(trainer)
    return client


def uploaded(samples, person, name: str = "silent.mp4") -> Upload:
    """An upload that is complete."""
    content = (samples / name).read_bytes()
    upload = uploads.begin(person=person, file_name=name, size=len(content))
    parts = [content]
    uploads.append(upload, offset=0, length=len(content), read=lambda size: parts.pop() if parts else b"")
    return upload


def fields(**more) -> dict:
    return {"title": "Padrón de agua", "description": "", "language": "", "collection": "1"} | more


def test_from_an_upload_to_a_video(office, samples, trainer, run_jobs):
    upload = uploaded(samples, trainer)
    collection = Video._meta.get_field("collection").get_default()
    spanish = Language.objects.get(key="es")
    given = fields(upload=str(upload.public_id), collection=collection, language=spanish.pk)
    response = office.post(reverse("media_videos:add"), given)
    video = Video.objects.get()
    assert response["Location"] == reverse("media_videos:edit", args=[video.pk])
    assert (video.title, video.uploaded_by, video.language) == ("Padrón de agua", trainer, spanish)
    assert not Upload.objects.exists()
    assert not uploads.path_of(upload).parent.exists()
    page = office.get(response["Location"]).content.decode()
    assert "data-moving" in page
    assert "data-player" not in page
    assert run_jobs() == []
    page = office.get(response["Location"]).content.decode()
    assert "Listo para ver" in page
    assert "data-player" in page
    fragment = office.get(reverse("media_videos:progress", args=[video.pk]))
    assert "Listo para ver" in fragment.content.decode()
    assert "no-store" in fragment["Cache-Control"]


def test_without_javascript_an_ordinary_form(office, samples):
    file = SimpleUploadedFile("clase.mp4", (samples / "silent.mp4").read_bytes())
    response = office.post(reverse("media_videos:add"), fields(file=file))
    assert response.status_code == 302
    assert Video.objects.get().source_name == "clase.mp4"


def test_the_bytes_of_an_ordinary_form_are_on_disk_before_they_are_taken_in(office, samples, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append((os.readlink(f"/proc/self/fd/{file}"), os.fstat(file))))
    content = (samples / "silent.mp4").read_bytes()
    office.post(reverse("media_videos:add"), fields(file=SimpleUploadedFile("clase.mp4", content)))
    sizes = [facts.st_size for path, facts in synced if path.startswith(str(settings.UPLOADS_DIR))]
    assert sizes == [len(content)]


@override_settings(FILE_UPLOAD_MAX_MEMORY_SIZE=100)
def test_an_ordinary_form_with_a_large_file(office, samples, tree):
    file = SimpleUploadedFile("clase.mp4", (samples / "silent.mp4").read_bytes())
    before = tree()
    assert office.post(reverse("media_videos:add"), fields(file=file)).status_code == 302
    assert len(tree() - before) == 1


@override_settings(FILE_UPLOAD_MAX_MEMORY_SIZE=100, MAX_UPLOAD_BYTES=1000)
def test_an_ordinary_form_has_the_limit_too(office, samples, tree):
    """Nothing of it stays, neither as a file nor in the spool."""
    file = SimpleUploadedFile("clase.mp4", (samples / "silent.mp4").read_bytes())
    before = tree(), set(Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir())
    assert office.post(reverse("media_videos:add"), fields(file=file)).status_code == 422
    assert (tree(), set(Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir())) == before
    assert not Video.objects.exists()


def test_a_refused_upload_leaves_nothing_and_keeps_what_was_typed(office, samples, trainer, tree, tmp_path):
    before = tree()
    bad = tmp_path / "lista.mp4"
    bad.write_text("#EXTM3U\n#EXTINF:9,\nvecino.mp4\n")
    upload = uploaded(tmp_path, trainer, "lista.mp4")
    response = office.post(reverse("media_videos:add"), fields(upload=str(upload.public_id)))
    page = response.content.decode()
    assert response.status_code == 422
    assert "lista de reproducción" in page
    assert 'value="Padrón de agua"' in page
    assert str(upload.public_id) not in page
    assert tree() == before
    assert [model.objects.count() for model in (Upload, Video, Job)] == [0, 0, 0]


@pytest.mark.parametrize("is_upload", [True, False])
def test_a_fault_of_the_server_keeps_the_upload(is_upload, office, samples, trainer, monkeypatch):
    def stall(*_args) -> None:
        raise ffmpeg.Failed("stalled", stalled=True)

    monkeypatch.setattr(ffmpeg, "probe", stall)
    upload = uploaded(samples, trainer)
    file = SimpleUploadedFile("clase.mp4", (samples / "silent.mp4").read_bytes())
    given = fields(upload=str(upload.public_id)) if is_upload else fields(file=file)
    response = office.post(reverse("media_videos:add"), given)
    page = response.content.decode()
    assert response.status_code == 422
    assert "No pudimos revisar el archivo en este momento." in page
    kept = upload if is_upload else Upload.objects.exclude(pk=upload.pk).get()
    assert "lo que subió está guardado" in page
    assert str(kept.public_id) in page
    assert uploads.path_of(kept).exists()
    assert not Video.objects.exists()


def test_a_form_without_title_keeps_the_upload(office, samples, trainer):
    upload = uploaded(samples, trainer)
    response = office.post(reverse("media_videos:add"), fields(title="", upload=str(upload.public_id)))
    assert response.status_code == 422
    assert str(upload.public_id) in response.content.decode()
    assert uploads.path_of(upload).exists()


def test_what_cannot_be_used_as_an_upload(office, samples, trainer, other_trainer):
    """Another's, one that is not complete, none at all."""
    mine = uploads.begin(person=trainer, file_name="a.mp4", size=10)
    for public_id in (uploaded(samples, other_trainer).public_id, mine.public_id, ""):
        response = office.post(reverse("media_videos:add"), fields(upload=str(public_id)))
        assert response.status_code == 422
    assert not Video.objects.exists()
    assert Upload.objects.count() == 2


def test_the_list(office, trainer, django_assert_max_num_queries):
    a_video(title="Uno", uploaded_by=trainer)
    for number in range(5):
        a_video(title=f"Otro {number}", uploaded_by=trainer)
    with django_assert_max_num_queries(55):  # two of them count in the menu what waits to be marked
        page = office.get(reverse("media_videos:index")).content.decode()
    assert "Uno" in page
    assert "1:40" in page
    assert "Listo para ver" in page
    assert office.get(reverse("media_videos:index"), {"q": "Uno"}).status_code == 200


def test_describing(office, trainer):
    video = a_video(uploaded_by=trainer)
    given = fields(title="Nuevo título", collection=video.collection_id)
    assert office.post(reverse("media_videos:edit", args=[video.pk]), given).status_code == 302
    video.refresh_from_db()
    assert video.title == "Nuevo título"
    assert AuditEvent.objects.filter(action="video.described", actor=str(trainer.public_id)).exists()
    response = office.post(reverse("media_videos:edit", args=[video.pk]), given | {"title": ""})
    assert response.status_code == 422


def test_captions_by_file_and_by_text(office, trainer):
    video, spanish = a_video(uploaded_by=trainer), Language.objects.get(key="es")
    save = reverse("media_videos:captions_save", args=[video.pk])
    file = SimpleUploadedFile("a.srt", b"1\n00:00:01,000 --> 00:00:02,000\nBuenos d\xedas\n")
    assert office.post(save, {"subtitulos-language": spanish.pk, "subtitulos-file": file}).status_code == 302
    assert "Buenos días" in video.captions.get().text
    broken = "WEBVTT\n\n00:01 --> 00:02\nhola\n"
    response = office.post(save, {"subtitulos-language": spanish.pk, "subtitulos-text": broken})
    assert response.status_code == 422
    assert "Línea 3:" in response.content.decode()
    assert "00:01 --&gt; 00:02" in response.content.decode()
    assert office.post(save, {"subtitulos-language": spanish.pk}).status_code == 422
    remove = reverse("media_videos:captions_remove", args=[video.pk, "es"])
    assert office.get(remove).status_code == 405
    assert office.post(remove).status_code == 302
    assert not video.captions.exists()
    assert office.post(remove).status_code == 404


def test_a_failed_video_says_why_and_can_be_tried_again(office, add):
    video = add("silent.mp4")
    Job.objects.update(state=Job.State.FAILED, attempts=3, reason="x")
    Video.objects.update(state=Video.State.FAILED, reason="El archivo está dañado.")
    page = office.get(reverse("media_videos:edit", args=[video.pk])).content.decode()
    assert "El archivo está dañado." in page
    assert "Intentar de nuevo" in page
    retry = reverse("media_videos:retry", args=[video.pk])
    assert office.get(retry).status_code == 405
    assert office.post(retry).status_code == 302
    assert Job.objects.get().state == Job.State.WAITING
    assert office.post(retry).status_code == 302
    assert AuditEvent.objects.filter(action="video.retried").count() == 1


def test_deleting_an_unused_video(office, add, tree, django_capture_on_commit_callbacks):
    before = tree()
    video = add("silent.mp4")
    delete = reverse("media_videos:delete", args=[video.pk])
    assert "No se puede deshacer" in office.get(delete).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        assert office.post(delete).status_code == 302
    assert not Video.objects.exists()
    assert tree() == before


def test_a_video_in_a_lesson_stays(office, trainer):
    """Also while the lesson is a draft, which has no activity yet."""
    video = a_video(uploaded_by=trainer)
    a_lesson(a_course(), ("video", {"video": video, "is_required": True}))
    delete = reverse("media_videos:delete", args=[video.pk])
    assert "Este video está en 1 lección" in office.get(delete).content.decode()
    assert library.uses(video) == 1
    office.post(delete)
    with pytest.raises(transcoding.RuleBroken) as refusal:
        library.remove(video=video, by=None)
    assert refusal.value.code == "video.in_use"
    assert Video.objects.get() == video


def test_a_video_that_only_a_draft_names_stays(office, trainer):
    """The reference index knows of published words only."""
    video, lesson = a_video(uploaded_by=trainer), a_lesson(a_course())
    lesson.body.append(("video", {"video": video, "is_required": True}))
    lesson.save_revision()
    assert library.uses(video) == 1
    with pytest.raises(transcoding.RuleBroken) as refusal:
        library.remove(video=video, by=None)
    assert refusal.value.code == "video.in_use"
    lesson.save_revision().publish()
    assert library.uses(video) == 1


def test_a_video_that_somebody_watched_stays(trainer):
    """An activity keeps its video for ever, though no lesson shows it any more."""
    video = a_video(uploaded_by=trainer)
    keys = dict.fromkeys(("course_key", "lesson_key", "block_key"), video.public_id)
    Activity.objects.create(kind="video", title="x", video=video, **keys)
    with pytest.raises(transcoding.RuleBroken) as refusal:
        library.remove(video=video, by=trainer)
    assert refusal.value.code == "video.in_use"
    assert video.renditions.count() == 2
    assert not AuditEvent.objects.filter(action="video.removed").exists()


def test_the_chooser_offers_what_plays_or_will(office, trainer):
    ready, waiting, failed = (a_video(title=title, uploaded_by=trainer) for title in ("Listo", "En camino", "Roto"))
    Video.objects.filter(pk=waiting.pk).update(state=Video.State.PROCESSING)
    Video.objects.filter(pk=failed.pk).update(state=Video.State.FAILED)
    for address in ("choose", "choose_results"):
        page = (
            office.get(reverse(f"video_chooser:{address}")).json()["html"]
            if address == "choose"
            else (office.get(reverse("video_chooser:choose_results")).content.decode())
        )
        assert {title for title in ("Listo", "En camino", "Roto") if title in page} == {"Listo", "En camino"}
    assert office.get(reverse("video_chooser:chosen", args=[ready.pk])).status_code == 200


PAGES = ["index", "add", "edit", "delete", "usage", "progress"]


@pytest.mark.parametrize("page", PAGES)
def test_only_for_those_who_upload(page, client, db):
    """Nobody else gets in: not a learner, not a certifier who has a back-office of their own."""
    roles.ensure_groups()
    video = a_video()
    address = reverse(f"media_videos:{page}", args=[] if page in {"index", "add"} else [video.pk])
    assert client.get(address).status_code == 302
    client.force_login(a_person())
    assert client.get(address).status_code in {302, 403}
    certifier = somebody_with_role("certifier")
    roles.sync_groups(certifier)
    client.force_login(certifier)
    assert client.get(address).status_code in {302, 403}


def test_collections_decide_whose_videos_one_sees(office, trainer):
    """Without the right to change a collection one sees one's own videos only; another's is absent everywhere."""
    from wagtail.models import GroupCollectionPermission  # noqa: PLC0415 only here

    GroupCollectionPermission.objects.filter(permission__codename="change_video").delete()
    mine, other = a_video(title="El mío", uploaded_by=trainer), a_video(title="El ajeno", uploaded_by=a_person())
    page = office.get(reverse("media_videos:index")).content.decode()
    assert "El mío" in page
    assert "El ajeno" not in page
    for name in ("edit", "delete", "usage", "progress"):
        assert office.get(reverse(f"media_videos:{name}", args=[mine.pk])).status_code == 200
        assert office.get(reverse(f"media_videos:{name}", args=[other.pk])).status_code in {302, 403, 404}
    for name, more in (("retry", []), ("captions_save", []), ("captions_remove", ["es"])):
        assert office.post(reverse(f"media_videos:{name}", args=[other.pk, *more])).status_code == 404


def test_media_w001_and_e001(monkeypatch):
    """The system checks say what this machine lacks."""
    monkeypatch.setattr("media.sandbox.has_bubble", lambda: False)
    assert [message.id for message in check_cage(None)] == ["media.W001"]
    monkeypatch.setattr("media.sandbox.has_bubble", lambda: True)
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert [message.id for message in check_cage(None)] == ["media.W002"]
    assert [message.id for message in check_ffmpeg(None)] == ["media.E001"]
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    assert check_cage(None) == check_ffmpeg(None) == []
