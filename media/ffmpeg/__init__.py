"""The only package that runs ffmpeg and ffprobe. ffmpeg-python compiles the command; `media.sandbox` runs the list.

Every input is a file by its path, read by a demuxer that we named after looking at its first bytes, from a whitelist of
real containers: ffmpeg would otherwise follow an HLS playlist or an ffconcat called `.mp4` into a neighbour's file, and
a whitelist of protocols alone does not stop that.
"""

from media.sandbox import Failed, NoRoom

from .encoding import Inset, Output, dub, encode
from .reading import DEMUXERS, MAX_PIXELS, SOUND_DEMUXERS, Source, count_frames, probe, scan, seconds_between_keys
from .sounds import SILENCE_LUFS, TARGET_LUFS, Heard, Sound, listen, loudness, sound_out, write_speech
from .stills import join_stills, poster, slides, storyboard

__all__ = [
    "DEMUXERS",
    "MAX_PIXELS",
    "SILENCE_LUFS",
    "SOUND_DEMUXERS",
    "TARGET_LUFS",
    "Failed",
    "Heard",
    "Inset",
    "NoRoom",
    "Output",
    "Sound",
    "Source",
    "count_frames",
    "dub",
    "encode",
    "join_stills",
    "listen",
    "loudness",
    "poster",
    "probe",
    "scan",
    "seconds_between_keys",
    "slides",
    "sound_out",
    "storyboard",
    "write_speech",
]
