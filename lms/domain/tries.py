"""How often something may be tried: light limits kept in the cache, by digest, never by name.

A window is a fixed stretch of time. Counting comes before the attempt and is given back on success, so that a burst
of simultaneous tries does not pass and a town hall behind one address is not locked out by its own successes.
"""

import hashlib
import hmac
import time
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache


@dataclass(frozen=True)
class Limit:
    """At most `most` tries of one kind by one key in `seconds`."""

    kind: str
    most: int
    seconds: int

    def take(self, key: str) -> bool:
        """Count one try; False when there were too many."""
        name = self._name(key)
        cache.add(name, 0, self.seconds)
        try:
            count = cache.incr(name)
            cache.touch(name, self.seconds)
        except ValueError:  # it expired between the two
            return True
        return count <= self.most

    def give_back(self, key: str) -> None:
        """Uncount a try that succeeded."""
        name = self._name(key)
        if cache.get(name, 0) > 0:
            cache.decr(name)
            cache.touch(name, self.seconds)

    def forget(self, key: str) -> None:
        """Start anew for a key that proved itself."""
        cache.delete(self._name(key))

    def _name(self, key: str) -> str:
        digest = hmac.new(settings.SECRET_KEY.encode(), f"{self.kind}:{key}".encode(), hashlib.sha256).hexdigest()
        return f"tries:{self.kind}:{int(time.time() // self.seconds)}:{digest[:32]}"
