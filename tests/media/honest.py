"""Forty files as honest people send them, tiny: what is special about each is its name."""

from dataclasses import dataclass
from pathlib import Path

from tests.media.conftest import H264, ffmpeg, picture, tone, turn

AAC = ["-c:a", "aac", "-b:a", "32k"]
FILM = [*H264, *AAC]


@dataclass(frozen=True)
class Honest:
    """How a file is made: its inputs and options; `is_film` and `has_sound` are what must be found."""

    made: list[str]
    is_film: bool = True
    has_sound: bool = True
    is_turned: bool = False


def _film(size: str = "160x120", seconds: float = 1, rate: int = 15, **facts) -> Honest:
    options = facts.pop("options", FILM)
    return Honest([*picture(size, seconds, rate), *tone(seconds), *options], **facts)


def _mute(size: str = "160x120", seconds: float = 1, rate: int = 15, options: list[str] | None = None) -> Honest:
    return Honest([*picture(size, seconds, rate), *(options or H264)], has_sound=False)


def _spoken(*options: str, seconds: float = 1) -> Honest:
    return Honest([*tone(seconds), *options], is_film=False)


def _noise(layout: str, *options: str) -> list[str]:
    return ["-f", "lavfi", "-i", f"anoisesrc=d=1:a=0.1,aformat=channel_layouts={layout}", *options]


HDR = ["-pix_fmt", "yuv420p10le", "-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"]
HLG = ["-pix_fmt", "yuv420p10le", "-color_primaries", "bt2020", "-color_trc", "arib-std-b67", "-colorspace", "bt2020nc"]

HONEST = {
    "plain.mp4": _film(),
    "portrait.mp4": _film("120x160"),
    "turned.mp4": _film(is_turned=True),
    "mute.mp4": _mute(),
    "silence.mp4": Honest([*picture("160x120", 1), "-f", "lavfi", "-i", "anullsrc=d=1", "-t", "1", *FILM]),
    "whisper.mp4": _film(options=["-af", "volume=-25dB", *FILM]),
    "shout.mp4": _film(options=["-af", "volume=17dB", *FILM]),
    "clicks.mkv": Honest(
        [
            *picture("160x120", 3),
            *["-f", "lavfi", "-i", r"aevalsrc='0.02*sin(2000*t)+if(lt(mod(t\,1)\,0.002)\,0.95\,0)':d=3"],
            *FILM,
        ]
    ),
    "surround.mp4": Honest([*picture("160x120", 1), *_noise("5.1", *FILM)]),
    "stereo.mov": Honest([*picture("160x120", 1), *_noise("stereo", *FILM)]),
    "eight_kilohertz.avi": _film(options=["-c:v", "mpeg4", "-c:a", "pcm_s16le", "-ar", "8000"]),
    "high_rate.mkv": _film(options=[*H264, "-c:a", "flac", "-ar", "96000"]),
    "uneven.mp4": _film(rate=30, options=["-vf", r"select='lt(mod(n\,10)\,3)'", "-fps_mode", "vfr", *FILM]),
    "sixty.mp4": _film(rate=60),
    "ntsc.mp4": Honest([*picture("160x120", 1), *tone(1), "-r", "30000/1001", *FILM]),
    "slow.mp4": _mute(seconds=2, rate=1),
    "uhd.mp4": _mute("3840x2160", 0.2, 10),
    "wide.mp4": _film("640x120"),
    "odd.mkv": _film("161x121", options=["-pix_fmt", "yuv444p", *FILM]),
    "small.mp4": _film("32x32"),
    "anamorphic.mp4": _film(options=["-vf", "setsar=16/11", *FILM]),
    "interlaced.ts": _film(rate=25, options=["-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-c:a", "mp2"]),
    "b_frames.mp4": _film(options=["-c:v", "libx264", "-preset", "veryfast", "-bf", "3", *AAC]),
    "one_frame.mp4": Honest([*picture("160x120", 1), "-frames:v", "1", *H264], has_sound=False),
    "low_bitrate.mp4": _film(seconds=12, rate=5, options=["-b:v", "10k", *FILM]),
    "phone.3gp": _film("176x144", options=["-c:v", "h263", "-c:a", "aac", "-ar", "8000", "-ac", "1"]),
    "camera.mov": _film(options=["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-c:a", "pcm_s16le"]),
    "screen.webm": _film(options=["-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"]),
    "vp9.webm": _film(options=["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libvorbis"]),
    "hevc.mp4": _film(options=["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", *AAC]),
    "old.avi": _film(options=["-c:v", "mpeg4", "-c:a", "libmp3lame"]),
    "disc.mpg": _film(rate=25, options=["-c:v", "mpeg2video", "-c:a", "mp2", "-f", "mpeg"]),
    "flash.flv": _film(options=["-c:v", "flv", "-c:a", "libmp3lame", "-ar", "22050"]),
    "windows.wmv": _film(options=["-c:v", "wmv2", "-c:a", "wmav2"]),
    "hdr.mkv": _mute(options=[*HDR, "-c:v", "libx264", "-preset", "ultrafast"]),
    "hlg.mp4": _mute(options=[*HLG, "-c:v", "libx264", "-preset", "ultrafast"]),
    "fragments.mp4": _film(options=[*FILM, "-movflags", "frag_keyframe+empty_moov"]),
    "drifting.mp4": _film(seconds=4, options=[*FILM, "-ar", "16000", "-bsf:a", "setts=ts=TS+N"]),
    "sound_late.mkv": Honest([*picture("160x120", 2), "-itsoffset", "1", *tone(1), *FILM]),
    "sound_short.mp4": Honest([*picture("160x120", 3, 15), *tone(1), *FILM]),
    "memo.m4a": _spoken(*AAC),
    "song.mp3": _spoken("-c:a", "libmp3lame", "-metadata", "title=x"),
    "bare.mp3": _spoken("-c:a", "libmp3lame", "-id3v2_version", "0", "-write_xing", "0"),
    "studio.wav": _spoken("-c:a", "pcm_s24le"),
    "note.ogg": _spoken("-c:a", "libvorbis"),
    "voice.opus": _spoken("-c:a", "libopus", "-f", "ogg"),
    "archive.flac": _spoken("-c:a", "flac"),
    "radio.aac": _spoken(*AAC, "-f", "adts"),
}


MEMO = "memo.amr"
AMR = b"#!AMR\n" + (b"\x3c" + bytes(31)) * 50  # a second; Debian's ffmpeg reads it and cannot write it


def make(name: str, folder: Path) -> Path:
    """Make one of them, or the telephone's `MEMO`."""
    path = folder / name
    if name == MEMO:
        path.write_bytes(AMR)
        return path
    honest = HONEST[name]
    ffmpeg(*honest.made, str(path))
    if honest.is_turned:
        turn(path)
    return path
