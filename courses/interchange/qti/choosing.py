"""Questions of which options are chosen, ordered or paired."""

from decimal import Decimal

from courses.questions import (
    Choices,
    Item,
    Kind,
    Matching,
    Option,
    Ordering,
    OrderingScore,
    Pair,
    Scoring,
    TrueFalse,
    prose,
)

from ..drafting import NotUnderstood, assert_few
from ..markup import Node
from ..worth import FIVE_PLACES, equal_shares, of_one, of_several
from .body import html_in
from .context import Context
from .declarations import Response

TRUE_WORDS = {"verdadero", "true", "vrai", "wahr", "cierto"}
FALSE_WORDS = {"falso", "false", "faux", "falsch"}
SCORE_CLASSES = {"score-places": OrderingScore.PLACES, "score-neighbours": OrderingScore.NEIGHBOURS}


def choices(context: Context, interaction: Node) -> Choices | TrueFalse:
    """Of one interaction. Raises `NotUnderstood`."""
    body = options(context, interaction)
    return _truth(body, interaction) or body


def options(context: Context, interaction: Node) -> Choices:
    """Of one interaction, also where it is one of several. Raises `NotUnderstood`."""
    response = context.response_of(interaction)
    offered = interaction.within("simpleChoice", "inlineChoice", "hottext")
    nodes = {node.get("identifier"): node for node in offered}
    assert_few(offered)
    if len(nodes) < len(offered):
        raise NotUnderstood("qti.twice")
    texts = {key: _text(context, node) for key, node in nodes.items()}
    if int_of(interaction, "minChoices") > 1:
        context.draft.note("option.unused", line=interaction.line, name=f"minChoices: {interaction.get('minChoices')}")
    if any(node.get("fixed") == "true" for node in nodes.values()) and interaction.get("shuffle") == "true":
        context.draft.note("option.unused", line=interaction.line, name="fixed")
    if response.cardinality == "single":
        return _single(context, interaction, response, nodes, texts)
    return _multiple(context, interaction, response, nodes, texts)


def _text(context: Context, node: Node) -> str:
    return context.draft.prose(html_in(context.draft, node))


def int_of(node: Node, name: str) -> int:
    """A whole number that an attribute says; 0 where it says none."""
    said = node.get(name).strip()
    return int(said) if said.isdecimal() and len(said) < 7 else 0


def _single(
    context: Context, interaction: Node, response: Response, nodes: dict[str, Node], texts: dict[str, str]
) -> Choices:
    name = response.identifier
    scores = {key: context.gain(name, (key,)) for key in nodes}
    known = {key: score for key, score in scores.items() if score is not None}
    if len(known) < len(nodes) or max(known.values(), default=Decimal(0)) <= 0:
        if len(known) < len(nodes):
            context.draft.note("qti.processing", line=interaction.line)
        known = {key: Decimal(key in response.correct) for key in nodes}
    best = max(known.values(), default=Decimal(0))
    if best <= 0:
        raise NotUnderstood("answers.none_right")
    percents = [max(Decimal(-100), (score * 100 / best).quantize(FIVE_PLACES)) for score in known.values()]
    right = {key for key, score in known.items() if score == best}
    cases = {key: context.outcomes(name, (key,)) for key in nodes}
    told = context.said.to_answers(cases, right, context.outcomes(name, ()))
    inner = context.said.to_parts(nodes)
    told = {key: told[key] + inner[key] for key in nodes}
    return Choices(
        kind=Kind.SINGLE,
        options=_options(texts, of_one(context.draft, percents), told),
        is_shuffled=interaction.get("shuffle") == "true",
    )


def _truth(body: Choices, interaction: Node) -> TrueFalse | None:
    """True or false, where these are all there is to choose and they say no more than that."""
    names = [node.get("identifier").lower() for node in interaction.within("simpleChoice")]
    if body.kind != Kind.SINGLE or sorted(names) != ["false", "true"]:
        return None
    yes, no = (body.options[names.index(name)] for name in ("true", "false"))
    words = [prose.to_plain(option.text).lower().rstrip(".") for option in (yes, no)]
    if words[0] not in TRUE_WORDS or words[1] not in FALSE_WORDS or {yes.percent, no.percent} != {0, 100}:
        return None
    return TrueFalse(is_true=yes.percent == 100, if_true=yes.feedback, if_false=no.feedback)


def _options(texts: dict[str, str], percents: list[Decimal], told: dict[str, str]) -> tuple[Option, ...]:
    return tuple(
        Option(key=f"o{number}", text=text, percent=percent, feedback=told.get(key, ""))
        for number, ((key, text), percent) in enumerate(zip(texts.items(), percents, strict=True), start=1)
    )


def _multiple(
    context: Context, interaction: Node, response: Response, nodes: dict[str, Node], texts: dict[str, str]
) -> Choices:
    name = response.identifier
    percents, scoring = _shares(context, interaction, response, list(nodes))
    right = tuple(key for key, percent in zip(nodes, percents, strict=True) if percent > 0)
    own = {key: context.said.run({name: (key,)}) for key in nodes}
    told = {
        key: "".join(
            context.draft.prose(html_in(context.draft, node))
            for node in context.said.shown(own[key])
            if node.get("identifier") == key
        )
        for key in nodes
    }
    context.said.sorted_nodes |= {
        id(node) for node in context.said.nodes if node.get("identifier") in nodes and told[node.get("identifier")]
    }
    inner = context.said.to_parts(nodes)
    wrong = tuple(key for key in nodes if key not in right)
    context.said.to_wholes(
        context.said.run({name: right}), context.said.run({name: wrong}), context.said.run({name: right[:1]})
    )
    told = {key: told[key] + inner[key] for key in nodes}
    most = int_of(interaction, "maxChoices")
    if 0 < most < len(nodes):
        context.draft.note("option.unused", line=interaction.line, name=f"maxChoices: {most}")
    return Choices(
        kind=Kind.MULTIPLE,
        options=_options(texts, percents, told),
        is_shuffled=interaction.get("shuffle") == "true",
        scoring=scoring,
    )


def _shares(context: Context, interaction: Node, response: Response, keys: list[str]) -> tuple[list[Decimal], Scoring]:
    """What each option is worth, and whether a part of the right ones is worth anything."""
    name, mapping = response.identifier, response.mapping
    if mapping and context.is_mapped(response):
        worth = [mapping.worth(key) for key in keys]
        whole = sum((one for one in worth if one > 0), Decimal(0))
        context.score({name: tuple(key for key, one in zip(keys, worth, strict=True) if one > 0)})
        if mapping.most is not None and mapping.most < whole:
            context.draft.note("qti.bounds", line=interaction.line)
        if whole <= 0:
            raise NotUnderstood("answers.none_right")
        # Thirds add up to 99.999 %: shares are of what the question counts for, if that is what they nearly add up to.
        points = context.declared.points or whole
        base = points if abs(points - whole) * 1000 <= points else whole
        percents = [max(Decimal(-100), (one * 100 / base).quantize(FIVE_PLACES)) for one in worth]
        return of_several(context.draft, percents), Scoring.PARTS
    right = [key for key in keys if key in response.correct]
    if not right:
        raise NotUnderstood("answers.none_right")
    full = context.score({name: tuple(right)})
    less = {key: context.score({name: tuple(one for one in right if one != key)}) for key in right}
    more = {key: context.score({name: (*right, key)}) for key in keys if key not in right}
    if full is None or full <= 0 or any(score is None for score in [*less.values(), *more.values()]):
        context.draft.note("qti.processing", line=interaction.line)
        return [equal_shares(len(right)) if key in right else Decimal(0) for key in keys], Scoring.ALL
    share = {key: full - (score or Decimal(0)) for key, score in less.items()}
    if len(right) > 1 and sum(share.values()) == full:
        share |= {key: (score or Decimal(0)) - full for key, score in more.items()}
        percents = [max(Decimal(-100), (share[key] * 100 / full).quantize(FIVE_PLACES)) for key in keys]
        return of_several(context.draft, percents), Scoring.PARTS
    if any(less.values()) or (any(more.values()) and len(right) == len(keys)):
        context.draft.note("qti.processing", line=interaction.line)
    return [equal_shares(len(right)) if key in right else Decimal(0) for key in keys], Scoring.ALL


# In order -----------------------------------------------------------------------------------------------------------


def ordering(context: Context, interaction: Node) -> Ordering:
    """Of one interaction. Raises `NotUnderstood`."""
    response = context.response_of(interaction)
    assert_few(interaction.elements("simpleChoice"))
    nodes = {node.get("identifier"): node for node in interaction.elements("simpleChoice")}
    order = response.correct
    if not order or set(order) != set(nodes) or len(order) != len(nodes):
        raise NotUnderstood("qti.order_unclear")
    items = tuple(Item(key=f"i{number}", text=_text(context, nodes[key])) for number, key in enumerate(order, start=1))
    context.said.to_wholes(
        context.said.run({response.identifier: order}),
        context.said.run({response.identifier: order[::-1]}),
        context.said.run({response.identifier: (*order[:-2], order[-1], order[-2])}) if len(order) > 2 else None,
    )
    if interaction.get("shuffle") != "true":
        context.draft.note("ordering.shuffled")
    return Ordering(items=items, scoring=_order_score(context, interaction, response))


def _order_score(context: Context, interaction: Node, response: Response) -> OrderingScore:
    """By the class that our own files have, else by what orders that are right in part are worth."""
    order, name = response.correct, response.identifier
    full = context.score({name: order})
    for token, scoring in SCORE_CLASSES.items():
        if token in interaction.get("class").split():
            return scoring
    turned = context.score({name: (*order[1:], order[0])})
    swapped = context.score({name: (*order[:-2], order[-1], order[-2])})
    if full is None or turned is None or swapped is None or full <= 0:
        context.draft.note("qti.processing", line=interaction.line)
        return OrderingScore.ALL
    if turned > 0:
        return OrderingScore.NEIGHBOURS
    return OrderingScore.PLACES if swapped > 0 and len(order) > 2 else OrderingScore.ALL


# In pairs -----------------------------------------------------------------------------------------------------------


def matching(context: Context, interaction: Node) -> Matching:
    """Of a match or an associate interaction in which everything asked has one answer. Raises `NotUnderstood`."""
    response = context.response_of(interaction)
    sets = interaction.elements("simpleMatchSet")
    choices = [{node.get("identifier"): node for node in one.elements()} for one in sets]
    said = [value.split() for value in response.correct or _mapped_pairs(response)]
    assert_few(interaction.within("simpleAssociableChoice"))
    assert_few(said)
    if any(len(pair) != 2 for pair in said) or not said:
        raise NotUnderstood("answers.none_right")
    pairs = [(pair[0], pair[1]) for pair in said]
    if len(choices) != 2:
        nodes = {node.get("identifier"): node for node in interaction.elements("simpleAssociableChoice")}
        firsts = {one: nodes[one] for one, _other in pairs if one in nodes}
        choices = [firsts, {key: node for key, node in nodes.items() if key not in firsts}]
        context.draft.note("qti.associate")
    pairs = [pair if pair[0] in choices[0] else pair[::-1] for pair in pairs]
    asked, answers = choices
    if not _is_one_to_one(asked, pairs):
        pairs, asked, answers = [pair[::-1] for pair in pairs], answers, asked
    if not _is_one_to_one(asked, pairs) or any(other not in answers for _one, other in pairs):
        raise NotUnderstood("qti.not_one_to_one")
    right = dict(pairs)
    texts = {key: " ".join(context.draft.plain(html_in(context.draft, node)).split()) for key, node in answers.items()}
    prompts = (
        Pair(key=f"p{number}", prompt=_text(context, node), answer=texts[right[key]])
        for number, (key, node) in enumerate(asked.items(), start=1)
    )
    return Matching(
        pairs=tuple(prompts),
        distractors=tuple(text for key, text in texts.items() if key not in right.values() and text),
        is_shuffled=interaction.get("shuffle") == "true",
        scoring=_pair_score(context, interaction, response),
    )


def _mapped_pairs(response: Response) -> tuple[str, ...]:
    return tuple(key for key, worth, _strict in response.mapping.entries if worth > 0) if response.mapping else ()


def _is_one_to_one(asked: dict, pairs: list) -> bool:
    return sorted(one for one, _other in pairs) == sorted(asked)


def _pair_score(context: Context, interaction: Node, response: Response) -> Scoring:
    """Whether some of the pairs are worth something."""
    name, whole = response.identifier, response.correct or _mapped_pairs(response)
    full, less = context.score({name: whole}), context.score({name: whole[1:]})
    if full is None or less is None:
        context.draft.note("qti.processing", line=interaction.line)
    worth = {response.mapping.worth(pair) for pair in whole} if response.mapping else {Decimal(1)}
    if context.is_mapped(response) and len(worth) > 1:
        context.draft.note("qti.equal_pairs", line=interaction.line)
    firsts, seconds = zip(*(pair.split() for pair in whole), strict=True)
    turned = tuple(f"{one} {other}" for one, other in zip(firsts, (*seconds[1:], seconds[0]), strict=True))
    wrong = tuple(pair for pair in turned if pair not in whole)
    context.said.to_wholes(
        context.said.run({name: whole}),
        context.said.run({name: wrong}) if wrong else None,
        context.said.run({name: whole[:1]}),
    )
    return Scoring.PARTS if context.is_mapped(response) or (less or 0) > 0 else Scoring.ALL
