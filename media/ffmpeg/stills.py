"""Single pictures: the poster, the storyboard, the stills over the sound; and a film made of pictures of our own.

All but the poster come from the key frames of a rung that is already made: a hundredth of decoding the source.
"""

from fractions import Fraction
from pathlib import Path

import ffmpeg

from media import sandbox
from media.sandbox import Limits

from .encoding import to_standard_range, upright
from .reading import GLOBALS, Source, open_made, open_source, run
from .sounds import MOVFLAGS

JPEG = {"frames:v": 1, "update": 1, "map_metadata": -1, "format": "image2", "pix_fmt": "yuvj420p"}
STILL_KBITS = 8  # on average; a single still may take the fifty kilobytes of the buffer
STILL_BUFFER_KBITS = 400
STILLS_BETWEEN_KEYS = 8
# Blocks of 8 × 8 must change by so much, in so large a part of the picture, to make a new still of it.
SAME = {"hi": 64 * 20, "lo": 64 * 8, "frac": 0.08}


def poster(source: Source, path: Path, *, width: int, height: int, at: float | None = None) -> None:
    """One picture as JPEG: at that second, or the key frame before a tenth. Raises `Failed`."""
    if at is None:
        start = source.starts_at + source.duration_seconds / 10
        given = open_source(source, ss=f"{start:.3f}", skip_frame="nokey", noaccurate_seek=None, an=None)
    else:
        given = open_source(source, ss=f"{source.starts_at + at:.3f}", an=None)
    # A key frame from before the moment has a time below zero, which would not be written.
    picture = upright(given, source).filter("setpts", "PTS-STARTPTS")
    picture = picture.filter("scale", width, height).filter("setsar", 1)
    picture = to_standard_range(picture) if source.is_hdr else picture
    out = ffmpeg.output(picture, str(path), **JPEG, **{"q:v": 6})
    run(out, reads=[source.path], folder=path.parent, limits=Limits(memory_bytes=4 * sandbox.GIB))


def storyboard(
    film: Path, path: Path, *, every_seconds: int, columns: int, rows: int, width: int, height: int, count: int
) -> None:
    """One sheet of small pictures from the key frames of a film that we made. Raises `Failed`."""
    flow = open_made(film, skip_frame="nokey", an=None)["v:0"]
    flow = flow.filter("fps", Fraction(1, every_seconds), start_time=0, eof_action="pass")
    flow = flow.filter("scale", width, height, flags="area").filter("setsar", 1)
    flow = flow.filter("tile", layout=f"{columns}x{rows}", nb_frames=count)
    out = ffmpeg.output(flow, str(path), **JPEG, **{"q:v": 7})
    run(out, reads=[film], folder=path.parent, limits=Limits(cpu_seconds=600, wall_seconds=1800, stall_seconds=600))


def slides(
    film: Path, sound: Path, target: Path, *, width: int, height: int, frame_rate: Fraction, frames: int
) -> None:
    """Write stills of a film that we made over a sound that we made: a still stands until the scene has changed.

    Raises `Failed`.
    """
    flow = open_made(film, skip_frame="nokey", an=None)["v:0"].filter("mpdecimate", **SAME)
    flow = flow.filter("fps", frame_rate, start_time=0, eof_action="pass").filter("tpad", stop=-1, stop_mode="clone")
    flow = flow.filter("scale", width, height, flags="bicubic").filter("setsar", 1).filter("format", "yuv420p")
    flow = flow.filter("trim", end_frame=frames)
    seconds = frames / frame_rate
    options: dict[str, object] = {
        "t": f"{float(seconds):.6f}",
        "c:v": "libx264",
        "preset": "slow",
        "tune": "stillimage",
        "crf": 30,
        "bf": 0,
        "maxrate": f"{STILL_KBITS}k",
        "bufsize": f"{STILL_BUFFER_KBITS}k",
        "profile:v": "high",
        "g": STILLS_BETWEEN_KEYS,
        "keyint_min": STILLS_BETWEEN_KEYS,
        "sc_threshold": 0,
        "c:a": "copy",
        "map_metadata": -1,
        "map_chapters": -1,
        "movflags": MOVFLAGS,
        "format": "mp4",
        "brand": "iso6",
    }
    out = ffmpeg.output(flow, open_made(sound, vn=None)["a:0"], str(target), **options)
    length = float(seconds)
    limits = Limits(
        cpu_seconds=int(300 + length),
        wall_seconds=int(900 + 2 * length),
        memory_bytes=4 * sandbox.GIB,
        file_bytes=int(64 * 1024**2 + 20_000 * length),
        stall_seconds=600,
    )
    run(out, reads=[film, sound], folder=target.parent, limits=limits)


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
