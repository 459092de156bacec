"""Reading our own fragmented MP4 (ISO/IEC 14496-12): the segment index, the fragments, their key frames.

A file whose index forgets its first fragment plays, and two strict HLS parsers find nothing wrong with it: so each
rung is measured before it is published.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

NOT_SYNC = 0x0001_0000
CONTAINERS = {b"trak", b"mdia", b"minf", b"stbl", b"mvex", b"traf"}


class FragmentsBroken(Exception):
    """A file is not what it must be; the message says where."""


@dataclass
class Index:
    """What was read. `fragments` are [offset, bytes, seconds]; `frames` counts pictures, 0 for sound alone.

    `sound_packets` counts those of the sound, 0 for silence.
    """

    init_bytes: int
    fragments: list[tuple[int, int, float]]
    frames: int
    file_bytes: int
    codecs: str
    late_keys: list[int] = field(default_factory=list)
    sound_packets: int = 0

    @property
    def seconds(self) -> float:
        """The sum of all fragments."""
        return sum(seconds for _offset, _size, seconds in self.fragments)

    def manifest(self) -> dict:
        """As it is kept with the rendition."""
        return {"init": [0, self.init_bytes], "fragments": [list(part) for part in self.fragments]}


@dataclass
class _Track:
    number: int
    handler: bytes = b""
    codec: str = ""
    default_flags: int = 0


def _boxes(content: bytes, start: int = 0) -> Iterator[tuple[bytes, bytes]]:
    while start + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, start)
        if size < 8 or start + size > len(content):
            raise FragmentsBroken(f"box {kind!r} of {size} bytes")
        yield kind, content[start + 8 : start + size]
        start += size


def _top_level(handle: BinaryIO, file_bytes: int) -> Iterator[tuple[bytes, int, int]]:
    offset = 0
    while offset < file_bytes:
        handle.seek(offset)
        header = handle.read(16)
        if len(header) < 8:
            raise FragmentsBroken(f"{len(header)} bytes left at {offset}")
        size, kind = struct.unpack_from(">I4s", header)
        if size == 1:
            size = struct.unpack_from(">Q", header, 8)[0]
        if size < 8 or offset + size > file_bytes:
            raise FragmentsBroken(f"box {kind!r} passes the end of the file")
        yield kind, offset, size
        offset += size


def _walk(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    for kind, body in _boxes(content):
        if kind in CONTAINERS:
            yield from _walk(body)
        else:
            yield kind, body


def _codec(description: bytes) -> str:
    kind, body = next(_boxes(description, 8))
    if kind == b"avc1":
        inner = dict(_boxes(body, 78))
        profile, compatibility, level = inner[b"avcC"][1:4]
        return f"avc1.{profile:02x}{compatibility:02x}{level:02x}"
    return "mp4a.40.2" if kind == b"mp4a" else kind.decode("latin-1").lower()


def _tracks(moov: bytes) -> dict[int, _Track]:
    tracks: dict[int, _Track] = {}
    defaults = {}
    for kind, body in _boxes(moov):
        if kind == b"trak":
            facts = dict(_walk(body))
            at = 20 if facts[b"tkhd"][0] else 12
            number = struct.unpack_from(">I", facts[b"tkhd"], at)[0]
            tracks[number] = _Track(number, facts[b"hdlr"][8:12], _codec(facts[b"stsd"]))
        elif kind == b"mvex":
            for inner, trex in _boxes(body):
                if inner == b"trex":
                    number, _description, _duration, _size, flags = struct.unpack_from(">5I", trex, 4)
                    defaults[number] = flags
    for number, flags in defaults.items():
        tracks[number].default_flags = flags
    return tracks


def _sidx(body: bytes) -> tuple[int, int, list[tuple[int, Fraction]]]:
    """(track, bytes between the index and the first fragment, [(bytes, seconds), …])."""
    number, scale = struct.unpack_from(">II", body, 4)
    wide = bool(body[0])
    first_offset = struct.unpack_from(">Q" if wide else ">I", body, 20 if wide else 16)[0]
    at = 28 if wide else 20
    count = struct.unpack_from(">H", body, at + 2)[0]
    entries = []
    for position in range(count):
        size, duration, _access = struct.unpack_from(">III", body, at + 4 + 12 * position)
        if size & 0x8000_0000:
            raise FragmentsBroken("the index points to another index")
        entries.append((size, Fraction(duration, scale)))
    return number, first_offset, entries


def _first_flags(tfhd: bytes, trun: bytes, track: _Track) -> int:
    flags = struct.unpack_from(">I", trun)[0]
    at = 8 + (4 if flags & 0x1 else 0)
    if flags & 0x4:
        return struct.unpack_from(">I", trun, at)[0]
    if flags & 0x400:
        return struct.unpack_from(">I", trun, at + (4 if flags & 0x100 else 0) + (4 if flags & 0x200 else 0))[0]
    header = struct.unpack_from(">I", tfhd)[0]
    if header & 0x20:
        skipped = sum(size for bit, size in ((0x1, 8), (0x2, 4), (0x8, 4), (0x10, 4)) if header & bit)
        return struct.unpack_from(">I", tfhd, 8 + skipped)[0]
    return track.default_flags


def _samples(moof: bytes, track: _Track) -> tuple[int, bool]:
    """How many samples of a track a fragment has, and whether the first is a key frame."""
    count, is_key = 0, False
    for kind, body in _boxes(moof):
        if kind != b"traf":
            continue
        parts = list(_boxes(body))
        tfhd = next(part for name, part in parts if name == b"tfhd")
        if struct.unpack_from(">I", tfhd, 4)[0] != track.number:
            continue
        for name, trun in parts:
            if name == b"trun":
                if count == 0:
                    is_key = not _first_flags(tfhd, trun, track) & NOT_SYNC
                count += struct.unpack_from(">I", trun, 4)[0]
    return count, is_key


def _read(handle: BinaryIO, offset: int, size: int) -> bytes:
    handle.seek(offset + 8)
    return handle.read(size - 8)


def read(path: Path) -> Index:
    """Read a file's index and fragments. Raises `FragmentsBroken`."""
    try:
        return _parsed(path)
    except (OSError, struct.error, KeyError, IndexError, StopIteration, UnicodeDecodeError) as broken:
        raise FragmentsBroken(f"unreadable: {broken!r}") from broken


def _parsed(path: Path) -> Index:
    file_bytes = path.stat().st_size
    indexes: dict[int, tuple[int, list[tuple[int, Fraction]]]] = {}
    tracks: dict[int, _Track] = {}
    moofs = []
    with path.open("rb") as handle:
        for kind, offset, size in _top_level(handle, file_bytes):
            if kind == b"moov":
                tracks = _tracks(_read(handle, offset, size))
            elif kind == b"sidx":
                number, gap, entries = _sidx(_read(handle, offset, size))
                indexes[number] = (offset + size + gap, entries)
            elif kind == b"moof":
                moofs.append((offset, _read(handle, offset, size)))
    main = next((track for track in tracks.values() if track.handler == b"vide"), None) or next(
        iter(tracks.values()), None
    )
    if main is None or main.number not in indexes:
        raise FragmentsBroken("no index")
    start, entries = indexes[main.number]
    fragments, frames, late = _fragments(main, start, entries, moofs)
    codecs = ",".join(track.codec for track in sorted(tracks.values(), key=lambda track: track.handler, reverse=True))
    spoken = next((track for track in tracks.values() if track.handler == b"soun"), None)
    packets = sum(_samples(moof, spoken)[0] for _offset, moof in moofs) if spoken else 0
    pictures = frames if main.handler == b"vide" else 0
    return Index(start, fragments, pictures, file_bytes, codecs, late, packets)


def _fragments(main: _Track, start: int, entries: list, moofs: list) -> tuple[list, int, list]:
    if len(moofs) != len(entries):
        raise FragmentsBroken(f"{len(moofs)} fragments, {len(entries)} in the index")
    offset, fragments, frames, late = start, [], 0, []
    for (size, seconds), (moof_offset, moof) in zip(entries, moofs, strict=True):
        if moof_offset != offset:
            raise FragmentsBroken(f"the index says {offset}, the fragment is at {moof_offset}")
        count, is_key = _samples(moof, main)
        frames += count
        if not is_key:
            late.append(offset)
        fragments.append((offset, size, round(float(seconds), 6)))
        offset += size
    return fragments, frames, late


def check(
    index: Index, *, seconds: float, frames: int, frame_rate: Fraction = Fraction(0), sound_rate: float = 0
) -> None:
    """Raises `FragmentsBroken` unless all fragments together are the whole video and the whole file.

    `sound_rate` is how many packets of sound there are in a second, 0 where there must be none.
    """
    end = index.fragments[-1][0] + index.fragments[-1][1] if index.fragments else index.init_bytes
    if end != index.file_bytes:
        raise FragmentsBroken(f"the ranges end at {end}, the file at {index.file_bytes}")
    slack = 0.1 + (min(0.1, float(1 / frame_rate)) if frame_rate else 0)
    if abs(index.seconds - seconds) > slack:
        raise FragmentsBroken(f"{index.seconds:.3f} s in the index, {seconds:.3f} s planned")
    if index.late_keys:
        raise FragmentsBroken(f"no key frame at the start of the fragments at {index.late_keys[:5]}")
    if frames and index.frames != frames:
        raise FragmentsBroken(f"{index.frames} frames, {frames} planned")
    if abs(index.sound_packets - seconds * sound_rate) > 3 + sound_rate / 10:
        raise FragmentsBroken(f"{index.sound_packets} packets of sound, {seconds * sound_rate:.0f} planned")
