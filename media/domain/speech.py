"""Captions made by a machine: a command of the operator's (`AULA_SPEECH_COMMAND`) listens to the sound of a video.

Off unless the setting is there. The command is a line with `{audio}`, `{language}` and `{output}`; it reads a WAV file,
16 kHz and one channel, and writes WebVTT or SRT to the path `{output}`, or to that path with `.vtt` or `.srt` after it.
It runs in the cage of `media.sandbox`: no network, no file but the sound, its own folder and the paths that the command
itself names. What comes back is read as strictly as anything that people send, and marked until a person has saved it.
"""

import os
import re
import shlex
import stat
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from lms.domain import audit, jobs
from lms.domain.errors import RuleBroken
from lms.models import Job, Language, Person
from media import ffmpeg, sandbox
from media.domain import captions, storing
from media.models import Rendition, Video

KIND = "media.speech"
MAX_ATTEMPTS = 2
MAX_OUTPUT_BYTES = 4 * captions.MAX_CHARACTERS
PERCENT = re.compile(rb"(\d{1,3}) ?%")
REACHED = re.compile(rb"--> ?(\d{1,3}):([0-5]\d):([0-5]\d)[.,]\d{3}")


def is_on() -> bool:
    """Whether this installation has a command that listens."""
    return bool(settings.SPEECH_COMMAND)


def find_job(video: Video) -> Job | None:
    """The newest of these jobs about a video."""
    return Job.objects.for_subject(KIND, video.public_id).first()


def request(*, video: Video, language: Language, by: Person | None) -> Job:
    """Ask for captions by machine.

    Raises `speech.off`, `speech.no_sound`, `speech.running`, `captions.kept_by_person`.
    """
    if not is_on():
        raise RuleBroken("speech.off", _("Esta instalación no hace subtítulos por máquina."))
    if _sound_of(video) is None:
        raise RuleBroken("speech.no_sound", _("Este video no tiene sonido, o el sonido todavía se está preparando."))
    caption = captions.find(video, language)
    if caption and not caption.is_machine_made:
        raise captions.kept_by_person(language)
    with transaction.atomic():
        if Job.objects.for_subject(KIND, video.public_id).unfinished().exists():
            raise RuleBroken("speech.running", _("La máquina ya está escuchando este video. Espere a que termine."))
        facts = {"language": language.key}
        audit.record("captions.asked_of_machine", by=by, subject=f"media.video:{video.public_id}", facts=facts)
        return jobs.request(KIND, video.public_id, by=by, payload=facts, max_attempts=MAX_ATTEMPTS)


def _sound_of(video: Video) -> Rendition | None:
    return video.own_renditions().filter(rung=Rendition.Rung.AUDIO).first() if video.has_sound else None


def command_for(*, audio: Path, language: Language, output: Path) -> list[str]:
    """The words of the command, each place filled in; a path with blanks stays one word."""
    filled = {"{audio}": str(audio), "{language}": language.key, "{output}": str(output)}
    words = shlex.split(settings.SPEECH_COMMAND)
    for place, value in filled.items():
        words = [word.replace(place, value) for word in words]
    return words


def _named_paths(command: str) -> list[Path]:
    """The files and folders that the operator's command names: its program, its model."""
    words = [part for word in shlex.split(command) for part in word.split("=")]
    named = [Path(word) for word in words if word.startswith("/") and word.strip("/")]
    return [path for path in named if path.exists()]


def _limits() -> sandbox.Limits:
    seconds = settings.SPEECH_MAX_SECONDS
    return sandbox.Limits(
        cpu_seconds=seconds * (os.cpu_count() or 1),
        memory_bytes=settings.SPEECH_MEMORY_BYTES,
        file_bytes=MAX_OUTPUT_BYTES,
        wall_seconds=seconds,
        stall_seconds=seconds,  # some say nothing until they are done
    )


class _Listening:
    """Hears what the command prints: a percentage, or the times of what it has understood so far."""

    def __init__(self, claim: jobs.Claim, seconds: float) -> None:
        self.claim = claim
        self.seconds = max(1.0, seconds)
        self.percent = 0

    def hear(self, chunk: bytes) -> None:
        """Tell the ledger. Raises `LeaseLost`, which ends the command."""
        told = [int(number) for number in PERCENT.findall(chunk)]
        for hours, minutes, seconds in REACHED.findall(chunk):
            reached = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
            told.append(int(100 * reached / self.seconds))
        furthest = min(100, max(told, default=0))
        if furthest > self.percent:
            self.percent = furthest
            self.claim.progress(furthest, 100, _("Escuchando el video"))


def _read(output: Path) -> bytes:
    """What the command wrote: a plain file of its own making. A link out of the cage is not followed."""
    for path in (output, output.with_name(f"{output.name}.vtt"), output.with_name(f"{output.name}.srt")):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            continue
        with os.fdopen(descriptor, "rb") as handle:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                return handle.read(MAX_OUTPUT_BYTES + 1)
    raise RuleBroken("speech.silent", _("El programa terminó sin escribir subtítulos."))


def _listen(claim: jobs.Claim, video: Video, language: Language, folder: Path) -> bytes:
    """Run the command over the sound; returns what it wrote. Raises `RuleBroken`, `sandbox.Failed`."""
    rendition = _sound_of(video)
    if rendition is None:
        raise RuleBroken("speech.no_sound", _("Este video no tiene sonido, o el sonido todavía se está preparando."))
    claim.progress(0, 100, _("Preparando el sonido"))
    audio = folder / "sound.wav"
    ffmpeg.write_speech(storing.local_copy(rendition.path, folder / "sound.mp4"), audio, seconds=video.duration_seconds)
    written = folder / "written"
    written.mkdir()
    output = written / "captions"
    claim.progress(0, 100, _("Escuchando el video"))
    sandbox.run(
        command_for(audio=audio, language=language, output=output),
        limits=_limits(),
        reads=[audio, *_named_paths(settings.SPEECH_COMMAND)],
        writes=[written],
        hear=_Listening(claim, video.duration_seconds).hear,
    )
    return _read(output)


def _refusal(failure: sandbox.Failed, claim: jobs.Claim) -> RuleBroken | None:
    """What will not be better for another try, in words; None for what may be."""
    if failure.stalled:
        return RuleBroken("speech.too_slow", _("El programa no terminó a tiempo y lo detuvimos."))
    if failure.is_transient and claim.job.attempts < claim.job.max_attempts:
        return None
    return RuleBroken("speech.failed", _("El programa que escucha el video falló. Avise a quien cuida el sistema."))


def _keep(claim: jobs.Claim, video: Video, language: Language, written: bytes) -> None:
    try:
        text = captions.decode(written)
        with transaction.atomic():
            claim.assert_held()
            captions.save(video=video, language=language, text=text, by=None, is_machine_made=True)
    except RuleBroken as broken:
        if broken.code not in {"captions.malformed", "captions.empty", "captions.too_long"}:
            raise
        said = _("El programa no devolvió subtítulos que se puedan usar. %(why)s") % {"why": broken.message}
        raise RuleBroken("speech.rubbish", said) from broken


@jobs.performs(KIND)
def transcribe(claim: jobs.Claim) -> None:
    """Do the job `media.speech`; its subject is the video's public id, its payload the language's key."""
    video = Video.objects.filter(public_id=claim.job.subject).first()
    language = Language.objects.filter(key=claim.job.payload.get("language")).first()
    if video is None or language is None:
        return
    if not is_on():
        raise RuleBroken("speech.off", _("Esta instalación no hace subtítulos por máquina."))
    with storing.workplace(claim.job) as folder:
        try:
            written = _listen(claim, video, language, folder)
        except sandbox.Failed as failure:
            refusal = _refusal(failure, claim)
            if refusal:
                raise refusal from failure
            raise
        _keep(claim, video, language, written)


@jobs.lets_cancel(KIND)
def stop(job: Job) -> None:
    """The captions stay as they are."""
