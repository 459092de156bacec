"""The lines of a transcript, kept in step with the captions, for whoever looks for a word.

A phrase is often split between two captions. So the folded text of a line goes on, after a line's end, with the
beginning of the next: what begins here and ends there is found here. `near` says which words are a line's own.
"""

from collections.abc import Iterable

from django.db import transaction

from lms.domain.texts import fold
from media.domain.cues import Cue
from media.models import Caption, TranscriptLine

NEXT_CHARACTERS = 60
SEAM = "\n"


def folded_lines(cues: list[Cue]) -> list[str]:
    """Of each cue its own words folded, a line's end, and the first whole words of the next."""
    own = [fold(cue.text) for cue in cues]
    return [f"{words}{SEAM}{_beginning(after)}" for words, after in zip(own, [*own[1:], ""], strict=False)]


def _beginning(words: str) -> str:
    if len(words) <= NEXT_CHARACTERS:
        return words
    return words[:NEXT_CHARACTERS].rpartition(" ")[0]


def build_lines(caption: Caption, cues: list[Cue]) -> list[TranscriptLine]:
    """The rows of captions."""
    folded = folded_lines(cues)
    return [
        TranscriptLine(caption=caption, start_ms=cue.start, end_ms=cue.end, text=cue.text, folded=words)
        for cue, words in zip(cues, folded, strict=True)
    ]


def write(caption: Caption, cues: list[Cue]) -> None:
    """Put the lines of captions in place of those before."""
    with transaction.atomic():
        TranscriptLine.objects.filter(caption=caption).delete()
        TranscriptLine.objects.bulk_create(build_lines(caption, cues), batch_size=500)


def is_in_step(caption: Caption, cues: list[Cue]) -> bool:
    """Whether the rows say what the captions say."""
    kept = caption.lines.order_by("start_ms", "pk").values_list("start_ms", "end_ms", "text", "folded")
    made: Iterable[TranscriptLine] = build_lines(caption, cues)
    return list(kept) == [(line.start_ms, line.end_ms, line.text, line.folded) for line in made]
