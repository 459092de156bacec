"""Texts in which words are pointed at, or into which words are dragged: here, options and menus."""

from decimal import Decimal

from courses.questions import Choices, Cloze, ClozeGap, Kind, Option

from ..drafting import NotUnderstood, assert_few
from ..markup import Node
from .body import MARK, html_in
from .choosing import options
from .context import Context
from .declarations import Response


def hottext(context: Context, interaction: Node) -> Choices:
    """Words of a text, of which one or several are pointed at, as options below that text. Raises `NotUnderstood`."""
    context.draft.note("qti.pointed", line=interaction.line)
    return options(context, interaction)


def gap_match(context: Context, interaction: Node) -> tuple[Cloze, str]:
    """A text into whose gaps words are dragged, each gap with one right word, as menus. Raises `NotUnderstood`."""
    response = context.response_of(interaction)
    words = {node.get("identifier"): node for node in interaction.elements("gapText", "gapImg")}
    places = {node.get("identifier"): node for node in interaction.within("gap")}
    assert_few(words)
    assert_few(places)
    right = {place: word for word, place in _pairs(response.correct, words, places)}
    if len(right) < len(response.correct) or set(right) != set(places) or not right:
        raise NotUnderstood("qti.not_one_to_one")
    context.draft.note("moodle.drag_became_menu", line=interaction.line)
    texts = {key: context.draft.prose(html_in(context.draft, node)) for key, node in words.items()}
    gaps, shown, marks = [], {}, {}
    for number, (place, node) in enumerate(places.items(), start=1):
        menu = tuple(
            Option(key=f"o{index}", text=text, percent=Decimal(100 if key == right[place] else 0))
            for index, (key, text) in enumerate(texts.items(), start=1)
        )
        body = Choices(kind=Kind.SINGLE, options=menu, is_shuffled=interaction.get("shuffle") == "true")
        key = f"g{number}"
        gaps.append(ClozeGap(key=key, weight=_weight(context, response, right[place], place), body=body))
        marks[MARK.format(key)] = key
        shown[id(node)] = MARK.format(key)
    whole = Node("div", {}, interaction.line)
    whole.children = [child for child in interaction.children if child not in words.values()]
    shown[id(interaction)] = html_in(context.draft, whole, shown)
    prompts = "".join(f"<p>{html_in(context.draft, one)}</p>" for one in interaction.elements("prompt"))
    shown[id(interaction)] = prompts + shown[id(interaction)]
    asked = context.draft.prose(html_in(context.draft, context.item.find("itemBody"), shown), gaps=marks)
    if any(f'data-gap="{gap.key}"' not in asked for gap in gaps):
        raise NotUnderstood("cloze.lost_gap")
    return Cloze(gaps=tuple(gaps)), asked


def _weight(context: Context, response: Response, word: str, place: str) -> Decimal:
    if response.mapping is None or not context.is_mapped(response):
        return Decimal(1)
    worth = max(response.mapping.worth(f"{word} {place}"), response.mapping.worth(f"{place} {word}"))
    return worth if 0 < worth <= 1000 else Decimal(1)


def _pairs(correct: tuple[str, ...], words: dict, places: dict) -> list[tuple[str, str]]:
    """Word and place of each right pair, whichever comes first."""
    pairs = []
    for value in correct:
        one, _space, other = value.partition(" ")
        pair = (one, other) if one in words and other in places else (other, one)
        if pair[0] not in words or pair[1] not in places:
            raise NotUnderstood("qti.not_one_to_one")
        pairs.append(pair)
    return pairs
