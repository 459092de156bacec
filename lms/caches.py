"""Django's two caches, able to count: in one round trip, and losing no count when two count at once.

Nothing in a cache is worth a page: while Redis is away, or the disk is full, the site goes on without.
"""

import fcntl
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)


class Counts(Protocol):
    """What `lms.domain.tries` asks of the cache."""

    def count(self, name: str, seconds: int) -> int:
        """Add one to what is counted under `name`, which is kept for `seconds` from now; how much it is then."""

    def settle(self, *, forget: Iterable[str], give_back: Iterable[str], seconds: int) -> None:
        """Forget some counts altogether, and take one from others, never below nothing; those keep for `seconds`."""


class CountingFileCache(FileBasedCache):
    """A file for each entry. Django's own `incr` reads and writes, and of two at once loses one."""

    # Django's looks at every file at each writing. A look at one writing in so many lets the folder grow by a few more.
    LOOKS_ONCE_IN = 50

    def set(self, key: str, value: object, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Keep it, if there is room."""
        try:
            super().set(key, value, timeout, version)
        except OSError as fault:
            log.warning("The cache keeps nothing: %s", fault)

    def _cull(self) -> None:
        if secrets.randbelow(self.LOOKS_ONCE_IN) == 0:
            super()._cull()

    def count(self, name: str, seconds: int) -> int:
        """As `Counts` says."""
        with self._alone():
            count = self.get(name, 0) + 1
            self.set(name, count, seconds)
        return count

    def settle(self, *, forget: Iterable[str], give_back: Iterable[str], seconds: int) -> None:
        """As `Counts` says."""
        with self._alone():
            for name in forget:
                self.delete(name)
            for name in give_back:
                if (count := self.get(name, 0)) > 0:
                    self.set(name, count - 1, seconds)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Of all threads and processes; the kernel lets go of the lock of one that dies."""
        self._createdir()
        with (Path(self._dir) / "counting.lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


class RedisOrHere:
    """Redis; while it does not answer, the memory of this process: limits hold in each process by itself then."""

    PAUSE_SECONDS = 5  # a page asks several times, and must not wait each time
    TIMEOUT_SECONDS = 2
    _away_until = 0.0  # for all threads
    _is_away = False

    def __init__(self, servers: list[str], **options: object) -> None:
        patience = {"socket_timeout": self.TIMEOUT_SECONDS, "socket_connect_timeout": self.TIMEOUT_SECONDS}
        # Once again at once: a connection may have gone with a Redis that was restarted.
        self.redis = RedisCacheClient(servers, **patience, retry=Retry(NoBackoff(), 1), **options)
        self.here = LocMemCache("while-redis-is-away", {})

    def __getattr__(self, name: str) -> Callable:
        there, here = getattr(self.redis, name), getattr(self.here, name)
        return lambda *arguments: self.ask(lambda: there(*arguments), lambda: here(*arguments))

    def ask(self, there: Callable[[], Any], here: Callable[[], Any]) -> Any:
        """What Redis says, or what `here` says in its place."""
        ours = type(self)
        if time.monotonic() < ours._away_until:
            return here()
        try:
            answer = there()
        except (AuthenticationError, NoPermissionError):
            raise  # of the settings, and will not pass
        except RedisError as fault:
            log.warning("Redis does not answer (%s): this process counts for itself", fault)
            ours._away_until, ours._is_away = time.monotonic() + self.PAUSE_SECONDS, True
            return here()
        if ours._is_away:
            ours._is_away = False
            self.here.clear()
        return answer


class CountingRedisCache(RedisCache):
    """Redis counts by itself; Django would ask it twice for each count, and once more for how long it is kept."""

    def __init__(self, server: str, params: dict) -> None:
        super().__init__(server, params)
        self._class = RedisOrHere

    GIVE_BACK = """
        if tonumber(redis.call('GET', KEYS[1]) or 0) > 0 then
            redis.call('DECR', KEYS[1])
            redis.call('EXPIRE', KEYS[1], ARGV[1])
        end
    """

    def count(self, name: str, seconds: int) -> int:
        """As `Counts` says."""
        key = self.make_and_validate_key(name)

        def there() -> int:
            with self._pipeline() as pipeline:
                return pipeline.incr(key).expire(key, seconds).execute()[0]

        def here() -> int:
            return 1 if self._cache.here.add(key, 1, seconds) else self._cache.here.incr(key)

        return self._cache.ask(there, here)

    def settle(self, *, forget: Iterable[str], give_back: Iterable[str], seconds: int) -> None:
        """As `Counts` says."""
        forgotten = [self.make_and_validate_key(name) for name in forget]
        given_back = [self.make_and_validate_key(name) for name in give_back]

        def there() -> None:
            with self._pipeline() as pipeline:
                for key in forgotten:
                    pipeline.delete(key)
                for key in given_back:
                    pipeline.eval(self.GIVE_BACK, 1, key, seconds)
                pipeline.execute()

        def here() -> None:
            self._cache.here.delete_many(forgotten)
            for key in given_back:
                if self._cache.here.get(key, 0) > 0:
                    self._cache.here.decr(key)

        self._cache.ask(there, here)

    def _pipeline(self):
        return self._cache.redis.get_client(write=True).pipeline(transaction=True)
