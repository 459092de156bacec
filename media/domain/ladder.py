"""The ladder: which files are made from a video. Fit the short side, never enlarge, keep the shape, cap the pictures
a second. Small rungs get slow presets: they are what most learners download."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from media.domain.inspection import Inspection
from media.ffmpeg import Output, Sound
from media.models import Rendition

RECIPE = 4  # raise it when anything here or in `media.ffmpeg` changes what comes out
PREVIEW = 0  # the recipe of a rung that was made in haste, and is made again
LOWEST_ALWAYS = 240
LONGEST_SIDE = 4096
RATES = (15, 24, 25, 30)
SECONDS_PER_STILL = 4  # the grid of key frames
HEAVY_BITS_PER_SECOND = 8_000_000
KEYS_ENOUGH = 0.25, 2.5  # seconds between key frames, for a look at nothing else
LEAST_FRAMES = 2  # ffmpeg leaves a track of a single picture out of the index

LOW = Sound("aac", 32, 24_000)
FULL = Sound("aac", 48, 48_000)
OPUS = Sound("libopus", 16, 48_000)
MP3 = Sound("libmp3lame", 32, 24_000)
SOUND_RUNGS: dict[str, Sound] = {Rendition.Rung.AUDIO: LOW, Rendition.Rung.OPUS: OPUS, Rendition.Rung.MP3: MP3}


@dataclass(frozen=True)
class Step:
    """One rung as planned for one video; `frames` is 0 for sound alone, `sound` None for silence."""

    rung: str
    width: int = 0
    height: int = 0
    frame_rate: Fraction = Fraction(0)
    frames: int = 0
    crf: float = 0
    preset: str = ""
    max_kbits: int = 0
    tuning: str = ""
    sound: Sound | None = None

    @property
    def is_film(self) -> bool:
        """Whether it is encoded from the source's pictures."""
        return bool(self.crf)

    def output(self, folder: Path, sound: Path | None) -> Output:
        """The film to write, in `folder`, over a sound that is made."""
        return Output(
            path=folder / f"{self.rung}.mp4",
            width=self.width,
            height=self.height,
            frame_rate=self.frame_rate,
            frames=self.frames,
            crf=self.crf,
            preset=self.preset,
            max_kbits=self.max_kbits,
            tuning=self.tuning,
            sound=sound,
        )

    def in_haste(self) -> "Step":
        """The same rung for a first look."""
        return replace(self, preset="veryfast")


@dataclass(frozen=True)
class _Rule:
    rung: str
    short_side: int
    crf: float
    preset: str
    max_kbits: int
    sound: Sound
    is_slow: bool = False  # half the pictures a second
    tuning: str = ""


RULES = (
    _Rule(Rendition.Rung.P720, 720, 23, "veryfast", 1600, FULL, tuning="me=dia"),
    _Rule(Rendition.Rung.P480, 480, 23.5, "veryfast", 800, FULL, tuning="me=dia"),
    _Rule(Rendition.Rung.P360, 360, 25.5, "faster", 400, FULL, tuning="me=dia"),
    _Rule(Rendition.Rung.P240, 240, 30, "slow", 150, LOW, is_slow=True),
    _Rule(Rendition.Rung.P144, 144, 31, "slow", 64, LOW, is_slow=True),
)
SIGNED = (Rendition.Rung.P480, Rendition.Rung.P240)


def base_rate(rate: Fraction) -> Fraction:
    """The pictures a second of the large rungs: a usual rate, at most 30, that loses none of an ordinary camera's."""
    while rate > Fraction(61, 2):
        rate /= 2
    return Fraction(next((usual for usual in RATES if usual >= rate * Fraction(995, 1000)), RATES[-1]))


def fitted(width: int, height: int, short_side: int) -> tuple[int, int]:
    """The size with that short side and the same shape, in even numbers."""
    scale = min(short_side / min(width, height), LONGEST_SIDE / max(width, height))
    return max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2))


def slow_rate(rate: Fraction) -> Fraction:
    """The pictures a second of the small rungs."""
    return rate / 2 if rate > 15 else rate


def whole_seconds(found: Inspection) -> Fraction:
    """The length that every rung gets: the source's, to the nearest picture of the slowest rung, at least two."""
    rate = slow_rate(base_rate(found.source.frame_rate))
    return max(LEAST_FRAMES, round(found.duration_seconds * rate)) / rate


def is_heavy(found: Inspection) -> bool:
    """Whether decoding it all costs so much that a first look is made from a part of its pictures."""
    return 8 * found.source.path.stat().st_size / max(found.duration_seconds, 0.1) >= HEAVY_BITS_PER_SECOND


def left_out_at_first(found: Inspection, seconds_between_keys: float) -> str:
    """Which pictures of a heavy source a first look does without, of `media.ffmpeg.encoding.FEWER`; none when empty.

    All but the key frames where these come often enough to show what it is; not where every picture is one.
    """
    least, most = KEYS_ENOUGH
    if seconds_between_keys <= most:
        return "between keys" if seconds_between_keys >= least else ""
    rate = found.source.frame_rate
    return "unused" if rate >= Fraction(19, 10) * slow_rate(base_rate(rate)) else ""


def _step(rule: _Rule, found: Inspection, short_side: int) -> Step:
    rate = base_rate(found.source.frame_rate)
    if rule.is_slow:
        rate = slow_rate(rate)
    width, height = fitted(found.width, found.height, short_side)
    return Step(
        rung=rule.rung,
        width=width,
        height=height,
        frame_rate=rate,
        frames=int(whole_seconds(found) * rate),
        crf=rule.crf,
        preset=rule.preset,
        max_kbits=rule.max_kbits,
        tuning=rule.tuning,
        sound=rule.sound if found.has_sound else None,
    )


def _films(found: Inspection) -> list[Step]:
    short = min(found.width, found.height)
    steps = []
    for rule in RULES:
        if rule.short_side == LOWEST_ALWAYS:
            steps.append(_step(rule, found, min(LOWEST_ALWAYS, short - short % 2)))
        elif rule.short_side <= short:
            steps.append(_step(rule, found, rule.short_side))
    return steps


def stills_film(films: list[Step]) -> Step:
    """The rung whose key frames become the stills: the tallest up to 480p."""
    small = {Rendition.Rung.P480, Rendition.Rung.P360, Rendition.Rung.P240}
    return next(step for step in films if step.rung in small)


def _slides(films: list[Step], seconds: Fraction) -> Step:
    film = stills_film(films)
    frames = max(LEAST_FRAMES, round(seconds / SECONDS_PER_STILL))
    rung = Rendition.Rung.SLIDES
    return Step(rung, film.width, film.height, frames / seconds, frames, sound=OPUS)


def plan(found: Inspection) -> list[Step]:
    """The rungs of a video, largest first, sound alone last. 240p always: a smaller video keeps its own size there."""
    films = _films(found) if found.has_picture else []
    if not found.has_sound:
        return films
    stills = [_slides(films, whole_seconds(found))] if films else []
    return films + stills + [Step(rung, sound=sound) for rung, sound in SOUND_RUNGS.items()]


def plan_signed(found: Inspection) -> list[Step]:
    """The rungs with a signer in the corner."""
    return [step for step in _films(found) if step.rung in SIGNED]


def sound_of(rung: str) -> Sound:
    """The sound that a rung carries."""
    if rung == Rendition.Rung.SLIDES:
        return OPUS
    return SOUND_RUNGS.get(rung) or next(rule.sound for rule in RULES if rule.rung == rung)


def dubbed(row: Rendition) -> Step:
    """A published film's step, as it is with another sound."""
    frames = row.manifest["frames"]
    rate = Fraction(frames / row.duration_seconds).limit_denominator(3000)
    return Step(row.rung, row.width, row.height, rate, frames, sound=sound_of(row.rung))


def storyboard(width: int, height: int, seconds: float) -> dict[str, int]:
    """How the sheet of small pictures is laid out: at most a hundred of them, on the grid of key frames."""
    every = SECONDS_PER_STILL * max(1, -(-int(seconds) // (100 * SECONDS_PER_STILL)))
    count = max(1, -(-int(seconds) // every))
    columns = min(10, count)
    small = fitted(width, height, min(90, width, height))
    return {
        "every_seconds": every,
        "columns": columns,
        "rows": -(-count // columns),
        "width": small[0],
        "height": small[1],
        "count": count,
    }
