"""Whether whoever holds the device proved a moment ago who they are: by signing in, or by the password once more."""

import time

from django.http import HttpRequest

from lms.domain.tries import Limit

from .limits import QUARTER

PROVED_AT = "proved_at"
HOLDS_SECONDS = 10 * 60
TRIES = Limit("prove", most=10, seconds=QUARTER)


def is_recent(request: HttpRequest) -> bool:
    """Whether the proof of this session is fresh."""
    proved_at = request.session.get(PROVED_AT)
    return proved_at is not None and 0 <= time.time() - proved_at < HOLDS_SECONDS


def remember(request: HttpRequest) -> None:
    """The proof was given now."""
    request.session[PROVED_AT] = time.time()


def prove(request: HttpRequest, password: str) -> bool | None:
    """Try the password of whoever is signed in; None when it was tried too often."""
    key = str(request.user.public_id)
    if not TRIES.take(key):
        return None
    if not request.user.check_password(password):
        return False
    TRIES.forget(key)
    remember(request)
    return True
