"""Looking at a file before anything else does: what it is by its first bytes, and whether we can work with it.

A name proves nothing. Each refusal says in plain words what the person can do.
"""

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from django.utils.translation import gettext as _

from lms.domain.errors import RuleBroken
from media import ffmpeg
from media.models import Video

MAX_SECONDS = 6 * 3600
MAX_STREAMS = 24
MIN_SIDE, MAX_SIDE = 16, 16_384
SHORTEST_SECONDS = 0.01  # a single picture is a film, too
HDR_TRANSFERS = {"smpte2084", "arib-std-b67"}
INTERLACED = {"tt", "bb", "tb", "bt"}
PICTURE_BRANDS = {b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis"}
LOOSE_LENGTHS = {"mp3", "aac", "amr"}  # their containers estimate how long they are
LAYER_KBITS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)  # MPEG 1, layer III
LOW_LAYER_KBITS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)  # MPEG 2 and 2.5
LAYER_HERTZ = (44_100, 48_000, 32_000)


@dataclass(frozen=True)
class Inspection:
    """What was found. `width` and `height` are as shown: after rotation and with square pixels; 0 without picture."""

    source: ffmpeg.Source
    duration_seconds: float
    width: int
    height: int

    @property
    def has_sound(self) -> bool:
        """Whether there is a sound track."""
        return self.source.audio_stream is not None

    @property
    def has_picture(self) -> bool:
        """Whether it is a film, not sound alone."""
        return self.source.video_stream is not None

    @property
    def kind(self) -> str:
        """As the library names it."""
        return Video.Kind.FILM if self.has_picture else Video.Kind.SOUND

    def trimmed(self, starts_at: float, ends_at: float | None) -> "Inspection":
        """Only the stretch between two seconds of it. Raises `video.trim`."""
        end = min(self.duration_seconds, self.duration_seconds if ends_at is None else ends_at)
        if not 0 <= starts_at <= end - SHORTEST_SECONDS:
            raise _refuse("trim", _("El inicio y el final no dejan nada del video. Corrija los segundos."))
        seconds = end - starts_at
        source = replace(self.source, starts_at=starts_at, duration_seconds=seconds)
        return replace(self, source=source, duration_seconds=seconds)


def _refuse(code: str, message: str) -> RuleBroken:
    return RuleBroken(f"video.{code}", message)


def _base_media(head: bytes) -> str | None:
    kind, brand = head[4:8], head[8:12]
    if kind == b"ftyp":
        return "picture" if brand in PICTURE_BRANDS else "mov"
    return "mov" if kind in {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"} else None


def _riff(head: bytes) -> str | None:
    if head[:4] != b"RIFF":
        return None
    return {b"AVI ": "avi", b"WAVE": "wav", b"WEBP": "picture"}.get(head[8:12])


def _transport_stream(head: bytes) -> str | None:
    for start, size in ((0, 188), (4, 192), (0, 204)):
        marks = head[start : start + 5 * size : size]
        if len(marks) >= 3 and set(marks) == {0x47}:
            return "mpegts"
    return None


def _layer_length(head: bytes) -> int:
    """The bytes of the MPEG sound frame (layer III) that starts here, 0 when there is none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version, rate, hertz = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or rate in {0, 15} or hertz == 3:
        return 0
    is_first = version == 3
    kbits = (LAYER_KBITS if is_first else LOW_LAYER_KBITS)[rate]
    per_second = LAYER_HERTZ[hertz] // {3: 1, 2: 2, 0: 4}[version]
    return (144_000 if is_first else 72_000) * kbits // per_second + (head[2] >> 1 & 1)


def _adts_length(head: bytes) -> int:
    """The bytes of the AAC frame (ADTS) that starts here, 0 when there is none."""
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return 0
    return (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5


def _sound_frames(head: bytes) -> str | None:
    """Sound without a container: two frames must follow one another, or any two bytes would do."""
    for length_of, found in ((_layer_length, "mp3"), (_adts_length, "aac")):
        length = length_of(head)
        if length and length_of(head[length : length + 8]):
            return found
    return None


SIGNATURES = (
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"FLV\x01", "flv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (b"OggS", "ogg"),
    (b"\x00\x00\x01\xba", "mpeg"),
    (b"\xff\xd8\xff", "picture"),
    (b"\x89PNG", "picture"),
    (b"GIF8", "picture"),
    (b"BM", "picture"),
    (b"II*\x00", "picture"),
    (b"MM\x00*", "picture"),
    (b"ID3", "mp3"),
    (b"fLaC", "flac"),
    (b"#!AMR", "amr"),
    (b"%PDF", "document"),
    (b"PK\x03\x04", "document"),
    (b"\xd0\xcf\x11\xe0", "document"),
)


def sniff(head: bytes) -> str:
    """The demuxer that the first bytes (2 KiB are enough) call for, or `picture`, `document`, `text`, ``."""
    for look in (_base_media, _riff, _transport_stream, _sound_frames):
        if found := look(head):
            return found
    for signature, found in SIGNATURES:
        if head.startswith(signature):
            return found
    return "text" if head and b"\x00" not in head else ""


def _demuxer(path: Path) -> str:
    with path.open("rb") as handle:
        head = handle.read(2048)
        if head.startswith(b"ID3") and len(head) > 10:
            # Notes of any length stand before the sound; sizes of seven bits a byte.
            size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
            handle.seek(10 + size)
            behind = sniff(handle.read(2048))
            found = behind if behind in {"aac", "flac"} else "mp3"
        else:
            found = sniff(head)
    if not head:
        raise _refuse("empty", _("El archivo está vacío. Elija de nuevo el video y súbalo otra vez."))
    if found in ffmpeg.DEMUXERS + ffmpeg.SOUND_DEMUXERS:
        return found
    messages = {
        "picture": _("Este archivo es una imagen, no un video. Elija el archivo de video."),
        "document": _("Este archivo es un documento, no un video. Elija el archivo de video."),
        "text": _("Este archivo es un texto o una lista de reproducción, no un video. Suba el video mismo."),
    }
    unknown = _("Este archivo no es un video que podamos leer. Guárdelo como MP4 y súbalo de nuevo.")
    raise _refuse("not_a_video", messages.get(found, unknown))


def _unreadable() -> RuleBroken:
    return _refuse(
        "unreadable",
        _("No pudimos leer el video: está dañado o incompleto. Cópielo otra vez de la cámara o del teléfono y súbalo."),
    )


def _fraction(text: str | None) -> Fraction:
    try:
        return Fraction((text or "0").replace(":", "/"))
    except (ValueError, ZeroDivisionError):
        return Fraction(0)


def _quarter_turns(stream: dict) -> int:
    turns = [data["rotation"] for data in stream.get("side_data_list", []) if "rotation" in data]
    try:
        degrees = float(turns[0] if turns else stream.get("tags", {}).get("rotate") or 0)
    except ValueError:
        return 0
    return round(degrees / 90) % 4 if math.isfinite(degrees) else 0


def _shown_size(stream: dict) -> tuple[int, int]:
    width, height = int(stream.get("width") or 0), int(stream.get("height") or 0)
    is_fit = min(width, height) >= MIN_SIDE and max(width, height) <= MAX_SIDE
    if not is_fit or width * height > ffmpeg.MAX_PIXELS:
        raise _refuse(
            "size",
            _("La imagen del video es demasiado grande o demasiado pequeña. Guárdelo en 1920 × 1080 o menos."),
        )
    shape = _fraction(stream.get("sample_aspect_ratio"))
    if Fraction(1, 4) <= shape <= 4:
        width = max(MIN_SIDE, round(width * shape))
    return (height, width) if _quarter_turns(stream) % 2 else (width, height)


def _streams(facts: dict) -> tuple[dict | None, dict | None]:
    streams = facts.get("streams", [])
    if len(streams) > MAX_STREAMS:
        raise _refuse("streams", _("El video tiene demasiadas pistas. Guárdelo como MP4 con una imagen y un sonido."))
    pictures = [
        stream
        for stream in streams
        if stream.get("codec_type") == "video" and not stream.get("disposition", {}).get("attached_pic")
    ]
    sounds = [stream for stream in streams if stream.get("codec_type") == "audio" and _is_audible(stream)]
    if not pictures and not sounds:
        raise _refuse("no_picture", _("El archivo no tiene imagen ni sonido. Elija un archivo de video o de audio."))
    if pictures and not pictures[0].get("codec_name"):
        raise _unreadable()
    return pictures[0] if pictures else None, sounds[0] if sounds else None


def _is_audible(stream: dict) -> bool:
    return bool(stream.get("codec_name") and int(stream.get("sample_rate") or 0) and stream.get("channels"))


def _check_length(seconds: float) -> None:
    if seconds > MAX_SECONDS:
        raise _refuse("too_long", _("El video dura más de 6 horas. Divídalo en partes y súbalas por separado."))


def _measured(source: ffmpeg.Source, declared: float) -> float:
    """The length by its packets; a container that promises much more than it holds was cut off."""
    try:
        seconds, frames = ffmpeg.scan(source)
    except ffmpeg.Failed as failure:
        if failure.is_transient:
            raise
        raise _unreadable() from failure
    if frames == 1:  # of a single packet only its beginning is told
        seconds = max(seconds, min(1.0, float(1 / source.frame_rate)) if source.frame_rate else SHORTEST_SECONDS)
    slack = max(1.0, declared * 0.02)
    if source.demuxer in LOOSE_LENGTHS:
        declared = min(declared, seconds)
    if (not frames and source.video_stream is not None) or seconds < SHORTEST_SECONDS or seconds < declared - slack:
        raise _unreadable()
    _check_length(seconds)
    # Packets are read in decoding order, so the last pictures are missing from the sum: the container knows better.
    return declared if SHORTEST_SECONDS <= declared <= seconds + slack else seconds


def _facts_of(picture: dict | None) -> dict:
    if picture is None:
        return {"video_stream": None}
    return {
        "video_stream": picture["index"],
        "frame_rate": _fraction(picture.get("avg_frame_rate")) or _fraction(picture.get("r_frame_rate")),
        "is_interlaced": picture.get("field_order") in INTERLACED,
        "is_hdr": picture.get("color_transfer") in HDR_TRANSFERS,
    }


def inspect(path: Path, *, known_seconds: float = 0.0) -> Inspection:
    """Look at a file. Raises `video.` and `empty`, `not_a_video`, `unreadable`, `no_picture`, `size`, …

    Raises `ffmpeg.Failed` where the fault is the server's, not the file's: try again later.
    `known_seconds` spares reading the whole file when its length was measured before.
    """
    demuxer = _demuxer(path)
    try:
        facts = ffmpeg.probe(path, demuxer)
    except (ffmpeg.Failed, ValueError) as failure:
        if isinstance(failure, ffmpeg.Failed) and failure.is_transient:
            raise
        raise _unreadable() from failure
    picture, sound = _streams(facts)
    width, height = _shown_size(picture) if picture else (0, 0)
    declared = float(facts.get("format", {}).get("duration") or 0)
    _check_length(declared)
    found = _facts_of(picture) | {"audio_stream": sound["index"] if sound else None}
    seconds = known_seconds or _measured(ffmpeg.Source(path, demuxer, **found), declared)
    source = ffmpeg.Source(path, demuxer, duration_seconds=seconds, **found)
    return Inspection(source, seconds, width, height)
