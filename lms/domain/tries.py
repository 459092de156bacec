"""How often something may be tried: light limits kept in the cache, by digest, never by name.

A window is a fixed stretch of time. Counting comes before the attempt and is given back on success, so that a burst
of simultaneous tries does not pass and a town hall behind one address is not locked out by its own successes.
"""

import hashlib
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from django.conf import settings
from django.core.cache import cache

from lms.caches import Counts

_counts = cast(Counts, cache)


@dataclass(frozen=True)
class Limit:
    """At most `most` tries of one kind by one key in `seconds`."""

    kind: str
    most: int
    seconds: int

    def take(self, key: str) -> bool:
        """Count one try; False when there were too many."""
        return self.count(key) <= self.most

    def count(self, key: str) -> int:
        """Count one try; how many there are now."""
        return _counts.count(self._name(key), self.seconds)

    def is_spent(self, key: str) -> bool:
        """Whether too many were counted, without counting one."""
        return cache.get(self._name(key), 0) > self.most

    def give_back(self, key: str) -> None:
        """Uncount a try that succeeded."""
        settle(give_back=[(self, key)])

    def forget(self, key: str) -> None:
        """Start anew for a key that proved itself."""
        settle(forget=[(self, key)])

    def _name(self, key: str) -> str:
        digest = hmac.new(settings.SECRET_KEY.encode(), f"{self.kind}:{key}".encode(), hashlib.sha256).hexdigest()
        return f"tries:{self.kind}:{int(time.time() // self.seconds)}:{digest[:32]}"


def settle(*, forget: Sequence[tuple[Limit, str]] = (), give_back: Sequence[tuple[Limit, str]] = ()) -> None:
    """Start anew for some keys and uncount one try of others, all in one round trip."""
    _counts.settle(
        forget=[limit._name(key) for limit, key in forget],
        give_back=[limit._name(key) for limit, key in give_back],
        seconds=max((limit.seconds for limit, _key in give_back), default=0),
    )
