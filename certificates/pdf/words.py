"""Numbers, hours and dates in Spanish words, as official papers write them; `year` says how a year is written."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

# fmt: off
# Months are written in lower case (RAE).
MONTHS = [
    "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
    "diciembre",
]
_UNITS = [
    "cero", "un", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez", "once", "doce",
    "trece", "catorce", "quince", "dieciséis", "diecisiete", "dieciocho", "diecinueve", "veinte", "veintiún",
    "veintidós", "veintitrés", "veinticuatro", "veinticinco", "veintiséis", "veintisiete", "veintiocho",
    "veintinueve",
]
_TENS = ["treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa"]
_HUNDREDS = [
    "ciento", "doscient", "trescient", "cuatrocient", "quinient", "seiscient", "setecient", "ochocient",
    "novecient",
]
# fmt: on


def number(value: int, *, feminine: bool = False) -> str:
    """A number from 0 to 9,999 as it stands before a noun: `veintiún` minutos, `veintiuna` horas."""
    if value >= 1000:
        thousands = "mil" if value < 2000 else f"{number(value // 1000)} mil"
        return f"{thousands} {number(value % 1000, feminine=feminine)}" if value % 1000 else thousands
    if value == 100:
        return "cien"
    if value > 100:
        hundreds = _HUNDREDS[value // 100 - 1]
        if value >= 200:
            hundreds += "as" if feminine else "os"
        return f"{hundreds} {number(value % 100, feminine=feminine)}" if value % 100 else hundreds
    if value >= 30:
        tens = _TENS[value // 10 - 3]
        return f"{tens} y {number(value % 10, feminine=feminine)}" if value % 10 else tens
    return {1: "una", 21: "veintiuna"}.get(value, _UNITS[value]) if feminine else _UNITS[value]


def hours(value: Decimal) -> str:
    """Hours in figures and words: `40 horas (cuarenta horas)`, `4.5 horas (cuatro horas y media)`."""
    whole, tenths = divmod(int(value * 10), 10)
    figures = f"{whole}.{tenths}" if tenths else f"{whole}"
    noun = "hora" if whole == 1 and not tenths else "horas"
    return f"{figures} {noun} ({_hours_in_words(whole, tenths)})"


def _hours_in_words(whole: int, tenths: int) -> str:
    some = f"{number(whole, feminine=True)} {'hora' if whole == 1 else 'horas'}"
    if tenths == 5:
        return f"{some} y media" if whole else "media hora"
    minutes = f"{number(tenths * 6)} minutos"
    if not tenths:
        return some
    return f"{some} y {minutes}" if whole else minutes


def grouped_year(value: int) -> str:
    """`2,026`, as many official papers write it."""
    return f"{value:,}"


def day(value: date, year: Callable[[int], str] = str) -> str:
    """`15 de mayo de 2026`."""
    return f"{value.day} de {MONTHS[value.month - 1]} de {year(value.year)}"


def period(first: date, last: date, year: Callable[[int], str] = str) -> str:
    """`el 15 de mayo de 2026`, `del 3 al 15 de mayo de 2026`, `del 28 de abril al 15 de mayo de 2026`."""
    if first == last:
        return f"el {day(last, year)}"
    if (first.year, first.month) == (last.year, last.month):
        return f"del {first.day} al {day(last, year)}"
    if first.year == last.year:
        return f"del {first.day} de {MONTHS[first.month - 1]} al {day(last, year)}"
    return f"del {day(first, year)} al {day(last, year)}"
