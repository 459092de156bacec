"""Lists of certificates as files for Excel. No cell of them can become a formula, whatever somebody is called."""

import csv
import tempfile
import unicodedata
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import IO

import xlsxwriter
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from certificates.models import Certificate, CertificateEvent
from lms.domain import audit
from lms.models import Person

Cell = str | int | Decimal | date | None


def headings() -> list[str]:
    """The first row. There is no CUI, e-mail or phone in these files."""
    return [
        _("Número"),
        _("Nombre"),
        _("Clase"),
        _("Curso"),
        _("Horas"),
        _("Nota"),
        _("Inicio"),
        _("Finalización"),
        _("Puesto"),
        _("Código INE"),
        _("Municipio"),
        _("Departamento"),
        _("Emitido"),
        _("Estado"),
    ]


def rows(certificates: QuerySet[Certificate]) -> Iterator[list[Cell]]:
    """One row a certificate, read in stretches so that memory does not grow with them."""
    states = dict(CertificateEvent.Kind.choices) | {CertificateEvent.Kind.ISSUED: _("Vigente")}
    listed = certificates.select_related("municipality__department")
    for one in listed.iterator(chunk_size=2000):
        place = one.municipality
        yield [
            one.reference,
            one.person_name,
            one.kind,
            one.course_title,
            one.hours,
            one.score_percent,
            one.started_on,
            one.completed_on,
            one.post_name,
            place.code if place else "",
            place.name_common if place else "",
            place.department.name if place else "",
            timezone.localdate(one.issued_at),
            str(states[one.state]),  # type: ignore[attr-defined]  # `with_state` annotates it
        ]


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


def csv_lines(certificates: QuerySet[Certificate]) -> Iterator[str]:
    """The lines of a CSV file that Excel opens as UTF-8."""
    writer = csv.writer(_Echo())
    yield "\ufeff"
    yield writer.writerow(headings())
    for row in rows(certificates):
        yield writer.writerow([neutralise(cell) if isinstance(cell, str) else cell for cell in row])


def write_xlsx(certificates: QuerySet[Certificate]) -> IO[bytes]:
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
        sheet = book.add_worksheet(_("Certificados"))
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, 13, 18)
        for column, heading in enumerate(headings()):
            sheet.write_string(0, column, heading, bold)
        for number, row in enumerate(rows(certificates), start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, column, cell)
                elif isinstance(cell, date):
                    sheet.write_datetime(number, column, cell, day)
                elif cell is not None:
                    sheet.write_number(number, column, cell)
    out.seek(0)
    return out


def record_export(certificates: QuerySet[Certificate], *, by: Person, form: str, chosen: dict[str, str]) -> None:
    """Tell the audit trail who took which list away. A name that was searched for is not told."""
    facts = {key: value for key, value in chosen.items() if key != "q"}
    with transaction.atomic():
        audit.record(
            "certificates.exported",
            by=by,
            facts={"form": form, "filters": facts, "by_name": "q" in chosen, "rows": certificates.count()},
        )
