"""Numbers as others write them, and what answers are worth in percent."""

from decimal import Decimal, InvalidOperation

from courses.questions import numbers

from .drafting import Draft, NotUnderstood

FIVE_PLACES = Decimal("0.00001")


def number_of(text: str) -> Decimal:
    """A number as people and systems write it. Raises `NotUnderstood`."""
    number, unit = numbers.read(text.strip()) or (None, "")
    if number is None or unit:
        raise NotUnderstood("number.unclear", number=text.strip()[:40])
    return number


def percent_of(text: str) -> Decimal:
    """A percentage, to five places. Raises `NotUnderstood`."""
    try:
        percent = number_of(text).quantize(FIVE_PLACES)
    except InvalidOperation as error:
        raise NotUnderstood("number.unclear", number=text[:40]) from error
    if abs(percent) > 100:
        raise NotUnderstood("percent.beyond", number=text[:40])
    return percent


def of_one(draft: Draft, percents: list[Decimal]) -> list[Decimal]:
    """Percentages of answers of which the best must be worth all. Raises `NotUnderstood` where none is right."""
    best = max(percents, default=Decimal(0))
    if best <= 0:
        raise NotUnderstood("answers.none_right")
    if best == 100:
        return percents
    draft.note("percent.raised", best=best.normalize())
    return [(percent * 100 / best).quantize(FIVE_PLACES) if percent > 0 else percent for percent in percents]


def of_several(draft: Draft, percents: list[Decimal]) -> list[Decimal]:
    """Percentages of options that are right together. Raises `NotUnderstood` where none is right."""
    whole = sum((percent for percent in percents if percent > 0), Decimal(0))
    if whole <= 0:
        raise NotUnderstood("answers.none_right")
    if abs(whole - 100) <= Decimal("0.1"):
        return percents
    draft.note("percent.shared", whole=whole.normalize())
    return [(percent * 100 / whole).quantize(FIVE_PLACES) if percent > 0 else percent for percent in percents]


def equal_shares(count: int) -> Decimal:
    """What each of several right options is worth."""
    return (Decimal(100) / count).quantize(FIVE_PLACES)
