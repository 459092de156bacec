"""Addresses of a video for one person: signed, expiring, useless to anybody else. Asks nothing about enrolments."""

import re
import time
import unicodedata
import uuid
import zlib
from dataclasses import dataclass
from urllib.parse import quote

from django.conf import settings
from django.core import signing
from django.db.models import Q
from django.db.models.fields.json import KT
from django.urls import reverse
from django.utils.formats import localize
from django.utils.translation import gettext as _

from lms.domain.errors import RuleBroken
from lms.models import Person
from media.domain import addresses, captions
from media.models import Rendition, Track, Video

SALT = "media.playback"
DEFAULT_SECONDS = addresses.DEFAULT_SECONDS
# What disks and headers do not take, and what turns the letters round (`a\u202e4pm.exe` reads as `aexe.mp4`).
UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*;%\u200e\u200f\u202a-\u202e\u2066-\u2069]')
SOUND = {Rendition.Rung.AUDIO, Rendition.Rung.OPUS}


@dataclass(frozen=True)
class Source:
    """One rendition to play. `bytes` is what the whole of it costs; `height` is 0 for sound alone.

    `mime` names its codecs; `head` is (bytes before the first fragment, bytes with it), None where it is not known.
    """

    rung: str
    label: str
    url: str
    bytes: int
    height: int
    playlist_url: str = ""
    download_url: str = ""
    mime: str = ""
    head: tuple[int, int] | None = None

    @property
    def megabytes(self) -> float:
        """The cost in megabytes, to one decimal."""
        return round(self.bytes / 1_000_000, 1)

    @property
    def words(self) -> str:
        """As the learner chooses it, with what it costs."""
        label = _("Solo audio") if self.rung in SOUND else self.label
        return _("%(label)s · %(size)s MB") % {"label": label, "size": localize(self.megabytes)}


@dataclass(frozen=True)
class CaptionTrack:
    """Captions in one language; `key` is its BCP 47 tag, `text_url` the page on which they are read."""

    key: str
    label: str
    url: str
    text_url: str = ""


@dataclass(frozen=True)
class Choice:
    """What may be seen and heard: the video as it is (`key` is empty) or with one of its tracks.

    `key` says the same on every video, so that the learner's choice is kept. `sources` are the smallest first, sound
    alone among them; `downloads` are to take away.
    """

    key: str
    label: str
    sources: list[Source]
    downloads: list[Source]

    @property
    def default(self) -> Source | None:
        """What plays without JavaScript: 240p, or the nearest there is."""
        films = [source for source in self.sources if source.height and source.rung != Rendition.Rung.SLIDES]
        by_rung = {source.rung: source for source in films}
        return by_rung.get(Rendition.Rung.P240) or next(iter(films or self.sources), None)


@dataclass(frozen=True)
class Playback:
    """Everything a player needs. The first of the `choices` is the video as it is.

    `lasts_seconds`: how long a bare element may keep to where it is led; None where it is led nowhere.
    """

    title: str
    choices: list[Choice]
    poster_url: str
    captions: list[CaptionTrack]
    length_seconds: int
    duration_seconds: float
    options_url: str
    lasts_seconds: int | None = None

    @property
    def sources(self) -> list[Source]:
        """The renditions of the video as it is, the smallest first; sound alone is among them."""
        return self.choices[0].sources

    @property
    def default(self) -> Source | None:
        """What plays without JavaScript: 240p, or the nearest there is."""
        return self.choices[0].default

    @property
    def menu(self) -> list[dict]:
        """The choices for the player's script."""
        facts = ("rung", "url", "bytes", "height", "words", "mime", "head")
        return [
            {
                "key": choice.key,
                "label": choice.label,
                "sources": [{name: getattr(source, name) for name in facts} for source in choice.sources],
            }
            for choice in self.choices
        ]


def make_token(video: Video, person: Person, *, seconds: int = DEFAULT_SECONDS) -> str:
    """A token for one video and one person, good for at least `seconds`."""
    facts = [video.public_id.hex, person.public_id.hex, addresses.end_of(seconds)]
    return signing.Signer(salt=SALT).sign_object(facts)


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


def poster_url(video: Video, token: str) -> str:
    """Another address for each picture: browsers keep what they have for hours. Empty without a poster."""
    if not video.poster_path:
        return ""
    return f"{reverse('media:poster', args=[token])}?v={zlib.crc32(video.poster_path.encode()):x}"


def playback(video: Video, *, person: Person, seconds: int = DEFAULT_SECONDS) -> Playback:
    """The addresses of a video for one person. It signs; whether that person may see the video was asked before."""
    token = make_token(video, person, seconds=seconds)
    tracks = [
        CaptionTrack(
            caption.language.key,
            captions.label(caption),
            f"{reverse('media:captions', args=[token, caption.language.key])}?corte={video.cut}&v={caption.revision}",
            reverse("media:transcript", args=[token, caption.language.key]),
        )
        for caption in video.captions.select_related("language").defer("text")
    ]
    is_led = settings.MEDIA_DELIVERY == "storage"
    return Playback(
        title=video.title,
        choices=_choices(video, person, token, addresses.end_of(seconds)),
        poster_url=poster_url(video, token),
        captions=tracks,
        length_seconds=video.length_seconds,
        duration_seconds=video.duration_seconds,
        options_url=reverse("media:options", args=[token]),
        lasts_seconds=addresses.element_seconds(video.duration_seconds) if is_led else None,
    )


def _choices(video: Video, person: Person, token: str, ends_at: int) -> list[Choice]:
    """The video as it is, and with each track that is ready."""
    renditions = (
        Rendition.objects.filter(video=video, cut=video.cut)
        .filter(Q(track=None) | Q(track__state=Track.State.READY))
        .select_related("track__language")
        .defer("manifest")
        .annotate(init_bytes=KT("manifest__init__1"), first_bytes=KT("manifest__fragments__0__1"))
    )
    order = [str(rung) for rung in reversed(Rendition.Rung)]
    by_track: dict[Track | None, list[Source]] = {None: []}
    for rendition in sorted(renditions, key=lambda one: (one.track_id or 0, order.index(one.rung))):
        rendition.video = video
        source = _source(rendition, token, addresses.rendition_url(rendition, person, ends_at=ends_at))
        by_track.setdefault(rendition.track, []).append(source)
    return [_choice(track, sources) for track, sources in by_track.items()]


def _choice(track: Track | None, sources: list[Source]) -> Choice:
    by_rung = {source.rung: source for source in sources}
    sound = by_rung.get(Rendition.Rung.MP3) or by_rung.get(Rendition.Rung.AUDIO)
    return Choice(
        key="-".join([track.kind, track.language.key] if track.language else [track.kind]) if track else "",
        label=track.label if track else _("Original"),
        sources=[source for source in sources if source.rung != Rendition.Rung.MP3],
        downloads=[source for source in sources if source.height] + ([sound] if sound else []),
    )


def _source(rendition: Rendition, token: str, url: str) -> Source:
    place = [token, rendition.track.public_id, rendition.rung] if rendition.track else [token, rendition.rung]
    prefix = "media:track_" if rendition.track else "media:"
    whole, first = (int(getattr(rendition, name) or 0) for name in ("init_bytes", "first_bytes"))
    # RFC 6381 writes the codec small, the container writes its box with a capital.
    codecs = rendition.codecs.replace("Opus", "opus")
    return Source(
        rung=rendition.rung,
        label=rendition.get_rung_display(),
        url=url,
        bytes=rendition.bytes,
        height=rendition.height,
        playlist_url=reverse(f"{prefix}playlist", args=place),
        download_url=reverse(f"{prefix}download", args=place),
        mime=f'{"video" if rendition.height else "audio"}/mp4; codecs="{codecs}"',
        head=(whole, whole + first) if whole and first else None,
    )


def file_name(rendition: Rendition) -> str:
    """What a downloaded file is called: the title, the language or kind of the track, the rung."""
    about = [rendition.track.label] if rendition.track else []
    if rendition.height:
        about.append(rendition.get_rung_display())
    words = " - ".join([rendition.video.title, *about])
    plain = re.sub(r"\s+", " ", re.sub(UNSAFE, " ", words)).strip(". ")[:120].strip(". ")
    ends = {Rendition.Rung.MP3: "mp3", Rendition.Rung.AUDIO: "m4a", Rendition.Rung.OPUS: "m4a"}
    return f"{plain or 'video'}.{ends.get(Rendition.Rung(rendition.rung), 'mp4')}"


def attachment(rendition: Rendition) -> str:
    """The Content-Disposition of a download (RFC 6266): a name in ASCII, and the true one for who reads UTF-8."""
    name = file_name(rendition)
    stem, _dot, end = name.rpartition(".")
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().strip(". ") or "video"
    return f"attachment; filename=\"{plain}.{end}\"; filename*=UTF-8''{quote(name, safe='')}"


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
