"""The files that go out: the template to fill in, and what is wrong with a list."""

import tempfile
from collections.abc import Iterator
from typing import IO

import xlsxwriter
from django.conf import settings
from django.utils.translation import gettext as _

from lms.domain import sheets
from lms.models import Municipality, Post, StaffImport

from .columns import COLUMNS
from .faults import message

BOOK = {"constant_memory": False, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
# More parts of a name than these two, and the department, are read, and not asked for.
ASKED = [column for column in COLUMNS if column.example or column.key == "ends_on"]


def template_csv() -> Iterator[str]:
    """The template's lines: headings and one row that is plainly an example."""
    return sheets.csv_lines([str(column.heading) for column in ASKED], [[column.example for column in ASKED]])


def template_xlsx() -> IO[bytes]:
    """The template, open at its beginning: the list, whose cells are text, then the posts, then the municipalities."""
    out = tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115 the response closes it
    with xlsxwriter.Workbook(out, {**BOOK, "tmpdir": settings.FILE_UPLOAD_TEMP_DIR}) as book:
        bold, text = book.add_format({"bold": True, "num_format": "@"}), book.add_format({"num_format": "@"})
        sheet = book.add_worksheet(_("Personal"))
        sheet.freeze_panes(1, 0)
        # Excel turns a CUI typed into an ordinary cell into a number and cuts it; text stays as it is typed.
        sheet.set_column(0, len(ASKED) - 1, 20, text)
        for number, column in enumerate(ASKED):
            sheet.write_string(0, number, str(column.heading), bold)
            sheet.write_string(1, number, column.example, text)
        posts = Post.objects.filter(is_open=True).values_list("code", "name", "abbreviation")
        _table(book, _("Puestos"), [_("Código"), _("Puesto"), _("Siglas")], posts)
        places = Municipality.objects.values_list("code", "name_common", "department__name")
        _table(book, _("Municipios"), [_("Código INE"), _("Municipio"), _("Departamento")], places)
    out.seek(0)
    return out


def _table(book: xlsxwriter.Workbook, title: str, headings: list[str], rows) -> None:
    sheet, bold = book.add_worksheet(title), book.add_format({"bold": True})
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, 0, 12)
    sheet.set_column(1, len(headings) - 1, 48)
    for number, row in enumerate([headings, *rows]):
        for column, cell in enumerate(row):
            sheet.write_string(number, column, str(cell), bold if number == 0 else None)


def faults_xlsx(staff_import: StaffImport) -> IO[bytes]:
    """Row, column and message of everything that is wrong or doubtful, as an XLSX open at its beginning."""
    headings = [_("Fila"), _("Columna"), _("Qué pasa"), _("Entra")]
    said = {True: _("Sí, con esta advertencia"), False: _("No")}
    found = staff_import.faults.iterator(chunk_size=2000)
    rows: Iterator[list[sheets.Cell]] = ([one.row, one.column, message(one), said[one.is_warning]] for one in found)
    return sheets.write_xlsx(_("Errores"), headings, rows)
