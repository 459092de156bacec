"""The library's list, page and chooser: finding, filtering, where a video stands, stages, posters, tags."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import Collection

from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Job, Language
from media.domain import captions, finding, library, places, stages
from media.models import Rendition, Video
from media.viewsets import VideoSearchForm
from tests.factories.courses import a_course, a_lesson
from tests.factories.media import a_video

pytestmark = pytest.mark.django_db
INDEX = reverse("media_videos:index")


@pytest.fixture
def office(client, trainer):
    client.force_login(trainer)
    return client


@pytest.fixture
def shelf(trainer):
    """Five videos, each found by something else."""
    spanish = Language.objects.get(key="es")
    made = {
        name: a_video(title=name.capitalize(), uploaded_by=trainer, rungs=("240p",))
        for name in ("padrón", "relleno", "riego", "himno", "bosque")
    }
    made["relleno"].description = "Cómo se cuida un basurero"
    made["riego"].language = spanish
    made["himno"].kind = Video.Kind.SOUND
    made["bosque"].state = Video.State.FAILED
    for video in made.values():
        video.save()
    made["riego"].tags.add("agua potable")
    made["riego"].save()
    said = "WEBVTT\n\n00:01.000 --> 00:02.000\nLa corporación municipal sesiona.\n"
    captions.save(video=made["padrón"], language=spanish, text=said, by=trainer)
    return made


def titles(page) -> set[str]:
    return {card["video"].title for card in page.context["cards"]}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("padrón", {"Padrón"}),
        ("basurero", {"Relleno"}),
        ("agua", {"Riego"}),
        ("corporacion", {"Padrón"}),
        ("sesiona corporación", {"Padrón"}),
        ("inexistente", set()),
        ("<*>", set()),
    ],
)
def test_it_is_searched_by_what_is_written_and_what_is_said(office, shelf, words, found):
    assert titles(office.get(INDEX, {"q": words})) == found


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"state": "failed"}, {"Bosque"}),
        ({"kind": "sound"}, {"Himno"}),
        ({"tag": "agua-potable"}, {"Riego"}),
        ({"language": "es"}, {"Riego"}),
        ({"captions": "with"}, {"Padrón"}),
        ({"captions": "without", "kind": "film"}, {"Relleno", "Riego", "Bosque"}),
        ({"use": "unused", "q": "himno"}, {"Himno"}),
        ({"use": "used"}, set()),
        ({"whose": "mine", "state": "failed"}, {"Bosque"}),
        ({"q": "corporación", "state": "failed"}, set()),
    ],
)
def test_it_is_filtered(office, shelf, given, found):
    assert titles(office.get(INDEX, given)) == found


def test_a_collection_is_a_filter(office, shelf):
    below = Collection.get_first_root_node().add_child(name="Agua")
    Video.objects.filter(title="Riego").update(collection=below)
    assert titles(office.get(INDEX, {"collection": below.pk})) == {"Riego"}


def test_ones_own_are_a_filter(client, other_trainer, shelf):
    administrator = other_trainer
    administrator.is_superuser = True
    administrator.save()
    client.force_login(administrator)
    a_video(title="El mío", uploaded_by=administrator)
    assert titles(client.get(INDEX, {"whose": "mine"})) == {"El mío"}
    assert "Padrón" in titles(client.get(INDEX))


def test_as_many_questions_for_many_videos_as_for_few(office, trainer):
    course = a_course(owner=trainer)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            office.get(INDEX)
        return len(queries)

    def add(count: int) -> None:
        for _number in range(count):
            video = a_video(uploaded_by=trainer)
            video.tags.add("agua")
            a_lesson(course, ("video", {"video": video, "is_required": True}))
            said = "WEBVTT\n\n00:01.000 --> 00:02.000\nHola.\n"
            captions.save(video=video, language=Language.objects.get(key="es"), text=said, by=trainer)

    add(2)
    asked()
    few = asked()
    add(8)
    assert asked() == few


def test_it_says_where_a_video_stands_and_leads_only_to_ones_own(office, trainer, other_trainer):
    video = a_video(uploaded_by=trainer)
    block = ("video", {"video": video, "is_required": True})
    mine = a_lesson(a_course(owner=trainer, title="Agua"), block, title="La toma")
    other = a_lesson(a_course(owner=other_trainer, title="Finanzas"), block, title="El presupuesto")
    draft = a_lesson(a_course(owner=other_trainer, title="Secreto"), title="Sin publicar")
    draft.body.append(block)
    draft.save_revision()
    found = {
        (place.title, place.course, place.page_pk, place.is_draft) for place in places.of([video], trainer)[video.pk]
    }
    assert found == {
        ("La toma", "Agua", mine.pk, False),
        ("El presupuesto", "Finanzas", None, False),
        ("Borrador de otra persona", "", None, True),
    }
    page = office.get(INDEX).content.decode()
    assert reverse("wagtailadmin_pages:edit", args=[mine.pk]) in page
    assert reverse("wagtailadmin_pages:edit", args=[other.pk]) not in page
    assert "Secreto" not in page
    assert "Sin publicar" not in page
    assert video.pk in places.used()


def test_the_card_says_what_a_video_weighs(office, trainer):
    video = a_video(uploaded_by=trainer, source_bytes=5 * 1024**2, source_path="video/x/source")
    video.poster_path = "video/x/poster.jpg"
    video.save()
    page = office.get(INDEX).content.decode().replace("\xa0", " ")
    assert "5.0 MB" in page
    assert "2 versiones, 20.0 KB" in page
    assert 'loading="lazy"' in page
    assert "En ninguna lección" in page


def test_tags_are_kept_and_found(office, trainer):
    video = a_video(uploaded_by=trainer)
    given = {"title": "Uno", "description": "", "language": "", "collection": video.collection_id}
    edit = reverse("media_videos:edit", args=[video.pk])
    assert office.post(edit, given | {"tags": 'agua, "relleno sanitario"'}).status_code == 302
    assert {tag.name for tag in video.tags.all()} == {"agua", "relleno sanitario"}
    assert "relleno sanitario" in office.get(edit).content.decode()
    assert list(finding.search(Video.objects.all(), "sanitario")) == [video]
    office.post(edit, given | {"tags": ""})
    assert not video.tags.exists()
    many = ",".join(f"etiqueta{number}" for number in range(30))
    assert office.post(edit, given | {"tags": many}).status_code == 422


def in_the_making(trainer, **job) -> Video:
    video = a_video(uploaded_by=trainer, rungs=(), width=640, height=480)
    Video.objects.filter(pk=video.pk).update(state=Video.State.PROCESSING)
    Job.objects.create(kind="media.transcode", subject=str(video.public_id), total=1000, **job)
    video.refresh_from_db()
    return video


def told(video: Video) -> dict[str, tuple[str, int]]:
    job = library.find_job(video)
    is_over = library.has_failed(video, job) or video.state == Video.State.READY
    return {stage.rung: (stage.state, stage.percent) for stage in stages.of(video, job, is_over=is_over)}


def test_each_rung_says_how_far_it_is(office, trainer):
    video = in_the_making(trainer, state=Job.State.RUNNING, done=160)
    assert set(told(video)) == {"144p", "240p", "360p", "480p", "slides", "audio", "opus", "mp3"}
    assert (told(video)["240p"], told(video)["480p"]) == (("running", 50), ("waiting", 0))
    facts = {"bytes": 3 * 1024**2, "duration_seconds": 100, "path": "x", "codecs": "x", "sha256": "x"}
    Rendition.objects.create(video=video, rung="240p", height=240, width=320, manifest={"recipe": 0}, **facts)
    Job.objects.update(done=630)
    assert (told(video)["240p"], told(video)["480p"]) == (("ready", 0), ("running", 50))
    page = office.get(reverse("media_videos:progress", args=[video.pk])).content.decode().replace("\xa0", " ")
    assert "Se está haciendo una versión mejor" in page
    assert "3.0 MB" in page
    Job.objects.update(state=Job.State.FAILED, reason="lost")
    assert (told(video)["240p"], told(video)["480p"]) == (("ready", 0), ("failed", 0))
    page = office.get(reverse("media_videos:edit", args=[video.pk])).content.decode()
    assert "No se pudo preparar" in page
    assert "Intentar de nuevo" in page


def test_an_attempt_that_failed_is_said_in_words(office, trainer):
    video = in_the_making(trainer, attempts=1, reason="OSError: [Errno 28] No space left on device")
    page = office.get(reverse("media_videos:edit", args=[video.pk])).content.decode()
    assert "No quedaba espacio en el disco." in page
    assert "Errno" not in page


@pytest.fixture
def filmed(trainer):
    """A video with a storyboard of three stills."""
    video = a_video(uploaded_by=trainer, duration_seconds=12)
    video.storyboard_path = default_storage.save(f"video/{video.public_id}/storyboard.jpg", ContentFile(b"\xff\xd8x"))
    video.storyboard = {"every_seconds": 4, "columns": 2, "rows": 2, "width": 160, "height": 90, "count": 3}
    video.save()
    return video


def test_a_poster_is_chosen_from_the_stills_or_by_its_moment(office, filmed, trainer):
    page = office.get(reverse("media_videos:edit", args=[filmed.pk])).content.decode()
    assert page.count('name="still"') == 3
    assert 'viewBox="0 90 160 90"' in page
    choose = reverse("media_videos:poster", args=[filmed.pk])
    for given, second in (({"still": "8", "moment": ""}, 8), ({"still": "4", "moment": "0:03,5"}, 3.5)):
        assert office.post(choose, given).status_code == 302
        filmed.refresh_from_db()
        assert filmed.poster_second == second
    assert Job.objects.filter(kind="media.poster", subject=str(filmed.public_id)).exists()
    assert AuditEvent.objects.filter(action="video.poster_chosen").count() == 2
    sheet = office.get(reverse("media_videos:storyboard", args=[filmed.pk]))
    assert (sheet["Content-Type"], b"".join(sheet.streaming_content)) == ("image/jpeg", b"\xff\xd8x")


@pytest.mark.parametrize("given", [{}, {"moment": "tarde"}, {"still": "-1"}, {"moment": "5:00"}, {"still": "nan"}])
def test_a_moment_that_is_none_changes_nothing(office, filmed, given):
    response = office.post(reverse("media_videos:poster", args=[filmed.pk]), given)
    assert response.status_code == 422
    assert given.get("moment", "") in response.content.decode()
    filmed.refresh_from_db()
    assert filmed.poster_second is None


def test_a_sound_has_no_poster(trainer):
    sound = a_video(kind=Video.Kind.SOUND)
    with pytest.raises(RuleBroken) as caught:
        library.choose_poster(video=sound, second=1, by=trainer)
    assert caught.value.code == "video.without_picture"


def test_anothers_sheet_and_poster_are_not_there(client, filmed, other_trainer):
    client.force_login(other_trainer)
    assert client.get(reverse("media_videos:storyboard", args=[filmed.pk])).status_code == 404
    assert client.post(reverse("media_videos:poster", args=[filmed.pk]), {"still": "4"}).status_code == 404


def test_the_chooser_searches_by_words_tag_and_collection(office, shelf):
    results = reverse("video_chooser:choose_results")
    below = Collection.get_first_root_node().add_child(name="Agua")
    Video.objects.filter(title="Riego").update(collection=below)
    asked = {
        "Padrón": {"q": "corporación"},
        "Relleno": {"q": "basurero"},
        "Riego": {"tag": "agua-potable"},
    }
    for title, given in asked.items():
        page = office.get(results, given).content.decode()
        assert {one.title for one in shelf.values() if one.title in page} == {title}
    page = office.get(results, {"collection_id": below.pk}).content.decode()
    assert {one.title for one in shelf.values() if one.title in page} == {"Riego"}
    assert set(VideoSearchForm({}, collections=Collection.objects.all()).fields) == {"q", "tag", "collection_id"}
