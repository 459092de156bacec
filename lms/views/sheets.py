"""Sending lists as files."""

from collections.abc import Iterable

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

from lms.domain import sheets
from lms.domain.sheets import Cell


def send(form: str, name: str, title: str, headings: list[str], rows: Iterable[list[Cell]]) -> HttpResponseBase:
    """A list as a file `<name>-<today>` to keep: `form` is "xlsx", or "csv", which is sent while it is read."""
    file_name = f"{name}-{timezone.localdate():%Y-%m-%d}.{form}"
    if form == "xlsx":
        book = sheets.write_xlsx(title, headings, rows)
        return FileResponse(book, as_attachment=True, filename=file_name, content_type=sheets.XLSX)
    return StreamingHttpResponse(
        sheets.csv_lines(headings, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
    )
