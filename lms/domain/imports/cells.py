"""Reading one cell as people and Excel write it. Each reader is a widget of django-import-export.

A widget gets the cell (text, number, date, or nothing) and returns what it means; what it cannot read it raises as
`CellFault`, and what it doubts it tells to `doubt(code)`. Nothing here asks the database about people.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from import_export.widgets import Widget

from lms.domain import identity, people
from lms.domain.errors import RuleBroken
from lms.domain.texts import APOSTROPHES, fold
from lms.models import Appointment

NOTHING = frozenset({
    "", "-", "--", "---", ".", "0", "na", "n/a", "n.a.", "s/d", "sd", "s.d.", "s/n", "no", "no tiene", "ninguno",
    "ninguna", "sin dpi", "sin cui", "sin dato", "sin datos", "sin correo", "sin telefono", "sin numero", "no aplica",
    "pendiente", "en tramite", "no consta", "null", "none", "x", "xx", "xxx", "vigente", "actual", "a la fecha",
    "indefinido", "no posee", "sin email", "sin e-mail", "sin celular",
})  # fmt: skip
LONGEST_NOTHING = max(map(len, NOTHING)) + 1
PARTICLES = frozenset({"de", "del", "la", "las", "los", "y", "e", "da", "do"})
EXCEL_EPOCH = date(1899, 12, 30)
EXCEL_DAYS = range(1000, 80000)  # 1902 to 2119
MONTHS = {
    name: number
    for number, names in enumerate(
        ("enero ene", "febrero feb", "marzo mar", "abril abr", "mayo may", "junio jun", "julio jul", "agosto ago",
         "septiembre setiembre sep set", "octubre oct", "noviembre nov", "diciembre dic"), start=1,
    )
    for name in names.split()
}  # fmt: skip
TEXT_LENGTH = 120

Doubt = Callable[..., None]


class CellFault(ValueError):
    """A cell that cannot be read; `code` and `facts` make the message (`faults.message`)."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


def text_of(cell: object) -> str:
    """A cell as text on one line: numbers without decimals that say nothing, no leading apostrophe of Excel."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "1" if cell else ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = " ".join(str(cell).split())
    return text[1:] if re.match(r"'[0-9+]", text) else text


def is_nothing(text: str) -> bool:
    """Whether a text says that there is nothing to say: `S/D`, `sin DPI`, `-`."""
    return len(text) <= LONGEST_NOTHING and fold(text) in NOTHING


def quotable(text: str) -> str:
    """A text that may stand in a message: cut short, and left out if it might be somebody's number."""
    return "…" if len(re.findall(r"[0-9]", text)) > 4 else text[:60]


def proper(text: str) -> str:
    """A name all in one case as it is written in Spanish; a name in mixed case as it is.

    `MARÍA DE LOS ÁNGELES` → `María de los Ángeles`, `DE LEÓN` → `De León`, `KʼANIL` → `Kʼanil`, `O'CONNOR` →
    `O'Connor`.
    """
    letters = APOSTROPHES.sub("", text)
    if not (letters.isupper() or letters.islower()):
        return text
    words = text.lower().split(" ")
    return " ".join(
        word if index and fold(word) in PARTICLES else "-".join(map(_capital, word.split("-")))
        for index, word in enumerate(words)
    )


def _capital(part: str) -> str:
    first = next((index for index, letter in enumerate(part) if letter.isalpha() and not APOSTROPHES.match(letter)), 0)
    # The glottal stop of Mayan names (kʼ, qʼ, tzʼ) does not begin a syllable; the Irish and French apostrophe does.
    if part[:1] in "od" and APOSTROPHES.match(part[1:2]):
        return part[:1].upper() + part[1:2] + part[2:3].upper() + part[3:]
    return part[:first] + part[first : first + 1].upper() + part[first + 1 :]


class NameWidget(Widget):
    """A name, or a part of one."""

    def clean(self, value, row=None, **kwargs) -> str:
        """The name in proper case. Raises `name.has_digits` and `person.name_too_long`."""
        text = text_of(value)
        if is_nothing(text):
            return ""
        if re.search(r"[0-9]", text):
            raise CellFault("name.has_digits")
        try:
            return people.clean_name(proper(text))
        except RuleBroken as broken:
            raise CellFault(broken.code) from broken


class CuiWidget(Widget):
    """Thirteen digits, however Excel left them."""

    def clean(self, value, row=None, doubt: Doubt = lambda code: None, **kwargs) -> str:
        """The digits, or nothing. Raises `cui.malformed` and `cui.rounded`; doubts `cui.zero_added`, `cui.doubtful`."""
        text = text_of(value)
        if is_nothing(text):
            return ""
        digits = _undo_excel(text)
        if re.fullmatch(r"[0-9]{12}", digits) and identity.cui_check_digit_holds(f"0{digits}"):
            doubt("cui.zero_added")
            return f"0{digits}"
        try:
            cui = identity.normalise_cui(digits)
        except RuleBroken as broken:
            raise CellFault(broken.code) from broken
        if not identity.cui_check_digit_holds(cui):
            doubt("cui.doubtful")
        return cui


def _undo_excel(text: str) -> str:
    """`2.456789011401E+12` and `2456789011401.0` as digits; a number that Excel shortened is lost."""
    text = re.sub(r"(?<=[0-9])[,.]0+$", "", text)
    if re.fullmatch(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+", text):
        mantissa = re.sub(r"[^0-9]", "", re.split("[eE]", text)[0])
        if len(mantissa) < 13:
            raise CellFault("cui.rounded")
        try:
            return f"{Decimal(text.replace(',', '.')):.0f}"
        except InvalidOperation as error:
            raise CellFault("cui.malformed") from error
    return re.sub(r"[\s.,\-]", "", text)


class DateWidget(Widget):
    """A day: a date of Excel, its serial number, or a text, the day before the month."""

    def clean(self, value, row=None, doubt: Doubt = lambda code: None, **kwargs) -> date | None:
        """The day, or None. Raises `date.unreadable`; doubts `date.short_year`."""
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        text = text_of(value)
        if is_nothing(text):
            return None
        try:
            return _parse_date(text, doubt)
        except (ValueError, OverflowError) as error:
            raise CellFault("date.unreadable") from error


def _parse_date(text: str, doubt: Doubt) -> date:
    if re.fullmatch(r"[0-9]{4,5}(\.[0-9]+)?", text):
        days = int(text.partition(".")[0])
        if days not in EXCEL_DAYS:
            raise ValueError(text)
        return EXCEL_EPOCH + timedelta(days=days)
    if found := re.match(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[T ][0-9:.]+)?$", text):
        return date(int(found[1]), int(found[2]), int(found[3]))
    plain = re.sub(r"\bdel?\b|,", " ", fold(text))
    found = re.match(r"([0-9]{1,2})[\s\-/.]+([0-9]{1,2}|[a-z]+)\.?[\s\-/.]+([0-9]{4}|[0-9]{2})(?: [0-9:.]+)?$", plain)
    if not found:
        raise ValueError(text)
    month = int(found[2]) if found[2].isdigit() else MONTHS.get(found[2], 0)
    year = int(found[3])
    if year < 100:
        doubt("date.short_year")
        year += 2000 if year <= date.today().year % 100 else 1900
    return date(year, month, int(found[1]))


class BirthWidget(DateWidget):
    """A day that somebody alive may have been born on."""

    def clean(self, value, row=None, doubt: Doubt = lambda code: None, **kwargs) -> date | None:
        """As `DateWidget`. Raises `born_on.impossible`."""
        day = super().clean(value, row, doubt, **kwargs)
        if day and not date(1900, 1, 1) <= day <= kwargs["today"]:
            raise CellFault("born_on.impossible")
        return day


class DutyWidget(DateWidget):
    """The first or last day of an appointment."""

    def clean(self, value, row=None, doubt: Doubt = lambda code: None, **kwargs) -> date | None:
        """As `DateWidget`. Raises `duty.impossible`."""
        day = super().clean(value, row, doubt, **kwargs)
        if day and not 1940 <= day.year <= kwargs["today"].year + 10:
            raise CellFault("duty.impossible")
        return day


class EmailWidget(Widget):
    """An e-mail address."""

    def clean(self, value, row=None, **kwargs) -> str:
        """The address in lower case, or nothing. Raises `email.malformed`."""
        text = text_of(value)
        if is_nothing(text):
            return ""
        try:
            validate_email(text)
        except ValidationError as error:
            raise CellFault("email.malformed") from error
        return text.lower()


class PhoneWidget(Widget):
    """A telephone number of the country."""

    def clean(self, value, row=None, **kwargs) -> str:
        """Its eight digits, or nothing. Raises `phone.malformed`."""
        text = text_of(value)
        if is_nothing(text):
            return ""
        if re.search(r"[^0-9\s()+.\-]", text):
            raise CellFault("phone.malformed")
        try:
            return identity.normalise_phone(re.sub(r"(?<=[0-9])\.0$", "", text))
        except RuleBroken as broken:
            raise CellFault(broken.code) from broken


class RenglonWidget(Widget):
    """The budget line: `011`, `11`, `Renglón 011`, `011 Personal permanente`."""

    def clean(self, value, row=None, **kwargs) -> str:
        """Its three digits, or nothing. Raises `renglon.unknown`."""
        text = text_of(value)
        if is_nothing(text) or fold(text) == "sin renglon":
            return ""
        found = re.match(r"(?:renglon\s*)?([0-9]{1,3})(?![0-9])", fold(text))
        line = found[1].zfill(3) if found else ""
        if not line or line not in Appointment.Renglon.values:
            raise CellFault("renglon.unknown", value=quotable(text))
        return line


class LineWidget(Widget):
    """A short text that is kept as it is."""

    def clean(self, value, row=None, **kwargs) -> str:
        """The text. Raises `text.too_long`, and `text.has_number` when somebody's number stands in it."""
        text = text_of(value)
        if is_nothing(text):
            return ""
        if len(text) > TEXT_LENGTH:
            raise CellFault("text.too_long")
        if re.search(r"[0-9](?:[\s.\-]?[0-9]){10,}", text):
            raise CellFault("text.has_number")
        return text
