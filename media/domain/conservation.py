"""What must hold of a rung before it is published: nothing of the source is lost, and everybody hears it alike."""

from pathlib import Path

from media import ffmpeg
from media.domain import fragments
from media.domain.fragments import FragmentsBroken, Index
from media.domain.ladder import Step

LOUDNESS_SLACK = 1.5


def is_level(lufs: float | None) -> bool:
    """Whether a sound is as loud as all are."""
    return lufs is not None and abs(lufs - ffmpeg.TARGET_LUFS) <= LOUDNESS_SLACK


def read(step: Step, path: Path, *, seconds: float) -> Index:
    """Read a rung and compare it with its plan: frames, length, sound, bytes, key frames. Raises `FragmentsBroken`."""
    if path.suffix == ".mp3":
        return _plain(path, seconds)
    index = fragments.read(path)
    rate = step.sound.packets_per_second if step.sound else 0
    fragments.check(index, seconds=seconds, frames=step.frames, frame_rate=step.frame_rate, sound_rate=rate)
    return index


def _plain(path: Path, seconds: float) -> Index:
    """A file without fragments is one range."""
    try:
        found, _frames = ffmpeg.scan(ffmpeg.Source(path, "mp3", video_stream=None, audio_stream=0))
    except ffmpeg.Failed as failed:
        raise FragmentsBroken(f"unreadable: {failed}") from failed
    if abs(found - seconds) > 0.2:
        raise FragmentsBroken(f"{found:.3f} s, {seconds:.3f} s planned")
    size = path.stat().st_size
    return Index(0, [(0, size, seconds)], 0, size, "mp3")
