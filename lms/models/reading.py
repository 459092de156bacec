"""Reading rows by a written statement, where building it by the ORM costs more than the database's answer.

The text of a statement never changes, so PostgreSQL plans it once for a connection. What comes back are ordinary rows
of ordinary models, the same on every database.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from types import SimpleNamespace
from typing import Any, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Field, Model
from psycopg import Cursor

Row = TypeVar("Row", bound=Model)


class _Prepared(Cursor):
    """psycopg's cursor, by whose statements the server keeps a plan. Django's puts the values into the text."""

    def execute(self, query, params=None, **options):
        """What was sent stays to be read: Django shows it where queries are captured."""
        try:
            return super().execute(query, params, prepare=True, **options)
        finally:
            self._query: Any = SimpleNamespace(query=query.encode())


def ask(statement: str, values: Sequence[Any]) -> list[tuple]:
    """All rows. The values are as the database takes them: see `at` and `keys`."""
    here: Any = connections[DEFAULT_DB_ALIAS]
    here.ensure_connection()
    if here.vendor != "postgresql":
        with here.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()
    with here.wrap_database_errors:
        plain = _Prepared(here.connection)
    with here._prepare_cursor(plain) as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if plain.pgresult and plain.pgresult.nfields else []


def at(moment: datetime) -> Any:
    """A moment as a value."""
    return connection.ops.adapt_datetimefield_value(moment)


def moment(read: Any) -> Any:
    """The moment that a column which belongs to no model's row was read as."""
    if connection.vendor == "postgresql":
        return read
    ops: Any = connection.ops
    return ops.convert_datetimefield_value(read, None, connection)


def key(chosen: UUID) -> Any:
    """One key as a value."""
    return chosen if connection.features.has_native_uuid_field else chosen.hex


def among(column: str, kind: str) -> str:
    """That a column is one of `keys`; `kind` is the column's type in PostgreSQL."""
    if connection.vendor == "postgresql":
        return f"{column} = ANY(%s::{kind}[])"
    return f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608 own names


def keys(chosen: Iterable[int | UUID]) -> Any:
    """Keys as the value of `among`."""
    if connection.vendor == "postgresql":
        return list(chosen)
    return json.dumps([one.hex if isinstance(one, UUID) else one for one in chosen])


@cache
def columns(model: type[Model], alias: str, names: tuple[str, ...] = ()) -> str:
    """Columns of a model, all unless some are named, for a `SELECT` from its table under another name."""
    return ", ".join(f'{alias}."{field.column}"' for field in _fields(model, names))


def width(model: type[Model]) -> int:
    """How many columns there are."""
    return len(model._meta.concrete_fields)


@cache
def _fields(model: type[Model], names: tuple[str, ...]) -> list[Field]:
    return [field for field in model._meta.concrete_fields if not names or field.attname in names]


@cache
def _converters(model: type[Model], names: tuple[str, ...], vendor: str) -> list[tuple[int, list, Any]]:
    found = []
    for index, field in enumerate(_fields(model, names)):
        column = field.get_col(model._meta.db_table)
        if those := connection.ops.get_db_converters(column) + column.get_db_converters(connection):
            found.append((index, those, column))
    return found


@cache
def _attributes(model: type[Model], names: tuple[str, ...]) -> list[str]:
    return [field.attname for field in _fields(model, names)]


def build(model: type[Row], values: Sequence[Any], names: tuple[str, ...] = ()) -> Row | None:
    """The row that these `columns` are of; None where an outer join found none. What is not named is deferred."""
    made = list(values)
    if made[0] is None:
        return None
    here = connections[DEFAULT_DB_ALIAS]
    for index, those, column in _converters(model, names, here.vendor):
        for convert in those:
            made[index] = convert(made[index], column, here)
    return model.from_db(DEFAULT_DB_ALIAS, _attributes(model, names), made)
