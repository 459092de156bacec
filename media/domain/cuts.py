"""New cuts of a video: another file in its place, other ends of the same one, and back to the cut before.

A cut is made beside the one in use, which goes on playing. When it is ready one transaction puts it in use; what was
watched, and the captions, follow through the edit list. What is kept of the cut before lasts longer than any address of
it, so that nobody's film stops in the middle.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from lms.domain import audit, job_words, jobs
from lms.domain.errors import RuleBroken
from lms.models import Job, Person
from media.domain import edits, sources
from media.models import Cut, Rendition, Video

KIND = "media.cut"
MAKING = (Cut.State.WAITING, Cut.State.PROCESSING)
USED = (Cut.State.IN_USE, Cut.State.REPLACED)
SHORTEST_SECONDS = 1.0
# Addresses are good for 12 to 18 hours (`media.domain.addresses`).
KEPT_FOR = timedelta(hours=24)
SOURCE = ("source_name", "source_path", "source_sha256", "source_bytes", "trim_start_seconds", "trim_end_seconds")
SHAPE = ("duration_seconds", "width", "height", "has_sound")


def find_making(video: Video) -> Cut | None:
    """The cut that is being made, or that failed and may be tried again; None when there is none."""
    return video.cuts.filter(state__in=[*MAKING, Cut.State.FAILED], number__gt=video.cut).order_by("-number").first()


def find_before(video: Video) -> Cut | None:
    """The cut that was in use before and whose file is still kept."""
    before = video.cuts.filter(state=Cut.State.REPLACED, number__lt=video.cut).order_by("-number").first()
    return before if before and before.source_path and default_storage.exists(before.source_path) else None


def replace(
    *,
    video: Video,
    source: Path,
    source_name: str,
    by: Person | None,
    shift_seconds: float | None = None,
    edit_list: Sequence[Sequence[int]] | None = None,
    keep_source: bool = False,
) -> Cut:
    """Ask for a new cut from another file.

    `shift_seconds`: it is the same content, so much later (0: no later); None: it is other content, and nothing that
    was watched counts. `edit_list` says it in full instead. Raises `cut.…`, and what `inspection.inspect` raises.
    """
    check_free(video)
    with sources.taken_in(source, name=source_name, video=video, is_kept=keep_source) as taken:
        if taken.found.kind != video.kind:
            raise RuleBroken("cut.other_kind", _other_kind(video))
        parts = edits.checked(edit_list) if edit_list is not None else []
        if shift_seconds is not None:
            old, new = edits.milliseconds(video.duration_seconds), edits.milliseconds(taken.found.duration_seconds)
            parts = edits.shifted(old, new, edits.milliseconds(shift_seconds))
        found = taken.found
        shape = {"width": found.width, "height": found.height, "has_sound": found.has_sound}
        return _ask(video, by, edit_list=parts, **taken.columns, **shape)


def trim(*, video: Video, start_seconds: float, end_seconds: float | None, by: Person | None) -> Cut:
    """Ask for the stretch of the cut in use between two of its seconds. Raises `cut.…`."""
    check_free(video)
    if not video.source_path or not default_storage.exists(video.source_path):
        raise RuleBroken(
            "cut.no_original", _("El archivo original ya no se guarda. Reemplace el video por otro archivo.")
        )
    end = video.duration_seconds if end_seconds is None else min(end_seconds, video.duration_seconds)
    if not 0 <= start_seconds <= end - SHORTEST_SECONDS:
        raise RuleBroken("cut.ends", _("El final tiene que venir al menos un segundo después del inicio."))
    if start_seconds < 0.1 and end > video.duration_seconds - 0.1:
        raise RuleBroken("cut.nothing_trimmed", _("Así no se recorta nada. Cambie el inicio o el final."))
    facts = {name: getattr(video, name) for name in (*SOURCE, *SHAPE)}
    facts["trim_start_seconds"] = video.trim_start_seconds + start_seconds
    facts["trim_end_seconds"] = video.trim_start_seconds + end
    facts["duration_seconds"] = end - start_seconds
    whole = (0, edits.milliseconds(video.duration_seconds))
    parts = edits.kept(whole, (edits.milliseconds(start_seconds), edits.milliseconds(end)))
    return _ask(video, by, edit_list=parts, **facts)


def undo(*, video: Video, by: Person | None) -> Cut:
    """Ask for the cut before again, as a new one. Raises `cut.nothing_to_undo`, `cut.already_making`."""
    check_free(video)
    before = find_before(video)
    if before is None:
        raise RuleBroken("cut.nothing_to_undo", _("El corte anterior ya no se guarda."))
    current = video.cuts.get(number=video.cut)
    facts = {name: getattr(before, name) for name in (*SOURCE, *SHAPE)}
    return _ask(video, by, edit_list=edits.back(edits.checked(current.edit_list)), **facts)


def _other_kind(video: Video) -> str:
    if video.kind == Video.Kind.FILM:
        return _("El archivo nuevo solo tiene sonido y este video tiene imagen. Elija un archivo de video.")
    return _("El archivo nuevo tiene imagen y esto es un audio. Súbalo como un video aparte.")


def check_free(video: Video) -> None:
    """Before anything is read: whether a new cut can be made now."""
    if video.state != Video.State.READY:
        raise RuleBroken("cut.video_not_ready", _("Espere a que el video esté listo."))
    if video.cuts.filter(state__in=MAKING).exists():
        raise RuleBroken(
            "cut.already_making", _("Ya se está preparando un corte nuevo de este video. Espere a que termine.")
        )


def _ask(video: Video, by: Person | None, **facts: object) -> Cut:
    """One cut at a time; one that failed gives way to the new one."""
    with transaction.atomic():
        locked = Video.objects.select_for_update(no_key=True).get(pk=video.pk)
        check_free(locked)
        if locked.cut != video.cut:
            raise RuleBroken("cut.changed_meanwhile", _("El video cambió mientras tanto. Abra la página de nuevo."))
        for failed in video.cuts.filter(state=Cut.State.FAILED, number__gt=video.cut):
            _forget(failed)
        last = video.cuts.order_by("-number").values_list("number", flat=True).first() or 0
        cut = Cut.objects.create(video=video, number=max(last, video.cut) + 1, made_by=by, **facts)
        told = {"cut": cut.number, "seconds": round(cut.duration_seconds, 3), "edit_list": cut.edit_list}
        audit.record("video.cut_asked", by=by, subject=f"media.video:{video.public_id}", facts=told)
        jobs.request(KIND, cut.public_id, by=by)
    return cut


def find_job(cut: Cut) -> Job | None:
    """The newest job about a cut."""
    return Job.objects.for_subject(KIND, cut.public_id).first()


def retry(*, cut: Cut, by: Person | None) -> Job:
    """Try a failed cut again. Raises `cut.not_failed`."""
    with transaction.atomic():
        video = Video.objects.select_for_update(no_key=True).get(pk=cut.video_id)
        cut = Cut.objects.select_for_update().get(pk=cut.pk)
        if cut.state != Cut.State.FAILED or cut.number < video.cut:
            raise RuleBroken("cut.not_failed", _("Este corte no necesita otro intento."))
        check_free(video)
        cut.state, cut.reason = Cut.State.WAITING, ""
        cut.save(update_fields=["state", "reason"])
        audit.record("video.cut_retried", by=by, subject=f"media.video:{video.public_id}", facts={"cut": cut.number})
        return jobs.request(KIND, cut.public_id, by=by)


def abandon(*, cut: Cut, by: Person | None) -> None:
    """Take a failed cut away, with its file. Raises `cut.not_failed`."""
    with transaction.atomic():
        video = Video.objects.select_for_update(no_key=True).get(pk=cut.video_id)
        cut = Cut.objects.select_for_update().get(pk=cut.pk)
        if cut.state != Cut.State.FAILED:
            raise RuleBroken("cut.not_failed", _("Este corte no ha fallado."))
        audit.record("video.cut_abandoned", by=by, subject=f"media.video:{video.public_id}", facts={"cut": cut.number})
        _forget(cut)


def _forget(cut: Cut) -> None:
    """A cut that was never in use."""
    _drop_renditions(cut.video, [cut.number])
    cut.delete()
    shared = {cut.video.source_path, *cut.video.cuts.values_list("source_path", flat=True)}
    delete_later({cut.source_path} - shared)


def _drop_renditions(video: Video, numbers: Iterable[int]) -> int:
    rows = Rendition.objects.filter(video=video, cut__in=list(numbers))
    paths = set(rows.values_list("path", flat=True))
    rows.delete()
    delete_later(paths)
    return len(paths)


def delete_later(paths: Iterable[str]) -> None:
    """Files go once no row speaks of them any more."""
    for path in filter(None, paths):
        transaction.on_commit(partial(default_storage.delete, path))


@jobs.lets_cancel(KIND)
def end_cancelled(job: Job) -> None:
    """Say of a cut that its work was cancelled; the video stays as it was."""
    reason = _("La administración canceló el trabajo.")
    Cut.objects.filter(public_id=job.subject, state__in=MAKING).update(state=Cut.State.FAILED, reason=reason)


@job_words.names(KIND)
def titles_of(subjects: Iterable[str]) -> dict[str, str]:
    """How the videos of jobs about cuts are called."""
    found = Cut.objects.filter(public_id__in=subjects).values_list("public_id", "video__title")
    return {str(public_id): title for public_id, title in found}


def end_lost() -> int:
    """Say of cuts whose work was given up that they failed; returns how many there were."""
    count = 0
    for cut in Cut.objects.filter(state__in=MAKING):
        job = find_job(cut)
        if job is not None and job.state not in {Job.State.WAITING, Job.State.RUNNING}:
            reason = _("No pudimos preparar el corte después de varios intentos. Intente de nuevo o quítelo.")
            still = Cut.objects.filter(pk=cut.pk, state__in=MAKING)
            count += still.update(state=Cut.State.FAILED, reason=reason)
    return count


def sweep(at=None) -> int:
    """Delete what is kept of cuts that were replaced long enough ago; returns how many renditions went.

    The source of the cut before the one in use stays, so that it can be taken up again.
    """
    at = at or timezone.now()
    settled = Cut.objects.filter(state=Cut.State.IN_USE, in_use_at__lte=at - KEPT_FOR)
    gone = 0
    for current in settled.filter(video__renditions__cut__lt=F("number")).distinct():
        with transaction.atomic():
            video = Video.objects.select_for_update(no_key=True).get(pk=current.video_id)
            if video.cut != current.number:
                continue
            gone += _drop_renditions(video, range(1, video.cut))
            _drop_sources(video)
    return gone


def _drop_sources(video: Video) -> None:
    replaced = list(video.cuts.filter(state=Cut.State.REPLACED).order_by("-number"))
    others = video.cuts.exclude(pk__in=[cut.pk for cut in replaced[1:]])
    kept = {video.source_path, *others.values_list("source_path", flat=True)}
    old = [cut for cut in replaced[1:] if cut.source_path]
    delete_later({cut.source_path for cut in old} - kept)
    Cut.objects.filter(pk__in=[cut.pk for cut in old]).update(source_path="")
