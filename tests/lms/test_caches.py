"""What a cache is worth: nothing that a page should wait or fail for."""

import errno
import os
import signal

import pytest
from redis.exceptions import AuthenticationError

from lms.caches import CountingFileCache, CountingRedisCache, RedisOrHere
from tests import services

pytestmark = pytest.mark.once


@pytest.fixture
def server(tmp_path):
    """A Redis of the test's own."""
    with services.folder_of_services() as folder:
        found = services.RedisServer(folder)
        yield found
        found.go()
    RedisOrHere._away_until, RedisOrHere._is_away = 0.0, False


@pytest.fixture
def cache(server, monkeypatch) -> CountingRedisCache:
    """On it, impatient."""
    monkeypatch.setattr(RedisOrHere, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(RedisOrHere, "TIMEOUT_SECONDS", 0.2)
    made = CountingRedisCache(server.url, {})
    yield made
    made._cache.here.clear()


def test_while_redis_is_away_each_process_keeps_to_its_own_memory(cache, server):
    cache.set("a", 1)
    assert [cache.count("tries", 60), cache.count("tries", 60)] == [1, 2]
    server.go()
    assert cache.get("a", "none") == "none"
    assert [cache.count("tries", 60), cache.count("tries", 60)] == [1, 2]
    cache.settle(forget=["other"], give_back=["tries", "never"], seconds=60)
    assert (cache.get("tries"), cache.add("tries", 9), cache.get_many(["tries", "b"])) == (1, False, {"tries": 1})
    server.come()
    assert cache.get("tries") is None, "it counts anew where everybody counts"
    assert cache.count("tries", 60) == 1
    server.go()
    assert cache.get("tries") is None, "nothing is remembered from the time before"


def test_a_redis_that_says_nothing_is_away_too(cache, server):
    cache.set("a", 1)
    server.hang()
    assert cache.get("a") is None
    os.kill(server.pid, signal.SIGCONT)
    assert cache.get("a") == 1


def test_nobody_waits_for_it_time_and_again(cache, server, monkeypatch, caplog):
    monkeypatch.setattr(RedisOrHere, "PAUSE_SECONDS", 60)
    server.go()
    for _time in range(20):
        cache.set("a", 1)
    assert caplog.text.count("does not answer") == 1


def test_a_wrong_password_is_no_absence(server):
    server.tell("CONFIG", "SET", "requirepass", "right")
    with pytest.raises(AuthenticationError):
        CountingRedisCache(server.url, {}).get("a")


def test_a_full_disk_keeps_nothing_and_stops_nobody(tmp_path, monkeypatch, caplog):
    cache = CountingFileCache(str(tmp_path), {})
    cache.set("a", 1)

    def full(*_arguments, **_facts) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("django.core.cache.backends.filebased.tempfile.mkstemp", full)
    cache.set("b", 2)
    assert (cache.get("a"), cache.get("b"), cache.count("c", 60)) == (1, None, 1)
    assert "No space left" in caplog.text
