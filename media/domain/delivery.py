"""Addresses of a video for one person: signed, expiring, useless to anybody else. Asks nothing about enrolments."""

import time
import uuid
from dataclasses import dataclass

from django.core import signing
from django.urls import reverse
from django.utils.translation import gettext as _

from lms.domain.errors import RuleBroken
from lms.models import Person
from media.models import Rendition, Video

SALT = "media.playback"
DEFAULT_SECONDS = 12 * 3600
# Addresses made within the same stretch are equal, so that a page opened again finds the film in the browser's cache.
STRETCH_SECONDS = 6 * 3600


@dataclass(frozen=True)
class Source:
    """One rendition to play. `bytes` is what the whole of it costs; `height` is 0 for sound alone."""

    rung: str
    label: str
    url: str
    bytes: int
    height: int
    playlist_url: str = ""

    @property
    def megabytes(self) -> float:
        """The cost in megabytes, to one decimal."""
        return round(self.bytes / 1_000_000, 1)


@dataclass(frozen=True)
class CaptionTrack:
    """Captions in one language; `key` is its BCP 47 tag."""

    key: str
    label: str
    url: str


@dataclass(frozen=True)
class Playback:
    """Everything a player needs. `sources` are the smallest first; sound alone is among them."""

    title: str
    sources: list[Source]
    poster_url: str
    captions: list[CaptionTrack]
    length_seconds: int
    duration_seconds: float

    @property
    def default(self) -> Source | None:
        """What plays without JavaScript: 240p, or the nearest there is."""
        films = [source for source in self.sources if source.height]
        by_rung = {source.rung: source for source in films}
        return by_rung.get(Rendition.Rung.P240) or next(iter(films or self.sources), None)


def make_token(video: Video, person: Person, *, seconds: int = DEFAULT_SECONDS) -> str:
    """A token for one video and one person, good for at least `seconds`."""
    stretch = min(STRETCH_SECONDS, max(1, seconds))
    ends_at = (int(time.time()) + seconds) // stretch * stretch + stretch
    return signing.Signer(salt=SALT).sign_object([video.public_id.hex, person.public_id.hex, ends_at])


def open_token(token: str, person) -> uuid.UUID:
    """The public id of the video. Raises `playback.tampered`, `playback.expired`, `playback.foreign`."""
    try:
        video, holder, ends_at = signing.Signer(salt=SALT).unsign_object(token)
    except (signing.BadSignature, ValueError) as broken:
        raise RuleBroken("playback.tampered", _("Esta dirección no es válida.")) from broken
    if ends_at <= time.time():
        raise RuleBroken("playback.expired", _("Esta dirección venció. Abra la lección de nuevo."))
    if not person.is_authenticated or not person.is_active or person.public_id.hex != holder:
        raise RuleBroken("playback.foreign", _("Esta dirección es de otra persona. Abra la lección de nuevo."))
    return uuid.UUID(video)


def playback(video: Video, *, person: Person, seconds: int = DEFAULT_SECONDS) -> Playback:
    """The addresses of a video for one person. It signs; whether that person may see the video was asked before."""
    token = make_token(video, person, seconds=seconds)
    sources = [
        Source(
            rung=rendition.rung,
            label=rendition.get_rung_display(),
            url=reverse("media:rendition", args=[token, rendition.rung]),
            bytes=rendition.bytes,
            height=rendition.height,
            playlist_url=reverse("media:playlist", args=[token, rendition.rung]),
        )
        for rendition in video.renditions.defer("manifest")
    ]
    tracks = [
        CaptionTrack(
            caption.language.key,
            caption.language.endonym,
            reverse("media:captions", args=[token, caption.language.key]),
        )
        for caption in video.captions.select_related("language").defer("text")
    ]
    return Playback(
        title=video.title,
        sources=sorted(sources, key=lambda source: (source.height, source.bytes)),
        poster_url=reverse("media:poster", args=[token]) if video.poster_path else "",
        captions=tracks,
        length_seconds=video.length_seconds,
        duration_seconds=video.duration_seconds,
    )


def playlist(rendition: Rendition, url: str) -> str:
    """An HLS playlist (RFC 8216) of one rendition, by byte ranges of the one file at `url`."""
    start, size = rendition.manifest["init"]
    parts = rendition.manifest["fragments"]
    longest = max((seconds for _offset, _size, seconds in parts), default=1)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(1, round(longest))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f'#EXT-X-MAP:URI="{url}",BYTERANGE="{size}@{start}"',
    ]
    for offset, length, seconds in parts:
        lines += [f"#EXTINF:{seconds:.6f},", f"#EXT-X-BYTERANGE:{length}@{offset}", url]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])
