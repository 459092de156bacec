"""Captions by machine: a real command in the cage, which does well, fails, hangs, writes rubbish or means harm."""

from contextlib import suppress
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse

from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Job, Language
from media import sandbox
from media.domain import captions, delivery, speech
from media.models import Rendition
from tests.factories.media import a_video
from tests.media.conftest import ffmpeg, tone
from tests.system import wait_until

pytestmark = pytest.mark.django_db
GOOD = """[ "$(head -c 4 "$1")" = RIFF ] || exit 3
echo "progress = 50 %"
echo "[00:00:00.000 --> 00:00:01.000] hola"
printf '1\\n00:00:00,000 --> 00:00:01,000\\nBuenos <b>días</b>, %s\\n' "$2" > "$3.srt"
"""


@pytest.fixture(scope="session")
def a_sound(tmp_path_factory) -> bytes:
    """The rung `audio` of a second and a half."""
    path = tmp_path_factory.mktemp("speech") / "audio.mp4"
    ffmpeg(*tone(1.5), "-c:a", "aac", "-movflags", "+frag_keyframe+empty_moov", str(path))
    return path.read_bytes()


@pytest.fixture
def video(a_sound, trainer):
    made = a_video(rungs=(), duration_seconds=1.5, uploaded_by=trainer)
    path = default_storage.save(f"video/{made.public_id}/audio.mp4", ContentFile(a_sound))
    facts = {"bytes": len(a_sound), "duration_seconds": 1.5, "codecs": "mp4a.40.2", "sha256": "x"}
    Rendition.objects.create(video=made, rung="audio", path=path, **facts)
    return made


@pytest.fixture
def spanish():
    return Language.objects.get(key="es")


@pytest.fixture
def command(tmp_path, settings):
    """Make a script the command of this installation."""

    def say(body: str) -> Path:
        script = tmp_path / "listen.sh"
        script.write_text(f"#!/bin/sh\n{body}")
        script.chmod(0o755)
        settings.SPEECH_COMMAND = f"{script} {{audio}} {{language}} {{output}}"
        return script

    return say


@pytest.fixture
def listen(command, video, spanish, run_jobs):
    """Make a script the command, ask for captions, do the job; returns what was said of those that failed."""

    def do(body: str, by=None) -> list[str]:
        command(body)
        speech.request(video=video, language=spanish, by=by)
        return [job.reason for job in run_jobs()]

    return do


def left_behind(settings) -> list[str]:
    return [path.name for path in settings.WORK_DIR.glob("*")] if settings.WORK_DIR.exists() else []


def test_what_a_machine_heard_is_kept_and_marked_until_a_person_saves_it(listen, video, spanish, trainer, settings):
    assert listen(GOOD, by=trainer) == []
    kept = captions.find(video, spanish)
    assert kept.text == "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nBuenos días, es\n"
    assert kept.is_machine_made
    assert kept.lines.get().text == "Buenos días, es"
    job = Job.objects.get()
    assert (job.state, job.stage, job.done) == (Job.State.DONE, "Escuchando el video", 66)
    label = delivery.playback(video, person=trainer).captions[0].label
    assert label == "Español (hecho por máquina, sin revisar)"
    assert AuditEvent.objects.filter(action="captions.asked_of_machine", actor=str(trainer.public_id)).exists()
    assert left_behind(settings) == []
    saved = captions.save(video=video, language=spanish, text=kept.text, by=trainer)
    assert not saved.is_machine_made
    assert delivery.playback(video, person=trainer).captions[0].label == "Español"


def test_a_machine_does_not_write_over_a_person(command, video, spanish, trainer, run_jobs):
    command(GOOD)
    mine = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nLo mío\n"
    speech.request(video=video, language=spanish, by=trainer)
    captions.save(video=video, language=spanish, text=mine, by=trainer)  # while the machine listens
    assert "escribió o revisó una persona" in run_jobs()[0].reason
    assert captions.find(video, spanish).text == mine
    with pytest.raises(RuleBroken) as refusal:
        speech.request(video=video, language=spanish, by=trainer)
    assert refusal.value.code == "captions.kept_by_person"


def test_a_machine_may_listen_again_where_nobody_has_looked(listen, video, spanish):
    assert listen(GOOD) == []
    assert listen(GOOD.replace("Buenos", "Muy buenos")) == []
    assert "Muy buenos" in captions.find(video, spanish).text


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("exit 1", "El programa que escucha el video falló"),
        ("kill -9 $$", "El programa que escucha el video falló"),
        ("printf 'Acta número 5 del concejo' > \"$3\"", "no devolvió subtítulos que se puedan usar. Línea 2"),
        ('head -c 2000 /dev/urandom > "$3"', "no devolvió subtítulos que se puedan usar"),
        ("printf 'WEBVTT\\n' > \"$3.vtt\"", "no devolvió subtítulos que se puedan usar"),
        ("true", "terminó sin escribir subtítulos"),
        ('head -c 40000000 /dev/zero > "$3"', "El programa que escucha el video falló"),
        ('mkfifo "$3"', "terminó sin escribir subtítulos"),
        ('ln -s /etc/passwd "$3"', "terminó sin escribir subtítulos"),
    ],
)
def test_what_goes_wrong_is_said_and_nothing_is_kept(body, words, listen, video, settings):
    assert [words in reason for reason in listen(body)] == [True]
    assert not video.captions.exists()
    assert left_behind(settings) == []


def test_what_hangs_is_stopped_with_all_that_it_started(listen, settings, tmp_path):
    settings.SPEECH_MAX_SECONDS = 2
    assert listen("sleep 987 & sleep 987") == ["El programa no terminó a tiempo y lo detuvimos."]
    script = tmp_path / "listen.sh"

    def left() -> list[bytes]:
        running = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):  # it has just ended
                running.append(path.read_bytes())
        return [line for line in running if str(script).encode() in line or b"sleep\x00987" in line]

    wait_until(lambda: not left(), 10, lambda: str(left()))


@pytest.mark.skipif(not sandbox.has_bubble(), reason="bwrap makes no namespaces here")
def test_the_command_sees_no_file_but_its_own(listen, video, tmp_path):
    secret = tmp_path / "secreto.txt"
    secret.write_text("sesenta y seis")
    peek = f"found=$(cat {secret} 2>/dev/null || echo nada)\n"
    cue = 'printf \'WEBVTT\\n\\n00:00.000 --> 00:01.000\\n%s\\n\' "$found" > "$3"'
    assert listen(peek + cue) == []
    assert [line.text for line in video.captions.get().lines.all()] == ["nada"]


def test_it_is_asked_once_and_only_where_there_is_a_sound(command, video, spanish, settings):
    with pytest.raises(RuleBroken) as refusal:
        speech.request(video=video, language=spanish, by=None)
    assert refusal.value.code == "speech.off"
    command(GOOD)
    with pytest.raises(RuleBroken) as refusal:
        speech.request(video=a_video(rungs=("240p",)), language=spanish, by=None)
    assert refusal.value.code == "speech.no_sound"
    speech.request(video=video, language=spanish, by=None)
    with pytest.raises(RuleBroken) as refusal:
        speech.request(video=video, language=spanish, by=None)
    assert refusal.value.code == "speech.running"
    assert Job.objects.count() == 1
    assert settings.JOB_QUEUES[speech.KIND] == "aula-media"


def test_the_button_is_there_only_with_the_setting(command, video, client, spanish, run_jobs):
    client.force_login(video.uploaded_by)
    page, ask = (reverse(f"media_videos:{name}", args=[video.pk]) for name in ("edit", "captions_ask_machine"))
    assert "Pedir subtítulos a la máquina" not in client.get(page).content.decode()
    client.post(ask, {"voz-language": spanish.pk})
    assert not Job.objects.exists()
    command("exit 1")
    assert "Pedir subtítulos a la máquina" in client.get(page).content.decode()
    assert client.post(ask, {"voz-language": "x"}).status_code == 302
    assert not Job.objects.exists()
    client.post(ask, {"voz-language": spanish.pk})
    html = client.get(page).content.decode()
    assert "En espera de turno" in html
    assert "Pedir subtítulos a la máquina" not in html
    run_jobs()
    assert "El programa que escucha el video falló" in client.get(page).content.decode()
