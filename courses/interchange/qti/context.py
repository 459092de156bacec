"""One item while it is read."""

from collections.abc import Mapping
from decimal import Decimal

from ..drafting import Draft, NotUnderstood
from ..markup import Node
from .declarations import Declared, Response, declared_in
from .feedback import Outcomes, Said
from .machine import Machine, Unknown, number_of_value

# Our own files add the weights of gaps up in it before they are made into points.
RAW = "RAW"


class Context:
    """An item, what it declares, and what its processing makes of answers."""

    def __init__(self, draft: Draft, item: Node) -> None:
        self.draft = draft
        self.item = item
        self.declared: Declared = declared_in(item)
        self.processing = item.find("responseProcessing")
        self.machine = Machine(self.declared, self.processing)
        self.said = Said(draft, item, self.machine)
        self.best = Decimal(0)
        """The most that was reached by any answer that was tried."""
        self.measure = RAW if RAW in self.declared.outcomes else "SCORE"
        """The outcome in which parts of an item count as they are weighted."""

    def response_of(self, interaction: Node) -> Response:
        """The variable of an interaction. Raises `NotUnderstood`."""
        response = self.declared.responses.get(interaction.get("responseIdentifier"))
        if response is None:
            raise NotUnderstood("qti.no_response", name=interaction.get("responseIdentifier")[:40])
        return response

    @property
    def correct(self) -> dict[str, tuple[str, ...]]:
        """The right answer to everything, as it is declared."""
        return {name: response.correct for name, response in self.declared.responses.items() if response.correct}

    def score(self, given: Mapping[str, tuple[str, ...]], name: str = "SCORE") -> Decimal | None:
        """What an answer is worth; None where the processing is not known."""
        try:
            score = number_of_value(self.machine.run(given).get(name))
        except Unknown:
            return None
        if name == "SCORE":
            self.best = max(self.best, score)
        return score

    def gain(self, name: str, values: tuple[str, ...]) -> Decimal | None:
        """What one answer adds while all others are right; None where the processing is not known."""
        with_it = self.score(self.given(name, values), self.measure)
        without = self.score(self.given(name, ()), self.measure)
        return None if with_it is None or without is None else with_it - without

    def given(self, name: str, values: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """An answer to one thing, and to everything else what is right."""
        return {**self.correct, name: values}

    def outcomes(self, name: str, values: tuple[str, ...]) -> Outcomes | None:
        """What comes of such an answer, as far as something is said back; None where that is not known."""
        return self.said.run(self.given(name, values))

    def uses(self, response: Response, *names: str) -> bool:
        """Whether the processing has one of these expressions over a response."""
        if self.processing is None:
            return False
        return any(
            node.name in names
            and (
                node.get("identifier") == response.identifier
                or any(one.get("identifier") == response.identifier for one in node.elements("variable", "correct"))
            )
            for node in self.processing.walk()
        )

    def is_mapped(self, response: Response) -> bool:
        """Whether an answer counts by what each of its parts is worth."""
        if response.mapping is None:
            return False
        if self.machine.template:
            return self.machine.template == "map_response"
        return self.processing is None or self.uses(response, "mapResponse")
