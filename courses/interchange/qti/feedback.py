"""What an item says back, sorted by when it is said: to one answer, always, or by how right the answer was."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from courses.questions import Feedback

from ..drafting import Draft
from ..markup import Node
from .body import FEEDBACKS, prose_in
from .machine import Machine, Unknown, Value

# Our own files name the outcome and its values so.
RESULT = "RESULT"
ANSWER = "ANSWER_"
GENERAL = ("always", "right", "partly", "wrong")
Outcomes = Mapping[str, Value]


@dataclass
class Said:
    """What is said back, as far as it is sorted."""

    draft: Draft
    item: Node
    machine: Machine
    general: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in GENERAL})
    sorted_nodes: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        body = self.item.find("itemBody")
        within = [node for node in body.walk() if node.name in FEEDBACKS] if body else []
        self.nodes = [*within, *self.item.elements("modalFeedback")]
        for node in self.nodes:
            if node.get("outcomeIdentifier") == RESULT and node.get("identifier") in GENERAL:
                self._put(node, node.get("identifier"))

    def run(self, given: Mapping[str, tuple[str, ...]], rules: list[Node] | None = None) -> Outcomes | None:
        """The outcomes for an answer; None where the processing is not known."""
        if not self.nodes:
            return None
        try:
            return dict(self.machine.run(given, rules))
        except Unknown:
            return None

    def shown(self, outcomes: Outcomes | None) -> list[Node]:
        """What is said for some outcomes, of what is not sorted yet."""
        if outcomes is None:
            return []
        return [node for node in self.nodes if id(node) not in self.sorted_nodes and _is_shown(node, outcomes)]

    def to_answers(
        self, cases: Mapping[str, Outcomes | None], right: set[str], nothing: Outcomes | None
    ) -> dict[str, str]:
        """What is said to each of some answers; what is said to all of them, or to all right ones, is general.

        What is said to all and to `nothing`, too, does not hang on this answer.
        """
        silent = {id(node) for node in self.shown(nothing)}
        told: dict[str, list[str]] = {key: [] for key in cases}
        shown = {key: {id(node) for node in self.shown(outcomes)} for key, outcomes in cases.items()}
        for node in [node for node in self.nodes if id(node) not in self.sorted_nodes]:
            keys = {key for key in cases if id(node) in shown[key]}
            is_own = node.get("identifier") in cases or node.get("identifier").startswith(ANSWER)
            if not keys or (keys == set(cases) and id(node) in silent):
                continue
            if keys == set(cases) and not is_own:
                self._put(node, "always")
            elif keys == right and not is_own:
                self._put(node, "right")
            elif keys == set(cases) - right and not is_own:
                self._put(node, "wrong")
            else:
                self._tell(node, (told[key] for key in keys))
        return {key: together(texts) for key, texts in told.items()}

    def to_parts(self, nodes: Mapping[str, Node]) -> dict[str, str]:
        """What stands within each option itself, where processing does not say when."""
        told: dict[str, list[str]] = {key: [] for key in nodes}
        for key, option in nodes.items():
            for node in option.walk():
                if node.name in FEEDBACKS and id(node) not in self.sorted_nodes:
                    self._tell(node, [told[key]])
        return {key: together(texts) for key, texts in told.items()}

    def to_wholes(self, right: Outcomes | None, wrong: Outcomes | None, partly: Outcomes | None = None) -> None:
        """Sort the rest by answers that are right, wrong, and right in part. No answer is a wrong one."""
        nothing = self.run({})
        at_right, at_wrong, at_partly, at_nothing = (
            {id(node) for node in self.shown(outcomes)} for outcomes in (right, wrong, partly, nothing)
        )
        at_wrong = at_wrong if wrong is not None else at_nothing
        for node in list(self.nodes):
            if id(node) in at_right and id(node) in at_wrong:
                self._put(node, "always")
            elif id(node) in at_right:
                self._put(node, "right")
            elif id(node) in at_wrong:
                self._put(node, *(["wrong", "partly"] if id(node) in at_partly else ["wrong"]))
            elif id(node) in at_partly:
                self._put(node, "partly")
            elif id(node) in at_nothing:
                self._put(node, "wrong")

    def take(self, nodes: list[Node]) -> str:
        """What some say, which are sorted now."""
        texts: list[str] = []
        for node in nodes:
            self._tell(node, [texts])
        return together(texts)

    def feedback(self) -> Feedback:
        """What is said of the whole; what is never said of any answer that was tried is noted."""
        for node in self.nodes:
            if id(node) not in self.sorted_nodes and node.text.strip():
                self.draft.note("qti.feedback_lost", node.text, line=node.line)
        return Feedback(**{name: together(texts) for name, texts in self.general.items()})

    def _put(self, node: Node, *names: str) -> None:
        self._tell(node, (self.general[name] for name in names))

    def _tell(self, node: Node, lists: Iterable[list[str]]) -> None:
        prose = prose_in(self.draft, node)
        for texts in lists:
            texts.append(prose)
        self.sorted_nodes.add(id(node))


def together(texts: list[str]) -> str:
    """Several proses as one, each once."""
    said = list(dict.fromkeys(text for text in texts if text))
    return said[0] if len(said) == 1 else "".join(text if text.startswith("<p>") else f"<p>{text}</p>" for text in said)


def _is_shown(node: Node, outcomes: Outcomes) -> bool:
    is_set = node.get("identifier") in (outcomes.get(node.get("outcomeIdentifier")) or ())
    return is_set != (node.get("showHide", "show") == "hide")
