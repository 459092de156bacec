"""How far a video is, rung by rung: waiting, being made, ready with its bytes, failed."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from lms.models import Job
from media.domain import ladder
from media.models import Rendition, Video

# In which part of a job's thousand steps the worker makes what (`media.domain.transcoding`).
FIRST, REST = (20, 300), (300, 955)
FIRST_RUNGS = {Rendition.Rung.P240}
WAITING, RUNNING, READY, FAILED = "waiting", "running", "ready", "failed"


@dataclass(frozen=True)
class Stage:
    """One rung. `percent` while it is made, `bytes` when it is there; `is_preview`: made in haste, made again later."""

    rung: str
    label: str
    state: str
    percent: int = 0
    bytes: int = 0
    is_preview: bool = False

    @property
    def words(self) -> str:
        """The state in words."""
        if self.is_preview:
            return _("Ya se puede ver. Se está haciendo una versión mejor.")
        return {
            WAITING: _("En espera"),
            RUNNING: _("En proceso"),
            READY: _("Lista"),
            FAILED: _("No se pudo preparar"),
        }[self.state]


def planned(video: Video) -> list[str]:
    """The rungs that a video of these facts gets, the smallest first."""
    short = min(video.width, video.height)
    lowest = ladder.LOWEST_ALWAYS
    films = [rule.rung for rule in ladder.RULES if rule.short_side == lowest or rule.short_side <= short]
    if video.kind == Video.Kind.SOUND or not short:
        films = []
    stills = [Rendition.Rung.SLIDES] if films and video.has_sound else []
    sounds = list(ladder.SOUND_RUNGS) if video.has_sound else []
    return [str(rung) for rung in [*reversed(films), *stills, *sounds]]


def of(video: Video, job: Job | None, *, is_over: bool) -> list[Stage]:
    """The stages of a video; `is_over` where nothing more will happen by itself. One query."""
    rows = video.own_renditions().values_list("rung", "bytes", "manifest__recipe")
    made = {rung: (size, recipe) for rung, size, recipe in rows}
    rungs = planned(video)
    rungs += [rung for rung in made if rung not in rungs]
    return [_stage(rung, made.get(rung), job, is_over=is_over) for rung in rungs]


def _stage(rung: str, made: tuple[int, int | None] | None, job: Job | None, *, is_over: bool) -> Stage:
    label = str(Rendition.Rung(rung).label)
    if made is not None:
        size, recipe = made
        return Stage(rung, label, READY, bytes=size, is_preview=recipe == ladder.PREVIEW and not is_over)
    if is_over:
        return Stage(rung, label, FAILED)
    begin, end = FIRST if rung in FIRST_RUNGS else REST
    if job is None or job.state != Job.State.RUNNING or job.done < begin:
        return Stage(rung, label, WAITING)
    return Stage(rung, label, RUNNING, percent=min(99, (job.done - begin) * 100 // (end - begin)))
