"""One assessment item as a question."""

from collections.abc import Callable
from decimal import Decimal

from courses.questions import Body, Choices, Cloze, ClozeGap, Essay, Files, Numeric, Question, ShortText

from ..drafting import Draft, NotUnderstood, assert_few
from ..markup import Node, tree_of
from ..reading import Unreadable
from . import marked
from .body import MARK, html_in, interactions_in, marker_note, text_around
from .choosing import choices, int_of, matching, options, ordering
from .context import Context
from .declarations import NUMBERS, Response
from .names import as_in_2
from .typed import GAP, typed

# What the learner does besides answering; the question stands without it.
ASIDE = {"endAttemptInteraction": "qti.end_attempt", "mediaInteraction": "qti.media"}
USED = {
    "responseDeclaration",
    "outcomeDeclaration",
    "itemBody",
    "responseProcessing",
    "modalFeedback",
    "contextDeclaration",
}
# What nobody has as a right answer.
WRONG_NUMBER, WRONG_TEXT = "-987654321.125", "\ufffc\ufffc"
MEDIA_TYPES = {
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpg",
    "text/plain": "txt",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}


def question_of(draft: Draft, item: Node, tags: tuple[str, ...] = ()) -> Question:
    """The question of an item. Raises `NotUnderstood`."""
    if item.get("adaptive") == "true":
        raise NotUnderstood("qti.adaptive")
    if item.find("templateDeclaration", "templateProcessing"):
        raise NotUnderstood("qti.template")
    context = Context(draft, item)
    for node in interactions_in(item):
        if node.name in ASIDE:
            draft.note(ASIDE[node.name], line=node.line)
    interactions = [node for node in interactions_in(item) if node.name not in ASIDE]
    assert_few(interactions)
    assert_few(context.said.nodes)
    if not interactions:
        raise NotUnderstood("qti.no_interaction")
    if context.processing is None and not any(node.name in BY_HAND for node in interactions):
        draft.note("qti.no_processing")
    body, asked = _made(context, interactions)
    _sort_the_rest(context)
    _note_unused(draft, item)
    text = _stimulus(draft, item) + asked
    return Question(
        name=draft.name(item.get("title"), text, item.get("identifier")),
        text=text,
        body=body,
        points=_points(context),
        feedback=context.said.feedback(),
        pictures=tuple(draft.shown.values()),
        tags=tags,
    )


def _essay(context: Context, interaction: Node) -> Essay:
    response = context.declared.responses.get(interaction.get("responseIdentifier"))
    if int_of(interaction, "maxStrings") > 1:
        context.draft.note("option.unused", line=interaction.line, name="maxStrings")
    if hint := interaction.get("placeholderText"):
        context.draft.note("option.unused", line=interaction.line, name=f"placeholderText: {hint[:60]}")
    template = "".join(response.initial) if response and interaction.get("format") == "xhtml" else ""
    return Essay(template=context.draft.prose(template), marker_note=marker_note(context.draft, context.item))


def _files(context: Context, interaction: Node) -> Files:
    kind = interaction.get("type")
    if kind and kind not in MEDIA_TYPES:
        context.draft.note("files.kinds", line=interaction.line, kinds=kind[:80])
    extensions = (MEDIA_TYPES[kind],) if kind in MEDIA_TYPES else ()
    return Files(extensions=extensions, marker_note=marker_note(context.draft, context.item))


BY_HAND: dict[str, Callable[[Context, Node], Body]] = {
    "extendedTextInteraction": _essay,
    "uploadInteraction": _files,
}
IN_BLOCKS: dict[str, Callable[[Context, Node], Body]] = {
    "choiceInteraction": choices,
    "orderInteraction": ordering,
    "matchInteraction": matching,
    "associateInteraction": matching,
    "hottextInteraction": marked.hottext,
    **BY_HAND,
}
IN_TEXTS: dict[str, Callable[[Context, Node], Choices | Numeric | ShortText]] = {
    "inlineChoiceInteraction": options,
    "textEntryInteraction": typed,
    "choiceInteraction": options,
}


def _made(context: Context, interactions: list[Node]) -> tuple[Body, str]:
    """The body of an item, and what is asked."""
    names = {node.name for node in interactions}
    first = interactions[0]
    if len(interactions) == 1 and first.name == "gapMatchInteraction":
        return marked.gap_match(context, first)
    if len(interactions) == 1 and first.name in IN_BLOCKS:
        body = IN_BLOCKS[first.name](context, first)
        within = [first] if first.name == "hottextInteraction" else []
        return body, text_around(context.draft, context.item, [*first.elements("prompt"), *within])
    if unknown := names - set(IN_TEXTS) - set(IN_BLOCKS) - {"gapMatchInteraction"}:
        raise NotUnderstood("qti.interaction", name=", ".join(sorted(unknown))[:80])
    if names - set(IN_TEXTS):
        raise NotUnderstood("qti.several", names=", ".join(sorted(names))[:120])
    if len(interactions) == 1 and (block := _own_block(context.item, first)):
        return typed(context, first), text_around(context.draft, context.item, without=block)
    return _cloze(context, interactions)


def _own_block(item: Node, interaction: Node) -> Node | None:
    """The last block of the body, if it is a field to type in and nothing else: the answer to all that is asked."""
    body = item.find("itemBody")
    last = body.elements()[-1] if body and body.elements() else None
    if last is None or interaction.name != "textEntryInteraction" or GAP in interaction.get("class").split():
        return None
    node = last
    while node is not interaction:
        if node.text.strip() or len(node.elements()) != 1:
            return None
        node = node.elements()[0]
    return last


def _cloze(context: Context, interactions: list[Node]) -> tuple[Cloze, str]:
    gaps, shown, marks = [], {}, {}
    for number, node in enumerate(interactions, start=1):
        body = IN_TEXTS[node.name](context, node)
        key = f"g{number}"
        gaps.append(ClozeGap(key=key, weight=_weight(context, node), body=body))
        mark = MARK.format(key)
        marks[mark] = key
        prompt = "".join(html_in(context.draft, one) for one in node.elements("prompt"))
        shown[id(node)] = f"<p>{prompt}</p><p>{mark}</p>" if node.name == "choiceInteraction" else mark
    asked = context.draft.prose(html_in(context.draft, context.item.find("itemBody"), shown), gaps=marks)
    if any(f'data-gap="{gap.key}"' not in asked for gap in gaps):
        raise NotUnderstood("cloze.lost_gap")
    return Cloze(gaps=tuple(_evened(context, gaps))), asked


def _weight(context: Context, node: Node) -> Decimal:
    """What a gap counts for: what its right answer adds while all others are right."""
    response = context.response_of(node)
    right = response.correct
    gain = context.gain(response.identifier, right) if right else None
    if gain is None or not 0 < gain <= 1000:
        context.draft.note("qti.gap_weight", line=node.line)
        return Decimal(1)
    return gain


def _evened(context: Context, gaps: list[ClozeGap]) -> list[ClozeGap]:
    """The gaps, each worth the same where only all of them together were worth anything."""
    whole = context.score(context.correct, context.measure)
    if len(gaps) > 1 and whole and all(gap.weight == whole for gap in gaps):
        context.draft.note("qti.all_or_nothing")
        return [gap.model_copy(update={"weight": Decimal(1)}) for gap in gaps]
    return gaps


def _sort_the_rest(context: Context) -> None:
    right = context.correct
    wrong = {name: (WRONG_NUMBER if response.base in NUMBERS else WRONG_TEXT,) for name, response in _typed_in(context)}
    context.said.to_wholes(
        context.said.run(right),
        context.said.run(wrong) if wrong else None,
        context.said.run(dict(list(right.items())[:1])) if len(right) > 1 else None,
    )


def _typed_in(context: Context) -> list[tuple[str, Response]]:
    """The responses in which anything could stand."""
    return [(name, one) for name, one in context.declared.responses.items() if one.base in {*NUMBERS, "string"}]


def _points(context: Context) -> Decimal:
    points = context.declared.points or context.best or Decimal(1)
    if 0 < points <= 1000:
        return points
    context.draft.note("points.changed", points=str(points)[:20])
    return Decimal(1)


def _note_unused(draft: Draft, item: Node) -> None:
    for node in item.elements():
        if node.name == "stylesheet":
            draft.note("prose.style", line=node.line)
        elif node.name == "rubricBlock" or node.name not in USED | {"assessmentStimulusRef"}:
            draft.note("option.unused", node.text, line=node.line, name=node.name)
    body = item.find("itemBody")
    if body and not {node.name for node in interactions_in(item)} & set(BY_HAND):
        for node in body.walk():
            if node.name == "rubricBlock" and "candidate" not in node.get("view", "candidate").split():
                draft.note("qti.rubric", node.text, line=node.line)


def _stimulus(draft: Draft, item: Node) -> str:
    """The text that several items share, which here each has of its own."""
    shared = ""
    for node in item.elements("assessmentStimulusRef"):
        content = draft.files(node.get("href"))
        if content is None:
            draft.note("qti.no_stimulus", line=node.line, file=node.get("href")[:80])
            continue
        try:
            root = as_in_2(tree_of(content)[0])
        except Unreadable:
            draft.note("qti.no_stimulus", line=node.line, file=node.get("href")[:80])
            continue
        draft.note("qti.stimulus_copied", line=node.line)
        shared += draft.prose(html_in(draft, root.find("stimulusBody")))
    return shared
