"""What a rung is refused for before it is published, fault by fault: the other checks find nothing wrong with it."""

import struct
from fractions import Fraction
from pathlib import Path

import pytest

from media.domain import conservation, ladder
from media.domain.fragments import FragmentsBroken
from media.ffmpeg import encoding
from tests.media.conftest import H264, picture, tone
from tests.media.conftest import ffmpeg as bare_ffmpeg
from tests.media.hostile import box

pytestmark = pytest.mark.once
SECONDS, RATE = 8, 15
STEP = ladder.Step("240p", 160, 120, Fraction(RATE), SECONDS * RATE, crf=30, sound=ladder.LOW)


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    """A rung as ours are."""
    return _film(tmp_path_factory.mktemp("good") / "240p.mp4", "-movflags", encoding.MOVFLAGS)


def _film(path: Path, *options: str, grid: int = 4 * RATE) -> Path:
    keys = ["-g", str(grid), "-keyint_min", str(grid), "-sc_threshold", "0"]
    sound = ["-c:a", "aac", "-ar", "24000", "-ac", "1", "-t", str(SECONDS)]
    bare_ffmpeg(*picture("160x120", SECONDS, RATE), *tone(SECONDS), *H264, *keys, *sound, *options, str(path))
    return path


def broken(path: Path) -> str:
    """Why it is refused."""
    with pytest.raises(FragmentsBroken) as refusal:
        conservation.read(STEP, path, seconds=SECONDS)
    return str(refusal.value)


def changed(good: Path, folder: Path, content: bytes) -> Path:
    assert content != good.read_bytes()
    path = folder / "changed.mp4"
    path.write_bytes(content)
    return path


def entries(content: bytes) -> int:
    """Where the entries of the first index, that of the pictures, begin: each of 12 bytes."""
    at = content.index(b"sidx")
    is_wide, track = content[at + 4], struct.unpack_from(">I", content, at + 8)[0]
    assert track == 1
    return at + (36 if is_wide else 28)


def test_a_good_one_holds(good):
    index = conservation.read(STEP, good, seconds=SECONDS)
    assert (index.frames, len(index.fragments), index.late_keys) == (SECONDS * RATE, 2, [])


def test_more_behind_the_last_range(good, tmp_path):
    """A box that is whole in itself: nobody would ever be sent it, or learn what it is."""
    path = changed(good, tmp_path, good.read_bytes() + box(b"free", b"x" * 100))
    assert "the ranges end at" in broken(path)


def test_a_fragment_that_no_picture_can_begin_with(good, tmp_path):
    """Sought there, a player would show mud until the next key frame."""
    content = bytearray(good.read_bytes())
    run = content.index(b"trun", content.rindex(b"moof"))
    assert struct.unpack_from(">I", content, run + 4)[0] & 0x5 == 0x5, "it says where it lies, and what its first is"
    struct.pack_into(">I", content, run + 16, 0x0101_0000)
    assert "no key frame at the start" in broken(changed(good, tmp_path, bytes(content)))


def test_a_fragment_less_than_the_index_says(good, tmp_path):
    content = good.read_bytes()
    path = changed(good, tmp_path, content[: content.rindex(b"moof") - 4])
    assert broken(path) == "1 fragments, 2 in the index"


def test_an_index_that_points_beside_the_fragments(good, tmp_path):
    """The sum is right, so only a player that seeks would find out."""
    content = bytearray(good.read_bytes())
    for entry, by in ((entries(content), 100), (entries(content) + 12, -100)):
        struct.pack_into(">I", content, entry, struct.unpack_from(">I", content, entry)[0] + by)
    assert "the fragment is at" in broken(changed(good, tmp_path, bytes(content)))


def test_an_index_of_indexes(good, tmp_path):
    content = bytearray(good.read_bytes())
    content[entries(content)] |= 0x80
    assert broken(changed(good, tmp_path, bytes(content))) == "the index points to another index"


def test_no_index_of_the_pictures(good, tmp_path):
    content = good.read_bytes().replace(b"sidx", b"free")
    assert broken(changed(good, tmp_path, content)) == "no index"


def test_other_lengths_in_the_index(good, tmp_path):
    """Every picture is there; a player would stop before the last of them."""
    content = bytearray(good.read_bytes())
    duration = entries(content) + 4
    struct.pack_into(">I", content, duration, struct.unpack_from(">I", content, duration)[0] // 2)
    assert broken(changed(good, tmp_path, bytes(content))).startswith("6.0")


@pytest.mark.parametrize("size", [0, 4, 2**31])
def test_a_box_that_leads_nowhere(size, good, tmp_path):
    """Read again and again, or far beyond the end."""
    path = changed(good, tmp_path, good.read_bytes() + struct.pack(">I4s", size, b"free"))
    assert "passes the end of the file" in broken(path)


@pytest.mark.parametrize("size", [0, 4, 2**31])
def test_a_box_within_that_leads_nowhere(size, good, tmp_path):
    content = bytearray(good.read_bytes())
    struct.pack_into(">I", content, content.index(b"mvhd") - 4, size)
    assert "box b'mvhd'" in broken(changed(good, tmp_path, bytes(content)))


def test_what_cannot_be_read_is_broken_as_well(good, tmp_path):
    """Noted as a rung that does not hold, whatever is wrong with it; not the end of the job."""
    content = good.read_bytes()
    at = content.index(b"sidx") - 4
    short, nameless = tmp_path / "short.mp4", tmp_path / "nameless.mp4"
    short.write_bytes(content[:at] + box(b"sidx", bytes(4)) + content[at:])
    nameless.write_bytes(content.replace(b"tkhd", b"free"))
    for path in (short, nameless, tmp_path / "gone.mp4", tmp_path):
        assert broken(path).startswith("unreadable: ")


def test_pictures_that_are_missing(good):
    for frames in (SECONDS * RATE - 1, SECONDS * RATE + 1):
        with pytest.raises(FragmentsBroken, match="frames"):
            conservation.read(ladder.Step(**STEP.__dict__ | {"frames": frames}), good, seconds=SECONDS)


def test_a_sound_that_nobody_asked_for(good):
    """Of a silent film."""
    with pytest.raises(FragmentsBroken, match="packets of sound"):
        conservation.read(ladder.Step(**STEP.__dict__ | {"sound": None}), good, seconds=SECONDS)


def test_a_length_that_was_not_planned(good):
    with pytest.raises(FragmentsBroken, match="planned"):
        conservation.read(STEP, good, seconds=SECONDS + 0.2)


# Sound to take away, which has no index -------------------------------------------------------------------------------
@pytest.fixture
def mp3(tmp_path) -> Path:
    path = tmp_path / "mp3.mp3"
    bare_ffmpeg(*tone(SECONDS), "-c:a", "libmp3lame", "-b:a", "32k", "-ar", "24000", "-id3v2_version", "0", str(path))
    return path


ALONE = ladder.Step("mp3", sound=ladder.MP3)


def test_a_sound_without_fragments_is_one_range(mp3):
    index = conservation.read(ALONE, mp3, seconds=SECONDS)
    assert index.fragments == [(0, mp3.stat().st_size, SECONDS)]


def test_a_sound_without_fragments_that_was_cut_off(mp3):
    mp3.write_bytes(mp3.read_bytes()[: mp3.stat().st_size * 9 // 10])
    with pytest.raises(FragmentsBroken, match="planned"):
        conservation.read(ALONE, mp3, seconds=SECONDS)


@pytest.mark.parametrize("content", [b"", b"x" * 3000])
def test_a_sound_without_fragments_that_is_none(content, mp3):
    """Noted as a rung that does not hold; the job goes on with the others."""
    mp3.write_bytes(content)
    with pytest.raises(FragmentsBroken):
        conservation.read(ALONE, mp3, seconds=SECONDS)


@pytest.mark.parametrize(("lufs", "is_level"), [(-16, True), (-14.6, True), (-17.6, False), (-14.4, False)])
def test_as_loud_as_all(lufs, is_level):
    assert conservation.is_level(lufs) is is_level
    assert not conservation.is_level(None)
