"""Files that mean harm, tiny: lists that pretend to be films, bombs, films that name other files, and mutants.

`STRANGER` is the colour of a neighbour's film that no upload may ever show; `TOKEN` stands in everything that an upload
carries beside its pictures and its sound, and in no file that we make of it.
"""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from PIL import Image

from tests.media.conftest import H264, ffmpeg, picture, tone

STRANGER = (255, 0, 255)
TOKEN = "CANARIO-4f1c9e77"
HOURS_100 = 360_000

# Lists: each opens the file `{film}` where it is believed -------------------------------------------------------------
HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1,\n{film}\n#EXT-X-ENDLIST\n"
DASH = """<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S"
 profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="video/mp4">
<Representation id="1" bandwidth="1" width="64" height="48" codecs="avc1.42c00a"><BaseURL>{film}</BaseURL>
</Representation></AdaptationSet></Period></MPD>"""
LISTS = {
    "hls": HLS,
    "hls with a mark": "\ufeff" + HLS,
    "hls after blanks": "\n\n " + HLS,
    "hls with a map": '#EXTM3U\n#EXT-X-MAP:URI="{film}"\n#EXTINF:1,\n{film}\n#EXT-X-ENDLIST\n',
    "hls with a key": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{film}"\n#EXTINF:1,\n{film}\n#EXT-X-ENDLIST\n',
    "hls of hls": '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{film}\n#EXT-X-MEDIA:TYPE=AUDIO,URI="{film}"\n',
    "hls by concat": HLS.replace("{film}", "concat:{film}|{film}"),
    "hls by subfile": HLS.replace("{film}", "subfile,,start,0,end,0,,:{film}"),
    "hls by gopher": HLS.replace("{film}", "gopher://127.0.0.1:6379/_x"),
    "ffconcat": "ffconcat version 1.0\nfile '{film}'\n",
    "concat without a head": "file '{film}'\nduration 1\n",
    "dash": DASH,
    "smooth": '<SmoothStreamingMedia><StreamIndex Url="{film}"/></SmoothStreamingMedia>',
    "imf": '<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016">'
    "<Id>urn:uuid:0eb3d1b9-b77b-4d3f-bbe5-7c69b15dca85</Id><Path>{film}</Path></CompositionPlaylist>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=control:{film}\n",
    "m3u": "{film}\n",
    "pls": "[playlist]\nFile1={film}\nNumberOfEntries=1\n",
    "asx": '<asx version="3"><entry><ref href="file://{film}"/></entry></asx>',
    "xspf": '<playlist xmlns="http://xspf.org/ns/0/"><trackList><track><location>{film}</location></track></trackList>',
    "smil": '<smil><body><video src="{film}"/></body></smil>',
    "quicktime text": "RTSPtextRTSP://127.0.0.1{film}\n",
    "avisynth": 'DirectShowSource("{film}")\n',
    "vapoursynth": "import vapoursynth\nopen('{film}')\n",
    "lavfi": "movie={film}[out0]\n",
    "concat:": "concat:{film}|{film}",
    "subfile:": "subfile,,start,0,end,0,,:{film}",
    "a number in the name": "{film}%03d.png\n",
    "a star in the name": "{film}*.png\n",
    "svg": '<svg xmlns="http://www.w3.org/2000/svg"><image href="file://{film}"/></svg>',
    "html": '<!doctype html><video src="{film}"></video><script>alert(1)</script>',
    "ass": "[Script Info]\n[Events]\nDialogue: 0,0:00:00.00,0:00:09.00,x,,0,0,0,,{film}\n",
    "srt": "1\n00:00:00,000 --> 00:00:09,000\n{film}\n",
    "hls after a zero": "\0" + HLS,
    "hls as utf-16": HLS,
}
FOLLOWED = ("hls", "ffconcat", "dash")  # what ffmpeg itself runs after, once nobody holds it


def listed(name: str, film: Path) -> bytes:
    """A list that names `film`."""
    return LISTS[name].replace("{film}", str(film)).encode("utf-16" if "utf-16" in name else "utf-8")


# Films ----------------------------------------------------------------------------------------------------------------
def stranger(path: Path) -> Path:
    """A neighbour's film, all of one colour that no other has."""
    colour = "0x" + bytes(STRANGER).hex()
    ffmpeg("-f", "lavfi", "-i", f"color=c={colour}:s=64x48:r=15:d=1", *tone(1), *H264, "-c:a", "aac", str(path))
    return path


SEEDS = {
    "a.mp4": [*H264, "-c:a", "aac"],
    "a.mkv": [*H264, "-c:a", "aac"],
    "a.webm": ["-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"],
    "a.avi": ["-c:v", "mpeg4", "-c:a", "libmp3lame"],
    "a.3gp": ["-s", "176x144", "-c:v", "h263", "-c:a", "aac", "-ar", "8000", "-ac", "1"],
    "a.mp3": ["-vn", "-c:a", "libmp3lame"],
    "a.ogg": ["-vn", "-c:a", "libvorbis"],
    "a.ts": ["-c:v", "mpeg2video", "-r", "25", "-c:a", "mp2", "-f", "mpegts"],
}


def seed(name: str, folder: Path) -> Path:
    """An honest second in one of the containers."""
    path = folder / name
    if not path.exists():
        ffmpeg(*picture("64x48", 1, 15), *tone(1), *SEEDS[name], "-metadata", f"title={TOKEN}", str(path))
    return path


def mutant(content: bytes, number: int) -> bytes:
    """The same with some bytes changed: single bits, or stretches of noise, zeros or 0xff, more often at the head."""
    chance, made = random.Random(f"mutante {number}"), bytearray(content)  # noqa: S311 (the same ones each time)
    for _turn in range(chance.choice((1, 4, 30))):
        at = chance.randrange(min(len(made), chance.choice((200, 2000, len(made)))))
        kind = chance.randrange(4)
        if kind == 0:
            made[at] ^= 1 << chance.randrange(8)
        else:
            length = chance.choice((1, 4, 8))
            filling = chance.choice((b"\0", b"\xff", b"\x7f"))
            made[at : at + length] = (chance.randbytes(length) if kind == 1 else filling * length)[: len(made) - at]
    return bytes(made)


# MP4 (ISO/IEC 14496-12) -----------------------------------------------------------------------------------------------
HOLDING = {b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl"}


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body


def rewritten(content: bytes, change: dict[bytes, Callable[[bytes], bytes | None]]) -> bytes:
    """The boxes again, their bodies through `change` by their kinds; None takes a box out."""
    made, at = b"", 0
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        body: bytes | None = content[at + 8 : at + size]
        if kind in change:
            body = change[kind](body or b"")
        elif kind in HOLDING:
            body = rewritten(body or b"", change)
        made += b"" if body is None else box(kind, body)
        at += size
    return made


def referring(film: Path) -> bytes:
    """A QuickTime film whose pictures and sound lie, it says, in `film`: an alias record with an absolute path."""
    path = str(film).encode()
    path += b"\0" * (len(path) % 2)
    alias = bytes(10) + bytes(1 + 27) + bytes(12) + bytes(1 + 63) + bytes(16) + bytes(4) + bytes(16)
    alias += struct.pack(">HH", 2, len(path)) + path + b"\xff\xff\0\0"
    entry = box(b"alis", bytes(4) + alias)
    dref = struct.pack(">II", 0, 1) + entry
    return rewritten(film.read_bytes(), {b"dref": lambda _old: dref, b"mdat": lambda _old: None})


def stretched(content: bytes, times: int) -> bytes:
    """An MP4 whose every picture and every sound lasts `times` as long."""

    def stts(body: bytes) -> bytes:
        (count,) = struct.unpack_from(">I", body, 4)
        rows = struct.unpack_from(f">{2 * count}I", body, 8)
        longer = [min(2**31 - 1, row * times) if number % 2 else row for number, row in enumerate(rows)]
        return body[:8] + struct.pack(f">{2 * count}I", *longer)

    def header(body: bytes) -> bytes:
        return body[:16] + struct.pack(">I", 2**32 - 1) + body[20:]

    return rewritten(content, {b"stts": stts, b"mvhd": header, b"mdhd": header, b"edts": lambda _old: None})


def moved(content: bytes, by: int) -> bytes:
    """An MP4 whose film lies so many bytes later."""

    def stco(body: bytes) -> bytes:
        (count,) = struct.unpack_from(">I", body, 4)
        return body[:8] + struct.pack(f">{count}I", *(at + by for at in struct.unpack_from(f">{count}I", body, 8)))

    return rewritten(content, {b"stco": stco})


def promising(content: bytes) -> bytes:
    """A Matroska file that says it lasts a hundred hours."""
    at = content.index(b"\x44\x89\x88")
    return content[: at + 3] + struct.pack(">d", HOURS_100 * 1000.0) + content[at + 11 :]


# AVI ------------------------------------------------------------------------------------------------------------------
def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _list(kind: bytes, *parts: bytes) -> bytes:
    return _chunk(b"LIST", kind + b"".join(parts))


def avi(codec: bytes, frames: list[bytes], *, size: tuple[int, int] = (64, 48), words: bytes = b"") -> bytes:
    """Ten pictures a second, and `words` as the subtitles of a second stream."""
    width, height = size
    streams = 2 if words else 1
    head = _chunk(b"avih", struct.pack("<14I", 100_000, 0, 0, 0, len(frames), 0, streams, 0, width, height, *[0] * 4))
    facts = (0, 0, 0, 0, 1, 10, 0, len(frames), 0, 0, 0, 0, 0, 0, 0)
    film = _chunk(b"strh", struct.pack("<4s4sIHHIIIIIIII4H", b"vids", codec, *facts))
    film += _chunk(b"strf", struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, codec, *[0] * 5))
    lists = [_list(b"strl", film)]
    if words:
        said = _chunk(b"strh", struct.pack("<4s4sIHHIIIIIIII4H", b"txts", b"\0" * 4, *facts))
        lists.append(_list(b"strl", said, _chunk(b"strf", b"")))
    parts = [_chunk(b"00dc", frame) for frame in frames]
    if words:
        inner = b"GAB2\0" + struct.pack("<HI", 2, 2) + b"\0\0" + struct.pack("<HI", 4, len(words)) + words
        parts.insert(1, _chunk(b"01tx", inner))
    return _chunk(b"RIFF", b"AVI " + _list(b"hdrl", head, *lists) + _list(b"movi", *parts))


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "green").save(out, "JPEG")
    return out.getvalue()


# Pictures -------------------------------------------------------------------------------------------------------------
def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@cache
def png(width: int, height: int) -> bytes:
    """A black picture of any size, a thousandth of what it takes once it is open."""
    packer, row = zlib.compressobj(1), bytes(1 + width)
    packed = b"".join(packer.compress(row) for _row in range(height)) + packer.flush()
    head = _png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + _png_chunk(b"IDAT", packed) + _png_chunk(b"IEND", b"")


def png_that_claims(width: int, height: int) -> bytes:
    """A header alone."""
    head = _png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + _png_chunk(b"IDAT", zlib.compress(b"\0")) + _png_chunk(b"IEND", b"")


# Notes before sound (ID3v2.3) -----------------------------------------------------------------------------------------
def noted(sound: bytes, frames: dict[bytes, bytes]) -> bytes:
    """A recording with these notes before it."""
    body = b"".join(kind + struct.pack(">IH", len(text), 0) + text for kind, text in frames.items())
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + body + sound


# Films that are taken, and harm nobody --------------------------------------------------------------------------------
def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr(f"{TOKEN}.class", TOKEN)
    return out.getvalue()


def _with_list_inside(folder: Path, film: Path) -> bytes:
    return avi(b"MJPG", [jpeg()] * 10, words=listed("hls", film))


def _with_attachments(folder: Path, film: Path) -> bytes:
    """Attachments, a cover, chapters, subtitles, and the names of the files before and after."""
    words, said, cover = folder / "words.txt", folder / "words.srt", folder / "cover.png"
    words.write_text(TOKEN * 100)
    said.write_text(f"1\n00:00:00,000 --> 00:00:01,000\n{TOKEN}\n")
    cover.write_bytes(png(64, 64))
    chapters = folder / "chapters.txt"
    chapters.write_text(f";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=900\ntitle={TOKEN}\n")
    name = str(film).ljust(len(str(film)) + 1)
    out = folder / "attached.mkv"
    ffmpeg(
        *["-i", str(seed("a.mkv", folder)), "-i", str(said), "-i", str(chapters)],
        *["-map", "0", "-map", "1", "-map_metadata", "0", "-map_chapters", "2", "-c", "copy", "-c:s", "srt"],
        *["-metadata", f"title={name}", "-metadata", f"comment={TOKEN}", "-metadata:s:v", f"title={TOKEN}"],
        *["-attach", str(words), "-metadata:s:t:0", "mimetype=text/html"],
        *["-attach", str(cover), "-metadata:s:t:1", "mimetype=image/png", str(out)],
    )
    content = out.read_bytes()
    title, linked = b"\x7b\xa9" + _matroska_size(len(name)), b"\x3e\x83\xbb" + _matroska_size(len(name) - 1)
    start = content.index(title)
    return content[:start] + linked + name[:-1].encode() + content[start + len(linked) + len(name) - 1 :]


def _matroska_size(size: int) -> bytes:
    return bytes([0x80 | size]) if size < 127 else struct.pack(">H", 0x4000 | size)


def _with_places(folder: Path, film: Path) -> bytes:
    """As a telephone writes it, and names for every stream."""
    out = folder / "places.mp4"
    named = ["location=+14.6349-090.5069/", f"title={TOKEN}", f"comment={TOKEN}"]
    given = [part for one in named for part in ("-metadata", one)]
    streams = ["-metadata:s:v", f"handler_name={TOKEN}", "-metadata:s:a", f"handler_name={TOKEN}"]
    ffmpeg("-i", str(seed("a.mp4", folder)), "-c", "copy", *given, *streams, "-timecode", "01:02:03:04", str(out))
    return out.read_bytes() + box(b"free", TOKEN.encode()) + box(b"uuid", bytes(16) + TOKEN.encode())


def _at_a_million_a_second(folder: Path, film: Path) -> bytes:
    out = folder / "million.mp4"
    spaced = ["-bsf:v", "setts=ts=N", "-video_track_timescale", "1000000"]
    ffmpeg("-i", str(seed("a.mp4", folder)), "-c", "copy", *spaced, str(out))
    return out.read_bytes()


def _in_a_thousand_fragments(folder: Path, film: Path) -> bytes:
    out = folder / "fragments.mp4"
    tiny = [*picture("32x32", 1, 1000), *H264, "-g", "1", "-movflags", "frag_every_frame+empty_moov"]
    ffmpeg(*tiny, str(out))
    return out.read_bytes()


def _captioned(folder: Path, film: Path) -> bytes:
    """Captions within the pictures (ATSC A/53): user data of MPEG-2, which decoders hand on three bytes at a time."""
    raw, start, slices = folder / "raw.m2v", b"\x00\x00\x01\xb3", b"\x00\x00\x01\x01"
    ffmpeg(*picture("64x48", 1, 25), "-c:v", "mpeg2video", "-g", "1", str(raw))
    triples = b"".join(b"\xfc" + TOKEN.encode()[at : at + 2] for at in range(0, len(TOKEN), 2))
    words = b"\x00\x00\x01\xb2GA94\x03" + bytes([0x40 | len(triples) // 3, 0xFF]) + triples + b"\xff"
    frames = raw.read_bytes().replace(slices, words + slices).split(start)[1:]
    return avi(b"mpg2", [start + frame for frame in frames])


def carries_token(content: bytes) -> bool:
    """Whether what an upload said beside its pictures stands in a file, the way `_captioned` splits it included."""
    return any(TOKEN.encode(code) in content for code in ("utf-8", "utf-16-le")) or TOKEN.encode() in content.replace(
        b"\xfc", b""
    )


FIRST = box(b"free", f"<html><script>{TOKEN}</script>".encode())
NASTY: dict[str, Callable[[Path, Path], bytes]] = {
    "a list among the subtitles of an AVI": _with_list_inside,
    "attachments and linked segments": _with_attachments,
    "places and names": _with_places,
    "captions within the pictures": _captioned,
    "a million pictures a second": _at_a_million_a_second,
    "a thousand fragments": _in_a_thousand_fragments,
    "a bomb after the first picture": lambda _folder, _film: avi(
        b"MPNG", [png(64, 48)] * 5 + [png(16_000, 8_000)] + [png(64, 48)] * 5
    ),
    "a bomb as a cover": lambda folder, _film: noted(
        seed("a.mp3", folder).read_bytes(),
        {b"APIC": b"\0image/png\0\3\0" + png(16_000, 8_000), b"WXXX": b"\0\0http://" + TOKEN.encode()},
    ),
    "a page before, a page and an archive behind": lambda folder, _film: (
        FIRST + moved(seed("a.mp4", folder).read_bytes(), len(FIRST)) + FIRST[8:] + _zip()
    ),
}


def many_streams(folder: Path, count: int) -> Path:
    """One sound, so many times."""
    path = folder / "many.mkv"
    ffmpeg("-i", str(seed("a.mkv", folder)), *["-map", "0:a"] * count, "-map", "0:v", "-c", "copy", str(path))
    return path
