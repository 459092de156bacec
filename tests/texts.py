"""What files and databases say: every text in them, unpacked and read."""

import gzip
import io
import zipfile
from collections.abc import Callable


def _unzipped(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "\n".join(text_of(archive.read(name)) for name in archive.namelist())


def _pdf(content: bytes) -> str:
    from pypdf import PdfReader  # noqa: PLC0415 (slow to load, and seldom needed)

    reader = PdfReader(io.BytesIO(content))
    return "\n".join([str(reader.metadata), *(page.extract_text() for page in reader.pages)])


def text_of(content: bytes) -> str:
    """What a file says: unpacked, unzipped, read. A file that is broken says its bytes."""
    openers: dict[bytes, Callable[[bytes], str]] = {
        b"\x1f\x8b": lambda packed: text_of(gzip.decompress(packed)),
        b"PK\x03\x04": _unzipped,
        b"%PDF": _pdf,
    }
    for magic, opener in openers.items():
        if content.startswith(magic):
            try:
                return opener(content)
            except Exception:  # tests make broken files on purpose
                break
    return content.decode("utf-8", "replace")


def look_at_database(url: str, look: Callable[[str, str], None]) -> None:
    """Hand every text of every table of a database to `look`, with the name of its column."""
    from sqlite3 import connect  # noqa: PLC0415

    import psycopg  # noqa: PLC0415

    connection = connect(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else psycopg.connect(url)
    try:
        for table, columns in _texts(connection, is_sqlite=url.startswith("sqlite")):
            names = ", ".join(f'CAST("{column}" AS text)' for column in columns)
            rows = connection.execute(f'SELECT {names} FROM "{table}"')  # noqa: S608 (names from the catalogue)
            for row in rows:
                look("\n".join(filter(None, row)), f"the table {table}")
    finally:
        connection.close()


def _texts(connection, *, is_sqlite: bool) -> list[tuple[str, list[str]]]:
    if is_sqlite:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = [
            (table, name)
            for table in tables
            for _id, name, kind, *_rest in connection.execute(f'PRAGMA table_info("{table}")')
            if "char" in kind.lower() or "text" in kind.lower() or "json" in kind.lower()
        ]
    else:
        found = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND data_type IN ('character varying', 'text', 'jsonb', 'json')"
        ).fetchall()
    by_table: dict[str, list[str]] = {}
    for table, name in found:
        by_table.setdefault(table, []).append(name)
    return list(by_table.items())
