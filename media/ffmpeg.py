"""The only module that runs ffmpeg and ffprobe. ffmpeg-python compiles the command; `media.sandbox` runs the list.

Every input is a file by its path, read by a demuxer that we named after looking at its first bytes, from a whitelist of
real containers: ffmpeg would otherwise follow an HLS playlist or an ffconcat called `.mp4` into a neighbour's file, and
a whitelist of protocols alone does not stop that.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import ffmpeg

from media import sandbox
from media.sandbox import Failed, Limits

__all__ = ["Failed", "Output", "Source", "count_frames", "encode", "join_stills", "poster", "probe", "scan"]

DEMUXERS = ("mov", "matroska", "avi", "mpegts", "mpeg", "flv", "asf", "ogg")
MAX_PIXELS = 36_000_000  # 8K UHD and a little more
GLOBALS = ["-nostdin", "-hide_banner", "-loglevel", "error", "-progress", "pipe:1", "-stats_period", "1"]
MOVFLAGS = "+frag_keyframe+delay_moov+default_base_moof+global_sidx+skip_trailer"
SCAN_LIMITS = Limits(cpu_seconds=300, wall_seconds=900)
KEY_FRAME_SECONDS = 4  # 60 frames at 15 a second; the same grid in time on every rung
LOUDNESS = {"I": -16, "TP": -1.5, "LRA": 11}


@dataclass(frozen=True)
class Source:
    """A file to read: the demuxer its first bytes call for, and which of its streams are meant."""

    path: Path
    demuxer: str
    video_stream: int = 0
    audio_stream: int | None = None
    frame_rate: Fraction = Fraction(30)
    duration_seconds: float = 0.0
    is_interlaced: bool = False
    is_hdr: bool = False


@dataclass(frozen=True)
class Output:
    """One file to write. No `width` means sound alone; `audio_kbits` 0 means silence."""

    path: Path
    width: int = 0
    height: int = 0
    frame_rate: Fraction = Fraction(0)
    frames: int = 0
    crf: int = 0
    preset: str = ""
    max_kbits: int = 0
    audio_kbits: int = 0
    audio_hertz: int = 0


def _guards(demuxer: str) -> dict[str, object]:
    if demuxer not in DEMUXERS:
        raise ValueError(demuxer)
    return {
        "format": demuxer,
        "protocol_whitelist": "file",
        "format_whitelist": ",".join(DEMUXERS),
        "max_pixels": MAX_PIXELS,
    }


def _input(source: Source, **options: object):
    return ffmpeg.input(str(source.path), **_guards(source.demuxer), dn=None, sn=None, **options)


def probe(path: Path, demuxer: str) -> dict:
    """What ffprobe says of a container and its streams. Raises `Failed`."""
    return _ask(path, demuxer, Limits(), "-show_format", "-show_streams")


def _ask(path: Path, demuxer: str, limits: Limits, *questions: str) -> dict:
    command = ["ffprobe", "-v", "error", "-hide_banner", "-print_format", "json", *questions]
    guards = _guards(demuxer)
    command += ["-f", str(guards.pop("format"))]
    for name, value in guards.items():
        command += [f"-{name}", str(value)]
    heard = bytearray()

    def hear(chunk: bytes) -> None:
        heard.extend(chunk)
        if len(heard) > 2_000_000:
            raise Failed("too much to say")

    sandbox.run([*command, "-i", str(path)], limits=limits, reads=[path], hear=hear)
    return json.loads(heard)


class _Progress:
    """Reads `-progress` blocks; keeps the furthest time and the last frame count."""

    def __init__(self, tell: Callable[[float], None] | None = None) -> None:
        self.seconds = 0.0
        self.frames = 0
        self._tell = tell
        self._rest = b""

    def hear(self, chunk: bytes) -> None:
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


def _run(stream, source: Source, folder: Path | None, limits: Limits, tell=None) -> _Progress:
    command = stream.global_args(*GLOBALS).compile(overwrite_output=True)
    progress = _Progress(tell)
    sandbox.run(command, limits=limits, reads=[source.path], writes=[folder] if folder else [], hear=progress.hear)
    return progress


def scan(source: Source) -> tuple[float, int]:
    """Read the whole container without decoding: (seconds until the last packet's end, frames). Raises `Failed`."""
    given = _input(source)
    streams = [given[str(index)] for index in (source.video_stream, source.audio_stream) if index is not None]
    out = ffmpeg.output(*streams, "/dev/null", format="null", codec="copy")
    progress = _run(out, source, None, SCAN_LIMITS)
    return progress.seconds, progress.frames or count_frames(source)


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


def poster(source: Source, path: Path, *, width: int, height: int) -> None:
    """One picture, at a tenth of the video, as JPEG. Raises `Failed`."""
    given = _input(source, ss=f"{source.duration_seconds / 10:.3f}")
    picture = _picture(given, source).filter("scale", width, height).filter("setsar", 1)
    options = {"frames:v": 1, "q:v": 6, "pix_fmt": "yuvj420p", "update": 1, "map_metadata": -1, "format": "image2"}
    _run(ffmpeg.output(picture, str(path), **options), source, path.parent, Limits(memory_bytes=4 * sandbox.GIB))


def _picture(given, source: Source):
    picture = given[str(source.video_stream)]
    return picture.filter("yadif", deint="interlaced") if source.is_interlaced else picture


def _to_standard_range(picture):
    """High dynamic range to what every screen shows (BT.709)."""
    picture = picture.filter("zscale", transfer="linear", npl=100).filter("format", "gbrpf32le")
    picture = picture.filter("zscale", primaries="bt709").filter("tonemap", "hable", desat=0)
    return picture.filter("zscale", transfer="bt709", matrix="bt709", range="tv")


def _pictures(given, source: Source, outputs: list[Output]) -> list:
    """One decode, scaled in cascade from the largest to the smallest: each size is made from the one before."""
    flow = _picture(given, source).filter("fps", outputs[0].frame_rate, start_time=0)
    # The last picture stands until the end of the sound; `-t` ends it.
    flow = flow.filter("tpad", stop=-1, stop_mode="clone")
    made: list = []
    for number, output in enumerate(outputs):
        if number and output.frame_rate != outputs[number - 1].frame_rate:
            flow = flow.filter("fps", output.frame_rate, start_time=0)
        flow = flow.filter("scale", output.width, output.height, flags="bicubic").filter("setsar", 1)
        if number == 0:
            flow = (_to_standard_range(flow) if source.is_hdr else flow).filter("format", "yuv420p")
        if number == len(outputs) - 1:
            return [*made, flow]
        halves = flow.filter_multi_output("split")
        made.append(halves[0])
        flow = halves[1]
    return made


def _sounds(given, source: Source, count: int) -> list:
    if source.audio_stream is None or not count:
        return []
    sound = given[str(source.audio_stream)].filter("aresample", **{"async": 1000, "first_pts": 0})
    sound = sound.filter("aformat", channel_layouts="mono").filter("loudnorm", dual_mono="true", **LOUDNESS)
    sound = sound.filter("aresample", 48000).filter("apad")
    if count == 1:
        return [sound]
    copies = sound.filter_multi_output("asplit", count)
    return [copies[number] for number in range(count)]


def _video_options(output: Output) -> dict[str, object]:
    grid = int(KEY_FRAME_SECONDS * output.frame_rate)
    return {
        "c:v": "libx264",
        "preset": output.preset,
        "crf": output.crf,
        "maxrate": f"{output.max_kbits}k",
        "bufsize": f"{2 * output.max_kbits}k",
        "profile:v": "high",
        "g": grid,
        "keyint_min": grid,
        "sc_threshold": 0,
        "frames:v": output.frames,
    }


def _options(output: Output, seconds: Fraction) -> dict[str, object]:
    options: dict[str, object] = {"t": f"{float(seconds):.6f}", "map_metadata": -1, "map_chapters": -1}
    options |= {"movflags": MOVFLAGS, "format": "mp4", "brand": "iso6"}
    if output.width:
        options |= _video_options(output)
    else:
        options["frag_duration"] = 2 * KEY_FRAME_SECONDS * 1_000_000
    if output.audio_kbits:
        options |= {"c:a": "aac", "b:a": f"{output.audio_kbits}k", "ar": output.audio_hertz}
    return options


def encode(
    source: Source, outputs: list[Output], *, seconds: Fraction, folder: Path, tell: Callable[[float], None]
) -> None:
    """Write all `outputs` (pictures from the largest to the smallest) in one process; `tell` hears seconds done.

    Each is `seconds` long: a shorter picture stands still at its end, a shorter sound falls silent.

    Raises `Failed`, and whatever `tell` raises after ending the process.
    """
    given = _input(source)
    with_picture = [output for output in outputs if output.width]
    with_sound = [output for output in outputs if output.audio_kbits]
    pictures = dict(zip(with_picture, _pictures(given, source, with_picture) if with_picture else [], strict=True))
    sounds = dict(zip(with_sound, _sounds(given, source, len(with_sound)), strict=True))
    written = [
        ffmpeg.output(
            *[streams[output] for streams in (pictures, sounds) if output in streams],
            str(output.path),
            **_options(output, seconds),
        )
        for output in outputs
    ]
    stream = ffmpeg.merge_outputs(*written) if len(written) > 1 else written[0]
    _run(stream, source, folder, _encoding_limits(source, outputs), tell)


def _encoding_limits(source: Source, outputs: list[Output]) -> Limits:
    seconds = source.duration_seconds
    kbits = max(output.max_kbits + output.audio_kbits for output in outputs)
    return Limits(
        cpu_seconds=int(600 + 60 * seconds),
        memory_bytes=6 * sandbox.GIB,
        file_bytes=int(64 * 1024**2 + 2 * seconds * kbits * 125),
        wall_seconds=int(1800 + 60 * seconds),
        stall_seconds=180,
    )


def join_stills(
    stills: list[tuple[Path, float]], *, sound: Path, target: Path, height: int, frames_per_second: int
) -> None:
    """Write an MP4 of our own pictures (PNG, each for so many seconds) over our own sound (WAV). Raises `Failed`."""
    pictures = [
        ffmpeg.input(str(path), format="image2", framerate=frames_per_second)
        .filter("scale", -2, height)
        .filter("format", "yuv420p")
        .filter("tpad", stop_mode="clone", stop_duration=f"{seconds - 1 / frames_per_second:.3f}")
        for path, seconds in stills
    ]
    flow = ffmpeg.concat(*pictures, v=1, a=0)
    options: dict[str, object] = {"c:v": "libx264", "preset": "veryfast", "tune": "stillimage", "crf": 18}
    options |= {"c:a": "aac", "b:a": "96k", "movflags": "+faststart", "format": "mp4"}
    out = ffmpeg.output(flow, ffmpeg.input(str(sound), format="wav").audio, str(target), **options)
    command = out.global_args(*GLOBALS).compile(overwrite_output=True)
    reads = [sound, *(path for path, _seconds in stills)]
    seconds = int(sum(length for _path, length in stills))
    limits = Limits(cpu_seconds=120 + 10 * seconds, wall_seconds=300 + 20 * seconds, memory_bytes=4 * sandbox.GIB)
    sandbox.run(command, limits=limits, reads=reads, writes=[target.parent], hear=lambda _chunk: None)
