"""Numbers, hours and dates in English words, for papers in English; `year` says how a year is written."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

# fmt: off
MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
]
_UNITS = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
# fmt: on


def number(value: int) -> str:
    """A number from 0 to 9,999: `one thousand five hundred`."""
    for size, name in ((1000, "thousand"), (100, "hundred")):
        if value >= size:
            rest = f" {number(value % size)}" if value % size else ""
            return f"{number(value // size)} {name}{rest}"
    if value < 20:
        return _UNITS[value]
    tens = _TENS[value // 10 - 2]
    return f"{tens}-{_UNITS[value % 10]}" if value % 10 else tens


def hours(value: Decimal) -> str:
    """Hours in figures and words: `40 hours (forty hours)`, `4.5 hours (four and a half hours)`."""
    whole, tenths = divmod(int(value * 10), 10)
    figures = f"{whole}.{tenths}" if tenths else f"{whole}"
    noun = "hour" if whole == 1 and not tenths else "hours"
    return f"{figures} {noun} ({_hours_in_words(whole, tenths)})"


def _hours_in_words(whole: int, tenths: int) -> str:
    if tenths == 5:
        return f"{number(whole)} and a half hours" if whole else "half an hour"
    some = f"{number(whole)} {'hour' if whole == 1 else 'hours'}"
    minutes = f"{number(tenths * 6)} minutes"
    if not tenths:
        return some
    return f"{some} and {minutes}" if whole else minutes


def day(value: date, year: Callable[[int], str] = str) -> str:
    """`15 May 2026`: without a comma, which stands in the other way of writing the year."""
    return f"{value.day} {MONTHS[value.month - 1]} {year(value.year)}"


def period(first: date, last: date, year: Callable[[int], str] = str) -> str:
    """`on 15 May 2026`, `from 3 to 15 May 2026`, `from 28 April to 15 May 2026`."""
    if first == last:
        return f"on {day(last, year)}"
    if (first.year, first.month) == (last.year, last.month):
        return f"from {first.day} to {day(last, year)}"
    if first.year == last.year:
        return f"from {first.day} {MONTHS[first.month - 1]} to {day(last, year)}"
    return f"from {day(first, year)} to {day(last, year)}"
