"""The editor of captions and what surrounds it, as a form and as the script asks."""

import re

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse

from lms.models import AuditEvent, Language
from media.domain import captions
from media.models import Caption
from tests.factories.media import a_video

pytestmark = pytest.mark.django_db
AS_SCRIPT = {"Accept": "application/json"}


def vtt(words: str, end: str = "03") -> str:
    return f"WEBVTT\n\n00:00:01.000 --> 00:00:{end}.000\n{words}\n"


@pytest.fixture
def office(client, trainer):
    client.force_login(trainer)
    return client


@pytest.fixture
def video(trainer):
    return a_video(uploaded_by=trainer)


@pytest.fixture
def editor(video) -> str:
    return reverse("media_videos:captions_edit", args=[video.pk, "es"])


def kept(video) -> str:
    return video.captions.get().text


def test_the_form_works_without_javascript_and_says_what_may_be_bettered(office, video, editor, trainer):
    empty = office.get(editor).content.decode()
    assert 'name="version" value=""' in empty
    fast = vtt("Demasiadas letras para tan poco tiempo, y en una sola línea")
    answer = office.post(editor, {"text": fast, "version": ""})
    assert answer["Location"] == editor
    page = office.get(editor).content.decode()
    assert f'value="{captions.version_of(video.captions.get())}"' in page
    assert "Difícil de leer" in page
    assert "letras por segundo" in page
    assert AuditEvent.objects.filter(action="captions.saved", actor=str(trainer.public_id)).count() == 1


def test_what_cannot_be_read_comes_back_as_it_was_typed(office, video, editor):
    wrong = "WEBVTT\n\n00:01 --> 00:02\nhola </textarea><script>"
    answer = office.post(editor, {"text": wrong, "version": ""})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Línea 3:" in page
    assert "00:01 --&gt; 00:02\nhola &lt;/textarea&gt;&lt;script&gt;" in page
    assert "data-raw" in page
    assert not video.captions.exists()
    told = office.post(editor, {"text": wrong, "version": ""}, headers=AS_SCRIPT)
    assert (told.status_code, "Línea 3:" in told.json()["message"]) == (422, True)


def test_somebody_elses_save_is_not_written_over_and_both_texts_are_there(office, video, editor, other_trainer):
    spanish = Language.objects.get(key="es")
    captions.save(video=video, language=spanish, text=vtt("Primero"), by=None)
    began = re.search(r'name="version" value="([^"]+)"', office.get(editor).content.decode())[1]
    theirs = captions.save(video=video, language=spanish, text=vtt("El de ella"), by=other_trainer)
    answer = office.post(editor, {"text": vtt("El mío"), "version": began})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Otra persona guardó estos subtítulos" in page
    assert "El mío" in page
    assert "El de ella" in page
    assert kept(video) == theirs.text
    told = office.post(editor, {"text": vtt("El mío"), "version": began}, headers=AS_SCRIPT)
    assert told.status_code == 409
    assert told.json()["text"] == theirs.text
    # Whoever has seen both may save theirs in its place.
    now = re.search(r'name="version" value="([^"]+)"', page)[1]
    assert now == told.json()["version"] == captions.version_of(theirs)
    assert office.post(editor, {"text": vtt("El mío"), "version": now}).status_code == 302
    assert "El mío" in kept(video)


def test_captions_removed_meanwhile_keep_what_was_typed(office, video, editor):
    saved = captions.save(video=video, language=Language.objects.get(key="es"), text=vtt("Primero"), by=None)
    began = captions.version_of(saved)
    captions.remove(caption=saved, by=None)
    answer = office.post(editor, {"text": vtt("El mío"), "version": began})
    assert answer.status_code == 409
    assert "Otra persona quitó" in answer.content.decode()
    told = office.post(editor, {"text": vtt("El mío"), "version": began}, headers=AS_SCRIPT)
    assert (told.status_code, told.json()["version"], told.json()["text"]) == (409, "", "")
    assert office.post(editor, {"text": vtt("El mío"), "version": ""}).status_code == 302


def test_a_script_saves_again_and_again(office, video, editor):
    version = ""
    for words in ("uno", "dos", "tres"):
        answer = office.post(editor, {"text": vtt(words), "version": version}, headers=AS_SCRIPT)
        assert answer.status_code == 200
        version = answer.json()["version"]
    assert kept(video) == answer.json()["text"] == vtt("tres")


def test_a_file_for_a_language_that_has_captions_asks_first(office, video, editor):
    spanish = Language.objects.get(key="es")
    captions.save(video=video, language=spanish, text=vtt("Lo de antes"), by=None)
    save = reverse("media_videos:captions_save", args=[video.pk])
    given = {"subtitulos-language": spanish.pk, "subtitulos-text": vtt("Lo nuevo")}
    answer = office.post(save, given)
    assert answer.status_code == 422
    assert "Ya hay subtítulos en ese idioma" in answer.content.decode()
    assert "Lo nuevo" in answer.content.decode()
    assert "Lo de antes" in kept(video)
    assert office.post(save, given | {"subtitulos-replace": "on"})["Location"] == editor
    assert "Lo nuevo" in kept(video)


def test_one_may_go_straight_to_the_editor(office, video):
    kiche = Language.objects.get(key="quc")
    save = reverse("media_videos:captions_save", args=[video.pk])
    answer = office.post(save, {"subtitulos-language": kiche.pk, "subtitulos-is_to_be_written": "1"})
    assert answer["Location"] == reverse("media_videos:captions_edit", args=[video.pk, "quc"])
    assert not video.captions.exists()
    assert office.post(save, {"subtitulos-language": "", "subtitulos-is_to_be_written": "1"}).status_code == 422


def test_captions_can_be_taken_along(office, video):
    captions.save(video=video, language=Language.objects.get(key="es"), text=vtt("Agua &amp; luz"), by=None)
    address = reverse("media_videos:captions_download", args=[video.pk, "es"])
    plain, srt = office.get(address), office.get(address, {"formato": "srt"})
    assert plain.content.decode() == kept(video)
    assert srt.content.decode() == "1\n00:00:01,000 --> 00:00:03,000\nAgua & luz\n"
    assert [one["Content-Type"] for one in (plain, srt)] == [
        "text/vtt; charset=utf-8",
        "application/x-subrip; charset=utf-8",
    ]
    assert all("attachment" in one["Content-Disposition"] for one in (plain, srt))
    assert office.get(address, {"formato": "html"}).status_code == 404
    assert office.get(reverse("media_videos:captions_download", args=[video.pk, "quc"])).status_code == 404


def test_the_waveform_is_there_when_it_was_made(office, video, editor):
    address = reverse("media_videos:captions_waveform", args=[video.pk])
    assert office.get(address).status_code == 204
    assert "data-peaks" not in office.get(editor).content.decode()
    video.waveform_path = default_storage.save(f"video/{video.public_id}/onda.bin", ContentFile(bytes(range(100))))
    video.save(update_fields=["waveform_path"])
    assert f'data-peaks="{address}"' in office.get(editor).content.decode()
    assert b"".join(office.get(address).streaming_content) == bytes(range(100))


def test_what_a_machine_wrote_is_marked_until_it_is_saved(office, video, editor):
    machine = captions.save(
        video=video, language=Language.objects.get(key="es"), text=vtt("oído"), by=None, is_machine_made=True
    )
    page = reverse("media_videos:edit", args=[video.pk])
    assert "hecho por máquina, sin revisar" in office.get(page).content.decode()
    assert "Los hizo una máquina" in office.get(editor).content.decode()
    office.post(editor, {"text": machine.text, "version": captions.version_of(machine)})
    assert "hecho por máquina, sin revisar" not in office.get(page).content.decode()
    assert not Caption.objects.get().is_machine_made


NAMES = ("captions_edit", "captions_download", "captions_waveform")


def test_anothers_video_and_a_language_of_none_do_not_exist(office, other_trainer):
    foreign = a_video(uploaded_by=other_trainer)
    captions.save(video=foreign, language=Language.objects.get(key="es"), text=vtt("Suyo"), by=None)
    for name in NAMES:
        address = reverse(f"media_videos:{name}", args=[foreign.pk] + (["es"] if name != "captions_waveform" else []))
        assert office.get(address).status_code == 404, name
    for name, more in (("captions_edit", ["es"]), ("captions_save", []), ("captions_ask_machine", [])):
        assert office.post(reverse(f"media_videos:{name}", args=[foreign.pk, *more])).status_code == 404, name
    mine = a_video(uploaded_by=office.get("/").wsgi_request.user)
    assert office.get(reverse("media_videos:captions_edit", args=[mine.pk, "klingon"])).status_code == 404
