"""Captions are read strictly and written anew."""

import pytest
import webvtt

from lms.domain.errors import RuleBroken
from lms.models import Language
from media.domain import captions
from tests.factories.media import a_video

VTT = """WEBVTT - Curso
Kind: captions

NOTE una nota

STYLE
::cue { color: red }

1
00:01.000 --> 00:03.500 align:start position:0%
<v Ana>Buenos <b>días</b></v>

00:00:04.000 --> 00:00:06.000
Agua &amp; luz
segunda línea
"""
SRT = "1\r\n00:00:01,000 --> 00:00:03,500\r\n<i>Buenos días</i>\r\n\r\n"
SRT += "2\r\n00:00:04,000 --> 00:00:06,000\r\n{\\an8}Agua\r\n"


def test_webvtt_is_written_anew():
    cues = captions.parse(VTT)
    assert [(cue.start, cue.end, cue.text) for cue in cues] == [
        (1000, 3500, "Buenos días"),
        (4000, 6000, "Agua & luz\nsegunda línea"),
    ]
    written = captions.render(cues)
    assert written.startswith("WEBVTT\n\n00:00:01.000 --> 00:00:03.500\nBuenos días\n")
    assert "Agua &amp; luz" in written
    assert captions.parse(written) == cues
    assert [caption.start for caption in webvtt.from_string(written)] == ["00:00:01.000", "00:00:04.000"]


def test_srt_is_read():
    assert [cue.text for cue in captions.parse(SRT)] == ["Buenos días", "Agua"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("WEBVTT\n\nhola\n", 4),
        ("WEBVTT\n\n00:01 --> 00:02\nhola\n", 3),
        ("WEBVTT\n\n00:05.000 --> 00:02.000\nhola\n", 3),
        ("WEBVTT\n\n00:05.000 --> 00:06.000\nhola\n\n00:01.000 --> 00:02.000\nantes\n", 6),
        ("1\n00:00:01,000 -> 00:00:02,000\nhola\n", 2),
        ("Acta número 5 del concejo", 2),
    ],
)
def test_errors_name_the_line(text, line):
    with pytest.raises(RuleBroken) as refusal:
        captions.parse(text)
    assert refusal.value.code == "captions.malformed"
    assert f"Línea {line}:" in refusal.value.message


@pytest.mark.parametrize("text", ["", "WEBVTT\n", "WEBVTT\n\n00:01.000 --> 00:02.000\n<b></b>\n"])
def test_without_words_there_are_no_captions(text):
    with pytest.raises(RuleBroken) as refusal:
        captions.parse(text)
    assert refusal.value.code == "captions.empty"


@pytest.mark.parametrize(
    "evil", ["<script>alert(1)</script>x", "a --> b", "&lt;img src=x&gt;", "<<b>script>", "x\u202ey"]
)
def test_words_cannot_become_markup(evil):
    written = captions.render(captions.parse(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{evil}\n"))
    body = written.split("\n", 3)[3]
    assert "<" not in body
    assert "-->" not in body
    assert "\u202e" not in body


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_files_of_any_editor(encoding):
    assert captions.decode("años días".encode(encoding)) == "años días"


def test_too_many_are_refused():
    with pytest.raises(RuleBroken) as refusal:
        captions.parse("x" * (captions.MAX_CHARACTERS + 1))
    assert refusal.value.code == "captions.too_long"


@pytest.mark.django_db
def test_saving_again_replaces():
    video, spanish = a_video(rungs=()), Language.objects.get(key="es")
    captions.save(video=video, language=spanish, text=VTT, by=None)
    kept = captions.save(video=video, language=spanish, text=SRT, by=None)
    assert [caption.text for caption in video.captions.all()] == [kept.text]
    with pytest.raises(RuleBroken):
        captions.save(video=video, language=spanish, text="roto", by=None)
    assert video.captions.get().text == kept.text
