"""Texts with places for words that stand in a list: «select missing words», and «drag and drop into text»."""

import re
from decimal import Decimal

from courses.questions import Choices, Cloze, ClozeGap, Kind, Option

from ..drafting import Draft, NotUnderstood, assert_few
from ..markup import Node
from .kinds import Made, is_true
from .parts import prose_of, source_of, value_of

PLACE = re.compile(r"\[\[\s*(\d{1,3})\s*\]\]")


def make(draft: Draft, question: Node) -> Made:
    """A cloze whose gaps offer the words of their group."""
    words = question.elements("selectoption", "dragbox")
    is_dragged = any(word.name == "dragbox" for word in words)
    if is_dragged:
        draft.note("moodle.drag_became_menu")
    node = question.find("questiontext")
    written = source_of(node)[0]
    assert_few(words)
    assert_few(PLACE.findall(written))
    gaps: list[ClozeGap] = []
    marks: dict[str, str] = {}
    shuffled = is_true(question, "shuffleanswers", "0")

    def gap(match: re.Match[str]) -> str:
        right = int(match[1])
        if not 1 <= right <= len(words):
            raise NotUnderstood("moodle.no_such_word", number=right)
        key = f"g{len(gaps) + 1}"
        gaps.append(ClozeGap(key=key, body=_menu(draft, words, right - 1, shuffled)))
        mark = f"\ufdd8{key}\ufdd9"
        marks[mark] = key
        return mark

    written = PLACE.sub(gap, written)
    if not gaps:
        raise NotUnderstood("cloze.no_gap")
    asked = prose_of(draft, node, marks, written)
    if any(f'data-gap="{one.key}"' not in asked for one in gaps):
        raise NotUnderstood("cloze.lost_gap")
    return Cloze(gaps=tuple(gaps)), asked, {"selectoption", "dragbox", "shuffleanswers"}


def _menu(draft: Draft, words: list[Node], right: int, is_shuffled: bool) -> Choices:
    group = value_of(words[right], "group", "1")
    options = tuple(
        Option(key=f"o{number}", text=prose_of(draft, word), percent=Decimal(100 if number == right else 0))
        for number, word in enumerate(words)
        if value_of(word, "group", "1") == group
    )
    return Choices(kind=Kind.SINGLE, options=options, is_shuffled=is_shuffled)
