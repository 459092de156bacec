"""What is the same for every reader, kept for a short while in the memory of each web process (docs/decisions/0035).

All that is kept carries a mark, which every process reads from the cache that they share. Whoever changes what pages
say asks to `forget`: the mark is another then, and nothing that carries the old one is shown again.
"""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction

MARK = "kept-mark"
# The mark that a request read, so that it reads it once; a list, for what runs inside fills it.
_read: ContextVar[list[str] | None] = ContextVar("kept_mark", default=None)


class Store:
    """So many things by key; what was not asked for longest makes room."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._rows: OrderedDict[str, tuple[str, float, Any]] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, key: str) -> bool:
        """Whether anything is kept under a key, whatever mark it carries."""
        return key in self._rows

    def find(self, key: str, mark: str) -> Any:
        """What is kept under a key, if it carries the mark and is not too old; else None."""
        with self._lock:
            carried, until, value = self._rows.get(key, ("", 0.0, None))
            if value is None or carried != mark or until < time.monotonic():
                return None
            self._rows.move_to_end(key)
            return value

    def keep(self, key: str, mark: str, value: Any) -> None:
        """Keep it under the mark that was read before it was made: what changed meanwhile has another."""
        with self._lock:
            self._rows[key] = (mark, time.monotonic() + settings.KEPT_SECONDS, value)
            self._rows.move_to_end(key)
            while len(self._rows) > self.most:
                self._rows.popitem(last=False)

    def clear(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._rows.clear()


pages, values, drawn = Store(256), Store(4000), Store(256)


@contextmanager
def one_request() -> Iterator[None]:
    """Read the mark at most once from here on."""
    token = _read.set([])
    try:
        yield
    finally:
        _read.reset(token)


def read_mark() -> str:
    """What is kept now has to carry this; empty where nothing may be kept, for no cache keeps the mark."""
    if settings.KEPT_SECONDS <= 0:
        return ""
    known = _read.get()
    if known:
        return known[0]
    found = cache.get(MARK)
    if found is None:
        cache.add(MARK, secrets.token_hex(8), None)
        found = cache.get(MARK) or ""
    if known is not None:
        known[:] = [found]
    return found


def forget() -> None:
    """Show nothing any longer that was kept until this transaction ends."""
    transaction.on_commit(_forget)


def _forget() -> None:
    cache.set(MARK, secrets.token_hex(8), None)
    if known := _read.get():
        known.clear()


def get(key: str, make: Callable[[], Any]) -> Any:
    """What is kept under a key, else what `make` gives, which may say nothing of a reader.

    Nobody may change it; None is not kept.
    """
    return get_many([key], lambda _missing: {key: make()})[key]


def get_many(keys: Iterable[str], make: Callable[[set[str]], Mapping[str, Any]]) -> dict[str, Any]:
    """The same of several; `make` is given the keys under which nothing is kept, if there are any."""
    keys, mark = set(keys), read_mark()
    if not mark:
        return dict(make(keys)) if keys else {}
    found = {key: value for key in keys if (value := values.find(key, mark)) is not None}
    if missing := keys - found.keys():
        made = make(missing)
        for key in missing:
            found[key] = made[key]
            if made[key] is not None:
                values.keep(key, mark, made[key])
    return found
