"""Lists as files for Excel. No cell of them can become a formula, whatever somebody is called."""

import csv
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import IO

import xlsxwriter
from django.conf import settings

Cell = str | int | Decimal | date | None
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def neutralise(text: str) -> str:
    """A text that a spreadsheet takes for text: what begins like a formula gets an apostrophe before it.

    Spaces, control and direction marks before the sign do not help, nor do its full-width and small forms (OWASP,
    CSV Injection).
    """
    if text[:1] in {"\t", "\r", "\n"}:
        return f"'{text}"
    first = next((letter for letter in text if unicodedata.category(letter)[0] not in "CZ"), "")
    return f"'{text}" if unicodedata.normalize("NFKC", first)[:1] in {"=", "+", "-", "@"} else text


class _Echo:
    """What `csv` writes to when lines are wanted one by one."""

    def write(self, line: str) -> str:
        return line


def csv_lines(headings: list[str], rows: Iterable[list[Cell]]) -> Iterator[str]:
    """The lines of a CSV file that Excel opens as UTF-8."""
    writer = csv.writer(_Echo())
    yield "\ufeff"
    yield writer.writerow(headings)
    for row in rows:
        yield writer.writerow([neutralise(cell) if isinstance(cell, str) else cell for cell in row])


def write_xlsx(title: str, headings: list[str], rows: Iterable[list[Cell]]) -> IO[bytes]:
    """An XLSX file, open at its beginning; strings are written as strings, row by row."""
    out = tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115 the response closes it
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "tmpdir": settings.FILE_UPLOAD_TEMP_DIR,
    }
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet(title)
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(headings) - 1, 18)
        for column, heading in enumerate(headings):
            sheet.write_string(0, column, heading, bold)
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, column, cell)
                elif isinstance(cell, date):
                    sheet.write_datetime(number, column, cell, day)
                elif cell is not None:
                    sheet.write_number(number, column, cell)
    out.seek(0)
    return out
