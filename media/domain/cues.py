"""A caption and whether it can be read in time. The editor in the browser gets these same limits and says the same."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

# Netflix and the BBC ask for 17 to 20 characters a second of adults, and 42 (37 on old television sets) a line.
FAST, TOO_FAST = 17, 21  # characters a second
LONG_LINE = 42  # characters
MOST_LINES = 2
SHORT_MS, LONG_MS = 800, 7000
LEAST_GAP_MS = 80  # two pictures; shorter and the change is not seen
LIMITS = {
    "fast": FAST,
    "too_fast": TOO_FAST,
    "long_line": LONG_LINE,
    "most_lines": MOST_LINES,
    "short_ms": SHORT_MS,
    "long_ms": LONG_MS,
    "least_gap_ms": LEAST_GAP_MS,
}


@dataclass(frozen=True)
class Cue:
    """One caption; times in milliseconds."""

    start: int
    end: int
    text: str

    @property
    def characters_a_second(self) -> float:
        """How quickly it must be read; a line's end is read like a space."""
        return len(self.text) * 1000 / max(1, self.end - self.start)


@dataclass(frozen=True)
class Finding:
    """Something about the caption at `index` that a reader would stumble on; `is_bad` when many would."""

    index: int
    code: str
    is_bad: bool
    words: str


def check(cues: list[Cue]) -> list[Finding]:
    """All that may be bettered in captions, in their order."""
    found: list[Finding] = []
    for index, cue in enumerate(cues):
        after = cues[index + 1] if index + 1 < len(cues) else None
        parts = [*_of_speed(cue), *_of_lines(cue), *_of_length(cue), *_of_place(cue, after)]
        found += [Finding(index, code, is_bad, words) for code, is_bad, words in parts]
    return found


def _of_speed(cue: Cue) -> list[tuple[str, bool, str]]:
    speed = cue.characters_a_second
    if speed <= FAST:
        return []
    words = _("Se lee a %(speed)s letras por segundo: alargue el tiempo o acorte el texto.") % {"speed": round(speed)}
    return [("too_fast" if speed > TOO_FAST else "fast", speed > TOO_FAST, words)]


def _of_lines(cue: Cue) -> list[tuple[str, bool, str]]:
    lines = cue.text.split("\n")
    found = []
    longest = max(map(len, lines))
    if longest > LONG_LINE:
        words = _("Una línea tiene %(n)s letras: pártala; caben %(most)s.") % {"n": longest, "most": LONG_LINE}
        found.append(("long_line", False, words))
    if len(lines) > MOST_LINES:
        found.append(("many_lines", False, _("Tiene %(n)s líneas: caben dos.") % {"n": len(lines)}))
    return found


def _of_length(cue: Cue) -> list[tuple[str, bool, str]]:
    length = cue.end - cue.start
    if length < SHORT_MS:
        return [("short", False, _("Dura menos de un segundo: apenas se ve."))]
    if length > LONG_MS:
        return [("long", False, _("Dura más de siete segundos: divídalo."))]
    return []


def _of_place(cue: Cue, after: Cue | None) -> list[tuple[str, bool, str]]:
    if after is None:
        return []
    if after.start < cue.end:
        return [("overlap", True, _("Se encima con el siguiente."))]
    if 0 < after.start - cue.end < LEAST_GAP_MS:
        return [("gap", False, _("Casi toca el siguiente: péguelos o sepárelos un poco más."))]
    return []
