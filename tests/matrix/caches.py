"""A cache for thousands of cells that must not wear one another's limits out."""

from collections.abc import Iterable

from django.core.cache.backends.dummy import DummyCache


class ForgetfulCache(DummyCache):
    """Keeps nothing: every try is the first."""

    def count(self, name: str, seconds: int) -> int:
        """As `lms.caches.Counts` says."""
        return 1

    def settle(self, *, forget: Iterable[str], give_back: Iterable[str], seconds: int) -> None:
        """As `lms.caches.Counts` says."""
