"""Films by a real nginx with the configuration of `deploy/nginx`: no process of Python stands behind it here."""

import re
import subprocess
import time
from io import StringIO
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.urls import reverse
from wagtail.documents.models import Document

from certificates.domain import rendering
from lms.domain import people
from media.domain import addresses, delivery, delivery_log
from media.domain import webserver as webserver_configuration
from media.models import Delivered, Rendition
from media.tasks import note_closed_accounts
from tests import webserver
from tests.factories.certificates import a_certificate
from tests.factories.media import a_video
from tests.factories.people import a_person, somebody_with_role

pytestmark = [pytest.mark.django_db, pytest.mark.once]
CONTENT = bytes(range(256)) * 40
SIZE = len(CONTENT)
DAY = 24 * 3600


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    with webserver.running(tmp_path_factory.mktemp("nginx") / "here", Path(settings.MEDIA_ROOT)) as found:
        yield found


@pytest.fixture
def viewer():
    return a_person()


@pytest.fixture
def film() -> Rendition:
    return a_video().renditions.get(rung="240p")


@pytest.fixture
def url(film, viewer) -> str:
    return addresses.rendition_url(film, viewer)


def sealed(path: str, person, ends_at: int | None = None) -> str:
    """An address that we would never make, sealed as if we had."""
    ends_at = ends_at or int(time.time()) + DAY
    return f"/video/f/{addresses._seal(ends_at, path, addresses.viewer_key(person))}/{ends_at}/{path}"


REQUESTS = [
    ("GET", {}, 200, (0, SIZE - 1)),
    ("HEAD", {}, 200, (0, SIZE - 1)),
    ("GET", {"Range": "bytes=0-"}, 206, (0, SIZE - 1)),
    ("GET", {"Range": "bytes=0-0"}, 206, (0, 0)),
    ("GET", {"Range": "bytes=100-199"}, 206, (100, 199)),
    ("HEAD", {"Range": "bytes=100-199"}, 206, (100, 199)),
    ("GET", {"Range": "bytes=10000-999999"}, 206, (10000, SIZE - 1)),
    ("GET", {"Range": "bytes=-5"}, 206, (SIZE - 5, SIZE - 1)),
    ("GET", {"Range": "bytes=-999999"}, 206, (0, SIZE - 1)),
    ("GET", {"Range": "bytes=0-1,5-6"}, 200, (0, SIZE - 1)),
    ("GET", {"Range": "items=0-1"}, 200, (0, SIZE - 1)),
    ("GET", {"Range": f"bytes={SIZE}-"}, 416, None),
    ("GET", {"Range": "bytes=-0"}, 416, None),
    ("GET", {"Range": "bytes=5-4"}, 416, None),
    ("GET", {"Range": "bytes=a-b"}, 416, None),
    ("GET", {"Range": "bytes=-"}, 416, None),
    ("GET", {"Range": "bytes=0-9", "If-Range": "ETAG"}, 206, (0, 9)),
    ("GET", {"Range": "bytes=0-9", "If-Range": "DATE"}, 206, (0, 9)),
    ("GET", {"Range": "bytes=0-9", "If-Range": '"older"'}, 200, (0, SIZE - 1)),
    ("GET", {"If-None-Match": "ETAG"}, 304, None),
    ("GET", {"If-None-Match": "ETAG", "Range": "bytes=0-9"}, 304, None),
    ("GET", {"If-None-Match": '"older"'}, 200, (0, SIZE - 1)),
    ("GET", {"If-Modified-Since": "DATE"}, 304, None),
    ("GET", {"If-Modified-Since": "DATE", "If-None-Match": '"older"'}, 200, (0, SIZE - 1)),
    ("POST", {}, 405, None),
]
SAME = ("content-type", "content-length", "content-range", "etag", "last-modified", "cache-control")


def by_django(client, url: str, method: str, headers: dict[str, str]) -> webserver.Answer:
    response = client.generic(method, url, headers=headers, HTTP_ACCEPT_ENCODING="gzip")
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return webserver.Answer(response.status_code, {name.lower(): value for name, value in response.items()}, body)


@pytest.mark.parametrize(("method", "asked", "status", "part"), REQUESTS)
def test_nginx_and_the_web_process_answer_the_same(method, asked, status, part, nginx, url, viewer, client):  # noqa: PLR0917 a table
    client.force_login(viewer)
    first = by_django(client, url, "HEAD", {})
    facts = {"ETAG": first.headers["etag"], "DATE": first.headers["last-modified"]}
    headers = {name: facts.get(value, value) for name, value in asked.items()}
    key = addresses.viewer_key(viewer)
    answers = nginx.ask(url, method=method, cookie=key, **headers), by_django(client, url, method, headers)
    for answer in answers:
        assert answer.status == status
        if part:
            wanted = CONTENT[part[0] : part[1] + 1]
            assert answer.body == (b"" if method == "HEAD" else wanted)
            assert answer.headers["content-length"] == str(len(wanted))
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "content-encoding" not in answer.headers
    if part:
        by_nginx, by_us = ({name: answer.headers.get(name) for name in SAME} for answer in answers)
        assert by_nginx == by_us
        assert by_us["cache-control"].startswith("private")
        assert by_us["content-type"] == "video/mp4"
    if status == 200:
        assert {answer.headers["accept-ranges"] for answer in answers} == {"bytes"}
    if status == 416:
        assert {answer.headers["content-range"] for answer in answers} == {f"bytes */{SIZE}"}


def wrong(name: str, film: Rendition, viewer) -> str:
    """An address with something wrong about it."""
    url = addresses.rendition_url(film, viewer)
    _, _, _, seal, ends, path = url.split("/", 5)
    file = path.rpartition("/")[2]
    other = a_video().renditions.get(rung="240p")
    changed = {
        "a changed seal": f"/video/f/{seal[:-2]}{'AA' if seal[-2:] != 'AA' else 'BA'}/{ends}/{path}",
        "no seal": f"/video/f/{'A' * 22}/{ends}/{path}",
        "a later end": f"/video/f/{seal}/{int(ends) + 1}/{path}",
        "expired": sealed(path, viewer, int(time.time()) - 1),
        "another rung": url.replace("/240p/", "/144p/").replace("240p.mp4", "144p.mp4"),
        "another rung's name": url.replace("/240p/", "/144p/"),
        "another cut": url.replace("/1/0/", "/2/0/"),
        "another track": url.replace("/1/0/", "/1/7/"),
        "another video": url.replace(str(film.video.public_id), str(other.video.public_id)),
        "upwards": f"/video/f/{seal}/{ends}/../{path}",
        "upwards, encoded": f"/video/f/{seal}/{ends}/%2e%2e/{path}",
        "upwards with slashes, encoded": url.replace(file, f"..%2f..%2f{other.video.public_id}%2f240p.mp4"),
        "upwards, sealed": sealed(path.replace(file, f"../{other.video.public_id}/240p.mp4"), viewer),
        "upwards, encoded twice": url.replace(file, f"%252e%252e%252f{file}"),
        "to the database": sealed(path.replace(file, "../../../aula.sqlite3"), viewer),
        "a null": f"{url}%00.mp4",
        "a dot file, sealed": sealed(path.replace(file, ".240p.mp4"), viewer),
        "the original, sealed": sealed(path.replace(file, "source"), viewer),
        "an original with an ending, sealed": sealed(path.replace(file, "source-2.mp4"), viewer),
        "an original further down, sealed": sealed(path.replace(file, "cuts/source/1.mp4"), viewer),
        "another kind of file, sealed": sealed(path.replace(file, "notes.txt"), viewer),
        "the folder": url.replace(file, ""),
        "the folder, sealed": sealed(path.replace(file, ""), viewer),
        "nothing": "/video/f/",
        "the address within": f"/_archivos/video/{film.video.public_id}/{file}",
        "the original within": f"/_archivos/video/{film.video.public_id}/source",
        "the original itself": f"/archivos/video/{film.video.public_id}/source",
    }
    return changed[name]


NAMES = (
    "a changed seal;no seal;a later end;expired;another rung;another rung's name;another cut;another track",
    "another video;upwards;upwards, encoded;upwards with slashes, encoded;upwards, sealed;upwards, encoded twice",
    "to the database;a null;a dot file, sealed;the original, sealed;an original with an ending, sealed",
    "an original further down, sealed;another kind of file, sealed;the folder;the folder, sealed;nothing",
    "the address within;the original within;the original itself",
)
WRONG = ";".join(NAMES).split(";")


@pytest.fixture
def originals(film):
    """What must never be reached, where it could be."""
    folder = f"video/{film.video.public_id}"
    for name in ("source", "source-2.mp4", "cuts/source/1.mp4", "notes.txt", ".240p.mp4"):
        path = Path(default_storage.path(f"{folder}/{name}"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CONTENT)


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.usefixtures("originals")
def test_what_is_wrong_is_not_there(name, nginx, film, viewer, client):
    """To the one whose address it is, by nginx and by the web process alike."""
    client.force_login(viewer)
    address = wrong(name, film, viewer)
    by_nginx = nginx.ask(address, cookie=addresses.viewer_key(viewer), Range="bytes=0-9")
    assert by_nginx.status in {400, 404}
    assert CONTENT[:10] not in by_nginx.body
    by_us = by_django(client, address, "GET", {"Range": "bytes=0-9"})
    assert by_us.status in {400, 404} or by_us.headers.get("location") == f"{address}/"


def test_an_address_is_for_one_person(nginx, url, viewer, client):
    """Another's key, a part of the right one, and none."""
    key, anothers = addresses.viewer_key(viewer), addresses.viewer_key(a_person())
    assert nginx.ask(url, cookie=key).status == 200
    whose = key.partition(".")[0]
    for cookie in ("", anothers, whose, f"{whose}.", f"{whose}.{anothers.partition('.')[2]}", f'"{key}"', f"{key}x"):
        assert nginx.ask(url, cookie=cookie).status == 404, cookie
    client.force_login(a_person())
    assert client.get(url).status_code == 404
    viewer.set_password("otra-clave-2026")
    viewer.save()
    assert addresses.viewer_key(viewer) != key


def without(*lines: str):
    """The configuration with something taken out of it; it must have been there."""

    def change(text: str) -> str:
        for line in lines:
            assert line in text, line
            text = text.replace(line, "")
        return text

    return change


REFUSAL = """        if ($secure_link != 1) {
            return 404;                    # another's, altered or expired: there is no such page
        }
"""
TAKEN_OUT = [
    ("a changed seal", [REFUSAL]),
    ("another rung", [REFUSAL]),
    ("another's", [REFUSAL]),
    ("expired", [",$film_ends;"]),
    ("the address within", ["        internal;\n", "    internal;\n"]),
    ("an original with an ending, sealed", ["(?!(?:[^/]+/)*source)"]),
    ("an original further down, sealed", ["(?!(?:[^/]+/)*source)"]),
]


@pytest.mark.parametrize(("name", "lines"), TAKEN_OUT)
@pytest.mark.usefixtures("originals")
def test_each_protection_is_needed(name, lines, tmp_path, film, viewer):
    """With its line taken out of the configuration the same request gets the bytes: the tests above would be red."""
    key = addresses.viewer_key(a_person() if name == "another's" else viewer)
    address = addresses.rendition_url(film, viewer) if name == "another's" else wrong(name, film, viewer)
    change = without(*lines) if lines != [",$film_ends;"] else lambda text: text.replace(",$film_ends;", ";")
    files = Path(settings.MEDIA_ROOT)
    with webserver.running(tmp_path / "whole", files) as nginx:
        assert nginx.ask(address, cookie=key).status == 404
    with webserver.running(tmp_path / "without", files, change=change) as nginx:
        assert nginx.ask(address, cookie=key).body == CONTENT


NOT_CLOSED = """        if (-f @FILES@/closed/$film_viewer) {
            return 404;                    # whose account was closed since; the clock keeps these files
        }
"""


@override_settings(MEDIA_DELIVERY="nginx")
def test_whose_account_is_closed_sees_no_more_films(nginx, film, viewer, url, tmp_path):
    """With the next minute of the clock, though address and key would hold for hours; until it is opened again."""
    key, other = addresses.viewer_key(viewer), a_person()
    assert nginx.ask(url, cookie=key).status == 200
    people.set_active(person=viewer, is_active=False, by=somebody_with_role("administrator"))
    note_closed_accounts()
    assert nginx.ask(url, cookie=key).status == 404
    assert nginx.ask(addresses.rendition_url(film, other), cookie=addresses.viewer_key(other)).body == CONTENT
    files = Path(settings.MEDIA_ROOT)
    assert (files / "closed").stat().st_mode & 0o777 == 0o711
    assert settings.CELERY_BEAT_SCHEDULE["note-closed-accounts"] == {
        "task": note_closed_accounts.name,
        "schedule": 60,
        "options": {"expires": 60},
    }
    change = without(NOT_CLOSED.replace("@FILES@", str(files)))
    with webserver.running(tmp_path / "without", files, change=change) as without_it:
        assert without_it.ask(url, cookie=key).body == CONTENT
    people.set_active(person=viewer, is_active=True, by=somebody_with_role("administrator"))
    note_closed_accounts()
    assert nginx.ask(url, cookie=key).status == 200
    with override_settings(MEDIA_DELIVERY="django"):
        people.set_active(person=viewer, is_active=False, by=somebody_with_role("administrator"))
        note_closed_accounts()
    assert nginx.ask(url, cookie=key).status == 200


def test_the_key_goes_to_the_one_who_got_an_address_and_only_for_films(client, viewer):
    """Hidden from scripts, over https alone where there is https, gone with the one who leaves."""
    client.force_login(viewer)
    video = a_video()
    address = delivery.playback(video, person=viewer).sources[0].playlist_url
    assert addresses.COOKIE not in client.get(address).cookies
    with override_settings(MEDIA_DELIVERY="nginx", SESSION_COOKIE_SECURE=True):
        given = client.get(address).cookies[addresses.COOKIE]
        assert addresses.COOKIE not in client.get("/").cookies
        left = client.post(reverse("lms:sign_out")).cookies[addresses.COOKIE]
    assert given.value == addresses.viewer_key(viewer)
    assert (given["path"], given["samesite"]) == ("/video/f/", "Lax")
    assert given["httponly"]
    assert given["secure"]
    assert left.value == ""
    assert (left["path"], left["max-age"]) == ("/video/f/", 0)


def test_a_playlist_leads_to_the_film_as_nginx_sends_it(client, viewer, nginx):
    """What a player does: the key comes with the page, the ranges from nginx."""
    client.force_login(viewer)
    with override_settings(MEDIA_DELIVERY="nginx"):
        response = client.get(delivery.playback(a_video(), person=viewer).sources[0].playlist_url)
    key = response.cookies[addresses.COOKIE].value
    address = response.content.decode().split('URI="')[1].split('"')[0]
    assert nginx.ask(address, cookie=key, Range="bytes=0-239").body == CONTENT[:240]


@pytest.mark.django_db(transaction=True)
def test_what_was_decided_once_is_sent_by_nginx(tmp_path, live_server, client):
    """A poster, a document, a certificate: the web process says yes, nginx sends; who has no right gets none."""
    certificate = a_certificate()
    viewer = certificate.person
    client.force_login(viewer)
    video = a_video(poster_path=default_storage.save("video/x/poster-1.jpg", ContentFile(CONTENT)))
    document = Document.objects.create(title="Guía", file=ContentFile(CONTENT, "guía de agua.pdf"))
    more = f"location / {{ proxy_pass {live_server.url}; proxy_set_header Host localhost; }}"
    files = Path(settings.MEDIA_ROOT)
    session = "; ".join(f"{name}={value.value}" for name, value in client.cookies.items())
    with (
        override_settings(MEDIA_DELIVERY="nginx", SENDFILE_BACKEND="lms.views.sending", ALLOWED_HOSTS=["*"]),
        webserver.running(tmp_path / "here", files, more=more) as nginx,
    ):
        poster = delivery.playback(video, person=viewer).poster_url
        found = nginx.ask(poster, Cookie=session, Range="bytes=0-9")
        assert (found.status, found.body, found.headers["content-type"]) == (206, CONTENT[:10], "image/jpeg")
        assert found.headers["cache-control"] == addresses.KEEP
        assert nginx.ask(poster).status == 404
        paper = nginx.ask(document.url, Cookie=session)
        assert (paper.status, paper.body, paper.headers["content-type"]) == (200, CONTENT, "application/pdf")
        assert "filename*=UTF-8''gu%C3%ADa" in paper.headers["content-disposition"]
        kept = rendering.ensure_file(certificate)
        address = reverse("certificates:download", args=[certificate.public_id])
        diploma = nginx.ask(address, Cookie=session)
        assert (diploma.status, len(diploma.body), diploma.headers["content-type"]) == (
            200,
            kept.bytes,
            "application/pdf",
        )
        assert diploma.headers["content-disposition"] == f'attachment; filename="{certificate.reference}.pdf"'
        assert nginx.ask(address).status == 302
        assert nginx.ask(f"/_archivos/{kept.path}", Cookie=session).status == 404
        assert nginx.ask(quote(f"/_archivos/{document.file.name}"), Cookie=session).status == 404


def test_what_nginx_writes_down_is_what_is_counted(tmp_path, film, viewer):
    """The log of a real run, read by the counter: films, and what was refused or known already not at all."""
    key, url = addresses.viewer_key(viewer), addresses.rendition_url(film, viewer)
    with webserver.running(tmp_path / "here", Path(settings.MEDIA_ROOT)) as nginx:
        etag = nginx.ask(url, cookie=key, Range="bytes=0-99").headers["etag"]
        nginx.ask(url, cookie=key, Range="bytes=5-14")
        nginx.ask(url, cookie=key, method="HEAD")
        nginx.ask(url, cookie=key, If_None_Match=etag)
        nginx.ask(url, cookie=key, Range="bytes=999999-")
        nginx.ask(url, cookie=addresses.viewer_key(a_person()))
        log = nginx.log
    assert delivery_log.count(log) == delivery_log.Report(lines=3, skipped_lines=0, bytes=110)
    found = Delivered.objects.get()
    assert (found.person, found.video, found.rung, found.bytes) == (viewer, film.video, "240p", 110)
    assert key.partition(".")[2] not in log.read_text()


def test_the_configuration_of_production_holds(tmp_path):
    """The whole of it, servers with TLS included, as nginx itself checks it."""
    pair = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "certificate.pem")]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=aula", *pair]
    subprocess.run(made, check=True, capture_output=True)
    folder = tmp_path / "aula"
    with override_settings(HTTPS=True, DELIVERY_LOG=tmp_path / "delivery.log", PUBLIC_URL="https://aula.example.org"):
        options = ["--certificate", str(tmp_path / "certificate.pem"), "--certificate-key", str(tmp_path / "key.pem")]
        call_command("write_nginx", str(folder), *options, stdout=StringIO())
    text = (folder / "aula.conf").read_text()
    assert "server_name aula.example.org;" in text
    assert f"include {folder}/delivery.conf;" in text
    assert not any("@" in path.read_text().replace("@ signs", "") for path in folder.iterdir())
    assert (folder / "delivery.conf").stat().st_mode & 0o777 == 0o640
    assert settings.SECRET_KEY not in (folder / "delivery.conf").read_text()
    whole = tmp_path / "nginx.conf"
    ports = text.replace("listen 443", "listen 127.0.0.1:1443").replace("listen 80", "listen 127.0.0.1:1080")
    (folder / "aula.conf").write_text(re.sub(r"\n +listen \[::\].*", "", ports))
    whole.write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{ include {folder}/aula.conf; }}\n")
    command = [webserver.program(), "-t", "-q", "-e", "stderr", "-p", str(tmp_path), "-c", str(whole)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("value", ["a b", "a;b", "a{b", "a$b", 'a"b', ""])
def test_no_value_can_say_more_than_it_should(value, tmp_path):
    with pytest.raises(ValueError, match="UPSTREAM"):
        webserver_configuration.write(tmp_path, {"UPSTREAM": value})
    with pytest.raises(CommandError):
        call_command("write_nginx", str(tmp_path / "aula"), "--upstream", "a b")
