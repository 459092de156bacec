"""Serving: byte ranges as the standard says, to the person the address was made for, until it expires."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.template.loader import render_to_string
from django.utils import timezone

from lms.domain.errors import RuleBroken
from lms.models import Language
from media.domain import captions, delivery
from tests.courses.recutting_cases import trimmed
from tests.factories.media import a_video
from tests.factories.people import a_person

pytestmark = pytest.mark.django_db
CONTENT = bytes(range(256)) * 40
SIZE = len(CONTENT)


@pytest.fixture
def viewer():
    return a_person()


@pytest.fixture
def url(viewer, client):
    """The 240p of a video, for a viewer who signed in."""
    client.force_login(viewer)
    return delivery.playback(a_video(), person=viewer).sources[-1].url


def body(response) -> bytes:
    return response.getvalue() if not response.streaming else b"".join(response.streaming_content)


@pytest.mark.parametrize(
    ("header", "status", "first", "last"),
    [
        (None, 200, 0, SIZE - 1),
        ("bytes=0-", 206, 0, SIZE - 1),
        ("bytes=0-0", 206, 0, 0),
        ("bytes=100-199", 206, 100, 199),
        ("bytes=10000-", 206, 10000, SIZE - 1),
        ("bytes=10000-999999", 206, 10000, SIZE - 1),
        ("bytes=-5", 206, SIZE - 5, SIZE - 1),
        ("bytes=-999999", 206, 0, SIZE - 1),
        (f"bytes={SIZE - 1}-", 206, SIZE - 1, SIZE - 1),
        ("bytes=5-4", 416, None, None),
        ("bytes=0-1,5-6", 200, 0, SIZE - 1),
        ("items=0-1", 200, 0, SIZE - 1),
        ("bytes=-", 416, None, None),
        ("bytes=a-b", 416, None, None),
        (f"bytes={SIZE}-", 416, None, None),
        ("bytes=-0", 416, None, None),
    ],
)
@pytest.mark.parametrize("method", ["get", "head"])
def test_ranges(method, header, status, first, last, url, client):  # noqa: PLR0917 a table
    extra = {"headers": {"Range": header} if header else {}}
    response = getattr(client, method)(url, **extra, HTTP_ACCEPT_ENCODING="gzip")
    assert response.status_code == status
    assert "Content-Encoding" not in response
    assert response["Cache-Control"].startswith("private")
    if status == 416:
        assert response["Content-Range"] == f"bytes */{SIZE}"
        return
    assert response["Content-Length"] == str(last - first + 1)
    assert response["Accept-Ranges"] == "bytes"
    assert response["Content-Type"] == "video/mp4"
    assert response.get("Content-Range") == (f"bytes {first}-{last}/{SIZE}" if status == 206 else None)
    assert body(response) == (CONTENT[first : last + 1] if method == "get" else b"")


def test_a_changed_file_is_sent_whole(url, client):
    """If-Range: a part of another version would be rubbish."""
    etag = client.head(url)["ETag"]
    assert body(client.get(url, headers={"Range": "bytes=0-9", "If-Range": etag})) == CONTENT[:10]
    assert body(client.get(url, headers={"Range": "bytes=0-9", "If-Range": '"older"'})) == CONTENT
    assert client.get(url, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("name", ["rendition", "playlist", "poster", "captions"])
def test_an_address_is_for_one_person_until_it_ends(name, client, viewer):
    """Another's, an expired, a changed and an anonymous one are all absent, ranges included."""
    video = a_video(poster_path=default_storage.save("video/x/poster.jpg", ContentFile(b"jpeg")))
    captions.save(video=video, language=Language.objects.get(key="es"), text=VTT, by=None)
    found = delivery.playback(video, person=viewer)
    address = {
        "rendition": found.sources[0].url,
        "playlist": found.sources[0].playlist_url,
        "poster": found.poster_url,
        "captions": found.captions[0].url,
    }[name]
    assert client.get(address).status_code == 404
    client.force_login(a_person())
    assert client.get(address).status_code == 404
    assert client.get(address, headers={"Range": "bytes=0-9"}).status_code == 404
    client.force_login(viewer)
    allowed = client.get(address)
    assert allowed.status_code == 200
    assert body(allowed)
    token = address.split("/")[3 if name == "rendition" else 2]
    assert client.get(address.replace(token, token[:-2] + ("AA" if token[-2:] != "AA" else "BA"))).status_code == 404
    assert client.get(address.replace(token, "x")).status_code == 404
    with time_machine.travel(timezone.now() + timedelta(days=2), tick=False):
        client.force_login(viewer)
        assert client.get(address).status_code == 404
    viewer.is_active = False
    viewer.save(update_fields=["is_active"])
    assert client.get(address).status_code == 404


VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\nBuenos días\n"


def test_reasons_for_refusing_a_token(viewer):
    video = a_video()
    token = delivery.make_token(video, viewer, seconds=60)
    assert delivery.open_token(token, viewer) == video.public_id
    refusals = {}
    for name, given, person in [
        ("foreign", token, a_person()),
        ("foreign anonymous", token, AnonymousUser()),
        ("tampered", "x" + token, viewer),
        ("tampered other salt", signing.Signer(salt="other").sign_object([1, 2, 3]), viewer),
    ]:
        with pytest.raises(RuleBroken) as refusal:
            delivery.open_token(given, person)
        refusals[name] = refusal.value.code
    assert {name: code.split(".")[1] for name, code in refusals.items()} == {name: name.split()[0] for name in refusals}
    with time_machine.travel(timezone.now() + timedelta(minutes=3)), pytest.raises(RuleBroken) as refusal:
        delivery.open_token(token, viewer)
    assert refusal.value.code == "playback.expired"


def test_addresses_stay_equal_for_a_while(viewer):
    """So that the second look is the browser's own."""
    video = a_video()
    with time_machine.travel("2026-03-02 10:00:00", tick=False) as clock:
        first = delivery.playback(video, person=viewer)
        clock.shift(timedelta(minutes=20))
        assert delivery.playback(video, person=viewer) == first
        assert delivery.playback(video, person=a_person()) != first


def test_one_video_is_not_another(viewer, client):
    client.force_login(viewer)
    mine, other = a_video(rungs=("240p",)), a_video(rungs=("144p",))
    url = delivery.playback(mine, person=viewer).sources[0].url
    assert client.get(url.replace("240p", "144p")).status_code == 404
    assert other.renditions.get().rung == "144p"


def test_what_a_player_gets(viewer, django_assert_num_queries):
    video = a_video(rungs=("480p", "144p", "240p", "audio"), duration_seconds=99.6)
    captions.save(video=video, language=Language.objects.get(key="es"), text=VTT, by=None)
    with django_assert_num_queries(2):
        found = delivery.playback(video, person=viewer)
    assert [source.rung for source in found.sources] == ["audio", "144p", "240p", "480p"]
    assert found.default.rung == "240p"
    assert (found.length_seconds, found.duration_seconds) == (100, 99.6)
    assert [(track.key, track.label) for track in found.captions] == [("es", "Español")]


def test_captions_are_served_as_such(viewer, client):
    client.force_login(viewer)
    video = a_video()
    captions.save(video=video, language=Language.objects.get(key="es"), text=VTT, by=None)
    response = client.get(delivery.playback(video, person=viewer).captions[0].url)
    assert response["Content-Type"] == "text/vtt; charset=utf-8"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "Buenos días" in response.content.decode()


def test_captions_are_those_of_the_cut_that_the_page_plays(viewer, client):
    """Also out of the browser's cache: another cut, another address."""
    client.force_login(viewer)
    video = a_video()
    words = {"video": video, "language": Language.objects.get(key="es"), "by": None}
    captions.save(text="WEBVTT\n\n00:12.000 --> 00:14.000\nBuenos días\n", **words)
    before = delivery.playback(video, person=viewer).captions[0].url
    video = trimmed(video, 10, 70)
    now = delivery.playback(video, person=viewer).captions[0].url
    assert now != before
    assert "00:00:12.000 -->" in client.get(before).content.decode()
    assert "00:00:02.000 -->" in client.get(now).content.decode()
    captions.remove(caption=video.captions.get(), by=None)
    assert [client.get(one).status_code for one in (before, now)] == [200, 404]
    assert client.get(before.replace("=1", "=" + "9" * 30)).status_code == 404


def test_pictures_are_served_and_nothing_beside_them(client):
    name = default_storage.save("images/plaza.width-800.webp", ContentFile(b"RIFFxxxxWEBP"))
    default_storage.save("images/note.svg", ContentFile(b"<svg/>"))
    default_storage.save("original_images/plaza.webp", ContentFile(b"RIFFxxxxWEBP"))
    response = client.get(f"/archivos/{name}")
    assert response.status_code == 200
    assert response["Content-Type"] == "image/webp"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "max-age=31536000" in response["Cache-Control"]
    assert body(response) == b"RIFFxxxxWEBP"
    for path in ("images/note.svg", "images/../original_images/plaza.webp", "original_images/plaza.webp"):
        assert client.get(f"/archivos/{path}").status_code == 404
    for path in (
        "..%2foriginal_images/plaza.webp",
        "%2e%2e/original_images/plaza.webp",
        "../../aula.sqlite3",
        "x.webp",
        f"{'x' * 300}.webp",
    ):
        assert client.get(f"/archivos/images/{path}").status_code == 404


def test_the_source_has_no_address(url, client):
    assert client.get(url.replace("240p", "source")).status_code == 404
    assert client.get("/archivos/video/x/source", follow=True).status_code == 404


def test_the_component_works_without_javascript(viewer):
    """A bare film with its captions, the sizes in words, no script or style of its own inside."""
    video = a_video(rungs=("144p", "240p", "audio"), title="Agua <y> luz")
    captions.save(video=video, language=Language.objects.get(key="es"), text=VTT, by=None)
    found = delivery.playback(video, person=viewer)
    page = render_to_string("media/player.html", {"playback": found, "position": 61})
    assert f'src="{found.default.url}#t=61"' in page
    assert 'preload="none"' in page
    assert '<track kind="captions" srclang="es" label="Español"' in page
    assert "Agua &lt;y&gt; luz" in page
    assert "style=" not in page
    assert "<script>" not in page
    assert [f">{source.words}</a>" in page for source in found.sources] == [True, True, True]
    assert f'href="{found.options_url}"' in page
