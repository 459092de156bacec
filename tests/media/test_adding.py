"""The page where files go up: to a script it answers in its language; what waits there; the chooser's own tab."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone
from wagtail.documents.models import Document

from lms.domain import roles
from media.domain import uploads
from media.models import Upload, Video
from tests.factories.papers import OLE, PDF, a_paper
from tests.factories.people import a_person

pytestmark = pytest.mark.django_db
BY_SCRIPT = {"Accept": "application/json"}
ADD = "/cms/videos/new/"


@pytest.fixture
def office(client, trainer):
    client.force_login(trainer)
    return client


def uploaded(person, content: bytes, name: str = "plan.pptx") -> Upload:
    pieces = [content]
    return uploads.receive(
        person=person, file_name=name, size=len(content), read=lambda _n: pieces.pop() if pieces else b""
    )


def fields(**more) -> dict:
    return {"title": "Plan de agua", "description": "", "language": "", "collection": "1"} | more


def test_several_are_saved_one_by_one(office, trainer, samples):
    film = uploaded(trainer, (samples / "silent.mp4").read_bytes(), "clase.mp4")
    paper = uploaded(trainer, a_paper(".pptx"))
    saved = [office.post(ADD, fields(upload=str(one.public_id)), headers=BY_SCRIPT) for one in (film, paper)]
    video, document = Video.objects.get(), Document.objects.get()
    assert [answer.status_code for answer in saved] == [201, 201]
    assert [answer.json()["url"] for answer in saved] == [
        reverse("media_videos:edit", args=[video.pk]),
        reverse("wagtaildocs:edit", args=[document.pk]),
    ]
    assert (document.filename, video.title) == ("plan.pptx", "Plan de agua")
    assert not Upload.objects.exists()


def test_a_script_hears_what_is_wrong_and_whether_the_bytes_are_here(office, trainer):
    untitled = uploaded(trainer, PDF)
    answer = office.post(ADD, fields(title="", upload=str(untitled.public_id)), headers=BY_SCRIPT)
    assert (answer.status_code, answer.json()["is_kept"]) == (422, True)
    macros = uploaded(trainer, OLE)
    answer = office.post(ADD, fields(upload=str(macros.public_id)), headers=BY_SCRIPT)
    assert (answer.status_code, answer.json()["is_kept"]) == (422, False)
    assert "macros" in answer.json()["error"]
    assert list(Upload.objects.all()) == [untitled]


def test_an_ordinary_form_takes_papers_and_minds_the_quota(office):
    file = SimpleUploadedFile("plan.html", PDF)
    response = office.post(ADD, fields(file=file))
    assert response["Location"] == reverse("wagtaildocs:edit", args=[Document.objects.get().pk])
    with override_settings(UPLOAD_QUOTA_BYTES=len(PDF) + 10):
        response = office.post(ADD, fields(file=SimpleUploadedFile("plan.pdf", PDF)))
    assert response.status_code == 422
    assert "pida más espacio" in response.content.decode()
    assert not Upload.objects.exists()


def test_what_waits_is_listed_finished_and_cancelled(office, trainer, other_trainer):
    half = uploads.begin(person=trainer, file_name="a medias.mp4", size=2_000_000)
    uploads.append(half, offset=0, length=3, read=lambda size: b"012"[:size])
    whole = uploaded(trainer, PDF, "entero_uno.pdf")
    uploads.begin(person=trainer, file_name="vencida.mp4", size=10, at=timezone.now() - timedelta(days=8))
    uploads.begin(person=other_trainer, file_name="ajena.mp4", size=10)
    page = office.get(ADD).content.decode()
    assert "Subidas sin terminar" in page
    assert re.findall(r'upload-name">([^<]+)<', page)[:2] == ["entero_uno.pdf", "a medias.mp4"]
    assert {name for name in ("vencida.mp4", "ajena.mp4") if name in page} == set()
    finish = f"{ADD}?subida={whole.public_id}"
    assert finish in page
    assert f"{ADD}?subida={half.public_id}" not in page
    page = office.get(finish).content.decode()
    assert 'value="entero uno"' in page
    assert f'value="{whole.public_id}"' in page
    for one in (half, whole):
        cancel = reverse("media_uploads:cancel", args=[one.public_id])
        assert office.get(cancel).status_code == 405
        assert office.post(cancel).status_code == 302
        assert office.post(cancel).status_code == 404
    assert {upload.file_name for upload in Upload.objects.all()} == {"vencida.mp4", "ajena.mp4"}
    assert "Subidas sin terminar" not in office.get(ADD).content.decode()
    assert [uploads.path_of(one).parent.exists() for one in (half, whole)] == [False, False]


def test_another_persons_upload_is_nobodys_to_finish_or_cancel(office, other_trainer):
    theirs = uploaded(other_trainer, PDF)
    assert str(theirs.public_id) not in office.get(f"{ADD}?subida={theirs.public_id}").content.decode()
    assert office.post(reverse("media_uploads:cancel", args=[theirs.public_id])).status_code == 404
    assert Upload.objects.get() == theirs


def test_the_choosers_tab(office, trainer, samples):
    page = office.get(reverse("video_chooser:choose")).json()["html"]
    assert "data-upload-one" in page
    assert "Guardar y elegir" in page
    film = uploaded(trainer, (samples / "silent.mp4").read_bytes(), "clase.mp4")
    create = reverse("video_chooser:create")
    given = {"subir-title": "En la lección", "subir-collection": "1", "subir-upload": str(film.public_id)}
    answer = office.post(create, given).json()
    assert (answer["step"], answer["result"]["title"]) == ("chosen", "En la lección")
    assert Video.objects.get().uploaded_by == trainer
    paper = uploaded(trainer, PDF)
    answer = office.post(create, given | {"subir-upload": str(paper.public_id)}).json()
    assert answer["step"] == "reshow_creation_form"
    assert "Este archivo es un documento" in answer["htmlFragment"]
    assert str(paper.public_id) not in answer["htmlFragment"]
    assert not Document.objects.exists()
    assert not Upload.objects.exists()
    answer = office.post(create, given | {"subir-upload": ""}).json()
    assert "Elija el archivo" in answer["htmlFragment"]


def test_the_choosers_tab_is_for_those_who_upload(client, db):
    roles.ensure_groups()
    client.force_login(a_person())
    assert client.post(reverse("video_chooser:create")).status_code in {302, 403}
