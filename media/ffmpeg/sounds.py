"""Sound: measured once, levelled by one gain and a limiter, encoded once for each bit rate.

`loudnorm` upsamples to 192 kHz and moves the level all the time; a gain that was measured before costs a tenth, keeps
the speaker's own dynamics and meets the target by construction (ITU-R BS.1770, EBU R 128).
"""

import re
from array import array
from dataclasses import dataclass
from pathlib import Path

import ffmpeg

from media import sandbox
from media.sandbox import Limits

from .reading import QUIET, Source, open_made, open_source, run

TARGET_LUFS = -16.0
PEAK = 0.84  # −1.5 dB
SILENCE_LUFS = -50.0  # below this nobody speaks: raising it would only raise the noise
PEAKS_PER_SECOND = 10
WAVE_HERTZ = 8_000
SUMMARY = re.compile(r"^\s+I:\s+(-?[\d.]+|-inf|nan) LUFS", re.MULTILINE)
MOVFLAGS = "+frag_keyframe+delay_moov+default_base_moof+global_sidx+skip_trailer"
FRAGMENT_MICROSECONDS = 8_000_000
OPUS_PACKET_MS = 60  # long packets: at 16 kbit/s their headers would weigh as much as a tenth of the sound


@dataclass(frozen=True)
class Sound:
    """One sound to write: the encoder, its bit rate and its samples a second, all in one channel."""

    codec: str
    kbits: int
    hertz: int

    @property
    def packets_per_second(self) -> float:
        """How many packets an index must count for each second."""
        return 1000 / OPUS_PACKET_MS if self.codec == "libopus" else self.hertz / 1024

    @property
    def suffix(self) -> str:
        """How the file's name ends."""
        return ".mp3" if self.codec == "libmp3lame" else ".mp4"


@dataclass(frozen=True)
class Heard:
    """What was heard: the loudness in LUFS, None for silence; and the loudest peak (0–255) of each tenth second."""

    lufs: float | None
    peaks: bytes

    @property
    def gain_db(self) -> float:
        """What brings it to the target."""
        return 0.0 if self.lufs is None else TARGET_LUFS - self.lufs

    @property
    def levelled_peaks(self) -> bytes:
        """The peaks as they will sound."""
        factor = 10 ** (self.gain_db / 20)
        return bytes(min(255, round(peak * factor)) for peak in self.peaks)


class _Peaks:
    """Keeps the loudest of each tenth second of 16-bit samples."""

    SIZE = 2 * WAVE_HERTZ // PEAKS_PER_SECOND

    def __init__(self) -> None:
        self.found = bytearray()
        self._rest = b""

    def hear(self, chunk: bytes) -> None:
        """Take in samples."""
        samples = self._rest + chunk
        whole = len(samples) // self.SIZE * self.SIZE
        for start in range(0, whole, self.SIZE):
            self._add(samples[start : start + self.SIZE])
        self._rest = samples[whole:]

    def end(self) -> bytes:
        """The peaks, with the last incomplete tenth."""
        self._add(self._rest[: len(self._rest) // 2 * 2])
        return bytes(self.found)

    def _add(self, part: bytes) -> None:
        if part:
            tenth = array("h", part)
            self.found.append(min(255, max(*tenth, -min(tenth)) >> 7))


def _limits(seconds: float) -> Limits:
    return Limits(
        cpu_seconds=int(120 + seconds),
        wall_seconds=int(600 + 4 * seconds),
        file_bytes=int(32 * 1024**2 + 40_000 * seconds),
        stall_seconds=300,
    )


def _measured(stream, source_path: Path, seconds: float, hear) -> float | None:
    command = stream.global_args("-nostdin", "-hide_banner", "-nostats", "-loglevel", "info").compile()
    said = sandbox.run(command, limits=_limits(seconds), reads=[source_path], hear=hear)
    found = SUMMARY.findall(said)
    lufs = float(found[-1]) if found and found[-1] not in {"-inf", "nan"} else SILENCE_LUFS
    return lufs if lufs > SILENCE_LUFS else None


def _whole(given, source: Source):
    """The sound on the timeline of the pictures, in one channel."""
    # `res`: a resampler from the start. One that only begins when the sound has drifted by a millisecond forgets where
    # it stood, and fills up from `first_pts` once more: as long a silence as was heard, and then all that follows.
    sound = given[str(source.audio_stream)].filter("aresample", **{"async": 1000, "first_pts": 0, "flags": "res"})
    return sound.filter("aformat", channel_layouts="mono")


def listen(source: Source, *, seconds: float) -> Heard:
    """Hear a source's sound once, for its level and its waveform. Raises `Failed`."""
    peaks = _Peaks()
    sound = _whole(open_source(source, vn=None), source).filter("ebur128", framelog="verbose")
    sound = sound.filter("aresample", WAVE_HERTZ)
    out = ffmpeg.output(sound, "pipe:1", format="s16le", ac=1, t=f"{seconds:.3f}")
    lufs = _measured(out, source.path, seconds, peaks.hear)
    return Heard(lufs, peaks.end())


def loudness(path: Path, *, seconds: float) -> float | None:
    """The loudness in LUFS of a file that we made; None for silence. Raises `Failed`."""
    out = ffmpeg.output(open_made(path, vn=None)["a:0"].filter("ebur128", framelog="verbose"), "-", format="null")
    return _measured(out, path, seconds, lambda _chunk: None)


def sound_out(
    source: Source, wanted: dict[Path, Sound], *, seconds: float, gain_db: float, is_rough: bool = False
) -> None:
    """Write each wanted sound from one decode, raised by `gain_db`. Raises `Failed`.

    `is_rough` evens out first what is loud and what is low, for sound that a limiter alone would cut down too far.
    """
    sound = _whole(open_source(source, vn=None), source)
    if is_rough:
        sound = sound.filter("dynaudnorm", framelen=250, maxgain=30)
    sound = sound.filter("volume", f"{gain_db:.2f}dB").filter("alimiter", limit=PEAK, level="false").filter("apad")
    copies = sound.filter_multi_output("asplit", len(wanted)) if len(wanted) > 1 else [sound]
    written = [
        ffmpeg.output(copies[number], str(path), **_options(one, seconds))
        for number, (path, one) in enumerate(wanted.items())
    ]
    out = ffmpeg.merge_outputs(*written) if len(written) > 1 else written[0]
    run(out, reads=[source.path], folder=next(iter(wanted)).parent, limits=_limits(seconds))


def _options(sound: Sound, seconds: float) -> dict[str, object]:
    options: dict[str, object] = {
        "t": f"{seconds:.6f}",
        "c:a": sound.codec,
        "b:a": f"{sound.kbits}k",
        "ar": sound.hertz,
        "ac": 1,
        "map_metadata": -1,
        "map_chapters": -1,
    }
    if sound.codec == "libmp3lame":
        return options | {"format": "mp3", "id3v2_version": 0}
    if sound.codec == "libopus":
        options |= {"application": "voip", "frame_duration": OPUS_PACKET_MS}
    return options | {
        "format": "mp4",
        "brand": "iso6",
        "movflags": MOVFLAGS,
        "frag_duration": FRAGMENT_MICROSECONDS,
    }


def write_speech(sound: Path, target: Path, *, seconds: float) -> None:
    """Write our own sound (an MP4 of sound alone) as those who listen want it: WAV, 16 kHz, one channel.

    Raises `Failed`.
    """
    options = {"acodec": "pcm_s16le", "ar": 16_000, "ac": 1, "map_metadata": -1, "format": "wav"}
    limits = Limits(
        cpu_seconds=int(60 + seconds),
        wall_seconds=int(120 + 2 * seconds),
        file_bytes=int(1024**2 + 40_000 * (seconds + 60)),
    )
    out = ffmpeg.output(open_made(sound)["a:0"], str(target), **options)
    run(out, reads=[sound], folder=target.parent, limits=limits)


__all__ = ["QUIET", "Heard", "Sound", "listen", "loudness", "sound_out", "write_speech"]
