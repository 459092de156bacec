"""What may be chosen beside the picture: another language, a spoken description, a signer in the corner.

A track is made over the pictures of the cut in use and has its timeline, so what is watched with it counts for the
video. When the video gets another cut its tracks fit no more: they wait to be renewed, and are not offered.
"""

from collections.abc import Iterable
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from lms.domain import audit, job_words, jobs
from lms.domain.errors import RuleBroken
from lms.models import Job, Language, Person
from media.domain import attempts, sources, storing, transcoding
from media.domain.cuts import delete_later
from media.domain.sources import Source
from media.models import Rendition, Track, Video

KIND = "media.track"
SLACK_SECONDS = 2.0
MOVING = (Track.State.WAITING, Track.State.PROCESSING)


def is_outdated(track: Track) -> bool:
    """Whether it was made for an earlier cut of the video: «por renovar»."""
    return track.state == Track.State.READY and not track.renditions.filter(cut=track.video.cut).exists()


def add(
    *,
    video: Video,
    kind: str,
    language: Language | None,
    source: Path,
    source_name: str,
    by: Person | None,
    keep_source: bool = False,
) -> Track:
    """Take in a track, and ask for its renditions; one that failed or fits no more gives way to it.

    Raises `track.…`, and what `inspection.inspect` raises.
    """
    check_free(video, kind, language)
    with sources.taken_in(source, name=source_name, video=video, is_kept=keep_source) as taken:
        _check_fit(video, kind, taken)
        with transaction.atomic():
            video = Video.objects.select_for_update(no_key=True).get(pk=video.pk)
            check_free(video, kind, language)
            _check_length(video, taken.found.duration_seconds)
            for old in video.tracks.filter(kind=kind, language=language):
                _forget(old)
            track = Track.objects.create(video=video, kind=kind, language=language, made_by=by, **taken.columns)
            _note("track.added", track, by)
            jobs.request(KIND, track.public_id, by=by)
    return track


def check_free(video: Video, kind: str, language: Language | None) -> None:
    """Before anything is read."""
    if video.state != Video.State.READY or video.kind != Video.Kind.FILM:
        raise RuleBroken("track.video_not_ready", _("Solo un video que está listo y tiene imagen lleva otras pistas."))
    if kind == Track.Kind.SOUND and language is None:
        raise RuleBroken("track.no_language", _("Diga en qué idioma está el sonido."))
    here = video.tracks.filter(kind=kind, language=language).select_related("video").first()
    if here and here.state != Track.State.FAILED and not is_outdated(here):
        raise RuleBroken("track.exists", _("Este video ya tiene esa pista. Quítela primero para subir otra."))


def _check_fit(video: Video, kind: str, taken: Source) -> None:
    if kind == Track.Kind.SIGN and not taken.found.has_picture:
        raise RuleBroken("track.no_picture", _("El archivo no tiene imagen. Elija la grabación de la seña."))
    if kind != Track.Kind.SIGN and not taken.found.has_sound:
        raise RuleBroken("track.no_sound", _("El archivo no tiene sonido. Elija la grabación con la otra voz."))
    _check_length(video, taken.found.duration_seconds)


def _check_length(video: Video, seconds: float) -> None:
    if abs(seconds - video.duration_seconds) > SLACK_SECONDS:
        message = _(
            "La pista dura %(track)s y el video %(video)s: tienen que durar lo mismo, con 2 segundos de margen."
        )
        raise RuleBroken("track.length", message % {"track": _clock(seconds), "video": _clock(video.duration_seconds)})


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{int(minutes)}:{rest:04.1f}"


def find_job(track: Track) -> Job | None:
    """The newest job about a track."""
    return Job.objects.for_subject(KIND, track.public_id).first()


def retry(*, track: Track, by: Person | None) -> Job:
    """Make a failed track again, or one that was made for an earlier cut. Raises `track.not_failed`, `track.length`."""
    with transaction.atomic():
        video = Video.objects.select_for_update(no_key=True).get(pk=track.video_id)
        track = Track.objects.select_for_update(of=("self",)).select_related("video").get(pk=track.pk)
        if track.state != Track.State.FAILED and not is_outdated(track):
            raise RuleBroken("track.not_failed", _("Esta pista no necesita otro intento."))
        _check_length(video, track.duration_seconds)
        track.state, track.reason = Track.State.WAITING, ""
        track.save(update_fields=["state", "reason"])
        _note("track.retried", track, by)
        return jobs.request(KIND, track.public_id, by=by)


def remove(*, track: Track, by: Person | None) -> None:
    """Take a track away, with its files; what was watched with it stays watched."""
    with transaction.atomic():
        Video.objects.select_for_update(no_key=True).get(pk=track.video_id)
        _note("track.removed", track, by)
        _forget(track)


def _forget(track: Track) -> None:
    delete_later({track.source_path, *track.renditions.values_list("path", flat=True)})
    track.delete()


def _note(action: str, track: Track, by: Person | None) -> None:
    facts = {"kind": track.kind, "language": track.language.key if track.language else ""}
    audit.record(action, by=by, subject=f"media.video:{track.video.public_id}", facts=facts)


@jobs.lets_cancel(KIND)
def end_cancelled(job: Job) -> None:
    """Say of a track that its work was cancelled."""
    reason = _("La administración canceló el trabajo.")
    Track.objects.filter(public_id=job.subject, state__in=MOVING).update(state=Track.State.FAILED, reason=reason)


@job_words.names(KIND)
def titles_of(subjects: Iterable[str]) -> dict[str, str]:
    """How the tracks of jobs are called, with their videos."""
    found = Track.objects.filter(public_id__in=subjects).select_related("video", "language")
    return {str(track.public_id): str(track) for track in found}


def end_lost() -> int:
    """Say of tracks whose work was given up that they failed; returns how many there were."""
    count = 0
    for track in Track.objects.filter(state__in=MOVING):
        job = find_job(track)
        if job is not None and job.state not in {Job.State.WAITING, Job.State.RUNNING}:
            still = Track.objects.filter(pk=track.pk, state__in=MOVING)
            count += still.update(state=Track.State.FAILED, reason=_tried_too_often())
    return count


def _tried_too_often() -> str:
    return _("No pudimos preparar la pista después de varios intentos. Intente de nuevo o súbala otra vez.")


@jobs.performs(KIND)
def make(claim: jobs.Claim) -> None:
    """Do the job `media.track`; its subject is the track's public id. A track that is gone needs nothing."""
    track = Track.objects.select_related("video").filter(public_id=claim.job.subject, state__in=MOVING).first()
    if track is None:
        return
    with attempts.attempt(claim, track, gave_up=_tried_too_often()) as folder:
        _make(claim, track, folder)


def _make(claim: jobs.Claim, track: Track, folder: Path) -> None:
    video = track.video
    _check_length(video, track.duration_seconds)
    made = transcoding.make_renditions(
        claim,
        video,
        source=storing.local_copy(track.source_path, folder / "source"),
        sha256=track.source_sha256,
        folder=folder,
        cut=video.cut,
        track=track,
        known_seconds=track.duration_seconds,
    )
    here = Rendition.objects.filter(track=track, cut=video.cut)
    if made.failed and not (claim.is_last_try and here.exists()):
        raise transcoding.RungsFailed("; ".join(made.failed))
    with transaction.atomic():
        attempts.change(claim, track, state=Track.State.READY, reason=transcoding.reason_for(made))
        _note("track.ready", track, None)
