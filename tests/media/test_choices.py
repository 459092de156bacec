"""What a player offers: rungs with what they cost, tracks, downloads under a name, what the month has cost."""

import json
import re

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from lms.models import Language
from media.domain import delivered, delivery
from media.models import Rendition, Track, Video
from tests.factories.media import a_video
from tests.factories.people import a_person

pytestmark = pytest.mark.django_db


def a_rendition(video: Video, rung: str, *, track: Track | None = None, size: int = 1000, cut: int = 1, **fields):
    path = default_storage.save(f"video/{video.public_id}/{rung}-more.mp4", ContentFile(b"x" * size))
    return Rendition.objects.create(
        video=video,
        track=track,
        cut=cut,
        rung=rung,
        path=path,
        bytes=size,
        height=0 if rung in {"audio", "opus", "mp3"} else 240,
        duration_seconds=100,
        codecs={"opus": "Opus", "audio": "mp4a.40.2", "mp3": "mp3"}.get(rung, "avc1.42c01e,mp4a.40.2"),
        **fields,
    )


def a_track(video: Video, kind: str, language: str = "", state: str = Track.State.READY) -> Track:
    spoken = Language.objects.get(key=language) if language else None
    return Track.objects.create(video=video, kind=kind, language=spoken, state=state)


@pytest.fixture
def viewer():
    return a_person()


def test_every_rung_stands_where_its_cost_puts_it(viewer):
    video = a_video(rungs=("480p", "240p", "144p", "audio"))
    for rung in ("slides", "opus", "mp3"):
        a_rendition(video, rung)
    found = delivery.playback(video, person=viewer)
    assert [source.rung for source in found.sources] == ["opus", "audio", "slides", "144p", "240p", "480p"]
    assert found.default.rung == "240p"
    assert [source.rung for source in found.choices[0].downloads] == ["slides", "144p", "240p", "480p", "mp3"]
    words = {source.rung: source.words for source in found.sources}
    assert words["opus"] == words["audio"].replace("0.1", "0.0") == "Solo audio · 0.0 MB"
    assert words["slides"].startswith("Diapositivas y audio · ")
    assert next(one.mime for one in found.sources if one.rung == "opus") == 'audio/mp4; codecs="opus"'
    assert next(one.head for one in found.sources if one.rung == "240p") == (240, 5240)
    assert next(one.head for one in found.sources if one.rung == "opus") is None


def test_without_240p_the_nearest_film_and_never_stills(viewer):
    video = a_video(rungs=("480p", "audio"))
    a_rendition(video, "slides")
    assert delivery.playback(video, person=viewer).default.rung == "480p"
    sound = a_video(rungs=("audio",))
    assert delivery.playback(sound, person=viewer).default.rung == "audio"


def test_tracks_that_are_ready_of_the_cut_in_use(viewer, django_assert_num_queries):
    video = a_video(rungs=("240p",))
    kiche = a_track(video, "sound", "quc")
    signer = a_track(video, "sign")
    for track in (kiche, signer):
        a_rendition(video, "240p", track=track)
    a_rendition(video, "240p", track=a_track(video, "description", "es", Track.State.PROCESSING))
    a_rendition(video, "144p", track=kiche, cut=2)
    a_rendition(video, "144p", cut=2)
    with django_assert_num_queries(2):
        found = delivery.playback(video, person=viewer)
    shown = [(choice.key, choice.label, [one.rung for one in choice.sources]) for choice in found.choices]
    assert shown == [
        ("", "Original", ["240p"]),
        ("sound-quc", "K'iche'", ["240p"]),
        ("sign", "Lengua de señas (LENSEGUA)", ["240p"]),
    ]
    assert len({choice.sources[0].url for choice in found.choices}) == 3


@pytest.mark.parametrize(
    ("title", "rung", "plain", "true"),
    [
        ("Cómo se cobra el IUSI", "240p", "Como se cobra el IUSI - 240p.mp4", "C%C3%B3mo%20se%20cobra"),
        ("Xajꞌil", "mp3", "Xajil.mp3", "Xaj%EA%9E%8Cil.mp3"),
        ('../a"b\r\nX: y;%2F', "audio", "a b X y 2F.m4a", "a%20b%20X%20y%202F.m4a"),
        ("日本", "240p", "- 240p.mp4", "%E6%97%A5%E6%9C%AC%20-%20240p.mp4"),
        ("ꞌ", "opus", "video.m4a", "%EA%9E%8C.m4a"),
    ],
)
def test_a_download_has_a_name_that_every_browser_can_write(title, rung, plain, true, viewer, client):  # noqa: PLR0917
    video = a_video(rungs=(), title=title)
    a_rendition(video, rung)
    client.force_login(viewer)
    source = delivery.playback(video, person=viewer).choices[0]
    url = (source.downloads or source.sources)[0].download_url
    response = client.get(url)
    named = response["Content-Disposition"]
    assert re.fullmatch(r"attachment; filename=\"[ -~]+\"; filename\*=UTF-8''[A-Za-z0-9%._~-]+", named)
    assert f'filename="{plain}"' in named
    assert true in named
    assert b"".join(response.streaming_content) == b"x" * 1000
    assert response["Content-Type"] == {"240p": "video/mp4", "mp3": "audio/mpeg"}.get(rung, "audio/mp4")
    assert delivered.month_of(viewer) == 1000


def test_a_download_of_a_track_is_that_track(viewer, client):
    video = a_video(rungs=("240p",), title="Agua")
    track = a_track(video, "sound", "quc")
    a_rendition(video, "240p", track=track, size=77, manifest={"init": [0, 7], "fragments": [[7, 70, 100.0]]})
    client.force_login(viewer)
    url = delivery.playback(video, person=viewer).choices[1].downloads[0].download_url
    response = client.get(url)
    assert len(b"".join(response.streaming_content)) == 77
    assert "filename=\"Agua - K'iche' - 240p.mp4\"" in response["Content-Disposition"]
    playlist = client.get(delivery.playback(video, person=viewer).choices[1].sources[0].playlist_url)
    assert f"/{track.pk}/240p/" in playlist.content.decode()
    track.state = Track.State.PROCESSING
    track.save()
    assert client.get(url).status_code == 404


def test_downloads_and_options_are_for_one_person(viewer, client):
    video = a_video()
    found = delivery.playback(video, person=viewer)
    addresses = [found.options_url, found.sources[0].download_url]
    assert [client.get(one).status_code for one in addresses] == [404, 404]
    client.force_login(a_person())
    assert [client.get(one).status_code for one in addresses] == [404, 404]
    client.force_login(viewer)
    answers = [client.get(one) for one in addresses]
    assert [answer.status_code for answer in answers] == [200, 200]
    for answer in answers:
        answer.close()


def test_what_has_no_index_has_no_playlist(viewer, client):
    video = a_video(rungs=())
    a_rendition(video, "mp3", manifest={"init": [0, 0], "fragments": [[0, 1000, 100.0]]})
    client.force_login(viewer)
    playlist = delivery.playback(video, person=viewer).choices[0].downloads[0].playlist_url
    assert client.get(playlist).status_code == 404


def test_the_options_say_the_month_and_come_whole_or_in_part(viewer, client):
    client.force_login(viewer)
    video = a_video(title="Agua <y> luz")
    found = delivery.playback(video, person=viewer)
    note = {"person": viewer, "rendition": video.renditions.first(), "sent_bytes": 84_000_000}
    delivered.note(**note)
    delivered.note(**note | {"person": a_person(), "sent_bytes": 9_000_000})
    part = client.get(f"{found.options_url}?parte=1").content.decode()
    page = client.get(found.options_url).content.decode()
    for text in (part, page):
        assert '<b class="num">84.0 MB</b>' in text
        assert text.count(" download>") == 2
    assert "<html" not in part
    assert "<h1>Agua &lt;y&gt; luz</h1>" in page


def test_the_menu_is_what_the_script_needs(viewer):
    found = delivery.playback(a_video(rungs=("240p",)), person=viewer)
    (choice,) = json.loads(json.dumps(found.menu))
    (source,) = choice["sources"]
    assert source["url"] == found.default.url
    assert source["head"] == [240, 5240]
    assert source["mime"] == 'video/mp4; codecs="avc1.42c01e,mp4a.40.2"'
