"""Each limit of what is taken, alone: the other limits let the file pass, so that this one says no."""

import subprocess
from pathlib import Path

import pytest

from lms.domain.errors import RuleBroken
from media import ffmpeg, sandbox
from media.domain import inspection
from media.ffmpeg import reading
from tests.media import hostile
from tests.media.conftest import H264, picture, tone
from tests.media.conftest import ffmpeg as bare_ffmpeg

pytestmark = pytest.mark.once


def refused(path: Path) -> str:
    with pytest.raises(RuleBroken) as refusal:
        inspection.inspect(path)
    return refusal.value.code


def avi_of_pictures(folder: Path, *size: int) -> Path:
    path = folder / "pictures.avi"
    path.write_bytes(hostile.avi(b"MPNG", [hostile.png(*size)] * 3, size=size))
    return path


@pytest.mark.parametrize("size", [(8, 64), (64, 8), (16_386, 16), (16, 16_386)])
def test_a_side_too_short_or_too_long(size, tmp_path):
    """Few pixels, so that nothing else speaks against it."""
    assert refused(avi_of_pictures(tmp_path, *size)) == "video.size"


@pytest.mark.parametrize("size", [(16, 16), (16_384, 16)])
def test_sides_at_the_limit(size, tmp_path):
    found = inspection.inspect(avi_of_pictures(tmp_path, *size))
    assert (found.width, found.height) == size


def test_more_pixels_than_any_camera_has():
    """Neither side is too long; what ffprobe itself would refuse is judged by us as well."""
    with pytest.raises(RuleBroken) as refusal:
        inspection._shown_size({"width": 6_001, "height": 6_000})
    assert refusal.value.code == "video.size"
    assert inspection._shown_size({"width": 6_000, "height": 6_000}) == (6_000, 6_000)


@pytest.mark.parametrize(("shape", "width"), [("100", 160), ("1/100", 160), ("2", 320), ("1/2", 80)])
def test_pixels_of_any_shape_make_no_giant(shape, width, tmp_path):
    """A hundred times as wide as high is an error of whoever wrote it, and sixteen thousand dots of ours."""
    path = tmp_path / "wide.mkv"
    bare_ffmpeg(*picture("160x120", 1, 5), "-vf", f"setsar={shape}", *H264, str(path))
    found = inspection.inspect(path)
    assert (found.width, found.height) == (width, 120)


def test_hours_that_only_the_packets_tell(tmp_path):
    """A recording that was sent as it was made has no length at its head."""
    path = tmp_path / "sent.mkv"
    slow = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=1/2000:d=24000", *H264, "-f", "matroska", "pipe:1"]
    with path.open("wb") as out:
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *slow], stdout=out, check=True)
    assert "duration" not in ffmpeg.probe(path, "matroska")["format"]
    assert refused(path) == "video.too_long"


def test_a_film_whose_pictures_all_are_missing(tmp_path):
    """Its head speaks of pictures, its sound is whole."""
    path = tmp_path / "gone.mkv"
    gone = ["-bsf:v", "noise=amount=0:drop=1"]
    whole = tmp_path / "whole.mkv"
    bare_ffmpeg(*picture("64x48", 1, 15), *tone(1), *H264, "-c:a", "aac", str(whole))
    bare_ffmpeg("-i", str(whole), "-c", "copy", *gone, str(path))
    assert inspection.inspect(whole).has_picture
    assert refused(path) == "video.unreadable"


def test_a_sound_of_no_length(tmp_path):
    path = tmp_path / "head.wav"
    bare_ffmpeg(*tone(1), str(path))
    path.write_bytes(path.read_bytes()[: path.read_bytes().index(b"data") + 4] + bytes(4))
    assert refused(path) == "video.unreadable"


def test_pictures_in_a_writing_that_nobody_reads(tmp_path):
    path = tmp_path / "strange.avi"
    path.write_bytes(hostile.avi(b"QZQZ", [b"\1" * 500] * 10))
    assert refused(path) == "video.unreadable"


def test_a_sound_in_a_writing_that_nobody_reads(tmp_path):
    """The pictures are taken, as those of a silent film."""
    path = tmp_path / "strange.avi"
    bare_ffmpeg(*picture("64x48", 1, 15), *tone(1), "-c:v", "mpeg4", "-c:a", "pcm_s16le", str(path))
    content = bytearray(path.read_bytes())
    at = content.index(b"strf", content.index(b"auds")) + 8
    assert inspection.inspect(path).has_sound
    content[at : at + 2] = b"\x99\x99"
    path.write_bytes(content)
    found = inspection.inspect(path)
    assert (found.has_picture, found.has_sound) == (True, False)


@pytest.mark.parametrize("missing", [{"codec_name": ""}, {"sample_rate": "0"}, {"channels": 0}])
def test_a_sound_that_lacks_what_every_sound_has(missing):
    """As ffprobe tells of damaged heads: neither its rate nor its channels would do for a decoder."""
    whole = {"codec_type": "audio", "codec_name": "aac", "sample_rate": "48000", "channels": 1, "index": 0}
    assert inspection._streams({"streams": [whole]}) == (None, whole)
    with pytest.raises(RuleBroken) as refusal:
        inspection._streams({"streams": [whole | missing]})
    assert refusal.value.code == "video.no_picture"


def test_the_streams_at_the_limit(tmp_path):
    assert inspection.inspect(hostile.many_streams(tmp_path, inspection.MAX_STREAMS - 1)).has_sound
    assert refused(hostile.many_streams(tmp_path, inspection.MAX_STREAMS)) == "video.streams"


def test_every_input_is_guarded_whoever_opens_it():
    """A film of our own making, too: no list, no other file, no other protocol, no data and no words."""
    nodes = (
        reading.open_source(ffmpeg.Source(Path("/x/bytes"), "mov")),
        reading.open_made(Path("/x/240p.mp4")),
        reading.open_made(Path("/x/mp3.mp3")),
    )
    for node, demuxer in zip(nodes, ("mov", "mov", "mp3"), strict=True):
        command = node.output("/dev/null", format="null").compile()
        given = command[: command.index("-i")]
        told = {name: given[given.index(name) + 1] for name in ("-f", "-protocol_whitelist", "-max_pixels")}
        assert told == {"-f": demuxer, "-protocol_whitelist": "file", "-max_pixels": str(ffmpeg.MAX_PIXELS)}
        assert given[given.index("-format_whitelist") + 1].split(",") == [*ffmpeg.DEMUXERS, *ffmpeg.SOUND_DEMUXERS]
        assert {"-dn", "-sn"} <= set(given)
        if demuxer == "mov":
            assert [given[given.index(f"-{name}") + 1] for name in ("enable_drefs", "use_absolute_path")] == ["0", "0"]


@pytest.mark.parametrize("demuxer", ["mov", "matroska"])
def test_ffprobe_is_guarded_without_a_cage_as_well(demuxer, tmp_path, monkeypatch):
    """What the bare one makes of a list is the neighbour's film."""
    neighbour = hostile.stranger(tmp_path / "neighbour.mp4")
    path = tmp_path / "list.mp4"
    path.write_bytes(hostile.listed("hls", neighbour))
    bare = ["ffprobe", "-v", "error", "-show_entries", "stream=width", "-of", "csv=p=0", str(path)]
    assert "64" in subprocess.run(bare, capture_output=True, text=True, check=True).stdout
    monkeypatch.setattr(sandbox, "has_bubble", lambda: False)
    with pytest.raises(ffmpeg.Failed):
        ffmpeg.probe(path, demuxer)
