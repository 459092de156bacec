"""Captions are read strictly and written anew."""

import pytest
import webvtt
from django.core.management import call_command

from lms.domain.errors import RuleBroken
from lms.models import Language
from media.domain import captions, delivery
from media.models import Caption, TranscriptLine
from tests.factories.media import a_video
from tests.factories.people import a_person

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


def cue(start: int, end: int, words: str) -> str:
    return f"00:00:{start:02d}.000 --> 00:00:{end:02d}.000\n{words}\n"


def vtt(*cues: str) -> str:
    return "\n".join(["WEBVTT\n", *cues])


def test_srt_is_written_as_other_programs_read_it():
    cues = captions.parse(VTT)
    written = captions.render_srt(cues)
    assert written.startswith("1\n00:00:01,000 --> 00:00:03,500\nBuenos días\n\n2\n")
    assert captions.parse(written) == cues
    arrow = captions.render_srt(captions.parse(vtt(cue(1, 2, "de aquí --&gt; allá"))))
    assert arrow.count("-->") == 1


@pytest.mark.django_db
def test_each_save_has_a_version_and_one_overtaken_is_refused():
    video, spanish = a_video(rungs=()), Language.objects.get(key="es")
    first = captions.save(video=video, language=spanish, text=vtt(cue(1, 2, "uno")), by=None, began_from="")
    began = captions.version_of(first)
    second = captions.save(video=video, language=spanish, text=vtt(cue(1, 2, "dos")), by=None, began_from=began)
    assert (first.pk, second.revision) == (second.pk, 2)
    for overtaken in (began, ""):
        with pytest.raises(captions.ChangedMeanwhile) as refusal:
            captions.save(video=video, language=spanish, text=vtt(cue(1, 2, "mío")), by=None, began_from=overtaken)
        assert refusal.value.caption == second
        assert "dos" in refusal.value.caption.text
    assert "dos" in video.captions.get().text


@pytest.mark.django_db
def test_captions_that_went_and_came_again_are_others():
    """The numbers of revisions begin anew; the version does not."""
    video, spanish = a_video(rungs=()), Language.objects.get(key="es")
    began = captions.version_of(captions.save(video=video, language=spanish, text=vtt(cue(1, 2, "uno")), by=None))
    captions.remove(caption=video.captions.get(), by=None)
    with pytest.raises(captions.ChangedMeanwhile) as refusal:
        captions.save(video=video, language=spanish, text=vtt(cue(1, 2, "mío")), by=None, began_from=began)
    assert refusal.value.caption is None
    captions.save(video=video, language=spanish, text=vtt(cue(1, 2, "otro")), by=None)
    with pytest.raises(captions.ChangedMeanwhile):
        captions.save(video=video, language=spanish, text=vtt(cue(1, 2, "mío")), by=None, began_from=began)


@pytest.mark.django_db
def test_the_lines_of_the_transcript_follow_every_save():
    video, spanish = a_video(rungs=()), Language.objects.get(key="es")
    saved = captions.save(
        video=video, language=spanish, text=vtt(cue(1, 2, "Rendición\nde"), cue(3, 4, "Cuentas CLARAS")), by=None
    )
    kept = saved.lines.values_list("start_ms", "end_ms", "text", "folded")
    assert list(kept) == [
        (1000, 2000, "Rendición\nde", "rendicion de\ncuentas claras"),
        (3000, 4000, "Cuentas CLARAS", "cuentas claras\n"),
    ]
    captions.save(video=video, language=spanish, text=vtt(cue(1, 2, "Otra cosa")), by=None)
    assert [line.text for line in TranscriptLine.objects.all()] == ["Otra cosa"]
    with pytest.raises(RuleBroken):
        captions.save(video=video, language=spanish, text="roto", by=None)
    assert [line.text for line in TranscriptLine.objects.all()] == ["Otra cosa"]
    captions.remove(caption=video.captions.get(), by=None)
    assert not TranscriptLine.objects.exists()


@pytest.mark.django_db
def test_lines_that_are_missing_or_old_are_written_by_command(capsys):
    spanish = Language.objects.get(key="es")
    bare = Caption.objects.create(video=a_video(rungs=()), language=spanish, text=vtt(cue(1, 2, "uno")))
    good = captions.save(video=a_video(rungs=()), language=spanish, text=vtt(cue(1, 2, "dos")), by=None)
    Caption.objects.create(video=a_video(rungs=()), language=spanish, text="WEBVTT\n")  # not of our writing
    kept = good.lines.get().pk
    call_command("fill_transcripts", "--dry-run")
    assert not bare.lines.exists()
    call_command("fill_transcripts")
    call_command("fill_transcripts")
    assert capsys.readouterr().out.splitlines() == [
        "1 captions would be written",
        "1 captions written",
        "0 captions written",
    ]
    assert (bare.lines.get().folded, good.lines.get().pk) == ("uno\n", kept)


@pytest.mark.django_db
def test_the_words_are_a_page_for_whom_the_address_was_made(client):
    video, person, other = a_video(), a_person(), a_person()
    captions.save(
        video=video, language=Language.objects.get(key="quc"), text=vtt(cue(1, 2, "Saqarik &lt;b&gt;")), by=None
    )
    address = delivery.playback(video, person=person).captions[0].text_url
    assert client.get(address).status_code == 404
    client.force_login(other)
    assert client.get(address).status_code == 404
    client.force_login(person)
    html = client.get(address).content.decode()
    assert "Saqarik &lt;b&gt;" in html
    assert '<dl class="transcript-text" lang="quc">' in html
    assert client.get(address.replace("/quc/", "/en/")).status_code == 404
