"""What an item's response processing makes of an answer: run, not guessed. Bounded in steps; what it does not know it
says it does not know.

A value is None (QTI's NULL) or a tuple of texts, numbers and booleans; `Ordered` where their order counts.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal, DecimalException, localcontext

from ..markup import Node
from .declarations import NUMBERS, Declared, key_in, number_in
from .patterns import matches, of_pattern

MOST_STEPS = 100_000
MOST_VALUES = 1_000
MATCH_CORRECT, MAP_RESPONSE = "match_correct", "map_response"
TEMPLATES = {
    "match_correct": MATCH_CORRECT,
    "cc2_match": MATCH_CORRECT,
    "cc2_match_basic": MATCH_CORRECT,
    "map_response": MAP_RESPONSE,
    "cc2_map_response": MAP_RESPONSE,
}

Item = str | Decimal | bool


class Ordered(tuple):
    """Several values whose order counts."""

    __slots__ = ()


Value = tuple | None


class Unknown(Exception):
    """The processing has something that is not known here; the argument is its name."""


class _Exit(Exception):
    pass


def template_of(node: Node | None) -> str | None:
    """The name of the standard template that a `responseProcessing` names."""
    if node is None:
        return None
    address = node.get("template") or node.get("templateLocation")
    name = address.rstrip("/").rpartition("/")[2].lower().removesuffix(".xml")
    return TEMPLATES.get(name, name) if name else None


class Machine:
    """Processes answers to one item."""

    def __init__(self, declared: Declared, processing: Node | None) -> None:
        self.declared = declared
        self.processing = processing
        self.template = template_of(processing)
        self._steps = 0
        self._given: dict[str, Value] = {}
        self._outcomes: dict[str, Value] = {}

    def run(self, given: Mapping[str, tuple[str, ...]], rules: list[Node] | None = None) -> dict[str, Value]:
        """The outcomes for the answers `given`, of all rules or of some. Raises `Unknown`."""
        self._given = {name: self._as_value(name, values) for name, values in given.items()}
        self._outcomes = {
            name: tuple(_typed(text, outcome.base) for text in outcome.initial)
            or ((Decimal(0),) if outcome.base in NUMBERS else None)
            for name, outcome in self.declared.outcomes.items()
        }
        try:
            with localcontext() as context:
                context.prec = 40
                if rules is None and (self.processing is None or not self.processing.elements()):
                    self._run_template()
                else:
                    self._run_all(rules if rules is not None else self.processing.elements())  # type: ignore[union-attr]
        except _Exit:
            pass
        except (DecimalException, RecursionError) as error:
            raise Unknown("number") from error
        return self._outcomes

    def score(self, given: Mapping[str, tuple[str, ...]], name: str = "SCORE") -> Decimal:
        """What the answers `given` are worth. Raises `Unknown`."""
        return number_of_value(self.run(given).get(name))

    def _as_value(self, name: str, values: tuple[str, ...]) -> Value:
        response = self.declared.responses.get(name)
        base, cardinality = (response.base, response.cardinality) if response else ("string", "multiple")
        typed = tuple(_typed(value, base) for value in values)
        if not typed:
            return None
        return Ordered(typed) if cardinality == "ordered" else typed

    # Rules

    def _run_template(self) -> None:
        names = list(self.declared.responses)
        if self.template == MAP_RESPONSE or (
            self.template is None and any(one.mapping for one in self.declared.responses.values())
        ):
            total = sum((self._map_response(name) for name in names), Decimal(0))
        elif self.template in {MATCH_CORRECT, None}:
            scored = [self._is_correct(name) for name in names if self.declared.responses[name].correct]
            # Where nothing says how answers count, each counts by itself.
            total = Decimal(sum(scored) if self.template is None else bool(scored) and all(scored))
        else:
            raise Unknown(self.template)
        self._outcomes["SCORE"] = (total,)

    def _is_correct(self, name: str) -> bool:
        return _same(self._given.get(name), self._correct(name))

    def _correct(self, name: str) -> Value:
        response = self.declared.responses.get(name)
        return self._as_value(name, response.correct) if response else None

    def _map_response(self, name: str) -> Decimal:
        response, value = self.declared.responses.get(name), self._given.get(name)
        if response is None or response.mapping is None:
            raise Unknown("mapping")
        return response.mapping.total(tuple(str(one) for one in value or ()))

    def _run_all(self, rules: list[Node]) -> None:
        for rule in rules:
            self._step()
            match rule.name:
                case "responseCondition":
                    self._condition(rule)
                case "setOutcomeValue":
                    self._outcomes[rule.get("identifier")] = self._first(rule)
                case "responseProcessingFragment":
                    self._run_all(rule.elements())
                case "exitResponse":
                    raise _Exit
                case _:
                    raise Unknown(rule.name)

    def _condition(self, rule: Node) -> None:
        for branch in rule.elements():
            children = branch.elements()
            if branch.name == "responseElse":
                self._run_all(children)
                return
            if children and is_yes(self.value(children[0])):
                self._run_all(children[1:])
                return

    def _first(self, node: Node) -> Value:
        children = node.elements()
        if not children:
            raise Unknown(node.name)
        return self.value(children[0])

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise Unknown("size")

    # Expressions

    def value(self, node: Node) -> Value:
        """What an expression comes to. Raises `Unknown`."""
        self._step()
        reader: Callable[[Node], Value] | None = getattr(self, f"_x_{node.name}", None)
        if reader is not None:
            return reader(node)
        operator = OPERATORS.get(node.name)
        if operator is None:
            raise Unknown(node.name)
        return operator(node, [self.value(child) for child in node.elements()])

    def _x_baseValue(self, node: Node) -> Value:  # noqa: N802 (the element's name)
        return (_typed(node.text, node.get("baseType")),)

    def _x_variable(self, node: Node) -> Value:
        name = node.get("identifier")
        return self._outcomes[name] if name in self._outcomes else self._given.get(name)

    def _x_correct(self, node: Node) -> Value:
        return self._correct(node.get("identifier"))

    def _x_default(self, node: Node) -> Value:
        outcome = self.declared.outcomes.get(node.get("identifier"))
        return tuple(_typed(text, outcome.base) for text in outcome.initial) or None if outcome else None

    def _x_null(self, node: Node) -> Value:
        return None

    def _x_mapResponse(self, node: Node) -> Value:  # noqa: N802
        return (self._map_response(node.get("identifier")),)


def _typed(text: str, base: str) -> Item:
    if base in NUMBERS:
        return number_in(text)
    if base == "boolean":
        return text.strip() == "true"
    return key_in(text, base)


def is_yes(value: Value) -> bool:
    """Whether a condition holds."""
    return value is not None and len(value) > 0 and value[0] is True


def number_of_value(value: Value) -> Decimal:
    """A number; NULL counts nothing."""
    return value[0] if value and isinstance(value[0], Decimal) else Decimal(0)


def _same(one: Value, other: Value) -> bool:
    if one is None or other is None:
        return False
    if isinstance(one, Ordered) or isinstance(other, Ordered):
        return tuple(one) == tuple(other)
    return Counter(one) == Counter(other)


def _numbers(values: list[Value]) -> list[Decimal] | None:
    """All numbers of some values; None where any is NULL."""
    if any(value is None for value in values):
        return None
    flat = [one for value in values for one in value or ()]
    if not all(isinstance(one, Decimal) for one in flat):
        raise Unknown("number")
    return flat


def _yes(answer: bool | None) -> Value:
    return None if answer is None else (answer,)


def _compare(judge: Callable[[Decimal, Decimal], bool]) -> Callable[[Node, list[Value]], Value]:
    def compare(node: Node, values: list[Value]) -> Value:
        numbers = _numbers(values)
        return None if numbers is None or len(numbers) != 2 else (judge(numbers[0], numbers[1]),)

    return compare


def _fold(start: Decimal, join: Callable[[Decimal, Decimal], Decimal]) -> Callable[[Node, list[Value]], Value]:
    def fold(node: Node, values: list[Value]) -> Value:
        numbers = _numbers(values)
        if numbers is None:
            return None
        whole = start
        for number in numbers:
            whole = join(whole, number)
        return (whole,)

    return fold


def _subtract(node: Node, values: list[Value]) -> Value:
    numbers = _numbers(values)
    return None if numbers is None or len(numbers) != 2 else (numbers[0] - numbers[1],)


def _divide(node: Node, values: list[Value]) -> Value:
    numbers = _numbers(values)
    return None if numbers is None or len(numbers) != 2 or not numbers[1] else (numbers[0] / numbers[1],)


def tolerances(node: Node, value: Decimal) -> tuple[Decimal, Decimal]:
    """How far below and above `value` an `equal` holds."""
    said = [number_in(text) for text in node.get("tolerance").split()]
    if node.get("toleranceMode", "exact") == "exact" or not said:
        return Decimal(0), Decimal(0)
    below, above = said[0], said[-1]
    if node.get("toleranceMode") == "relative":
        return abs(value) * below / 100, abs(value) * above / 100
    return below, above


def _equal(node: Node, values: list[Value]) -> Value:
    numbers = _numbers(values)
    if numbers is None or len(numbers) != 2:
        return None
    given, right = numbers
    below, above = tolerances(node, right)
    return (right - below <= given <= right + above,)


def _string_match(node: Node, values: list[Value]) -> Value:
    if len(values) != 2 or values[0] is None or values[1] is None:
        return None
    given, right = str(values[0][0]), str(values[1][0])
    if node.get("caseSensitive", "true") == "false":
        given, right = given.lower(), right.lower()
    return (right in given if node.get("substring") == "true" else given == right,)


def _pattern_match(node: Node, values: list[Value]) -> Value:
    made = of_pattern(node.get("pattern"))
    if made is None:
        raise Unknown("patternMatch")
    if not values or values[0] is None:
        return None
    return (matches(made[0], str(values[0][0]), is_strict=made[1]),)


def _logic(judge: Callable) -> Callable[[Node, list[Value]], Value]:
    return lambda node, values: (judge(is_yes(value) for value in values),)


def _several(kind: type) -> Callable[[Node, list[Value]], Value]:
    def several(node: Node, values: list[Value]) -> Value:
        if sum(len(value or ()) for value in values) > MOST_VALUES:
            raise Unknown("size")
        return kind(one for value in values for one in value or ()) or None

    return several


def _index(node: Node, values: list[Value]) -> Value:
    place = int(node.get("n")) if node.get("n").isdigit() else 0
    value = values[0] if values else None
    return (value[place - 1],) if value and 1 <= place <= len(value) else None


def _member(node: Node, values: list[Value]) -> Value:
    if len(values) != 2 or values[0] is None or values[1] is None:
        return None
    return (values[0][0] in values[1],)


def _contains(node: Node, values: list[Value]) -> Value:
    if len(values) != 2 or values[0] is None or values[1] is None:
        return None
    return (not Counter(values[1]) - Counter(values[0]),)


def _delete(node: Node, values: list[Value]) -> Value:
    if len(values) != 2 or values[0] is None or values[1] is None:
        return None
    return type(values[1])(one for one in values[1] if one != values[0][0]) or None


OPERATORS: dict[str, Callable[[Node, list[Value]], Value]] = {
    "match": lambda node, values: _yes(_same(*values) if len(values) == 2 else None),
    "isNull": lambda node, values: (not values or values[0] is None or values[0] == ("",),),
    "isNotNull": lambda node, values: (bool(values) and values[0] is not None,),
    "not": lambda node, values: (not is_yes(values[0] if values else None),),
    "and": _logic(all),
    "or": _logic(any),
    "sum": _fold(Decimal(0), lambda one, other: one + other),
    "product": _fold(Decimal(1), lambda one, other: one * other),
    "subtract": _subtract,
    "divide": _divide,
    "gt": _compare(lambda one, other: one > other),
    "gte": _compare(lambda one, other: one >= other),
    "lt": _compare(lambda one, other: one < other),
    "lte": _compare(lambda one, other: one <= other),
    "max": lambda node, values: (max(_numbers(values) or [Decimal(0)]),),
    "min": lambda node, values: (min(_numbers(values) or [Decimal(0)]),),
    "equal": _equal,
    "stringMatch": _string_match,
    "patternMatch": _pattern_match,
    "multiple": _several(tuple),
    "ordered": _several(Ordered),
    "index": _index,
    "member": _member,
    "contains": _contains,
    "delete": _delete,
    "containerSize": lambda node, values: (Decimal(len(values[0] or ()) if values else 0),),
}
