"""Answers in the notation of xAPI's interaction activities (SCORM's `cmi.interaction`)."""

from courses.questions import Choices, Essay, Kind, Matching, Numeric, Ordering, ShortText, TrueFalse
from courses.questions.answers import Answer
from courses.questions.kinds import Body

INTERACTIONS = {
    Kind.SINGLE: "choice",
    Kind.MULTIPLE: "choice",
    Kind.TRUE_FALSE: "true-false",
    Kind.MATCHING: "matching",
    Kind.ORDERING: "sequencing",
    Kind.NUMERIC: "fill-in",
    Kind.SHORT: "fill-in",
    Kind.ESSAY: "long-fill-in",
}


def interaction(body: Body) -> str:
    """The interaction type that comes nearest."""
    return INTERACTIONS.get(Kind(body.kind), "other")


def response(body: Body, given: Answer, *, with_own_words: bool) -> str | None:
    """What was answered; None for what it has no notation for, and for a person's own words unless asked for."""
    match body:
        case Choices():
            return "[,]".join(given.get("chosen", []))
        case TrueFalse():
            return "".join(given.get("chosen", []))
        case Matching():
            return "[,]".join(f"{key}[.]{answer}" for key, answer in given.get("pairs", {}).items())
        case Ordering():
            return "[,]".join(given.get("order", []))
        case Numeric() | ShortText() | Essay() if with_own_words:
            return str(given.get("text", ""))
    return None
