"""Adding new rows with as little as it takes, where thousands are added: one, or many of one model by one statement.

`Model.save` compiles its SQL anew for every row and tells signals; here the statement is made once for a model. The row
must keep no column in step in its own `save`, and nobody may wait for its `post_save`.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model


@cache
def _statement(model: type[Model], vendor: str) -> tuple[str, str, str, tuple[Field, ...]]:
    """The statement up to the values, the places of one row's values, what it returns, and the columns."""
    quote = connection.ops.quote_name
    fields = tuple(field for field in model._meta.local_concrete_fields if not field.primary_key)
    columns = ", ".join(quote(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    key = quote(str(model._meta.pk.column))
    begin = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES "  # noqa: S608 own names
    return begin, f"({places})", f" RETURNING {key}", fields


def _values(row: Model, fields: tuple[Field, ...]) -> list:
    return [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields]


def _is_in(row: Model, key: int) -> None:
    row.pk = key
    row._state.adding, row._state.db = False, connection.alias


def insert(row: Model) -> None:
    """Add a new row and give it its key. Raises what the database raises, such as `IntegrityError`."""
    begin, places, returning, fields = _statement(type(row), connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(f"{begin}{places}{returning}", _values(row, fields))
        _is_in(row, cursor.fetchone()[0])


def insert_unless_there(row: Model) -> bool:
    """Add a new row as `insert` does; False, and nothing is added, where a unique constraint has one already."""
    begin, places, returning, fields = _statement(type(row), connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(f"{begin}{places} ON CONFLICT DO NOTHING{returning}", _values(row, fields))
        found = cursor.fetchone()
    if found:
        _is_in(row, found[0])
    return bool(found)


def insert_together(rows: Sequence[Model], also: str, values: Sequence[Any]) -> None:
    """Add new rows, of different models if need be, as `insert` does each; and send one more statement.

    All in one on PostgreSQL, so none of them sees what the others write.
    """
    if connection.vendor != "postgresql" or not rows:
        for row in rows:
            insert(row)
        with connection.cursor() as cursor:
            cursor.execute(also, values)
        return
    parts = [(*_statement(type(row), connection.vendor), row) for row in rows]
    added = [
        f"part_{number} AS ({begin}{places}{returning} AS pk)"
        for number, (begin, places, returning, _fields, _row) in enumerate(parts)
    ]
    keys = " UNION ALL ".join(f"SELECT {number}, pk FROM part_{number}" for number in range(len(rows)))  # noqa: S608
    given = [value for _begin, _places, _returning, fields, row in parts for value in _values(row, fields)]
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {', '.join(added)}, also AS ({also}) {keys}", [*given, *values])
        for number, key in cursor.fetchall():
            _is_in(rows[number], key)


def insert_all(rows: Sequence[Model], *, known_by: str) -> None:
    """Add new rows of one model, all or none, in their order, and give each its key. Raises as `insert`.

    `known_by` is a unique column: no database promises to return the rows in the order in which they were given.
    """
    if not rows:
        return
    fields = _statement(type(rows[0]), connection.vendor)[-1]
    at = next(index for index, field in enumerate(fields) if field.name == known_by)
    values = [_values(row, fields) for row in rows]
    add = _copy if connection.vendor == "postgresql" and len(rows) > 1 else _by_one_statement
    keys = add(type(rows[0]), values, at)
    for row, its_values in zip(rows, values, strict=True):
        _is_in(row, keys[its_values[at]])


def _by_one_statement(model: type[Model], values: list[list], at: int) -> dict[object, int]:
    begin, places, returning, fields = _statement(model, connection.vendor)
    all_places = ", ".join([places] * len(values))
    also = connection.ops.quote_name(str(fields[at].column))
    with connection.cursor() as cursor:
        cursor.execute(f"{begin}{all_places}{returning}, {also}", [value for row in values for value in row])
        return {known: key for key, known in cursor.fetchall()}


def _copy(model: type[Model], values: list[list], at: int) -> dict[object, int]:
    """By COPY: to quote thousands of values into one statement cost more than everything else about them."""
    fields = _statement(model, connection.vendor)[-1]
    quote = connection.ops.quote_name
    table, key, known_by = (
        quote(str(name)) for name in (model._meta.db_table, model._meta.pk.column, fields[at].column)
    )
    columns = ", ".join(quote(str(field.column)) for field in fields)
    with connection.cursor() as cursor:
        with connection.wrap_database_errors, cursor.cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in values:
                copy.write_row(row)
        cursor.execute(
            f"SELECT {key}, {known_by} FROM {table} WHERE {known_by} = ANY(%s)",  # noqa: S608 own names
            [[row[at] for row in values]],
        )
        return {known: key for key, known in cursor.fetchall()}
