"""Lists of staff for tests and for `make bench`: generated, messy in known places, the same for the same size."""

import csv
import io
from collections.abc import Iterable, Iterator

import xlsxwriter

from lms.domain import imports
from lms.models import Municipality, Person, StaffImport
from tests.factories.people import somebody_with_role

HEADINGS = [
    "No. DPI", "NOMBRES", "APELLIDOS", "F. Nacimiento", "Correo", "Celular", "Cargo", "Renglón", "Fecha de ingreso",
    "Hasta", "Acuerdo", "Municipio",
]  # fmt: skip
CUI, GIVEN, SURNAMES, BORN, EMAIL, PHONE, POST, RENGLON, STARTS, ENDS, ACT, PLACE = range(12)
GIVEN_NAMES = ("MARÍA", "José", "ANA LUCÍA", "Juan Pablo", "ROSA", "Mateo", "PETRONA", "Diego", "EULALIA", "Tomás")
WORDS = ("CEIBA", "ENCINO", "Ciprés", "JOCOTE", "Izote", "MAẌ", "KʼUBʼUL", "Milpa", "TELAR", "Petate", "COMAL", "Nance")
POSTS = ("RECEP", "Fontanero municipal", "dafim", "Secretaria Municipal", "ENCARGADO DE PRESUPUESTO", "Concejal")
LINES = ("011", "22", "029", "31", "")
# Column and code of every fault, in turn; each is made by one cell of an otherwise good row.
FAULTS = (
    (CUI, "cui.malformed", "12345"),
    (CUI, "cui.rounded", "2.45679E+12"),
    (GIVEN, "given_names.missing", ""),
    (GIVEN, "name.has_digits", "2456 78901 1401"),
    (SURNAMES, "surnames.missing", "-"),
    (BORN, "date.unreadable", "31/13/1990"),
    (BORN, "born_on.impossible", "01/01/1850"),
    (EMAIL, "email.malformed", "nadie@@example"),
    (PHONE, "phone.malformed", "5555 1234 / 5555 4321"),
    (POST, "post.missing", ""),
    (POST, "post.unknown", "Zzz"),
    (RENGLON, "renglon.unknown", "999"),
    (STARTS, "duty.impossible", "01/01/1024"),
    (ENDS, "appointment.ends_before_it_starts", "01/01/2001"),
    (PLACE, "municipality.unknown", "Atlántida"),
    (PLACE, "municipality.ambiguous", "La Libertad"),
    (ACT, "text.has_number", "2456 78901 1401"),
)
EVERY = 50  # two in a hundred


def a_cui(number: int) -> str:
    """A CUI whose check digit holds, another for every number."""
    serial = number * 7 + 11_000_000
    while True:
        check = sum(int(digit) * weight for digit, weight in zip(f"{serial:08d}", range(2, 10), strict=True)) % 11
        if check < 10:
            return f"{serial:08d}{check}1413"
        serial += 1


def rows(size: int, places: Iterable[str] = ("1413",)) -> Iterator[tuple[list[object], tuple[int, str] | None]]:
    """`size` rows, each with the column and code of its fault, or None."""
    places = list(places)
    for number in range(size):
        row: list[object] = [
            a_cui(number),
            GIVEN_NAMES[number % len(GIVEN_NAMES)],
            f"{WORDS[number // 10 % len(WORDS)]} {WORDS[number // 120 % len(WORDS)]} DEMO",
            f"{number % 28 + 1:02d}/{number % 12 + 1:02d}/{1960 + number % 40}",
            f"persona{number}@example.org" if number % 3 == 0 else "",
            f"{30_000_000 + number}" if number % 2 else "sin teléfono",
            POSTS[number % len(POSTS)],
            LINES[number % len(LINES)],
            "15/01/2024",
            "",
            f"Acuerdo {number % 90}-2024",
            places[number % len(places)],
        ]
        fault = None
        if number % EVERY == EVERY - 1:
            column, code, cell = FAULTS[number // EVERY % len(FAULTS)]
            row[column], fault = cell, (column, code)
        if number % 4 == 0 and not fault:
            row[CUI] = int(str(row[CUI]))  # as Excel keeps it
        yield row, fault


def as_xlsx(found: Iterable[list[object]], headings: list[str] = HEADINGS) -> bytes:
    """An XLSX file, as a program writes it that knows no table of strings."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("Nómina")
        for number, row in enumerate([headings, *found]):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, column, cell)
                elif cell is not None:
                    sheet.write(number, column, cell)
    return out.getvalue()


def as_csv(found: Iterable[list[object]], headings: list[str] = HEADINGS, *, delimiter: str = ",") -> str:
    """The text of a CSV file."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([headings, *found])
    return out.getvalue()


def a_staff_import(
    municipality: str = "1413", *, by: Person | None = None, content: bytes | None = None
) -> StaffImport:
    """A list that was handed in by an administrator, or by `by`; without `content`, one of two good rows."""
    return imports.take(
        file_name="nómina.csv",
        content=content or as_csv(row for row, _fault in rows(2, [municipality])).encode(),
        municipality=Municipality.objects.get(code=municipality),
        by=by or somebody_with_role("administrator"),
    )
