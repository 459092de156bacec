"""Recordings made by the machine: still pictures with a spoken track, and captions that fit it to the sentence.

The demo's videos are made here, and measured: each sentence is spoken by itself, so its cue is as long as its sound.
"""

import shutil
import subprocess
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from media import ffmpeg

VOICE = "es-419"
WORDS_PER_MINUTE = "150"
SAMPLE_RATE = 22_050  # what espeak-ng gives
FRAMES_PER_SECOND = 5
PAUSE_BEFORE, PAUSE_BETWEEN, PAUSE_AFTER = 0.6, 0.35, 0.8  # seconds of silence around the sentences of a picture
SECONDS_PER_WORD = 0.4  # where there is no voice: the time to read the captions


@dataclass(frozen=True)
class Slide:
    """A still picture and the sentences that are spoken over it."""

    picture: Path
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Cue:
    """A sentence from–to, in seconds."""

    starts: float
    ends: float
    text: str


def record(slides: Sequence[Slide], out: Path, *, folder: Path, height: int = 720) -> list[Cue]:
    """Make the MP4 `out` from `slides`, working in `folder`; returns the sentences with their times."""
    cues: list[Cue] = []
    lengths: list[float] = []
    now = 0.0
    with wave.open(str(folder / "speech.wav"), "wb") as track:
        track.setparams((1, 2, SAMPLE_RATE, 0, "NONE", "not compressed"))
        for slide in slides:
            began = now
            now += _silence(track, PAUSE_BEFORE)
            for sentence in slide.sentences:
                seconds = _say(track, sentence, folder / "sentence.wav")
                cues.append(Cue(now, now + seconds, sentence))
                now += seconds + _silence(track, PAUSE_BETWEEN)
            now += _silence(track, PAUSE_AFTER)
            lengths.append(now - began)
    ffmpeg.join_stills(
        [(slide.picture, seconds) for slide, seconds in zip(slides, lengths, strict=True)],
        sound=folder / "speech.wav",
        target=out,
        height=height,
        frames_per_second=FRAMES_PER_SECOND,
    )
    return cues


def render_vtt(cues: Sequence[Cue], *, line_length: int = 42) -> str:
    """The cues as WebVTT, in lines that fit a phone."""
    parts = ["WEBVTT"]
    for cue in cues:
        parts.append(f"{_clock(cue.starts)} --> {_clock(cue.ends)}\n{_wrapped(cue.text, line_length)}")
    return "\n\n".join(parts) + "\n"


def _clock(seconds: float) -> str:
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def _wrapped(text: str, line_length: int) -> str:
    """`text` in as few lines as it needs, of much the same length."""
    count = -(-len(text) // line_length)
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) / 2 > len(text) / count and len(lines) < count:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def _silence(track: wave.Wave_write, seconds: float) -> float:
    frames = round(seconds * SAMPLE_RATE)
    track.writeframes(bytes(2 * frames))
    return frames / SAMPLE_RATE


def _say(track: wave.Wave_write, sentence: str, scratch: Path) -> float:
    """Append the spoken sentence; silence of a reader's pace where the machine has no voice. Returns the seconds."""
    if not shutil.which("espeak-ng"):
        return _silence(track, 0.5 + SECONDS_PER_WORD * len(sentence.split()))
    command = ["espeak-ng", "-v", VOICE, "-s", WORDS_PER_MINUTE, "-w", str(scratch), "--", sentence]
    subprocess.run(command, check=True, timeout=60, capture_output=True)
    with wave.open(str(scratch), "rb") as spoken:
        if spoken.getparams()[:3] != (1, 2, SAMPLE_RATE):
            raise ValueError(f"unexpected sound from espeak-ng: {spoken.getparams()}")
        frames = spoken.readframes(spoken.getnframes())
    track.writeframes(frames)
    return len(frames) / 2 / SAMPLE_RATE
