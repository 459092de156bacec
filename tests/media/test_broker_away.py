"""The broker goes away for a while, and forgets: no upload is lost, and each video is published once.

On Redis it is a server of the test's own that falls silent, ends, begins anew and is flushed. Embedded it is the folder
of messages: in its place lies a file for a while, and afterwards nothing.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from tests import services
from tests.media import faulty
from tests.media.tus import OCTETS, TUS
from tests.system import POOL, System, installed, wait_until

PATIENCE_SECONDS = 30  # of a person who waits for a page
TOKEN = "t" * 32
ADD = "/cms/videos/new/"


class FolderOfMessages:
    """The broker of an installation that needs no server, as `services.RedisServer`; told anything it forgets."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def hang(self) -> None:
        while not self._folder.is_file():  # whoever publishes at this moment makes the folder again
            with suppress(OSError):
                self._folder.rename(self._folder.with_name(f"aside-{time.monotonic_ns()}"))
                self._folder.touch(exist_ok=False)

    def go(self) -> None:
        self._folder.unlink()
        self._folder.touch()

    def come(self) -> None:
        self._folder.unlink()

    def tell(self, *_words: str) -> None:
        for message in self._folder.glob("*.msg"):
            message.unlink(missing_ok=True)


@pytest.fixture
def film(tmp_path) -> Path:
    """Two seconds."""
    return faulty.a_film(tmp_path / "film.mp4", 2)


@pytest.fixture
def redis() -> Iterator[services.RedisServer | None]:
    """A server, where the engine in force has one."""
    if not os.environ.get("REDIS_URL"):
        yield None
        return
    with services.folder_of_services() as folder:
        server = services.RedisServer(folder)
        yield server
        server.go()


@pytest.fixture
def system(django_db_setup, redis) -> Iterator[System]:
    """A web process and a worker with its clock."""
    more = {"REDIS_URL": redis.url} if redis else {}
    with installed(**faulty.ENVIRONMENT, AULA_HASHED_STATIC="false", **more) as system:
        system.start_web()
        yield system
        system.kill()


@pytest.fixture
def broker(redis, system) -> services.RedisServer | FolderOfMessages:
    """What the system sends its work through."""
    return redis or FolderOfMessages(system.folder / "queue" / "messages")


def a_browser(session: str) -> requests.Session:
    """Somebody who is signed in."""
    browser = requests.Session()
    browser.cookies.update({"sessionid": session, "csrftoken": TOKEN})
    browser.headers["X-CSRFToken"] = TOKEN
    return browser


def upload(system: System, film: Path, session: str, url: str) -> int:
    """The whole file, and what it is called; the video's key."""
    browser = a_browser(session)
    headers = {**TUS, "Upload-Offset": "0", "Content-Type": OCTETS}
    sent = browser.patch(system.url + url, film.read_bytes(), headers=headers, timeout=PATIENCE_SECONDS)
    assert sent.status_code == 204
    form = {"upload": url.rstrip("/").rpartition("/")[2], "title": "Subida", "collection": "1"}
    page = {"headers": {"Accept": "application/json"}, "timeout": PATIENCE_SECONDS}
    saved = browser.post(system.url + ADD, form, **page)
    assert (saved.status_code, saved.json().get("title")) == (201, "Subida")
    return videos_of(system)[-1]


def look_around(system: System) -> None:
    """Pages answer; a wrong password is a wrong password."""
    browser = a_browser("")
    for path in ("/salud/", "/", "/entrar/"):
        assert browser.get(system.url + path, timeout=PATIENCE_SECONDS).status_code == 200, path
    wrong = {"identifier": "55551234", "password": "mal"}
    assert browser.post(f"{system.url}/entrar/", wrong, timeout=PATIENCE_SECONDS).status_code == 422


def videos_of(system: System) -> list[int]:
    return [video for (video,) in system.sql("SELECT id FROM media_video ORDER BY id")]


def test_the_broker_falls_silent_goes_comes_and_forgets(system, broker, film):
    begun = json.loads(system.python(f"from tests.media import sending; sending.begin({film.stat().st_size}, 2)"))
    before = [faulty.add(system, film) for _number in range(3)]  # one more than are made at once
    system.fork_worker(*POOL)
    wait_until(lambda: faulty.job_of(system, before[0]).state != "waiting", 60, lambda: system.log("worker"))
    broker.hang()
    look_around(system)
    meanwhile = upload(system, film, begun["session"], begun["urls"][0])
    broker.go()
    look_around(system)
    assert "The broker did not take job" in (system.folder / "web.log").read_text()
    faulty.wait_for_the_end(system, before[0])

    broker.come()
    faulty.let_rest_end(system)
    for video in [*before, meanwhile]:
        faulty.wait_for_the_end(system, video)
    look_around(system)

    broker.tell("FLUSHALL")
    after = upload(system, film, begun["session"], begun["urls"][1])
    faulty.wait_for_the_end(system, after)
    for video in [*before, meanwhile, after]:
        faulty.check_the_end(system, video)
