"""What an item declares: the variables of its answers, with what is right and what each is worth, and its outcomes."""

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from ..markup import Node

NUMBERS = {"float", "integer"}
PAIRS = {"pair", "directedPair"}


def number_in(text: str) -> Decimal:
    """A number as XML Schema writes it; nothing where it is none."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return Decimal(0)
    return number if number.is_finite() and abs(number) < Decimal("1e30") else Decimal(0)


def key_in(text: str, base: str) -> str:
    """A value in the one way in which it is compared: pairs without order in order, spaces single."""
    words = text.split()
    if base in PAIRS:
        return " ".join(sorted(words) if base == "pair" else words)
    return text.strip()


@dataclass
class Mapping:
    """What single values are worth."""

    entries: list[tuple[str, Decimal, bool]]
    """Value, worth, and whether its case counts."""
    otherwise: Decimal
    least: Decimal | None
    most: Decimal | None

    def worth(self, value: str) -> Decimal:
        """What one value is worth."""
        for key, worth, is_strict in self.entries:
            if value == key or (not is_strict and value.lower() == key.lower()):
                return worth
        return self.otherwise

    def total(self, values: tuple[str, ...]) -> Decimal:
        """What several are worth together, each once, within the bounds."""
        whole = sum((self.worth(value) for value in dict.fromkeys(values)), Decimal(0))
        whole = whole if self.least is None else max(whole, self.least)
        return whole if self.most is None else min(whole, self.most)


@dataclass
class Response:
    """The variable of one answer."""

    identifier: str
    cardinality: str
    base: str
    correct: tuple[str, ...] = ()
    mapping: Mapping | None = None
    initial: tuple[str, ...] = ()


@dataclass
class Outcome:
    """A variable that processing sets."""

    identifier: str
    base: str
    cardinality: str = "single"
    initial: tuple[str, ...] = ()
    most: Decimal | None = None


@dataclass
class Declared:
    """Everything that an item declares."""

    responses: dict[str, Response] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    @property
    def points(self) -> Decimal | None:
        """The most that the item says it is worth."""
        most = self.outcomes.get("MAXSCORE")
        if most and most.initial:
            return number_in(most.initial[0])
        score = self.outcomes.get("SCORE")
        return score.most if score else None


def declared_in(item: Node) -> Declared:
    """The declarations of an item."""
    declared = Declared()
    for node in item.elements("responseDeclaration"):
        base = node.get("baseType")
        declared.responses[node.get("identifier")] = Response(
            identifier=node.get("identifier"),
            cardinality=node.get("cardinality", "single"),
            base=base,
            correct=_values(node.find("correctResponse"), base),
            mapping=_mapping(node.find("mapping"), base),
            initial=tuple(value.text for value in _value_nodes(node.find("defaultValue"))),
        )
    for node in item.elements("outcomeDeclaration"):
        most = node.get("normalMaximum")
        declared.outcomes[node.get("identifier")] = Outcome(
            identifier=node.get("identifier"),
            base=node.get("baseType"),
            cardinality=node.get("cardinality", "single"),
            initial=_values(node.find("defaultValue"), node.get("baseType")),
            most=number_in(most) if most else None,
        )
    return declared


def _value_nodes(node: Node | None) -> list[Node]:
    return node.elements("value") if node else []


def _values(node: Node | None, base: str) -> tuple[str, ...]:
    return tuple(key_in(value.text, base) for value in _value_nodes(node))


def _mapping(node: Node | None, base: str) -> Mapping | None:
    if node is None:
        return None
    entries = [
        (
            key_in(entry.get("mapKey"), base),
            number_in(entry.get("mappedValue")),
            # Texts forgive their case unless the entry says otherwise; identifiers never do.
            entry.get("caseSensitive", "false" if base == "string" else "true") == "true",
        )
        for entry in node.elements("mapEntry")
    ]
    least, most = node.get("lowerBound"), node.get("upperBound")
    return Mapping(
        entries,
        number_in(node.get("defaultValue", "0")),
        number_in(least) if least else None,
        number_in(most) if most else None,
    )
