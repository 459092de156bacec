"""Bodies of questions as interactions, what is right about them, and how they are graded."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from courses.questions import (
    Choices,
    Cloze,
    Essay,
    Files,
    Kind,
    Matching,
    NumberAnswer,
    Numeric,
    Ordering,
    OrderingScore,
    Scoring,
    ShortText,
    TextAnswer,
    TrueFalse,
)

from ..worth import equal_shares
from ..writing import GAP, Leaving, NotCarried
from .choosing import SCORE_CLASSES
from .context import RAW
from .elements import Element, elements_of, in_blocks, number
from .feedback import ANSWER
from .grading import FEEDBACK, add_to, choose, constant, float_of, is_correct, places, say, set_to, variable
from .patterns import example_of, is_starred, pattern_of
from .typed import GAP as GAP_CLASS
from .typed import STRICT_ACCENTS, STRICT_APOSTROPHES, STRICT_CASE, WHOLE

# Version 3 has it around what is said; in version 2 its content stands for itself.
CONTENT = "contentBody"
TRUE_FALSE = {"true": "Verdadero", "false": "Falso"}
ONE = ("single", "identifier")


@dataclass
class Item:
    """An item while it is written."""

    leaving: Leaving
    responses: list[Element] = field(default_factory=list)
    body: list[Element | str] = field(default_factory=list)
    own_rules: list[Element] = field(default_factory=list)
    """What makes the score, where the standard template does not."""
    rules: list[Element] = field(default_factory=list)
    """What has something said."""
    template: str = ""
    feedbacks: list[tuple[str, str, str]] = field(default_factory=list)
    """Outcome, identifier and prose of what is said back."""
    is_raw: bool = False

    @property
    def points(self) -> Decimal:
        """What the question counts for."""
        return self.leaving.question.points

    def shown(self, html: str) -> list[Element | str]:
        """Prose as elements."""
        return elements_of(self.leaving, html)

    def ask(self, *blocks: Element) -> None:
        """What is asked, and what it is answered with."""
        text = self.leaving.question.text
        self.body += [*(in_blocks(self.shown(text)) if text else []), *blocks]

    def say_back(self, html: str) -> list[Element]:
        """The rule that has something said."""
        if not html:
            return []
        identifier = f"{ANSWER}{len(self.feedbacks) + 1}"
        self.feedbacks.append((FEEDBACK, identifier, html))
        return [say(identifier)]


def _declare(
    item: Item, name: str, kind: tuple[str, str], correct: list[str], mapping: dict[str, Decimal] | None = None
) -> None:
    declared = Element("responseDeclaration", identifier=name, cardinality=kind[0], baseType=kind[1])
    if correct:
        declared.add(Element("correctResponse", *(Element("value", value) for value in correct)))
    if mapping is not None:
        entries = (Element("mapEntry", mapKey=key, mappedValue=number(worth)) for key, worth in mapping.items())
        declared.add(Element("mapping", *entries, defaultValue="0"))
    item.responses.append(declared)


def _score(item: Item, response: str) -> None:
    """By what each part is worth."""
    item.template = "map_response"
    item.own_rules = [set_to("SCORE", Element("mapResponse", identifier=response))]


def _all_or_nothing(item: Item, response: str) -> None:
    """By the right answer alone."""
    if item.points == 1:
        item.template = "match_correct"
    item.own_rules = choose([(is_correct(response), [set_to("SCORE", float_of(item.points))])])


def _choices(item: Item, body: Choices) -> None:
    is_single = body.kind == Kind.SINGLE
    names = [f"choice_{place}" for place in range(1, len(body.options) + 1)]
    right = [
        name
        for name, option in zip(names, body.options, strict=True)
        if (option.percent == 100 if is_single else option.percent > 0)
    ]
    is_plain = is_single and sorted(option.percent for option in body.options)[:-1] == [0] * (len(names) - 1)
    if not is_single and body.scoring == Scoring.ALL:
        _note_shares(item, body)
    worth = {name: item.points * option.percent / 100 for name, option in zip(names, body.options, strict=True)}
    is_whole = is_plain or (not is_single and body.scoring == Scoring.ALL)
    _declare(
        item,
        "RESPONSE",
        ("single" if is_single else "multiple", "identifier"),
        right[:1] if is_single else right,
        None if is_whole else {name: one for name, one in worth.items() if one},
    )
    (_all_or_nothing if is_whole else _score)(item, "RESPONSE")
    interaction = Element(
        "choiceInteraction",
        responseIdentifier="RESPONSE",
        shuffle=_yes(body.is_shuffled),
        maxChoices=1 if is_single else 0,
    )
    for name, option in zip(names, body.options, strict=True):
        interaction.add(Element("simpleChoice", *item.shown(option.text), identifier=name))
        if option.feedback:
            item.feedbacks.append((FEEDBACK, name, option.feedback))
    if any(option.feedback for option in body.options):
        item.rules.append(say(variable("RESPONSE")))
    item.ask(interaction)


def _note_shares(item: Item, body: Choices) -> None:
    """Where only all right options together count, what each alone is worth has no place."""
    right = [option.percent for option in body.options if option.percent > 0]
    is_even = right == [equal_shares(len(right))] * len(right)
    item.leaving.leave("percent", not is_even or any(option.percent < 0 for option in body.options))


def _yes(value: bool) -> str:
    return "true" if value else "false"


def _true_false(item: Item, body: TrueFalse) -> None:
    _declare(item, "RESPONSE", ONE, [_yes(body.is_true)])
    _all_or_nothing(item, "RESPONSE")
    interaction = Element("choiceInteraction", responseIdentifier="RESPONSE", shuffle="false", maxChoices=1)
    for name, said in (("true", body.if_true), ("false", body.if_false)):
        interaction.add(Element("simpleChoice", TRUE_FALSE[name], identifier=name))
        if said:
            item.feedbacks.append((FEEDBACK, name, said))
    if body.if_true or body.if_false:
        item.rules.append(say(variable("RESPONSE")))
    item.ask(interaction)


def _matching(item: Item, body: Matching) -> None:
    answers = list(dict.fromkeys(pair.answer for pair in body.pairs))
    names = {answer: f"answer_{place}" for place, answer in enumerate(answers, start=1)}
    pairs = [f"prompt_{place} {names[pair.answer]}" for place, pair in enumerate(body.pairs, start=1)]
    share = item.points / len(pairs)
    is_parted = body.scoring == Scoring.PARTS
    _declare(item, "RESPONSE", ("multiple", "directedPair"), pairs, dict.fromkeys(pairs, share) if is_parted else None)
    (_score if is_parted else _all_or_nothing)(item, "RESPONSE")
    prompts = (
        Element("simpleAssociableChoice", *item.shown(pair.prompt), identifier=f"prompt_{place}", matchMax=1)
        for place, pair in enumerate(body.pairs, start=1)
    )
    offered = [*names.items(), *((text, f"distractor_{place}") for place, text in enumerate(body.distractors, start=1))]
    texts = (
        Element("simpleAssociableChoice", text, identifier=name, matchMax=len(body.pairs)) for text, name in offered
    )
    interaction = Element(
        "matchInteraction",
        Element("simpleMatchSet", *prompts),
        Element("simpleMatchSet", *texts),
        responseIdentifier="RESPONSE",
        shuffle=_yes(body.is_shuffled),
        maxAssociations=len(body.pairs),
    )
    item.ask(interaction)


def _ordering(item: Item, body: Ordering) -> None:
    names = [f"item_{place}" for place in range(1, len(body.items) + 1)]
    _declare(item, "RESPONSE", ("ordered", "identifier"), names)
    token = next((token for token, scoring in SCORE_CLASSES.items() if scoring == body.scoring), None)
    if body.scoring == OrderingScore.ALL:
        _all_or_nothing(item, "RESPONSE")
    else:
        item.is_raw = True
        item.own_rules = places("RESPONSE", names, item.points, body.scoring)
    interaction = Element("orderInteraction", responseIdentifier="RESPONSE", shuffle="true", class_=token)
    for name, one in zip(names, body.items, strict=True):
        interaction.add(Element("simpleChoice", *item.shown(one.text), identifier=name))
    item.ask(interaction)


def _typed(item: Item, body: ShortText | Numeric, name: str, worth: Decimal, measure: str) -> Element:
    """A field to type in; its rules go to the item. `worth` is what the right answer adds to the outcome `measure`."""
    branches = []
    for answer in body.answers:
        test = _test(body, answer, name)
        earned = add_to(measure, float_of(worth * answer.percent / 100))
        branches.append((test, [earned, *item.say_back(answer.feedback)]))
    item.own_rules += choose([*branches, (None, item.say_back(body.wrong_feedback))])
    classes = [WHOLE if name == "RESPONSE" else GAP_CLASS]
    if isinstance(body, ShortText):
        right = next(answer.text for answer in body.answers if answer.percent == 100)
        _declare(item, name, ("single", "string"), [example_of(right)])
        classes += [] if body.forgives_case else [STRICT_CASE]
        classes += [] if body.forgives_accents else [STRICT_ACCENTS]
        classes += [] if body.forgives_apostrophes else [STRICT_APOSTROPHES]
    else:
        item.leaving.leave("units", body.units)
        item.leaving.leave("is_unit_required", body.is_unit_required)
        item.leaving.leave("unit_penalty", body.unit_penalty)
        value = next(answer.value for answer in body.answers if answer.percent == 100)
        _declare(item, name, ("single", "float"), [number(value)])
    return Element("textEntryInteraction", responseIdentifier=name, class_=" ".join(classes))


def _test(body: ShortText | Numeric, answer: TextAnswer | NumberAnswer, name: str) -> Element:
    if isinstance(answer, NumberAnswer):
        return _number_test(answer, name)
    return _text_test(answer, name, is_strict=isinstance(body, ShortText) and not body.forgives_case)


def _text_test(answer: TextAnswer, name: str, *, is_strict: bool) -> Element:
    if is_starred(answer.text):
        pattern = pattern_of(answer.text, is_forgiving=not is_strict)
        return Element("patternMatch", variable(name), pattern=pattern)
    text = constant("string", example_of(answer.text))
    return Element("stringMatch", variable(name), text, caseSensitive=_yes(is_strict), substring="false")


def _number_test(answer: NumberAnswer, name: str) -> Element:
    right = float_of(answer.value)
    if not answer.tolerance:
        return Element("equal", variable(name), right, toleranceMode="exact")
    tolerance = number(answer.tolerance)
    return Element("equal", variable(name), right, toleranceMode="absolute", tolerance=f"{tolerance} {tolerance}")


def _alone(item: Item, body: ShortText | Numeric) -> None:
    field_ = _typed(item, body, "RESPONSE", item.points, "SCORE")
    item.ask(Element("p", field_))


def _cloze(item: Item, body: Cloze) -> None:
    keys = GAP.findall(item.leaving.question.text)
    if sorted(keys) != sorted(gap.key for gap in body.gaps):
        raise NotCarried("qti.gap_place")
    whole = sum((gap.weight for gap in body.gaps), Decimal(0))
    measure = "SCORE" if whole == item.points else RAW
    fields: dict[str, Element] = {}
    for place, gap in enumerate(body.gaps, start=1):
        name = f"RESPONSE_{place}"
        if isinstance(gap.body, Choices):
            fields[gap.key] = _menu(item, gap.body, name, gap.weight, measure)
        else:
            fields[gap.key] = _typed(item, gap.body, name, gap.weight, measure)
    if measure == RAW:
        item.is_raw = True
        scaled = Element("divide", Element("product", variable(RAW), float_of(item.points)), float_of(whole))
        item.own_rules.append(set_to("SCORE", scaled))
    order = {key: place for place, key in enumerate(keys)}
    if [gap.key for gap in body.gaps] != sorted(order, key=order.__getitem__):
        item.leaving.note("option.not_written", name="gaps")
    item.body += in_blocks(elements_of(item.leaving, item.leaving.question.text, fields))


def _menu(item: Item, body: Choices, name: str, worth: Decimal, measure: str) -> Element:
    if body.kind == Kind.MULTIPLE:
        raise NotCarried("qti.several_in_gap")
    names = [f"{name}_{place}" for place in range(1, len(body.options) + 1)]
    right = next(key for key, option in zip(names, body.options, strict=True) if option.percent == 100)
    _declare(item, name, ONE, [right])
    menu = Element("inlineChoiceInteraction", responseIdentifier=name, shuffle=_yes(body.is_shuffled))
    branches = []
    for key, option in zip(names, body.options, strict=True):
        menu.add(Element("inlineChoice", *item.shown(option.text), identifier=key))
        rules = [add_to(measure, float_of(worth * option.percent / 100))] if option.percent else []
        rules += item.say_back(option.feedback)
        if rules:
            branches.append((Element("match", variable(name), constant("identifier", key)), rules))
    item.own_rules += choose(branches)
    return menu


def _essay(item: Item, body: Essay) -> None:
    for name in ("rubric", "least_words", "most_words"):
        item.leaving.leave(name, getattr(body, name))
    _declare(item, "RESPONSE", ("single", "string"), [])
    if body.template:
        item.responses[-1].add(Element("defaultValue", Element("value", body.template)))
    interaction = Element(
        "extendedTextInteraction", responseIdentifier="RESPONSE", format="xhtml" if body.template else None
    )
    item.ask(*_for_marker(item, body.marker_note), interaction)


def _files(item: Item, body: Files) -> None:
    item.leaving.leave("rubric", body.rubric)
    item.leaving.leave("extensions", body.extensions)
    item.leaving.leave("most_files", body.most_files != 1)
    item.leaving.leave("most_megabytes", body.most_megabytes != 10)
    _declare(item, "RESPONSE", ("single", "file"), [])
    item.ask(*_for_marker(item, body.marker_note), Element("uploadInteraction", responseIdentifier="RESPONSE"))


def _for_marker(item: Item, note: str) -> list[Element]:
    return [Element("rubricBlock", Element(CONTENT, *in_blocks(item.shown(note))), view="scorer")] if note else []


WRITERS: dict[type, Callable[..., None]] = {
    Choices: _choices,
    TrueFalse: _true_false,
    Matching: _matching,
    Ordering: _ordering,
    ShortText: _alone,
    Numeric: _alone,
    Cloze: _cloze,
    Essay: _essay,
    Files: _files,
}


def fill(item: Item, body) -> None:
    """Put a body into an item. Raises `NotCarried`."""
    WRITERS[type(body)](item, body)
