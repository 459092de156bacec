"""Slides and papers as programs write them, as small as they can be; and what hides in some."""

import io
import zipfile

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
MAIN = {
    ".docx": ("word/document.xml", "wordprocessingml.document.main+xml"),
    ".xlsx": ("xl/workbook.xml", "spreadsheetml.sheet.main+xml"),
    ".pptx": ("ppt/presentation.xml", "presentationml.presentation.main+xml"),
    ".ppsx": ("ppt/presentation.xml", "presentationml.slideshow.main+xml"),
}
OPEN_DOCUMENT = {".odt": "text", ".ods": "spreadsheet", ".odp": "presentation"}


def archive(entries: dict[str, bytes]) -> bytes:
    """A zip of these entries, in this order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries.items():
            made.writestr(name, content)
    return buffer.getvalue()


def types(kind: str) -> bytes:
    """`[Content_Types].xml` that calls the main part so."""
    part = f"application/vnd.openxmlformats-officedocument.{kind}"
    return f'<?xml version="1.0"?><Types><Override PartName="/x" ContentType="{part}"/></Types>'.encode()


def a_paper(suffix: str, more: dict[str, bytes] | None = None) -> bytes:
    """A paper of this kind, with `more` entries inside."""
    if suffix == ".pdf":
        return PDF
    if suffix in OPEN_DOCUMENT:
        kind = f"application/vnd.oasis.opendocument.{OPEN_DOCUMENT[suffix]}".encode()
        return archive({"mimetype": kind, "content.xml": b"<x/>", **(more or {})})
    part, kind = MAIN[suffix]
    return archive({"[Content_Types].xml": types(kind), part: b"<x/>", **(more or {})})
