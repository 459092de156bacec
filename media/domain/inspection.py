"""Looking at a file before anything else does: what it is by its first bytes, and whether we can work with it.

A name proves nothing. Each refusal says in plain words what the person can do.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from django.utils.translation import gettext as _

from lms.domain.errors import RuleBroken
from media import ffmpeg

MAX_SECONDS = 6 * 3600
MAX_STREAMS = 24
MIN_SIDE, MAX_SIDE = 16, 16_384
SHORTEST_SECONDS = 0.1
HDR_TRANSFERS = {"smpte2084", "arib-std-b67"}
INTERLACED = {"tt", "bb", "tb", "bt"}
PICTURE_BRANDS = {b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis"}
SOUND_BRANDS = {b"M4A ", b"M4B ", b"M4P "}


@dataclass(frozen=True)
class Inspection:
    """What was found. `width` and `height` are as shown: after rotation and with square pixels."""

    source: ffmpeg.Source
    duration_seconds: float
    width: int
    height: int

    @property
    def has_sound(self) -> bool:
        """Whether there is a sound track."""
        return self.source.audio_stream is not None


def _refuse(code: str, message: str) -> RuleBroken:
    return RuleBroken(f"video.{code}", message)


def _base_media(head: bytes) -> str | None:
    kind, brand = head[4:8], head[8:12]
    if kind == b"ftyp":
        return "picture" if brand in PICTURE_BRANDS else "sound" if brand in SOUND_BRANDS else "mov"
    return "mov" if kind in {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"} else None


def _riff(head: bytes) -> str | None:
    if head[:4] != b"RIFF":
        return None
    return {b"AVI ": "avi", b"WAVE": "sound", b"WEBP": "picture"}.get(head[8:12])


def _transport_stream(head: bytes) -> str | None:
    for start, size in ((0, 188), (4, 192), (0, 204)):
        marks = head[start : start + 5 * size : size]
        if len(marks) >= 3 and set(marks) == {0x47}:
            return "mpegts"
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
    (b"ID3", "sound"),
    (b"fLaC", "sound"),
    (b"#!AMR", "sound"),
    (b"%PDF", "document"),
    (b"PK\x03\x04", "document"),
    (b"\xd0\xcf\x11\xe0", "document"),
)


def sniff(head: bytes) -> str:
    """The demuxer that the first bytes (2 KiB are enough) call for, or `picture`, `sound`, `document`, `text`, ``."""
    for look in (_base_media, _riff, _transport_stream):
        if found := look(head):
            return found
    for signature, found in SIGNATURES:
        if head.startswith(signature):
            return found
    return "text" if head and b"\x00" not in head else ""


def _demuxer(path: Path) -> str:
    with path.open("rb") as handle:
        head = handle.read(2048)
    if not head:
        raise _refuse("empty", _("El archivo está vacío. Elija de nuevo el video y súbalo otra vez."))
    found = sniff(head)
    if found in ffmpeg.DEMUXERS:
        return found
    messages = {
        "picture": _("Este archivo es una imagen, no un video. Elija el archivo de video."),
        "sound": _("Este archivo solo tiene sonido. Elija un archivo de video."),
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


def _streams(facts: dict) -> tuple[dict, dict | None]:
    streams = facts.get("streams", [])
    if len(streams) > MAX_STREAMS:
        raise _refuse("streams", _("El video tiene demasiadas pistas. Guárdelo como MP4 con una imagen y un sonido."))
    pictures = [
        stream
        for stream in streams
        if stream.get("codec_type") == "video" and not stream.get("disposition", {}).get("attached_pic")
    ]
    sounds = [stream for stream in streams if stream.get("codec_type") == "audio" and stream.get("codec_name")]
    if not pictures:
        raise _refuse("no_picture", _("El archivo no tiene imagen, solo sonido o datos. Elija un archivo de video."))
    if not pictures[0].get("codec_name"):
        raise _unreadable()
    return pictures[0], sounds[0] if sounds else None


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
    slack = max(1.0, declared * 0.02)
    if not frames or seconds < SHORTEST_SECONDS or seconds < declared - slack:
        raise _unreadable()
    _check_length(seconds)
    # Packets are read in decoding order, so the last pictures are missing from the sum: the container knows better.
    return declared if SHORTEST_SECONDS <= declared <= seconds + slack else seconds


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
    width, height = _shown_size(picture)
    declared = float(facts.get("format", {}).get("duration") or 0)
    _check_length(declared)
    found = {
        "video_stream": picture["index"],
        "audio_stream": sound["index"] if sound else None,
        "frame_rate": _fraction(picture.get("avg_frame_rate")) or _fraction(picture.get("r_frame_rate")),
        "is_interlaced": picture.get("field_order") in INTERLACED,
        "is_hdr": picture.get("color_transfer") in HDR_TRANSFERS,
    }
    seconds = known_seconds or _measured(ffmpeg.Source(path, demuxer, **found), declared)
    source = ffmpeg.Source(path, demuxer, duration_seconds=seconds, **found)
    return Inspection(source, seconds, width, height)
