"""Making a cut, and putting it in use: the job `media.cut`."""

from pathlib import Path

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lms.domain import audit, jobs
from lms.models import Language, Person
from media.domain import attempts, captions, edits, storing, transcoding
from media.domain.cues import Cue
from media.domain.cuts import KIND, MAKING, SHAPE, SOURCE, delete_later
from media.domain.edits import Part
from media.models import Caption, Cut, Rendition, Video
from media.signals import video_recut

BESIDE = ("poster_path", "storyboard_path", "storyboard", "waveform_path")


@jobs.performs(KIND)
def make(claim: jobs.Claim) -> None:
    """Do the job; its subject is the cut's public id. A cut that is gone, or in use already, needs nothing."""
    cut = Cut.objects.select_related("video").filter(public_id=claim.job.subject, state__in=MAKING).first()
    if cut is None:
        return
    with attempts.attempt(claim, cut, gave_up=transcoding.tried_too_often()) as folder:
        _make(claim, cut, folder)


def _make(claim: jobs.Claim, cut: Cut, folder: Path) -> None:
    # A copy that is never saved: what is stored for the cut is known by it as long as the work goes on.
    video = Video.objects.get(pk=cut.video_id)
    video.poster_second = _second_of_poster(video, edits.checked(cut.edit_list))

    def remember(**fields: object) -> None:
        for name, value in fields.items():
            setattr(video, name, value)

    is_trimmed = cut.trim_start_seconds or cut.trim_end_seconds is not None
    made = transcoding.make_renditions(
        claim,
        video,
        source=storing.local_copy(cut.source_path, folder / "source"),
        sha256=cut.source_sha256,
        folder=folder,
        cut=cut.number,
        starts_at=cut.trim_start_seconds,
        ends_at=cut.trim_end_seconds,
        known_seconds=0 if is_trimmed else cut.duration_seconds,
        keep_fields=remember,
    )
    if made.failed and not (claim.is_last_try and _is_playable(cut)):
        raise transcoding.RungsFailed("; ".join(made.failed))
    claim.progress(990, 1000, _("Poniendo el corte en uso"))
    put_in_use(cut, made.fields, claim=claim, reason=transcoding.reason_for(made))


def _is_playable(cut: Cut) -> bool:
    least = Rendition.Rung.P240 if cut.video.kind == Video.Kind.FILM else Rendition.Rung.AUDIO
    return Rendition.objects.filter(video=cut.video_id, cut=cut.number, track=None, rung=least).exists()


def _second_of_poster(video: Video, parts: list[Part]) -> float | None:
    """The same picture, if it is still there."""
    if video.poster_second is None:
        return None
    moment = edits.milliseconds(video.poster_second)
    found = edits.moved([(moment, moment + 1)], parts)
    return found[0][0] / 1000 if found else None


def put_in_use(cut: Cut, fields: dict, *, claim: jobs.Claim | None = None, reason: str = "") -> Video:
    """Let the video take a cut over that is made, in one transaction with captions and whoever listens."""
    with transaction.atomic():
        if claim:
            claim.assert_held()
        video = Video.objects.select_for_update().get(pk=cut.video_id)
        cut = Cut.objects.select_for_update().get(pk=cut.pk)
        if cut.number <= video.cut:
            return video
        before = _retire(video)
        parts, old_length = edits.checked(cut.edit_list), video.length_seconds
        paths = {getattr(video, name) for name in BESIDE if name.endswith("_path")}
        _take_over(video, cut, fields, parts, reason)
        delete_later(paths - {getattr(video, name) for name in BESIDE if name.endswith("_path")})
        _carry_captions(video, before, _same_as(cut), parts, cut.made_by)
        cut.state, cut.reason, cut.in_use_at = Cut.State.IN_USE, "", timezone.now()
        cut.duration_seconds = video.duration_seconds
        cut.save(update_fields=["state", "reason", "in_use_at", "duration_seconds"])
        facts = {"cut": cut.number, "seconds": round(video.duration_seconds, 3), "edit_list": cut.edit_list}
        audit.record("video.recut", by=cut.made_by, subject=f"media.video:{video.public_id}", facts=facts)
        video_recut.send(
            Video,
            video=video,
            old_length_seconds=old_length,
            new_length_seconds=video.length_seconds,
            edit_list=cut.edit_list,
        )
    return video


def _retire(video: Video) -> Cut:
    """The row of the cut in use, which is replaced now; the first gets it here."""
    facts = {name: getattr(video, name) for name in (*SOURCE, *SHAPE)} | {"state": Cut.State.REPLACED}
    before, _created = Cut.objects.get_or_create(
        video=video,
        number=video.cut,
        defaults=facts | {"created_at": video.created_at, "in_use_at": video.created_at, "made_by": video.uploaded_by},
    )
    before.state = Cut.State.REPLACED
    kept = Caption.objects.filter(video=video).select_related("language")
    before.captions = {caption.language.key: [caption.text, caption.is_machine_made] for caption in kept}
    before.save(update_fields=["state", "captions"])
    return before


def _take_over(video: Video, cut: Cut, fields: dict, parts: list[Part], reason: str) -> None:
    video.poster_second = _second_of_poster(video, parts)
    taken = {name: getattr(cut, name) for name in (*SOURCE, *SHAPE)}
    taken |= {"poster_path": "", "storyboard_path": "", "storyboard": {}, "waveform_path": ""}
    taken |= {name: value for name, value in fields.items() if name in (*SHAPE, *BESIDE)}
    taken |= {"cut": cut.number, "reason": reason, "state": Video.State.READY}
    for name, value in taken.items():
        setattr(video, name, value)
    video.save(update_fields=[*taken, "poster_second"])


def _same_as(cut: Cut) -> Cut | None:
    """The earlier cut that this one takes up again."""
    facts = {name: getattr(cut, name) for name in ("source_sha256", "trim_start_seconds", "trim_end_seconds")}
    earlier = Cut.objects.filter(video=cut.video_id, number__lt=cut.number, state=Cut.State.REPLACED, **facts)
    return earlier.order_by("-number").first()


def _carry_captions(video: Video, before: Cut, again: Cut | None, parts: list[Part], by: Person | None) -> None:
    """Move captions along; where nobody touched them since a cut that is taken up again was left, as they were then."""
    theirs = dict(again.captions) if again else {}
    for caption in Caption.objects.filter(video=video).select_related("language"):
        is_touched = before.in_use_at is None or caption.updated_at > before.in_use_at
        stored = theirs.pop(caption.language.key, None)
        if stored and not is_touched:
            _save(video, caption.language, stored[0], by, is_machine_made=stored[1])
            continue
        here = captions.cues_of(caption)
        cues = moved_cues(here, parts)
        if not cues:
            captions.remove(caption=caption, by=by)
        elif cues != here:
            _save(video, caption.language, captions.render(cues), by, is_machine_made=caption.is_machine_made)
    for key, (text, is_machine_made) in theirs.items():
        if language := Language.objects.filter(key=key).first():
            _save(video, language, text, by, is_machine_made=is_machine_made)


def _save(video: Video, language: Language, text: str, by: Person | None, *, is_machine_made: bool) -> None:
    captions.save(video=video, language=language, text=text, by=by, is_machine_made=is_machine_made)


def moved_cues(cues: list[Cue], parts: list[Part]) -> list[Cue]:
    """Cues on the new timeline: what is cut out goes, what is cut into ends where it is cut."""
    found = []
    for cue in cues:
        if left := edits.moved([(cue.start, cue.end)], parts):
            found.append(Cue(left[0][0], left[-1][1], cue.text))
    return found
