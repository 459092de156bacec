"""Django's two caches, able to count: in one round trip, and losing no count when two count at once."""

import fcntl
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.redis import RedisCache


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


class CountingRedisCache(RedisCache):
    """Redis counts by itself; Django would ask it twice for each count, and once more for how long it is kept."""

    GIVE_BACK = """
        if tonumber(redis.call('GET', KEYS[1]) or 0) > 0 then
            redis.call('DECR', KEYS[1])
            redis.call('EXPIRE', KEYS[1], ARGV[1])
        end
    """

    def count(self, name: str, seconds: int) -> int:
        """As `Counts` says."""
        key = self.make_and_validate_key(name)
        with self._pipeline() as pipeline:
            return pipeline.incr(key).expire(key, seconds).execute()[0]

    def settle(self, *, forget: Iterable[str], give_back: Iterable[str], seconds: int) -> None:
        """As `Counts` says."""
        with self._pipeline() as pipeline:
            for name in forget:
                pipeline.delete(self.make_and_validate_key(name))
            for name in give_back:
                pipeline.eval(self.GIVE_BACK, 1, self.make_and_validate_key(name), seconds)
            pipeline.execute()

    def _pipeline(self):
        return self._cache.get_client(write=True).pipeline(transaction=True)
