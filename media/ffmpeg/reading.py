"""Reading a file through its one named demuxer, and running what ffmpeg-python compiled."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import ffmpeg

from media import sandbox
from media.sandbox import Failed, Limits

DEMUXERS = ("mov", "matroska", "avi", "mpegts", "mpeg", "flv", "asf", "ogg")
SOUND_DEMUXERS = ("mp3", "wav", "flac", "amr", "aac")
MAX_PIXELS = 36_000_000  # 8K UHD and a little more
MAX_SAID = 2_000_000  # bytes; notes in a file are repeated by ffprobe
QUIET = ["-nostdin", "-hide_banner", "-loglevel", "error"]
GLOBALS = [*QUIET, "-progress", "pipe:1", "-stats_period", "1"]
# Somebody waits for both, and so does the proxy. Reading gigabytes takes a disk's time, not the processor's.
PROBE_LIMITS = Limits(cpu_seconds=20)
SCAN_LIMITS = Limits(cpu_seconds=80, wall_seconds=900)
KEYS_WITHIN_SECONDS = 20


@dataclass(frozen=True)
class Source:
    """A file to read: the demuxer its first bytes call for, which of its streams are meant, and from which second."""

    path: Path
    demuxer: str
    video_stream: int | None = 0
    audio_stream: int | None = None
    frame_rate: Fraction = Fraction(30)
    duration_seconds: float = 0.0
    is_interlaced: bool = False
    is_hdr: bool = False
    starts_at: float = 0.0


def guards(demuxer: str) -> dict[str, object]:
    """The options that every input carries. Raises `ValueError` for a demuxer that nobody may name."""
    if demuxer not in DEMUXERS + SOUND_DEMUXERS:
        raise ValueError(demuxer)
    options: dict[str, object] = {
        "format": demuxer,
        "protocol_whitelist": "file",
        "format_whitelist": ",".join(DEMUXERS + SOUND_DEMUXERS),
        "max_pixels": MAX_PIXELS,
    }
    # A QuickTime film may say that its pictures lie in another file.
    return options | ({"enable_drefs": 0, "use_absolute_path": 0} if demuxer == "mov" else {})


def open_source(source: Source, **options: object):
    """The input node, guarded; from `starts_at` on unless `ss` is among the options."""
    if source.starts_at:
        options.setdefault("ss", f"{source.starts_at:.3f}")
    return ffmpeg.input(str(source.path), **guards(source.demuxer), dn=None, sn=None, **options)


def open_made(path: Path, **options: object):
    """A file of our own making, by its name: it is read with the same guards."""
    return ffmpeg.input(str(path), **guards("mp3" if path.suffix == ".mp3" else "mov"), dn=None, sn=None, **options)


def probe(path: Path, demuxer: str) -> dict:
    """What ffprobe says of a container and its streams. Raises `Failed`."""
    return _ask(path, demuxer, PROBE_LIMITS, "-show_format", "-show_streams")


def _ask(path: Path, demuxer: str, limits: Limits, *questions: str) -> dict:
    command = ["ffprobe", "-v", "error", "-hide_banner", "-print_format", "json", *questions]
    for name, value in guards(demuxer).items():
        command += ["-f" if name == "format" else f"-{name}", str(value)]
    heard = bytearray()

    def hear(chunk: bytes) -> None:
        heard.extend(chunk)
        if len(heard) > MAX_SAID:
            raise Failed("too much to say")

    sandbox.run([*command, "-i", str(path)], limits=limits, reads=[path], hear=hear)
    return json.loads(heard)


class Progress:
    """Reads `-progress` blocks; keeps the furthest time and the last frame count."""

    def __init__(self, tell: Callable[[float], None] | None = None) -> None:
        self.seconds = 0.0
        self.frames = 0
        self._tell = tell
        self._rest = b""

    def hear(self, chunk: bytes) -> None:
        """Take in what the process said."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            name, _, value = line.partition(b"=")
            value = value.strip()
            if name == b"out_time_us" and value.lstrip(b"-").isdigit():
                self.seconds = max(self.seconds, int(value) / 1_000_000)
            elif name == b"frame" and value.isdigit():
                self.frames = int(value)
            elif name == b"progress" and self._tell:
                self._tell(self.seconds)


def run(stream, *, reads: list[Path], folder: Path | None, limits: Limits, tell=None) -> Progress:
    """Compile and run; what it writes lies in `folder`. Raises `Failed`, and whatever `tell` raises."""
    command = stream.global_args(*GLOBALS).compile(overwrite_output=True)
    progress = Progress(tell)
    sandbox.run(command, limits=limits, reads=reads, writes=[folder] if folder else [], hear=progress.hear)
    return progress


def scan(source: Source) -> tuple[float, int]:
    """Read the whole container without decoding: (seconds until the last packet's end, frames). Raises `Failed`."""
    given = open_source(source)
    streams = [given[str(index)] for index in (source.video_stream, source.audio_stream) if index is not None]
    out = ffmpeg.output(*streams, "/dev/null", format="null", codec="copy")
    progress = run(out, reads=[source.path], folder=None, limits=SCAN_LIMITS)
    if source.video_stream is None:
        return progress.seconds, 0
    return progress.seconds, progress.frames or count_frames(source)


def seconds_between_keys(source: Source) -> float:
    """How far apart the pictures are that stand for themselves, by the packets of the beginning. Raises `Failed`."""
    looked_at = min(KEYS_WITHIN_SECONDS, source.duration_seconds)
    packets = _ask(
        source.path,
        source.demuxer,
        SCAN_LIMITS,
        *("-select_streams", str(source.video_stream), "-show_entries", "packet=flags"),
        *("-read_intervals", f"{source.starts_at:.3f}%+{looked_at:.3f}"),
    ).get("packets", [])
    keys = sum("K" in packet.get("flags", "") for packet in packets)
    return looked_at / keys if keys else math.inf


def count_frames(source: Source) -> int:
    """The pictures by their packets. ffmpeg 6.1 and later no longer count those that are only copied."""
    pictures = [
        "-select_streams",
        str(source.video_stream),
        "-count_packets",
        "-show_entries",
        "stream=nb_read_packets",
    ]
    # ffprobe is silent until it has read everything.
    limits = replace(SCAN_LIMITS, stall_seconds=SCAN_LIMITS.wall_seconds)
    streams = _ask(source.path, source.demuxer, limits, *pictures).get("streams", [])
    return int(streams[0].get("nb_read_packets", 0)) if streams else 0
