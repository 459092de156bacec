"""What is known of the device in somebody's hand: whether it is shared, and whether they came in on it before.

A device that somebody signed in on carries a signed cookie with keyed digests, one for each person; it lets their tries
be counted apart from a stranger's, who so cannot lock them out. A shared device carries no such trace of anybody.
"""

import hashlib
import hmac
import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from lms.models import Person

KNOWN, SHARED = "aula_conocido", "aula_compartido"
SALT = "lms.devices"
YEAR = 365 * 24 * 3600
MOST_PEOPLE = 8
SESSION_MARK = "device_is_shared"


def is_shared(request: HttpRequest) -> bool:
    """Whether the device, or this session, was said to be used by several people."""
    return bool(request.session.get(SESSION_MARK)) or request.COOKIES.get(SHARED) == "1"


def mark(request: HttpRequest, *, is_shared: bool) -> None:
    """Note what the person said when coming in; it lasts through the second step."""
    request.session[SESSION_MARK] = is_shared


def settle(request: HttpRequest) -> None:
    """A session that was just opened on a shared device ends with its browser."""
    if request.session.setdefault(SESSION_MARK, request.COOKIES.get(SHARED) == "1"):
        request.session.set_expiry(0)


def remember(request: HttpRequest, response: HttpResponse, person: Person) -> None:
    """Put on the device what may stay there after this person came in."""
    if request.session.get(SESSION_MARK):
        stay_shared(response)
        return
    response.delete_cookie(SHARED, samesite="Lax")
    device = _read(request) or {"id": secrets.token_hex(8), "people": []}
    mine = _digest(device["id"], person)
    known = [mine, *(other for other in device["people"] if other != mine)][:MOST_PEOPLE]
    text = signing.dumps({"id": device["id"], "people": known}, salt=SALT)
    _put(response, KNOWN, text)


def stay_shared(response: HttpResponse) -> None:
    """Let the device know that several people use it, and nobody of them."""
    _put(response, SHARED, "1")
    response.delete_cookie(KNOWN, samesite="Lax")


def _put(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=YEAR, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)


def known_as(request: HttpRequest, person: Person | None) -> str:
    """A key for this device in the hand of `person`, who came in on it before; empty when they did not."""
    device = _read(request)
    mine = _digest(device["id"], person) if device and person else ""
    return mine if device and mine in device["people"] else ""


def _digest(device: str, person: Person) -> str:
    # With the password in it: who changes it makes every device a stranger.
    text = f"{SALT}:{device}:{person.public_id}:{person.password}"
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]


def _read(request: HttpRequest) -> dict | None:
    try:
        return signing.loads(request.COOKIES.get(KNOWN, ""), salt=SALT, max_age=YEAR)
    except signing.BadSignature:
        return None
