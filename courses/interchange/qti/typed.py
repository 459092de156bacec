"""Questions whose answer is typed: texts and numbers, as processing tests them or as a mapping counts them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice

from courses.questions import NumberAnswer, Numeric, ShortText, TextAnswer
from courses.questions.kinds import MOST_PARTS

from ..drafting import NotUnderstood, assert_few
from ..markup import Node
from ..worth import FIVE_PLACES, of_one
from .context import Context
from .declarations import NUMBERS, Response, number_in
from .feedback import ANSWER, Outcomes
from .machine import Unknown, number_of_value, tolerances
from .patterns import example_of, of_pattern, starred

# Classes that our own fields have.
WHOLE, GAP = "answer", "gap"
STRICT_CASE, STRICT_ACCENTS, STRICT_APOSTROPHES = "strict-case", "strict-accents", "strict-apostrophes"


@dataclass
class _Candidate:
    """A text (with `*` for any letters) or a number that counts, and the rules for whoever gives it."""

    said: str
    value: Decimal = Decimal(0)
    tolerance: Decimal = Decimal(0)
    is_strict: bool = False
    rules: list[Node] | None = None
    score: Decimal = field(default=Decimal(0))

    @property
    def typed(self) -> str:
        """An answer that is this one."""
        return example_of(self.said)


def typed(context: Context, interaction: Node) -> ShortText | Numeric:
    """Of one interaction. Raises `NotUnderstood`."""
    response = context.response_of(interaction)
    found = list(islice(_candidates(context, response), MOST_PARTS + 1))
    assert_few(found)
    if not found:
        raise NotUnderstood("answers.none_right")
    for one in found:
        one.score = _worth(context, response, one)
    best = max(one.score for one in found)
    if best <= 0:
        context.draft.note("qti.processing", line=interaction.line)
        for one in found:
            one.score = Decimal(one.typed in response.correct or not response.correct)
        best = Decimal(1)
    percents = [max(Decimal(-100), (one.score * 100 / best).quantize(FIVE_PLACES)) for one in found]
    percents = of_one(context.draft, percents)
    cases = {str(number): _outcomes(context, response, one) for number, one in enumerate(found)}
    right = {str(number) for number, one in enumerate(found) if one.score == best}
    told = context.said.to_answers(cases, right, context.outcomes(response.identifier, ()))
    wrong = _said_to_others(context, response)
    if response.base in NUMBERS:
        return Numeric(
            answers=tuple(
                NumberAnswer(value=one.value, tolerance=one.tolerance, percent=percent, feedback=told[str(number)])
                for number, (one, percent) in enumerate(zip(found, percents, strict=True))
            ),
            wrong_feedback=wrong,
        )
    context.draft.note("short.forgiving")
    classes = interaction.get("class").split()
    return ShortText(
        answers=tuple(
            TextAnswer(text=one.said, percent=percent, feedback=told[str(number)])
            for number, (one, percent) in enumerate(zip(found, percents, strict=True))
        ),
        forgives_case=STRICT_CASE not in classes
        if {WHOLE, GAP} & set(classes)
        else not any(one.is_strict for one in found),
        forgives_accents=STRICT_ACCENTS not in classes,
        forgives_apostrophes=STRICT_APOSTROPHES not in classes,
        wrong_feedback=wrong,
    )


def _outcomes(context: Context, response: Response, one: _Candidate) -> Outcomes | None:
    if one.rules is not None:
        return context.said.run({response.identifier: (one.typed,)}, one.rules)
    return context.outcomes(response.identifier, (one.typed,))


def _worth(context: Context, response: Response, one: _Candidate) -> Decimal:
    """What a candidate earns: by the rules of its own branch where these say so, else by all of them."""
    if one.rules is not None:
        try:
            alone = number_of_value(
                context.machine.run({response.identifier: (one.typed,)}, one.rules).get(context.measure)
            )
        except Unknown:
            alone = Decimal(0)
        if alone or any(rule.get("identifier") == context.measure for rule in one.rules):
            context.best = max(context.best, alone)
            return alone
    return context.gain(response.identifier, (one.typed,)) or Decimal(0)


def _candidates(context: Context, response: Response) -> Iterator[_Candidate]:
    """Everything that is tested for, in the order of the tests; else what the mapping has; else what is right."""
    tested = [
        _candidate(context, response, test, rules)
        for condition, rules in _branches(context)
        for test in _tests(condition, response)
    ]
    mapped = response.mapping.entries if response.mapping and context.is_mapped(response) else []
    if tested and not mapped:
        yield from tested
    elif mapped and response.mapping:
        for key, _worth_of, is_strict in mapped:
            yield _plain_candidate(response, key, is_strict)
        if response.mapping.otherwise:
            context.draft.note("qti.bounds")
    else:
        for key in response.correct:
            yield _plain_candidate(response, key, context.machine.template == "match_correct")


def _plain_candidate(response: Response, key: str, is_strict: bool) -> _Candidate:
    if response.base in NUMBERS:
        return _Candidate(key, number_in(key))
    return _Candidate(starred(key), is_strict=is_strict)


def _branches(context: Context) -> Iterator[tuple[Node, list[Node]]]:
    """Conditions and the rules for when they hold."""
    rules = context.processing.within("responseCondition") if context.processing else []
    for rule in rules:
        for branch in rule.elements("responseIf", "responseElseIf"):
            children = branch.elements()
            if children:
                yield children[0], children[1:]


def _tests(condition: Node, response: Response) -> Iterator[Node]:
    """The tests of one response in a condition that is such a test, or one or all of several things."""
    if condition.name in {"stringMatch", "match", "equal", "equalRounded", "patternMatch"}:
        if any(one.get("identifier") == response.identifier for one in condition.elements("variable")):
            yield condition
    elif condition.name == "and" and _bounds(condition, response):
        yield condition
    elif condition.name in {"or", "and"}:
        for one in condition.elements():
            yield from _tests(one, response)


def _bounds(condition: Node, response: Response) -> dict[str, Decimal]:
    """Of `a ≤ x ≤ b`: its ends."""
    ends: dict[str, Decimal] = {}
    for one in condition.elements("gte", "lte", "gt", "lt"):
        variable, value = one.find("variable"), one.find("baseValue")
        if variable and value and variable.get("identifier") == response.identifier:
            ends["least" if one.name.startswith("g") else "most"] = number_in(value.text)
    return ends if len(ends) == 2 else {}


def _candidate(context: Context, response: Response, test: Node, rules: list[Node]) -> _Candidate:
    if ends := _bounds(test, response):
        if test.elements("gt", "lt"):
            context.draft.note("qti.open_range", line=test.line)
        value, tolerance = (ends["least"] + ends["most"]) / 2, abs(ends["most"] - ends["least"]) / 2
        return _Candidate(str(value), value, tolerance, rules=rules)
    if test.name == "patternMatch":
        made = of_pattern(test.get("pattern"))
        if made is None:
            raise NotUnderstood("qti.pattern", pattern=test.get("pattern")[:60])
        return _Candidate(made[0], is_strict=made[1], rules=rules)
    constant = test.find("baseValue")
    said = constant.text.strip() if constant else next(iter(response.correct), "")
    if response.base in NUMBERS:
        value = number_in(said)
        return _Candidate(said, value, _tolerance(context, test, value), rules=rules)
    is_strict = test.name == "match" or test.get("caseSensitive", "true") != "false"
    text = starred(said)
    return _Candidate(f"*{text}*" if test.get("substring") == "true" else text, is_strict=is_strict, rules=rules)


def _tolerance(context: Context, test: Node, value: Decimal) -> Decimal:
    if test.name == "equalRounded":
        figures = test.get("figures")
        if test.get("roundingMode", "decimalPlaces") == "decimalPlaces" and figures.isdecimal() and len(figures) < 3:
            return Decimal(5).scaleb(-int(figures) - 1)
        context.draft.note("qti.rounding", line=test.line)
        return Decimal(0)
    below, above = tolerances(test, value)
    if below != above:
        context.draft.note("qti.open_range", line=test.line)
    return max(below, above)


def _said_to_others(context: Context, response: Response) -> str:
    """What our own files say to every other answer to this."""
    rules = context.processing.within("responseCondition") if context.processing else []
    for rule in rules:
        otherwise, first = rule.find("responseElse"), rule.find("responseIf")
        if otherwise and first and list(_tests(first.elements()[0], response)):
            shown = context.said.shown(context.said.run({}, otherwise.elements()))
            own = [node for node in shown if node.get("identifier").startswith(ANSWER)]
            if own:
                return context.said.take(own)
    return ""
