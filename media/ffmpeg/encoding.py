"""Pictures: one decode, scaled in cascade, every size written by the one process; the sound is copied in."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import ffmpeg

from media import sandbox
from media.sandbox import Limits

from .reading import Source, open_made, open_source, run
from .sounds import MOVFLAGS

KEY_FRAME_SECONDS = 4  # 60 frames at 15 a second; the same grid in time on every rung
FEWER = {"between keys": "nokey", "unused": "noref"}  # to leave out, as ffmpeg calls it: what no other is made from
INSET_SHARE = Fraction(3, 10)  # of the picture's height


@dataclass(frozen=True)
class Output:
    """One film to write, with the sound of a file that is already made, or none."""

    path: Path
    width: int
    height: int
    frame_rate: Fraction
    frames: int
    crf: float
    preset: str
    max_kbits: int
    tuning: str = ""  # x264's own words
    sound: Path | None = None


@dataclass(frozen=True)
class Inset:
    """A second film, shown in the lower right corner over the first."""

    source: Source
    width: int
    height: int


def upright(given, source: Source):
    """The pictures of an input, one of every two fields."""
    picture = given[str(source.video_stream)]
    return picture.filter("yadif", deint="interlaced") if source.is_interlaced else picture


def to_standard_range(picture):
    """High dynamic range to what every screen shows (BT.709)."""
    picture = picture.filter("zscale", transfer="linear", npl=100).filter("format", "gbrpf32le")
    picture = picture.filter("zscale", primaries="bt709").filter("tonemap", "hable", desat=0)
    return picture.filter("zscale", transfer="bt709", matrix="bt709", range="tv")


def _fitted(flow, source: Source, output: Output, flags: str):
    # The last picture stands until the end of the sound, where it is cut off.
    flow = flow.filter("fps", output.frame_rate, start_time=0, eof_action="pass").filter(
        "tpad", stop=-1, stop_mode="clone"
    )
    flow = flow.filter("scale", output.width, output.height, flags=flags)
    flow = flow.filter("setsar", 1)
    return (to_standard_range(flow) if source.is_hdr else flow).filter("format", "yuv420p")


def _overlaid(flow, inset: Inset, output: Output):
    """The signer's film in the corner; it stands still when it is shorter."""
    height = 2 * round(output.height * INSET_SHARE / 2)
    width = max(2, 2 * round(Fraction(height * inset.width, inset.height) / 2))
    signer = upright(open_source(inset.source, an=None), inset.source).filter("fps", output.frame_rate, start_time=0)
    signer = signer.filter("scale", width, height, flags="bicubic").filter("setsar", 1)
    signer = (to_standard_range(signer) if inset.source.is_hdr else signer).filter("format", "yuv420p")
    return ffmpeg.overlay(flow, signer, x=output.width - width, y=output.height - height, eof_action="repeat")


def _pictures(given, source: Source, outputs: list[Output], *, flags: str, inset: Inset | None) -> list:
    """One decode, scaled in cascade from the largest to the smallest: each size is made from the one before."""
    flow = _fitted(upright(given, source), source, outputs[0], flags)
    if inset:
        flow = _overlaid(flow, inset, outputs[0])
    made: list = []
    for before, output in pairwise(outputs):
        halves = flow.filter_multi_output("split")
        made.append(_cut_off(halves[0], before))
        flow = halves[1]
        if output.frame_rate != before.frame_rate:
            flow = flow.filter("fps", output.frame_rate, start_time=0)
        flow = flow.filter("scale", output.width, output.height, flags="bicubic").filter("setsar", 1)
    return [*made, _cut_off(flow, outputs[-1])]


def _cut_off(flow, output: Output):
    # Not `-frames:v`: the moment it is reached ffmpeg closes the whole file, and a copied sound that lags is lost.
    return flow.filter("trim", end_frame=output.frames)


def _options(output: Output, seconds: Fraction) -> dict[str, object]:
    grid = int(KEY_FRAME_SECONDS * output.frame_rate)
    options: dict[str, object] = {
        "c:v": "libx264",
        "preset": output.preset,
        "crf": output.crf,
        "maxrate": f"{output.max_kbits}k",
        "bufsize": f"{2 * output.max_kbits}k",
        "profile:v": "high",
        "g": grid,
        "keyint_min": grid,
        "sc_threshold": 0,
        "a53cc": 0,  # captions within the pictures would be copied as they came, byte by byte
    }
    if output.tuning:
        options["x264-params"] = output.tuning
    return options | _container(seconds) | ({"c:a": "copy"} if output.sound else {})


def _container(seconds: Fraction) -> dict[str, object]:
    return {
        "t": f"{float(seconds):.6f}",
        "map_metadata": -1,
        "map_chapters": -1,
        "movflags": MOVFLAGS,
        "format": "mp4",
        "brand": "iso6",
    }


def encode(
    source: Source,
    outputs: list[Output],
    *,
    seconds: Fraction,
    folder: Path,
    tell: Callable[[float], None],
    without: str = "",
    inset: Inset | None = None,
) -> None:
    """Write all `outputs` (from the largest to the smallest) in one process; `tell` hears seconds done.

    Each is `seconds` long: a shorter picture stands still at its end. For a first look the pictures `without` (one of
    `FEWER`) are not decoded, and the one before stands until the next.

    Raises `Failed`, and whatever `tell` raises after ending the process.
    """
    given = open_source(source, an=None, **({"skip_frame": FEWER[without]} if without else {}))
    pictures = _pictures(given, source, outputs, flags="area" if without else "bicubic", inset=inset)
    sounds = {path: open_made(path, vn=None) for path in {output.sound for output in outputs} if path}
    written = [
        ffmpeg.output(
            picture,
            *([sounds[output.sound]["a:0"]] if output.sound else []),
            str(output.path),
            **_options(output, seconds),
        )
        for output, picture in zip(outputs, pictures, strict=True)
    ]
    stream = ffmpeg.merge_outputs(*written) if len(written) > 1 else written[0]
    reads = [source.path, *sounds, *([inset.source.path] if inset else [])]
    run(stream, reads=reads, folder=folder, limits=_limits(source, outputs, seconds), tell=tell)


def _limits(source: Source, outputs: list[Output], seconds: Fraction) -> Limits:
    length = max(source.duration_seconds, float(seconds))
    kbits = max(output.max_kbits for output in outputs) + 64
    return Limits(
        cpu_seconds=int(600 + 60 * length),
        memory_bytes=6 * sandbox.GIB,
        file_bytes=int(64 * 1024**2 + 2 * length * kbits * 125),
        wall_seconds=int(1800 + 60 * length),
        stall_seconds=180,
    )


def dub(picture: Path, sound: Path, target: Path, *, seconds: Fraction) -> None:
    """Write the pictures of one file that we made over the sound of another, both copied. Raises `Failed`."""
    streams = open_made(picture, an=None)["v:0"], open_made(sound, vn=None)["a:0"]
    out = ffmpeg.output(*streams, str(target), codec="copy", **_container(seconds))
    limits = Limits(cpu_seconds=300, wall_seconds=900, file_bytes=2 * picture.stat().st_size + sandbox.GIB)
    run(out, reads=[picture, sound], folder=target.parent, limits=limits)
