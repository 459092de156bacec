"""An answer to one version of a question as an answer to another, where that makes sense.

Parts are known by their keys. Whoever could not have chosen what is right today has not answered today's question, and
is not graded by it.
"""

from .answers import Answer, answers_of
from .kinds import Body, Choices, Cloze, Essay, Files, Matching, Ordering


class Unmappable(ValueError):
    """The answer says nothing about the other version. `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def carry(old: Body, new: Body, given: Answer) -> Answer:
    """`given` to `old`, as an answer to `new`. Raises `Unmappable`."""
    if old.kind != new.kind:
        raise Unmappable("kind")
    match old, new:
        case Choices(), Choices():
            return _choices(old, new, given)
        case Matching(), Matching():
            return _pairs(old, new, given)
        case Ordering(), Ordering():
            if {item.key for item in old.items} != {item.key for item in new.items}:
                raise Unmappable("parts")
        case Cloze(), Cloze():
            return _gaps(old, new, given)
        case ((Essay() | Files()), _):
            raise Unmappable("person")
    return given


def _choices(old: Choices, new: Choices, given: Answer) -> Answer:
    before, after = {one.key for one in old.options}, {one.key for one in new.options}
    if {one.key for one in new.options if one.percent > 0} - before:
        raise Unmappable("unseen")
    if set(given.get("chosen", [])) - after:
        raise Unmappable("gone")
    return given


def _pairs(old: Matching, new: Matching, given: Answer) -> Answer:
    if {pair.key for pair in new.pairs} - {pair.key for pair in old.pairs}:
        raise Unmappable("parts")
    offered, keys = answers_of(old), {text: key for key, text in answers_of(new).items()}
    if {pair.answer for pair in new.pairs} - set(offered.values()):
        raise Unmappable("unseen")
    asked = {pair.key for pair in new.pairs}
    texts = {key: offered[answer] for key, answer in given.get("pairs", {}).items() if key in asked}
    return {"pairs": {key: keys[text] for key, text in texts.items() if text in keys}}


def _gaps(old: Cloze, new: Cloze, given: Answer) -> Answer:
    before = {gap.key: gap.body for gap in old.gaps}
    if set(before) != {gap.key for gap in new.gaps}:
        raise Unmappable("parts")
    told = given.get("gaps", {})
    return {"gaps": {gap.key: carry(before[gap.key], gap.body, told[gap.key]) for gap in new.gaps if gap.key in told}}
