"""What is taken and what is refused. A refusal leaves nothing behind, and the whitelist is what protects."""

import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Job
from media import ffmpeg, sandbox
from media.domain import inspection, library
from media.ffmpeg import reading
from media.models import Video
from tests.media.conftest import ffmpeg as bare_ffmpeg

HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{neighbour}\n#EXT-X-ENDLIST\n"
CONCAT = "ffconcat version 1.0\nfile '{neighbour}'\n"


def hostile(name: str, folder: Path, samples: Path) -> Path:
    """A file called `.mp4` that is none that we take."""
    path = folder / f"{name}.mp4"
    plain = (samples / "plain.mp4").read_bytes()
    texts = {
        "text": "Acta número 5. El concejo acuerda…\n" * 50,
        "playlist": HLS.format(neighbour=samples / "plain.mp4"),
        "concat": CONCAT.format(neighbour=samples / "plain.mp4"),
        "dash": "<?xml version='1.0'?><MPD><Period/></MPD>",
        "svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
    }
    contents = {
        "empty": b"",
        "truncated": plain[: len(plain) // 2],  # the moov stands at the end
        "fake_head": b"\x00\x00\x00\x20ftypisom" + b"\x00" * 500,
        "noise": bytes(range(256)) * 20,
        "pdf": b"%PDF-1.7\n" + b"x" * 500,
        "playlist_in_mp4": b"\x00\x00\x00\x14ftypisom\x00\x00\x00\x00" + texts["playlist"].encode(),
    }
    if name == "image":
        Image.new("RGB", (64, 64), "red").save(path, "PNG")
    elif name == "sound_without_frames":
        path.write_bytes(b"ID3\x04\x00\x00\x00\x00\x00\x0a" + b"\x00" * 10 + texts["playlist"].encode())
    elif name == "cut_off":
        bare_ffmpeg("-i", str(samples / "plain.mp4"), "-c", "copy", "-movflags", "+faststart", str(path))
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        path.write_bytes(texts[name].encode() if name in texts else contents[name])
    return path


REFUSED = {
    "empty": "video.empty",
    "text": "video.not_a_video",
    "playlist": "video.not_a_video",
    "concat": "video.not_a_video",
    "dash": "video.not_a_video",
    "svg": "video.not_a_video",
    "image": "video.not_a_video",
    "noise": "video.not_a_video",
    "pdf": "video.not_a_video",
    "sound_without_frames": "video.unreadable",
    "truncated": "video.unreadable",
    "cut_off": "video.unreadable",
    "fake_head": "video.unreadable",
    "playlist_in_mp4": "video.unreadable",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_leaves_nothing_behind(name, tmp_path, samples, trainer, tree):
    """No row, no file, no job; and a sentence that says what to do."""
    path = hostile(name, tmp_path, samples)
    before = tree(), AuditEvent.objects.count()
    with pytest.raises(RuleBroken) as refusal:
        library.add_video(title="Prueba", source=path, source_name=path.name, by=trainer)
    assert refusal.value.code == REFUSED[name]
    assert any(verb in refusal.value.message for verb in ("Elija", "súbalo", "Suba"))
    assert (tree(), AuditEvent.objects.count()) == before
    assert not path.exists()
    assert not Video.objects.exists()
    assert not Job.objects.exists()


def test_a_command_keeps_what_was_refused(tmp_path, samples, trainer):
    """`keep_source` means it."""
    path = hostile("text", tmp_path, samples)
    with pytest.raises(RuleBroken):
        library.add_video(title="Prueba", source=path, source_name="x", by=trainer, keep_source=True)
    assert path.exists()


@pytest.mark.parametrize("name", ["playlist", "concat"])
def test_the_whitelist_is_what_protects(name, tmp_path, samples):
    """Without it ffmpeg reads the neighbour's film through the list; with it, or the demuxer forced, it does not."""
    path = hostile(name, tmp_path, samples)
    bare = ["ffprobe", "-v", "error", "-protocol_whitelist", "file", "-show_entries", "stream=width", "-of", "csv=p=0"]
    bare += ["-safe", "0"] if name == "concat" else ["-allowed_extensions", "ALL"]
    listed = ["-format_whitelist", ",".join(ffmpeg.DEMUXERS + ffmpeg.SOUND_DEMUXERS)]
    stolen = subprocess.run([*bare, str(path)], capture_output=True, text=True, check=False)
    assert "640" in stolen.stdout
    refused = subprocess.run([*bare, *listed, str(path)], capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "not on whitelist" in refused.stderr
    for demuxer in ffmpeg.DEMUXERS + ffmpeg.SOUND_DEMUXERS:
        try:
            streams = ffmpeg.probe(path, demuxer).get("streams", [])
        except ffmpeg.Failed:
            continue
        assert not [stream for stream in streams if stream.get("width") == 640]


@pytest.mark.parametrize("demuxer", ["hls", "concat", "image2", "lavfi"])
def test_no_other_demuxer_can_be_named(demuxer, samples):
    with pytest.raises(ValueError, match=demuxer):
        ffmpeg.probe(samples / "plain.mp4", demuxer)


def test_every_command_carries_the_guards():
    """What is compiled, not what we believe we asked for."""
    source = ffmpeg.Source(Path("/x/bytes"), "mov")
    command = reading.open_source(source).output("/dev/null", format="null").compile()
    joined = " ".join(command)
    assert "-f mov " in joined
    assert f"-format_whitelist {','.join(ffmpeg.DEMUXERS + ffmpeg.SOUND_DEMUXERS)} " in joined
    assert "-protocol_whitelist file " in joined
    assert {"-max_pixels", "-dn", "-sn"} <= set(command[: command.index("-i")])


@pytest.mark.parametrize(
    ("name", "shown", "has_sound"),
    [
        ("plain.mp4", (640, 360), True),
        ("portrait.mp4", (360, 640), True),
        ("silent.mp4", (320, 240), False),
        ("odd.mkv", (321, 241), False),
        ("sound_longer.webm", (320, 240), True),
        ("wrong_extension.mp4", (176, 144), True),
    ],
)
def test_what_is_found(name, shown, has_sound, samples):
    found = inspection.inspect(samples / name)
    assert ((found.width, found.height), found.has_sound) == (shown, has_sound)


def test_lengths_are_measured(samples):
    """Also where the sound goes on after the picture."""
    assert inspection.inspect(samples / "plain.mp4").duration_seconds == pytest.approx(5, abs=0.05)
    assert inspection.inspect(samples / "sound_longer.webm").duration_seconds == pytest.approx(3, abs=0.05)


@pytest.mark.parametrize(("limit", "code"), [("MAX_SECONDS", "video.too_long"), ("MAX_STREAMS", "video.streams")])
def test_limits(limit, code, samples, monkeypatch):
    monkeypatch.setattr(inspection, limit, 1)
    with pytest.raises(RuleBroken) as refusal:
        inspection.inspect(samples / "plain.mp4")
    assert refusal.value.code == code


def test_a_huge_picture_is_refused(tmp_path, monkeypatch, samples):
    monkeypatch.setattr(ffmpeg, "MAX_PIXELS", 1000)
    with pytest.raises(RuleBroken) as refusal:
        inspection.inspect(samples / "plain.mp4")
    assert refusal.value.code in {"video.size", "video.unreadable"}


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"\x00\x00\x00\x18ftypmp42", "mov"),
        (b"\x00\x00\x00\x18ftypheic", "picture"),
        (b"\x00\x00\x00\x18ftypM4A ", "mov"),
        (b"\x00\x00\x00\x08wide", "mov"),
        (b"RIFF\x00\x00\x00\x00WAVE", "wav"),
        (b"ID3\x04", "mp3"),
        (b"fLaC\x00", "flac"),
        (b"#!AMR\n", "amr"),
        ((b"\xff\xfb\x90\x00" + b"\x00" * 413) * 3, "mp3"),
        (b"\xff\xfb\x90\x00" + b"\x00" * 900, ""),
        ((b"\xff\xf1\x50\x80\x02\x00\xfc" + b"\x00" * 9) * 3, "aac"),
        (b"\xff\xf1\x50\x80\x02\x00\xfc" + b"\x00" * 900, ""),
        (b"RIFF\x00\x00\x00\x00WEBP", "picture"),
        ((b"\x47" + b"\x00" * 187) * 6, "mpegts"),
        (b"\x00" * 4 + (b"\x47" + b"\x00" * 191) * 6, "mpegts"),
        (b"\x00\x00\x01\xba" + b"\x00" * 20, "mpeg"),
        (b"FLV\x01\x05", "flv"),
        (b"OggS\x00", "ogg"),
        (b"MZ\x90\x00", ""),
        (b"#!/bin/sh\n", "text"),
    ],
)
def test_first_bytes(head, found):
    assert inspection.sniff(head) == found


def test_a_silent_process_is_ended():
    with pytest.raises(sandbox.Failed) as failure:
        sandbox.run(["sleep", "30"], limits=sandbox.Limits(stall_seconds=1), reads=[], hear=lambda chunk: None)
    assert failure.value.stalled


def test_the_whole_group_is_ended(tmp_path):
    """A child of the child does not outlive what we started."""
    marker = tmp_path / "pid"
    script = f"sleep 60 & echo $! > {marker}; wait"
    limits = sandbox.Limits(stall_seconds=1)
    with pytest.raises(sandbox.Failed):
        sandbox.run(["sh", "-c", script], limits=limits, reads=[], writes=[tmp_path], hear=lambda chunk: None)
    pid = int(marker.read_text())
    state = Path(f"/proc/{pid}/stat")
    assert sandbox.has_bubble() or not state.exists() or " Z " in state.read_text()


@pytest.mark.skipif(not shutil.which("prlimit"), reason="util-linux is not installed")
def test_output_is_bounded(tmp_path):
    limits = sandbox.Limits(file_bytes=10_000)
    command = ["dd", "if=/dev/zero", f"of={tmp_path / 'big'}", "bs=1000", "count=100"]
    with pytest.raises(sandbox.Failed):
        sandbox.run(command, limits=limits, reads=[], writes=[tmp_path], hear=lambda chunk: None)
    assert (tmp_path / "big").stat().st_size <= 10_000


@pytest.mark.parametrize(
    ("facts", "is_transient"),
    [
        ({"stalled": True}, True),
        ({"exit_code": -9}, True),
        ({"exit_code": 137}, True),
        ({"exit_code": -24}, False),  # the processor's time was used up
        ({"exit_code": 152}, False),
        ({"exit_code": 1}, False),
        ({"exit_code": 183}, False),  # AVERROR_INVALIDDATA, as ffmpeg 6.1 and later end
        ({"exit_code": 234}, False),
    ],
)
@pytest.mark.parametrize("step", ["probe", "scan"])
def test_a_fault_of_the_server_is_not_the_files(step, facts, is_transient, samples, monkeypatch):
    def fail(*_args) -> None:
        raise sandbox.Failed("x", **facts)

    monkeypatch.setattr(ffmpeg, step, fail)
    with pytest.raises(sandbox.Failed if is_transient else RuleBroken):
        inspection.inspect(samples / "silent.mp4")


@pytest.mark.parametrize(
    ("turned", "shown"),
    [("90", (240, 320)), ("abc", (320, 240)), ("nan", (320, 240)), ("inf", (320, 240)), ("", (320, 240))],
)
def test_a_rotation_is_anything_that_somebody_wrote(turned, shown):
    stream = {"width": 320, "height": 240, "tags": {"rotate": turned}}
    assert inspection._shown_size(stream) == shown
