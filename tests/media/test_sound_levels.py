"""Levels of sound: nothing louder than a loudspeaker can, and only what is not level is made once more."""

import re
import subprocess
from pathlib import Path

import pytest

from media import ffmpeg
from media.domain import conservation, inspection, ladder, transcoding
from media.domain.making import Making
from tests.media.conftest import ffmpeg as bare_ffmpeg

PEAK = re.compile(r"Peak level dB: (-?[\d.]+)")
HALF_RATE_DB = 5  # what 24,000 samples a second may make of a slam that 48,000 held; 13 where nothing holds it


def loudest(path: Path) -> float:
    """The highest sample of a sound, in dB below full scale; above zero where it would be clipped."""
    command = ["ffmpeg", "-nostdin", "-v", "info", "-i", str(path), "-af", "astats=measure_perchannel=none"]
    said = subprocess.run([*command, "-f", "null", "-"], capture_output=True, text=True, check=True).stderr
    return max(map(float, PEAK.findall(said)))


@pytest.fixture
def door(tmp_path) -> Path:
    """Twenty seconds of somebody who speaks low, and a door that slams once."""
    path = tmp_path / "door.wav"
    low = "0.02*sin(2*PI*300*t)*(1+sin(2*PI*3*t))/2"
    slam = "if(between(t,10,10.03),0.9*sin(2*PI*500*t),0)"
    bare_ffmpeg("-f", "lavfi", "-i", f"aevalsrc='{low}+{slam}':s=48000:d=20", str(path))
    return path


def test_a_slammed_door_is_held_below_what_a_loudspeaker_can(door, tmp_path):
    """Raised as much as the speaker needs, it would be clipped."""
    source = inspection.inspect(door).source
    heard = ffmpeg.listen(source, seconds=20)
    assert heard.gain_db > 10, "or there is nothing to hold"
    wanted = {tmp_path / "opus.mp4": ladder.OPUS, tmp_path / "low.mp4": ladder.LOW}
    ffmpeg.sound_out(source, wanted, seconds=20, gain_db=heard.gain_db)
    over = {path.name: loudest(path) for path in wanted}
    assert over["opus.mp4"] < 0
    assert over["low.mp4"] < HALF_RATE_DB


def test_only_the_sound_that_is_not_level_is_made_once_more(samples, tmp_path, monkeypatch):
    made, refused = [], []
    write, is_level = ffmpeg.sound_out, conservation.is_level

    def noted(source, wanted, **facts):
        made.append([one.codec for one in wanted.values()])
        write(source, wanted, **facts)

    def refuses_the_first(lufs):
        if not refused:
            refused.append(lufs)
            return False
        return is_level(lufs)

    monkeypatch.setattr(transcoding.ffmpeg, "sound_out", noted)
    monkeypatch.setattr(conservation, "is_level", refuses_the_first)
    making = Making(None, None, inspection.inspect(samples / "plain.mp4"), tmp_path)
    monkeypatch.setattr(making, "_recall", lambda _sound: False)
    making.sound(ladder.MP3, ladder.OPUS, ladder.FULL)
    assert made == [["libmp3lame", "libopus", "aac"], ["libmp3lame"]]
    assert set(making.sounds) == {ladder.MP3, ladder.OPUS, ladder.FULL}
    assert all(path.exists() and is_level(level) for path, level in making.sounds.values())
