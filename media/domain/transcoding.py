"""Making the renditions of a video: one job, in stages that can be repeated.

The smallest usable version comes first and is published at once; the rest follows. Cuts and tracks are made by the same
stages, in the jobs of those who own them (`make_renditions`).
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lms.domain import audit, jobs
from lms.domain.errors import RuleBroken
from lms.models import Job, Person
from media import ffmpeg
from media.domain import inspection, ladder, room, storing
from media.domain.ladder import Step
from media.domain.making import POSTER_WIDTH, Aim, Made, Making, RungsFailed
from media.domain.storing import folder_of, keep, local_copy, workplace
from media.models import Rendition, Track, Video

__all__ = ["KIND", "Made", "RungsFailed", "folder_of", "keep", "make_renditions", "refusal_of", "renew_poster"]

KIND = "media.transcode"
POSTER_KIND = "media.poster"
Rung = Rendition.Rung


def make_renditions(
    claim: jobs.Claim,
    video: Video,
    *,
    source: Path,
    sha256: str,
    folder: Path,
    cut: int = 1,
    track: Track | None = None,
    starts_at: float = 0.0,
    ends_at: float | None = None,
    known_seconds: float = 0.0,
    keep_fields: Callable[..., None] | None = None,
) -> Made:
    """Make and publish what is missing of a cut (from `source`, trimmed) or of a track (over the cut's pictures).

    `folder` is scratch (`storing.workplace`). What belongs to the video itself (poster, storyboard, waveform, length,
    size) is returned in `Made.fields` by the names of the video's columns; `keep_fields` gets each as it is stored,
    in the transaction that does so. `Made.failed` names the rungs that did not hold and are not published.

    Raises `RuleBroken` for a file that will never do, `Failed` from ffmpeg, and `LeaseLost`.
    """
    started = timezone.now()
    aim = Aim(video, source, sha256, cut, track, starts_at, ends_at)
    found = inspection.inspect(source, known_seconds=known_seconds)
    if track is not None:
        making = _beside(claim, aim, found, folder)
    else:
        making = Making(claim, aim, found.trimmed(starts_at, ends_at), folder, keep_fields=keep_fields)
        _make_cut(making)
    storing.drop_strays(video, aim.prefix, before=started)
    return making.made


def _make_cut(making: Making) -> None:
    found, steps = making.found, ladder.plan(making.found)
    making.made.fields |= {
        "duration_seconds": found.duration_seconds,
        "width": found.width,
        "height": found.height,
        "has_sound": found.has_sound,
        "kind": found.kind,
    }
    films = [step for step in steps if step.is_film]
    alone = {step.rung: step for step in steps if not step.width}
    if films:
        with _dispensable(making):
            _make_poster(making)
    making.tell(20, _("Preparando la primera versión, la más liviana"), now=True)
    if found.has_sound:
        making.sound(ladder.LOW)
        making.publish_sounds(making.missing([alone[Rung.AUDIO]]))
    _rest(making, films, alone, _first_film(making, [step for step in films if step.rung == Rung.P240]))
    _stills(making, steps)
    with _dispensable(making):
        _make_extras(making, films)


@contextlib.contextmanager
def _dispensable(making: Making) -> Iterator[None]:
    """A video without a poster or a first look is still a video; but what a kill prevented is worth another try."""
    try:
        yield
    except ffmpeg.Failed as failure:
        if failure.is_transient and not making.claim.is_last_try:
            raise


def _first_film(making: Making, first: list[Step]) -> int:
    """The 240p; of a source that is dear to decode only a hasty one, which is made again with the rest.

    Returns how far the work has come, out of a thousand.
    """
    stage = _("Preparando la primera versión, la más liviana")
    if without := _left_out(making.found):
        hasty = [step.in_haste() for step in making.missing(first, or_preview=True)]
        with _dispensable(making):
            making.films(hasty, 50, 100, stage, without=without)
        return 100
    making.films(making.missing(first), 50, 300, stage)
    return 300


def _left_out(found: inspection.Inspection) -> str:
    if not ladder.is_heavy(found):
        return ""
    return ladder.left_out_at_first(found, ffmpeg.seconds_between_keys(found.source))


def _rest(making: Making, films: list[Step], alone: dict[str, Step], start: int) -> None:
    stage = _("Preparando las demás calidades")
    making.tell(start, stage, now=True)
    missing = making.missing(films)
    if making.found.has_sound:
        making.sound(*{step.sound for step in missing if step.sound}, ladder.OPUS, ladder.MP3)
        making.publish_sounds(making.missing([alone[Rung.OPUS], alone[Rung.MP3]]))
    making.films(missing, start + 10, 950, stage)


def _stills(making: Making, steps: list[Step]) -> None:
    for step in making.missing([step for step in steps if step.rung == Rung.SLIDES]):
        film = making.file_of(ladder.stills_film(steps).rung)
        if film is None or step.sound not in making.sounds:
            making.fail(step.rung, "there is nothing to make it from")
            continue
        making.tell(955, _("Preparando las diapositivas"), now=True)
        path = making.folder / "slides.mp4"
        ffmpeg.slides(
            film,
            making.sounds[step.sound][0],
            path,
            width=step.width,
            height=step.height,
            frame_rate=step.frame_rate,
            frames=step.frames,
        )
        making.check_and_publish(step, path)


def _has(making: Making, name: str) -> bool:
    """Whether the cut in use has it already."""
    video = making.aim.video
    path = getattr(video, f"{name}_path") if making.aim.cut == video.cut else ""
    return bool(path) and default_storage.exists(path)


def _make_extras(making: Making, films: list[Step]) -> None:
    film = making.file_of(Rung.P240) if films else None
    if film and not _has(making, "storyboard"):
        sheet = ladder.storyboard(films[-1].width, films[-1].height, making.seconds)
        path = making.folder / "storyboard.jpg"
        ffmpeg.storyboard(film, path, **sheet)
        making.keep_beside("storyboard", path, storyboard=sheet)
    if making.found.has_sound and not _has(making, "waveform"):
        path = making.folder / "waveform.bin"
        path.write_bytes(making.heard.levelled_peaks)
        making.keep_beside("waveform", path)


def _make_poster(making: Making) -> None:
    if not _has(making, "poster"):
        path = making.folder / "poster.jpg"
        _draw_poster(making.found, path, making.aim.video.poster_second)
        making.keep_beside("poster", path)


def _draw_poster(found: inspection.Inspection, path: Path, second: float | None) -> None:
    scale = min(1.0, POSTER_WIDTH / max(found.width, found.height))
    width, height = (max(2, 2 * round(side * scale / 2)) for side in (found.width, found.height))
    at = None if second is None else min(second, max(0.0, found.duration_seconds - 0.1))
    ffmpeg.poster(found.source, path, width=width, height=height, at=at)


# Tracks ---------------------------------------------------------------------------------------------------------------
def _beside(claim: jobs.Claim, aim: Aim, found: inspection.Inspection, folder: Path) -> Making:
    if aim.track and aim.track.kind == Track.Kind.SIGN:
        return _make_signed(claim, aim, found, folder)
    return _make_dubbed(claim, aim, found, folder)


def _pictures_of(aim: Aim, folder: Path) -> list[tuple[Rendition, Path]]:
    """The cut's own published films, tallest first."""
    films = Rendition.objects.filter(video=aim.video, cut=aim.cut, track=None, width__gt=0)
    rows = sorted(films, key=lambda row: (row.rung != Rung.SLIDES, row.height), reverse=True)
    if not rows:
        raise RungsFailed("the video's own pictures are not ready")
    return [(row, local_copy(row.path, folder / f"own-{row.rung}.mp4")) for row in rows]


def _make_dubbed(claim: jobs.Claim, aim: Aim, found: inspection.Inspection, folder: Path) -> Making:
    """Another sound over the pictures that are there, which are copied."""
    if not found.has_sound:
        raise RuleBroken("track.no_sound", _("El archivo no tiene sonido. Elija la grabación con la otra voz."))
    pictures = _pictures_of(aim, folder)
    seconds = Fraction(pictures[0][0].duration_seconds).limit_denominator(3000)
    spoken = replace(found, duration_seconds=float(seconds), source=replace(found.source, frame_rate=Fraction(30)))
    making = Making(claim, aim, spoken, folder)
    making.seconds = float(seconds)
    making.tell(100, _("Nivelando el sonido"), now=True)
    making.sound(ladder.LOW, ladder.FULL, ladder.OPUS, ladder.MP3)
    alone = [ladder.Step(rung, sound=sound) for rung, sound in ladder.SOUND_RUNGS.items()]
    making.publish_sounds(making.missing(alone))
    for number, (row, picture) in enumerate(pictures):
        making.tell(300 + 600 * number / len(pictures), _("Uniendo la imagen y el sonido"), now=True)
        step = ladder.dubbed(row)
        if not making.missing([step]):
            continue
        if step.sound not in making.sounds:
            making.fail(row.rung, "the sound is not level")
            continue
        path = folder / f"{row.rung}.mp4"
        ffmpeg.dub(picture, making.sounds[step.sound][0], path, seconds=seconds)
        making.check_and_publish(step, path)
    return making


def _make_signed(claim: jobs.Claim, aim: Aim, found: inspection.Inspection, folder: Path) -> Making:
    """The signer's film in the corner, in the two sizes that most need; the video's own sound is copied."""
    if not found.has_picture:
        raise RuleBroken("track.no_picture", _("El archivo no tiene imagen. Elija la grabación de la seña."))
    row, picture = _pictures_of(aim, folder)[0]
    own = inspection.inspect(picture)
    own = replace(own, duration_seconds=row.duration_seconds)
    making = Making(claim, aim, own, folder)
    making.seconds = row.duration_seconds
    steps = making.missing(ladder.plan_signed(own))
    for rung, sound in ((Rung.P480, ladder.FULL), (Rung.P240, ladder.LOW)):
        beside = Rendition.objects.filter(video=aim.video, cut=aim.cut, track=None, rung=rung).first()
        if own.has_sound and beside:
            copy = local_copy(beside.path, folder / f"sound-{rung}.mp4")
            making.sounds[sound] = copy, beside.manifest.get("loudness")
    inset = ffmpeg.Inset(found.source, found.width, found.height)
    making.films(steps, 50, 950, _("Poniendo la seña sobre la imagen"), inset=inset)
    return making


# The video's own job --------------------------------------------------------------------------------------------------
def _make(claim: jobs.Claim, video: Video, change: "_Changing", folder: Path) -> Made:
    change(state=Video.State.PROCESSING, reason="")
    claim.progress(0, 1000, _("Revisando el archivo"))
    if not video.source_path:
        raise RuleBroken("video.no_original", _("El archivo original ya no se guarda. Suba el video de nuevo."))
    is_trimmed = video.trim_start_seconds or video.trim_end_seconds is not None
    made = make_renditions(
        claim,
        video,
        source=local_copy(video.source_path, folder / "source"),
        sha256=video.source_sha256,
        folder=folder,
        cut=video.cut,
        starts_at=video.trim_start_seconds,
        ends_at=video.trim_end_seconds,
        known_seconds=0 if is_trimmed else video.duration_seconds,
        keep_fields=change,
    )
    if made.failed and not (claim.is_last_try and _is_playable(video)):
        raise RungsFailed("; ".join(made.failed))
    return made


def _publish(claim: jobs.Claim, video: Video, change: "_Changing", made: Made) -> None:
    """The video is ready and the job done, in one transaction: or a worker killed in between would do it twice."""
    claim.progress(990, 1000, _("Guardando"))
    digest = storing.digest_of(video.source_path)
    facts = {"original": digest, "is_whole": digest == video.source_sha256}
    with transaction.atomic():
        change(state=Video.State.READY, reason=reason_for(made))
        audit.record("video.ready", by=None, subject=f"media.video:{video.public_id}", facts=facts)
        claim.finish()


def _is_playable(video: Video) -> bool:
    least = Rung.P240 if video.kind == Video.Kind.FILM else Rung.AUDIO
    return video.own_renditions().filter(rung=least).exists()


def reason_for(made: Made) -> str:
    """What is said of rungs that are missing for good; empty when none is."""
    if not made.failed:
        return ""
    rungs = ", ".join(sorted(failure.partition(":")[0] for failure in made.failed))
    return _("No se pudieron preparar algunas calidades: %(rungs)s.") % {"rungs": rungs}


class _Changing:
    """Writes fields of the video, if the job is still ours."""

    def __init__(self, claim: jobs.Claim, video: Video) -> None:
        self.claim = claim
        self.video = video

    def __call__(self, **fields: object) -> None:
        with self.claim.publishing():
            for name, value in fields.items():
                setattr(self.video, name, value)
            self.video.save(update_fields=list(fields))


def refusal_of(failure: ffmpeg.Failed) -> RuleBroken | None:
    """What ffmpeg itself rejected will be rejected again; a full disk or a kill may not."""
    if failure.is_transient:
        return None
    return RuleBroken(
        "video.not_processable",
        _("No pudimos convertir el video: el archivo está dañado. Expórtelo de nuevo como MP4 y súbalo otra vez."),
    )


@jobs.performs(KIND)
def transcode(claim: jobs.Claim) -> None:
    """Do the job `media.transcode`; its subject is the video's public id. A deleted video needs nothing."""
    video = Video.objects.filter(public_id=claim.job.subject).first()
    if video is None:
        return
    change = _Changing(claim, video)
    try:
        with workplace(claim.job) as folder:
            made = _make(claim, video, change, folder)
        _publish(claim, video, change, made)  # nobody would come back for a folder of a job that is done
    except RuleBroken as broken:
        change(state=Video.State.FAILED, reason=broken.message)
        raise
    except jobs.LeaseLost:
        raise
    except Exception as failure:
        refusal = refusal_of(failure) if isinstance(failure, ffmpeg.Failed) else None
        if refusal or claim.is_last_try:
            reason = refusal.message if refusal else room.words_for_work(failure, tried_too_often())
            change(state=Video.State.FAILED, reason=reason)
        if refusal:
            raise refusal from failure
        raise


def tried_too_often() -> str:
    """What is said of a video that could not be made in all its attempts."""
    return _("No pudimos convertir el video después de varios intentos. Intente de nuevo o súbalo otra vez.")


def renew_poster(*, video: Video, by: Person | None) -> Job:
    """Ask for the poster at the video's `poster_second` (or a tenth, when it has none)."""
    return jobs.request(POSTER_KIND, video.public_id, by=by)


@jobs.performs(POSTER_KIND)
def draw_poster(claim: jobs.Claim) -> None:
    """Do the job `media.poster`, from the tallest film that is published."""
    video = Video.objects.filter(public_id=claim.job.subject).first()
    row = video and video.own_renditions().filter(width__gt=0).exclude(rung=Rung.SLIDES).order_by("-height").first()
    if video is None or row is None:
        return
    with workplace(claim.job) as folder:
        film = local_copy(row.path, folder / "film.mp4")
        aim = Aim(video, film, video.source_sha256, video.cut)
        making = Making(claim, aim, inspection.inspect(film), folder, keep_fields=_Changing(claim, video))
        before = video.poster_path
        _draw_poster(making.found, folder / "poster.jpg", video.poster_second)
        making.keep_beside("poster", folder / "poster.jpg")
        if before and before != video.poster_path:
            default_storage.delete(before)
