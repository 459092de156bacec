"""Reading lists of staff as town halls keep them: XLSX, and CSV of any encoding and delimiter. Nothing is trusted.

A file is never written to the disk. Reading is lazy, row by row; what a small file may unpack to is bounded before
openpyxl (with defusedxml) sees it.
"""

import csv
import io
import re
import secrets
import zipfile
from collections.abc import Iterator
from itertools import islice

import openpyxl
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.utils.translation import gettext as _

from lms.domain import identity
from lms.domain.errors import RuleBroken

from .columns import recognised, resembles

MAX_BYTES = 20 * 1024**2
MAX_UNPACKED_BYTES = 120 * 1024**2
MAX_TAGS = 6_000_000  # 50,000 rows of 30 cells; each empty element costs the reader some sixty bytes
MAX_ROWS = 50_000
MAX_COLUMNS = 60
HEADING_WITHIN = 15
NONCE_BYTES = 12
OLD_EXCEL = b"\xd0\xcf\x11\xe0"  # .xls, and .xlsx with a password
DELIMITERS = ";,\t|"

Cells = tuple[object, ...]


def seal(content: bytes, about: str) -> bytes:
    """A file as it is kept: encrypted, and bound to the import `about` (its public id)."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(identity.key_for("staff-list")).encrypt(nonce, content, about.encode())


def unseal(sealed: bytes, about: str) -> bytes:
    """The file that `seal` took."""
    nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    return AESGCM(identity.key_for("staff-list")).decrypt(nonce, body, about.encode())


def rows_of(content: bytes) -> Iterator[tuple[int, Cells]]:
    """The rows with something in them, each with the number that a spreadsheet shows.

    Raises `import.unreadable`, `import.old_excel`, `import.too_large` and `import.too_many_rows`.
    """
    if content[:4] == OLD_EXCEL:
        text = _(
            "Este archivo es de un Excel antiguo o tiene contraseña. Ábralo, guárdelo como .xlsx sin contraseña y "
            "súbalo de nuevo."
        )
        raise RuleBroken("import.old_excel", text)
    found = _xlsx_rows(content) if content[:2] == b"PK" else _csv_rows(content)
    full = 0
    for number, cells in found:
        if all(cell is None or cell == "" or str(cell).isspace() for cell in cells):
            continue
        full += 1
        if full > MAX_ROWS + HEADING_WITHIN:
            text = _("El archivo tiene más de 50,000 filas. Divídalo en varios.")
            raise RuleBroken("import.too_many_rows", text)
        yield number, cells


def find_heading(content: bytes) -> tuple[int, list[str]]:
    """The row with the headings (titles above it are passed over) and its texts.

    Raises `import.no_heading`, and as `rows_of`.
    """
    best: tuple[int, int, list[str]] = (0, 0, [])
    for number, cells in islice(rows_of(content), HEADING_WITHIN):
        texts = [_as_heading(cell) for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        known = recognised(texts)
        if known > best[0] or (not best[2] and sum(map(bool, texts)) > 1):
            best = (known, number, texts)
    _known, number, texts = best
    # A list without headings begins with somebody's own data, which must not be taken for names of columns.
    if not resembles(texts) or any(re.search(r"[0-9]{8}|@", text) for text in texts):
        message = _("No encontramos los nombres de las columnas. Escríbalos en la primera fila, como en la plantilla.")
        raise RuleBroken("import.no_heading", message)
    return number, texts


def _as_heading(cell: object) -> str:
    return " ".join(str(cell).split())[:80] if cell is not None else ""


def _unreadable() -> RuleBroken:
    message = _("No pudimos leer este archivo. Guárdelo como .xlsx o como CSV y súbalo de nuevo.")
    return RuleBroken("import.unreadable", message)


def _too_large() -> RuleBroken:
    message = _("El archivo es demasiado grande. Deje solo la hoja con la lista, o divídala en varios archivos.")
    return RuleBroken("import.too_large", message)


def assert_small(content: bytes) -> None:
    """Whether its size, packed and unpacked, is a list's. Raises `import.too_large` and `import.unreadable`."""
    if len(content) > MAX_BYTES:
        raise _too_large()
    if content[:2] != b"PK":
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            # zipfile never yields more of a member than its directory declares.
            if sum(member.file_size for member in archive.infolist()) > MAX_UNPACKED_BYTES:
                raise _too_large()
            if sum(_tags(archive, member) for member in archive.infolist()) > MAX_TAGS:
                raise _too_large()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise _unreadable() from error


def _tags(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    if not member.filename.endswith((".xml", ".rels")):
        return 0
    with archive.open(member) as file:
        return sum(piece.count(b"<") for piece in iter(lambda: file.read(1 << 20), b""))


def _xlsx_rows(content: bytes) -> Iterator[tuple[int, Cells]]:
    assert_small(content)
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        try:
            sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            if not sheets:
                raise _unreadable()
            sheet = sheets[0]
            # Some programs write a wrong size into the sheet; without it every row is read.
            sheet.reset_dimensions()
            yield from enumerate(sheet.iter_rows(max_col=MAX_COLUMNS, values_only=True), start=1)
        finally:
            book.close()
    except (RuleBroken, GeneratorExit):
        raise
    except Exception as error:  # openpyxl raises whatever its parts do: KeyError, ValueError, ParseError, …
        raise _unreadable() from error


def decode(content: bytes) -> str:
    """The text of a CSV file: UTF-8 with or without mark, UTF-16, or what Spanish Windows writes."""
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return content.decode("utf-16", errors="replace")
    sample = content[:4000]
    if sample.count(b"\0") * 4 > len(sample):
        little = sample[1::2].count(0) > sample[0::2].count(0)
        return content.decode("utf-16-le" if little else "utf-16-be", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _csv_rows(content: bytes) -> Iterator[tuple[int, Cells]]:
    assert_small(content)
    text = decode(content).replace("\0", "")
    if declared := re.match(r"sep=(.)\r?\n", text, re.IGNORECASE):
        text, delimiter = text[declared.end() :], declared[1]
    else:
        delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for number, row in enumerate(reader, start=1):
            yield number, tuple(row[:MAX_COLUMNS])
    except csv.Error as error:
        raise _unreadable() from error


def _delimiter(text: str) -> str:
    """The one under which the first lines have the most known headings, then the most columns."""

    def score(delimiter: str) -> tuple[int, int]:
        try:
            lines = list(islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), HEADING_WITHIN))
        except csv.Error:
            return (0, 0)
        return max(map(recognised, lines), default=0), max(map(len, lines), default=0)

    return max(DELIMITERS, key=score)
