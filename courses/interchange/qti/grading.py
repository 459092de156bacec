"""Response processing on its way out."""

import itertools
from collections.abc import Iterable, Sequence
from decimal import Decimal

from courses.questions import OrderingScore

from .context import RAW
from .elements import Element, number

FEEDBACK = "FEEDBACK"
STANDARD = "http://www.imsglobal.org/question/qti_v2p1/rptemplates/"
STANDARD_3 = "https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/"


def variable(name: str) -> Element:
    """What a variable holds."""
    return Element("variable", identifier=name)


def constant(base: str, text: str) -> Element:
    """A value."""
    return Element("baseValue", text, baseType=base)


def float_of(value: Decimal) -> Element:
    """A number."""
    return constant("float", number(value))


def set_to(name: str, expression: Element) -> Element:
    """Give an outcome a value."""
    return Element("setOutcomeValue", expression, identifier=name)


def add_to(name: str, expression: Element) -> Element:
    """Add to an outcome."""
    return set_to(name, Element("sum", variable(name), expression))


def say(identifier: str | Element, outcome: str = FEEDBACK) -> Element:
    """Have something said, besides what is said already."""
    what = constant("identifier", identifier) if isinstance(identifier, str) else identifier
    return set_to(outcome, Element("multiple", variable(outcome), what))


def choose(branches: Iterable[tuple[Element | None, Sequence[Element]]]) -> list[Element]:
    """The first branch whose condition holds; one without a condition is for all other cases."""
    rule = Element("responseCondition")
    for condition, rules in branches:
        if condition is None:
            if rules and rule.children:
                rule.add(Element("responseElse", *rules))
        else:
            name = "responseElseIf" if rule.children else "responseIf"
            rule.add(Element(name, condition, *rules))
    return [rule] if rule.children else []


def is_correct(response: str) -> Element:
    """Whether a response is what its declaration says is right."""
    return Element("match", variable(response), Element("correct", identifier=response))


def places(response: str, keys: Sequence[str], points: Decimal, scoring: OrderingScore) -> list[Element]:
    """What an order is worth by its places or neighbours, as a sum of conditions."""
    rules: list[Element] = []

    def stands(place: int, key: str) -> Element:
        return Element("match", Element("index", variable(response), n=place), constant("identifier", key))

    if scoring == OrderingScore.PLACES:
        conditions = [stands(place, key) for place, key in enumerate(keys, start=1)]
    else:
        conditions = [
            Element("or", *(Element("and", stands(at, one), stands(at + 1, other)) for at in range(1, len(keys))))
            for one, other in itertools.pairwise(keys)
        ]
    for condition in conditions:
        rules += choose([(condition, [add_to(RAW, float_of(Decimal(1)))])])
    share = Element("divide", Element("product", variable(RAW), float_of(points)), float_of(Decimal(len(conditions))))
    return [*rules, set_to("SCORE", share)]
