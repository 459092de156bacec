"""The ladder: which files are made from a video. Fit the short side, never enlarge, keep the shape, cap the pictures
a second. Small rungs get slow presets: they are what most learners download."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from media.domain.inspection import Inspection
from media.ffmpeg import Output
from media.models import Rendition

RECIPE = 1  # raise it when anything here or in `media.ffmpeg` changes what comes out
LOWEST_ALWAYS = 240
LONGEST_SIDE = 4096
RATES = (15, 24, 25, 30)


@dataclass(frozen=True)
class Step:
    """One rung as planned for one video; `frames` is 0 for sound alone."""

    rung: str
    width: int = 0
    height: int = 0
    frame_rate: Fraction = Fraction(0)
    frames: int = 0
    crf: int = 0
    preset: str = ""
    max_kbits: int = 0
    audio_kbits: int = 0
    audio_hertz: int = 0

    def output(self, folder: Path) -> Output:
        """The file to write, in `folder`."""
        return Output(
            path=folder / f"{self.rung}.mp4",
            width=self.width,
            height=self.height,
            frame_rate=self.frame_rate,
            frames=self.frames,
            crf=self.crf,
            preset=self.preset,
            max_kbits=self.max_kbits,
            audio_kbits=self.audio_kbits,
            audio_hertz=self.audio_hertz,
        )


@dataclass(frozen=True)
class _Rule:
    rung: str
    short_side: int
    crf: int
    preset: str
    max_kbits: int
    audio_kbits: int
    is_slow: bool = False  # half the pictures a second


RULES = (
    _Rule(Rendition.Rung.P720, 720, 23, "veryfast", 1600, 64),
    _Rule(Rendition.Rung.P480, 480, 24, "faster", 800, 64),
    _Rule(Rendition.Rung.P360, 360, 26, "medium", 400, 48),
    _Rule(Rendition.Rung.P240, 240, 28, "slow", 150, 32, is_slow=True),
    _Rule(Rendition.Rung.P144, 144, 30, "slow", 64, 32, is_slow=True),
)


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
    """The length that every rung gets: the source's, to the nearest picture of the slowest rung, at least one."""
    rate = slow_rate(base_rate(found.source.frame_rate))
    return max(1, round(found.duration_seconds * rate)) / rate


def _step(rule: _Rule, found: Inspection, short_side: int) -> Step:
    rate = base_rate(found.source.frame_rate)
    if rule.is_slow:
        rate = slow_rate(rate)
    width, height = fitted(found.width, found.height, short_side)
    sound = (rule.audio_kbits, 24_000 if rule.audio_kbits <= 32 else 48_000) if found.has_sound else (0, 0)
    return Step(
        rung=rule.rung,
        width=width,
        height=height,
        frame_rate=rate,
        frames=int(whole_seconds(found) * rate),
        crf=rule.crf,
        preset=rule.preset,
        max_kbits=rule.max_kbits,
        audio_kbits=sound[0],
        audio_hertz=sound[1],
    )


def plan(found: Inspection) -> list[Step]:
    """The rungs of a video, largest first, sound alone last. 240p always: a smaller video keeps its own size there."""
    short = min(found.width, found.height)
    steps = []
    for rule in RULES:
        if rule.short_side == LOWEST_ALWAYS:
            steps.append(_step(rule, found, min(LOWEST_ALWAYS, short - short % 2)))
        elif rule.short_side <= short:
            steps.append(_step(rule, found, rule.short_side))
    if found.has_sound:
        steps.append(Step(rung=Rendition.Rung.AUDIO, audio_kbits=32, audio_hertz=24_000))
    return steps
