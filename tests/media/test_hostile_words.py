"""Captions that mean harm: stripped to their words and written anew, or refused with the line that is wrong."""

import html
import re

import pytest
import webvtt
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from lms.domain.errors import RuleBroken
from lms.models import Language
from media.domain import captions
from media.models import Caption, TranscriptLine
from tests.factories.media import a_video

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
HALVES = [b"\xff\xfe\0", b"\xff\xfe\0\xd8", b"\xfe\xff\xd8\0"]  # of characters in UTF-16
TIMES = "00:01.000 --> 00:02.000"
# What is left of a cue's words is text: no angle bracket, no arrow, nothing unseen.
HARMFUL = re.compile("[<>\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]|-->")


def vtt(*cues: str, head: str = "WEBVTT") -> str:
    return "\n\n".join([head, *cues]) + "\n"


def cue(words: str) -> str:
    return f"{TIMES}\n{words}"


def body(written: str) -> str:
    """What stands under the times of one cue."""
    return written.split("\n", 3)[3]


WORDS = {
    "a script": "<script>alert(1)</script>hola",
    "a script by names": "&lt;script&gt;alert(1)&lt;/script&gt;hola",
    "names of names": "&amp;lt;img src=x onerror=alert(1)&amp;gt;hola",
    "tags in tags": "<<b>script>hola<<i>/script>",
    "half a tag": "<c.rojo hola",
    "a tag over two lines": "<b\nonmouseover=alert(1)>hola</b>",
    "classes": "<c.rojo.bg_blue><v.alto Ana><lang es><ruby>hola<rt>x</rt></ruby></v></c>",
    "times within": "<00:00:01.500>hola<00:00:01.700> mundo",
    "an arrow": "hola --> adiós",
    "an arrow by names": "hola --&gt; adiós",
    "a cue within": f"hola\n{TIMES} &lt;script&gt;",
    "letters turned round": "ho\u202ela\u2066",
    "letters turned round by names": "ho&#x202e;la&#8294;",
    "a zero": "ho\0la",
    "a zero by name": "ho&#0;la&#x1b;",
    "other ends of lines": "ho\u2028la\u2029\x85",
    "ends of lines by names": f"hola&#10;&#10;{TIMES}&#13;otra",
    "half a pair": "ho&#xd800;la",
    "a style": "{\\fnArial\\p1}hola{\\an8}",
    "an address": '<a href="javascript:alert(1)">hola</a>',
    "a picture": '<img src="http://203.0.113.9/x">hola',
}


@pytest.mark.parametrize("name", WORDS)
def test_words_stay_words(name):
    (read,) = captions.parse(vtt(cue(WORDS[name])))
    assert read.text
    written = captions.render([read])
    assert not HARMFUL.search(body(written))
    assert captions.parse(written) == [read]
    assert [one.text for one in webvtt.from_string(written)] == [html.escape(read.text, quote=False)]
    assert captions.render_srt([read]).count("-->") == 1


def test_a_tag_with_a_zero_is_a_tag():
    (read,) = captions.parse(vtt(cue("<\0b>hola</\x01b>")))
    assert read.text == "hola"


HEADS = {
    "a map of times": "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:900000",
    "a style": "WEBVTT\n\nSTYLE\n::cue { background: url(http://203.0.113.9/x) }\n@import 'http://203.0.113.9/y';",
    "a region": "WEBVTT\n\nREGION\nid:x\nwidth:100%\nlines:999999",
    "a note": "WEBVTT\n\nNOTE <script>alert(1)</script>",
    "a title": "WEBVTT <script>alert(1)</script>\nKind: metadata\nLanguage: ../../x",
}


@pytest.mark.parametrize("name", HEADS)
def test_nothing_of_a_head_is_kept(name):
    text = vtt(f"id <b>\n{TIMES} region:x line:-999% align:start\nhola", head=HEADS[name])
    written = captions.render(captions.parse(text))
    assert written == "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nhola\n"


def test_a_style_after_the_cues_is_not_kept():
    text = vtt(cue("hola"), "STYLE\n::cue { color: red }", "REGION\nid:x")
    assert captions.render(captions.parse(text)).count("\n\n") == 1


WRONG = {
    "a million cues": (vtt(*[cue("a")] * 60_000), "captions.too_long"),
    "too many cues": (vtt(*[f"{TIMES}\na"] * (captions.MAX_CUES + 1)), "captions.too_long"),
    "too many letters": (vtt(cue("a" * captions.MAX_CHARACTERS)), "captions.too_long"),
    "a huge cue": (vtt(cue("a" * (captions.MAX_CUE_CHARACTERS + 1))), "captions.malformed"),
    "a cue of a thousand lines": (vtt(cue("a\n" * 1000)), "captions.malformed"),
    "a time below zero": (vtt("-00:01.000 --> 00:02.000\na"), "captions.malformed"),
    "a time beyond any": (vtt("00:01.000 --> 999:00:02.000\na"), "captions.malformed"),
    "a time of many digits": (vtt(f"00:01.000 --> {'9' * 5000}:00:02.000\na"), "captions.malformed"),
    "ninety minutes in an hour": (vtt("00:90:01.000 --> 00:91:02.000\na"), "captions.malformed"),
    "times that are none": (vtt("NaN --> Infinity\na"), "captions.malformed"),
    "a zero in a time": (vtt("00:01.000 \0--> 00:02.000\na"), "captions.malformed"),
    "back in time": (vtt("00:02.000 --> 00:01.000\na"), "captions.malformed"),
    "a time with a tail": (vtt("00:01.000 --> 00:02.000<script>\na"), "captions.malformed"),
    "a page": ("<html><script>alert(1)</script></html>", "captions.malformed"),
    "a list": ("#EXTM3U\n#EXTINF:9,\n/etc/passwd\n", "captions.malformed"),
    "a list within": (vtt(f"#EXT-X-MEDIA:URI=x\n{TIMES.replace('-->', '->')}\na"), "captions.malformed"),
    "only ends of lines": ("\n" * captions.MAX_CHARACTERS, "captions.empty"),
    "tags without end": (vtt(cue("<a" * 300 + "{\\" * 30)), ""),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_soon(name):
    text, code = WRONG[name]
    said = ""
    try:
        captions.parse(text)
    except RuleBroken as refusal:
        said = refusal.code
    assert said == code


@pytest.mark.parametrize("content", [PNG, *HALVES, "WEBVTT\n".encode("utf-32"), "WEBVTT\n".encode("utf-16-be")])
def test_no_bytes_are_too_strange(content):
    with pytest.raises(RuleBroken) as refusal:
        captions.parse(captions.decode(content))
    assert refusal.value.code in {"captions.malformed", "captions.empty"}


@pytest.mark.django_db
def test_the_latest_time_that_is_read_fits_everywhere(db):
    """A column of whole numbers ends at 596 hours; PostgreSQL says so with an error."""
    text = vtt("99:59:58.000 --> 99:59:59.999\nfin")
    kept = captions.save(video=a_video(rungs=()), language=Language.objects.get(key="es"), text=text, by=None)
    assert kept.lines.get().end_ms == 359_999_999


FILES = [PNG, HALVES[0], b"x" * (captions.MAX_CHARACTERS + 1), WRONG["a page"][0].encode()]


@pytest.mark.django_db
@pytest.mark.parametrize("content", FILES)
def test_a_wrong_file_is_told_so(content, client, trainer):
    """422 and words, whatever arrives; nothing of it is kept."""
    client.force_login(trainer)
    video = a_video(rungs=(), uploaded_by=trainer)
    spanish = Language.objects.get(key="es")
    file = SimpleUploadedFile("../../x.vtt", content)
    given = {"subtitulos-language": spanish.pk, "subtitulos-file": file}
    response = client.post(reverse("media_videos:captions_save", args=[video.pk]), given)
    assert response.status_code == 422
    assert (Caption.objects.count(), TranscriptLine.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_a_file_that_is_too_large_is_not_even_read(client, trainer, monkeypatch):
    client.force_login(trainer)
    monkeypatch.setattr(captions, "decode", None)
    video = a_video(rungs=(), uploaded_by=trainer)
    file = SimpleUploadedFile("x.vtt", FILES[2])
    given = {"subtitulos-language": Language.objects.get(key="es").pk, "subtitulos-file": file}
    assert client.post(reverse("media_videos:captions_save", args=[video.pk]), given).status_code == 422
