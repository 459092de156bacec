"""One job's work on the renditions of one video, cut or track: each is measured before it is published.

What is already published from the same source by the same recipe is not made again, so a worker killed at any moment
costs one stage.
"""

import contextlib
import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from django.core.files.storage import default_storage

from lms.domain import jobs
from media import ffmpeg
from media.domain import conservation, fragments, ladder, storing
from media.domain.fragments import Index
from media.domain.inspection import Inspection
from media.domain.ladder import Step
from media.models import Rendition, Track, Video

POSTER_WIDTH = 640
SOUND_TRIES = 4


class RungsFailed(Exception):
    """Some rungs were made and did not pass the check; the job is worth another try."""


@dataclass(frozen=True)
class Aim:
    """What is made, and from which file: the first cut of a video as it came, a later one, or a track beside it."""

    video: Video
    source: Path
    sha256: str
    cut: int = 1
    track: Track | None = None
    starts_at: float = 0.0
    ends_at: float | None = None

    @property
    def key(self) -> tuple[str, int]:
        """What the work is idempotent by."""
        is_trimmed = self.starts_at or self.ends_at is not None
        return f"{self.sha256}:{self.starts_at}-{self.ends_at}" if is_trimmed else self.sha256, ladder.RECIPE

    @property
    def prefix(self) -> str:
        """How the names of its files begin."""
        return (f"t{self.track.public_id.hex}-" if self.track else "") + (f"c{self.cut}-" if self.cut > 1 else "")

    def renditions(self):
        """What is published of it."""
        return Rendition.objects.filter(video=self.video, cut=self.cut, track=self.track)


@dataclass
class Made:
    """What was made beside the renditions, as the fields of the video are called; and what failed."""

    fields: dict[str, object] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


class Making:
    """The tools of the work. `keep_fields` writes what belongs to the video; for a cut the caller does so later."""

    def __init__(
        self,
        claim: jobs.Claim,
        aim: Aim,
        found: Inspection,
        folder: Path,
        *,
        keep_fields: Callable[..., None] | None = None,
    ) -> None:
        self.claim = claim
        self.aim = aim
        self.found = found
        self.folder = folder
        self.made = Made()
        self.files: dict[str, Path] = {}
        self.sounds: dict[ffmpeg.Sound, tuple[Path, float | None]] = {}
        self._keep_fields = keep_fields
        self._told_at = 0.0
        self._gain: float | None = None
        self._is_rough = False

    @cached_property
    def seconds(self) -> float:
        """The length of everything that is made."""
        return float(ladder.whole_seconds(self.found))

    @cached_property
    def heard(self) -> ffmpeg.Heard:
        """The source's sound, heard once."""
        return ffmpeg.listen(self.found.source, seconds=self.seconds)

    def tell(self, permille: float, stage: str, *, now: bool = False) -> None:
        """Progress out of a thousand, at most once a second."""
        if now or time.monotonic() - self._told_at >= 1:
            self._told_at = time.monotonic()
            self.claim.progress(int(permille), 1000, stage)

    def missing(self, steps: list[Step], *, or_preview: bool = False) -> list[Step]:
        """The steps that are not published yet from this source by this recipe, or at least in haste."""
        source, recipe = self.aim.key
        good = {(source, recipe)} | ({(source, ladder.PREVIEW)} if or_preview else set())
        rows = self.aim.renditions().values_list("rung", "manifest__source", "manifest__recipe")
        current = {rung for rung, *key in rows if tuple(key) in good}
        return [step for step in steps if step.rung not in current]

    def file_of(self, rung: str) -> Path | None:
        """A published rung as a file on this machine; None when there is none."""
        if rung not in self.files:
            row = self.aim.renditions().filter(rung=rung).first()
            if row is None:
                return None
            self.files[rung] = storing.local_copy(row.path, self.folder / f"published-{rung}{Path(row.path).suffix}")
        return self.files[rung]

    def fail(self, rung: str, why: object) -> None:
        """Note that a rung is not published."""
        self.made.failed.append(f"{rung}: {why}")

    # Sound --------------------------------------------------------------------------------------------------------
    def sound(self, *wanted: ffmpeg.Sound) -> None:
        """Have these sounds ready, levelled and measured; one that does not hold is left out."""
        new = [one for one in wanted if one not in self.sounds and not self._recall(one)]
        if not new:
            return
        paths = {self.folder / f"{one.codec}-{one.kbits}{one.suffix}": one for one in new}
        for number in range(SOUND_TRIES):
            gain = self._settle_gain()
            ffmpeg.sound_out(self.found.source, paths, seconds=self.seconds, gain_db=gain, is_rough=self._is_rough)
            levels = {path: ffmpeg.loudness(path, seconds=self.seconds) for path in paths}
            good = [path for path in paths if self.heard.lufs is None or conservation.is_level(levels[path])]
            self.sounds |= {paths.pop(path): (path, levels[path]) for path in good}
            if not paths:
                break
            self._correct(number, levels[next(iter(paths))])

    def _settle_gain(self) -> float:
        if self._gain is None:
            self._gain = self.heard.gain_db
        return self._gain

    def _correct(self, number: int, level: float | None) -> None:
        """By what is missing; if that does not do, the loud and the low are evened out first."""
        off = ffmpeg.TARGET_LUFS - (ffmpeg.SILENCE_LUFS if level is None else level)
        if number == 1:
            self._is_rough, self._gain = True, 0.0
        else:
            self._gain = self._settle_gain() + off

    def _recall(self, sound: ffmpeg.Sound) -> bool:
        """Take a sound from the rung that was published with it."""
        rung = next((rung for rung, one in ladder.SOUND_RUNGS.items() if one == sound), None)
        if rung is None or self.missing([Step(rung)]):
            return False
        path = self.file_of(rung)
        manifest = self.aim.renditions().get(rung=rung).manifest
        if path is None or "loudness" not in manifest:
            return False
        self.sounds[sound] = path, manifest["loudness"]
        return True

    def publish_sounds(self, steps: list[Step]) -> None:
        """Publish rungs of sound alone."""
        for step in steps:
            if step.sound in self.sounds:
                self.check_and_publish(step, self.sounds[step.sound][0])
            else:
                self.fail(step.rung, "the sound is not level")

    # Pictures -----------------------------------------------------------------------------------------------------
    def films(self, steps: list[Step], start: int, end: int, stage: str, *, without: str = "", inset=None) -> None:
        """Encode `steps` in one process, check each, publish those that hold; `without` as `ffmpeg.encode` has it."""
        ready = [step for step in steps if step.sound is None or step.sound in self.sounds]
        for step in steps:
            if step not in ready:
                self.fail(step.rung, "the sound is not level")
        if not ready:
            return
        self.tell(start, stage, now=True)
        span = (end - start) / self.seconds
        ffmpeg.encode(
            self.found.source,
            [step.output(self.folder, self._sound_of(step)) for step in ready],
            seconds=ladder.whole_seconds(self.found),
            folder=self.folder,
            tell=lambda done: self.tell(min(end, start + done * span), stage),
            without=without,
            inset=inset,
        )
        for step in ready:
            self.check_and_publish(step, self.folder / f"{step.rung}.mp4", is_preview=bool(without))

    def _sound_of(self, step: Step) -> Path | None:
        return self.sounds[step.sound][0] if step.sound else None

    # Publishing ---------------------------------------------------------------------------------------------------
    def check_and_publish(self, step: Step, path: Path, *, is_preview: bool = False) -> None:
        """A rung that does not hold is noted and not published. Nobody misses a preview: the rung is still to come."""
        try:
            index = conservation.read(step, path, seconds=self.seconds)
        except fragments.FragmentsBroken as broken:
            if not is_preview:
                self.fail(step.rung, broken)
            return
        self.publish(step, index, path, is_preview=is_preview)
        self.files[step.rung] = path

    def publish(self, step: Step, index: Index, path: Path, *, is_preview: bool = False) -> None:
        """Store a checked file and write its row, if the job is still ours. Raises `LeaseLost`."""
        with path.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        source, recipe = self.aim.key
        manifest = {
            "source": source,
            "recipe": ladder.PREVIEW if is_preview else recipe,
            "frames": index.frames,
            "sound_packets": index.sound_packets,
        }
        if step.sound in self.sounds:
            manifest["loudness"] = self.sounds[step.sound][1]
        facts = {
            "bytes": index.file_bytes,
            "width": step.width,
            "height": step.height,
            "duration_seconds": index.seconds,
            "codecs": index.codecs,
            "sha256": digest,
            "manifest": manifest | index.manifest(),
        }
        before = self.aim.renditions().filter(rung=step.rung).values_list("path", flat=True).first()
        with self.stored(path, step.rung, gets_on=True) as stored:
            Rendition.objects.update_or_create(
                video=self.aim.video,
                cut=self.aim.cut,
                track=self.aim.track,
                rung=step.rung,
                defaults=facts | {"path": stored},
            )
        if before:
            default_storage.delete(before)

    @contextlib.contextmanager
    def stored(self, path: Path, name: str, *, gets_on: bool = False) -> Iterator[str]:
        """A stored file and the transaction that speaks of it, under our fence; without the row, no file.

        `gets_on` as in `jobs.Claim.publishing`.
        """
        full = f"{self.aim.prefix}{name}-{secrets.token_hex(6)}{path.suffix}"
        stored, is_written = storing.keep(path, f"{storing.folder_of(self.aim.video)}/{full}"), False
        try:
            with self.claim.publishing(gets_on=gets_on):
                yield stored
                is_written = True
        except BaseException:
            # A commit whose answer was lost may have happened all the same: a file too many is swept, one too few not.
            if not is_written:
                default_storage.delete(stored)
            raise

    def keep_beside(self, name: str, path: Path, **facts: object) -> None:
        """Store what belongs to the video itself: `<name>_path`, and the facts beside it."""
        if not path.exists():
            return
        with self.stored(path, name) as stored:
            fields: dict[str, object] = {f"{name}_path": stored} | facts
            self.made.fields |= fields
            if self._keep_fields:
                self._keep_fields(**fields)
