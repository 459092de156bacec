"""Addresses of renditions: sealed, expiring, bound to one person, and checked by nginx without asking us (0021).

    /video/f/<seal>/<ends>/<video>/<cut>/<track>/<rung>/<file>

The seal is over the end, the path and the viewer's key, which only that person's browser holds, in a cookie for these
addresses alone. `deploy/nginx/delivery.conf` computes the same; a test holds both to it.

Where a storage sends, the same address is judged by the web process and leads on to one that the storage signs: short,
for it opens to whoever holds it.
"""

import hashlib
import re
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from lms.domain.errors import RuleBroken
from lms.models import Person
from media.models import Rendition

COOKIE = "aula_viewer"
COOKIE_PATH = "/video/f/"
DEFAULT_SECONDS = 12 * 3600
# Addresses made within the same stretch are equal, so that a page opened again finds the film in the browser's cache.
STRETCH_SECONDS = 6 * 3600
KEEP = "private, max-age=21600"
# What our player asks for by stretches, and asks us again when the storage says no.
FETCHED_SECONDS = 5 * 60
# Who takes a film away may take it up again for so long; what is on its way is not cut off.
DOWNLOAD_SECONDS = 3600
# For so long the same person is led to the same address, so that what was fetched is found in the browser's cache.
SAME_SECONDS = 5 * 60
TYPES = {"mp4": "video/mp4", "mp3": "audio/mpeg"}
# The same as in deploy/nginx/delivery.conf. No dot but the one before the ending, so nothing climbs.
PATH = re.compile(
    r"(?P<video>[0-9a-f-]{36})/(?P<cut>[0-9]{1,6})/(?P<track>[0-9]{1,18})/(?P<rung>[0-9a-z]{2,8})/"
    r"(?P<file>(?!(?:[^/]+/)*source)(?:[0-9a-z-]{1,36}/){0,2}[A-Za-z0-9_-]{1,100}\.(?P<ending>mp4|mp3))"
)
# Whose addresses were made while this request was answered: the middleware gives that person's browser the key.
viewer: ContextVar[Person | None] = ContextVar("viewer", default=None)


@dataclass(frozen=True)
class Asked:
    """What an address that holds names. `track` is 0 for the video's own sound and picture."""

    video: uuid.UUID
    cut: int
    track: int
    rung: str


def end_of(seconds: int = DEFAULT_SECONDS) -> int:
    """When an address ends that is good for at least `seconds`; the same for all of a stretch."""
    stretch = min(STRETCH_SECONDS, max(1, seconds))
    return (int(time.time()) + seconds) // stretch * stretch + stretch


def viewer_key(person: Person) -> str:
    """Whose it is, for the counting, and a secret that ends with the person's sessions (a new password, a closing)."""
    secret = salted_hmac("media.viewer", f"{person.public_id.hex}:{person.get_session_auth_hash()}", algorithm="sha256")
    return f"{person.public_id.hex}.{secret.hexdigest()[:40]}"


def path_of(rendition: Rendition) -> str:
    """What an address names: video, cut, track, rung and the file, as it lies in the video's folder."""
    video_id = rendition.video.public_id
    file = rendition.path.removeprefix(f"video/{video_id}/")
    return f"{video_id}/{rendition.cut}/{rendition.track_id or 0}/{rendition.rung}/{file}"


def noted_as(rendition: Rendition, person: Person) -> str:
    """How nginx's log names what it sends of a rendition that we hand over."""
    facts = (person.public_id.hex, rendition.video.public_id, rendition.cut, rendition.track_id or 0, rendition.rung)
    return "/".join(map(str, facts))


def _seal(ends_at: int | str, path: str, key: str) -> str:
    """As nginx's `secure_link_md5` does it. The secret comes last, so nothing can be put behind what was sealed."""
    text = f"{ends_at} {path} {key} {settings.DELIVERY_SECRET}"
    digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def rendition_url(rendition: Rendition, person: Person, *, ends_at: int | None = None) -> str:
    """The address of a rendition for one person; whether that person may see it was asked before."""
    ends_at = ends_at or end_of()
    viewer.set(person)
    path = path_of(rendition)
    return reverse("media:rendition", args=[_seal(ends_at, path, viewer_key(person)), ends_at, path])


def element_seconds(length: float) -> int:
    """How long a bare element takes for so many seconds at three quarters of the speed, and as long again in pauses.

    Browsers keep to the address that they were led to, and without our player nobody asks for another.
    """
    return FETCHED_SECONDS + round(2.7 * length)


def storage_url(
    rendition: Rendition, person: Person, *, seconds: int, method: str = "GET", answer: Mapping[str, str] | None = None
) -> str:
    """The storage's own address of a rendition, good for at least `seconds`; whoever has it was asked before.

    It names the person for whom it was made, under the signature, and so in the storage's log.
    """
    note = noted_as(rendition, person)
    asked = f"{rendition.path} {note} {seconds} {method} {sorted((answer or {}).items())}"
    key = f"media.storage_url:{hashlib.sha256(asked.encode()).hexdigest()}"
    if (url := cache.get(key)) is None:
        lasts = seconds + SAME_SECONDS
        url = default_storage.signed_url(rendition.path, seconds=lasts, note=note, method=method, answer=answer)  # type: ignore[attr-defined]
        cache.set(key, url, SAME_SECONDS)
    return url


def open_address(seal: str, ends: str, path: str, person) -> Asked:
    """What an address names. Raises `playback.foreign`, `playback.tampered`, `playback.expired`."""
    if not person.is_authenticated or not person.is_active:
        raise RuleBroken("playback.foreign", _("Esta dirección es de otra persona. Abra la lección de nuevo."))
    found = PATH.fullmatch(path)
    if not found or not constant_time_compare(_seal(ends, path, viewer_key(person)), seal):
        raise RuleBroken("playback.tampered", _("Esta dirección no es válida."))
    if int(ends) < time.time():
        raise RuleBroken("playback.expired", _("Esta dirección venció. Abra la lección de nuevo."))
    return Asked(uuid.UUID(found["video"]), int(found["cut"]), int(found["track"]), found["rung"])
