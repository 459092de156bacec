"""Reading rows by a written statement, where building it by the ORM costs more than the database's answer.

The text of a statement never changes, so PostgreSQL plans it once for a connection. What comes back are ordinary rows
of ordinary models, the same on every database.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import SimpleNamespace
from typing import Any, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Field, Model
from django.db.models.base import ModelState

from lms.models.line import Asked, Line, line_of

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class First:
    """A statement that goes out with others and before them; `take` looks at its rows before anybody sees theirs.

    What `take` raises keeps them from being seen.
    """

    asked: Asked
    take: Callable[[list[tuple]], None]


class _Shown:
    """As much of a cursor as Django asks of one, where somebody looks at what is sent."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.rows: list[tuple] = []
        self.connection: Any = line

    def execute(self, statement: str, values: Sequence[Any]) -> None:
        """What was sent stays to be read."""
        self._query = SimpleNamespace(query=statement.encode())
        (self.rows,) = self._line.send([(statement, values)])

    def close(self) -> None:
        """Nothing is held."""


def ask(statement: str, values: Sequence[Any]) -> list[tuple]:
    """All rows. The values are as the database takes them: see `at` and `keys`."""
    return ask_together((statement, values))[0]


def ask_last(statement: str, values: Sequence[Any]) -> None:
    """Write what is the last thing in a transaction: where the database can, it is committed in the same round trip.

    A fault that comes later would not undo it any more, so nothing may be left to do but to answer.
    """
    here: Any = connections[DEFAULT_DB_ALIAS]
    is_outermost = here.in_atomic_block and len(here.atomic_blocks) == 1 and not here.savepoint_ids
    if not is_outermost or here.vendor != "postgresql" or here.execute_wrappers or here.queries_logged:
        ask(statement, values)
        return
    here.validate_thread_sharing()
    here.validate_no_broken_transaction()
    with here.wrap_database_errors:
        line_of(here.connection).send([(statement, values)], ends=True)


def ask_together(*asked: Asked, first: First | None = None) -> list[list[tuple]]:
    """All rows of each statement, in one round trip where the database can.

    They are carried out one after another: what one waited for, the next one sees.
    """
    if first is not None:
        its, *rows = ask_together(first.asked, *asked)
        first.take(its)
        return rows
    here: Any = connections[DEFAULT_DB_ALIAS]
    here.ensure_connection()
    if here.vendor != "postgresql":
        return [_ask_plainly(here, *one) for one in asked]
    line = line_of(here.connection)
    if here.execute_wrappers or here.queries_logged:
        return [_ask_shown(here, line, *one) for one in asked]
    here.validate_thread_sharing()
    here.validate_no_broken_transaction()
    with here.wrap_database_errors:
        return line.send(asked)


def _ask_plainly(here: Any, statement: str, values: Sequence[Any]) -> list[tuple]:
    with here.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def _ask_shown(here: Any, line: Line, statement: str, values: Sequence[Any]) -> list[tuple]:
    shown = _Shown(line)
    here._prepare_cursor(shown).execute(statement, values)
    return shown.rows


@cache
def is_postgresql() -> bool:
    """Whether it is that which keeps our rows. It never changes, and to ask the connection takes its while."""
    return connection.vendor == "postgresql"


def at(moment: datetime) -> Any:
    """A moment as a value."""
    return moment if is_postgresql() else connection.ops.adapt_datetimefield_value(moment)


def moment(read: Any) -> Any:
    """The moment that a column which belongs to no model's row was read as."""
    if is_postgresql():
        return read
    ops: Any = connection.ops
    return ops.convert_datetimefield_value(read, None, connection)


def key(chosen: UUID) -> Any:
    """One key as a value."""
    return chosen if is_postgresql() else chosen.hex


def among(column: str, kind: str) -> str:
    """That a column is one of `keys`; `kind` is the column's type in PostgreSQL."""
    if is_postgresql():
        return f"{column} = ANY(%s::{kind}[])"
    return f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608 own names


def among_those(column: str, chosen: str) -> str:
    """That a column is one of what a `SELECT` finds, which is asked for once and before."""
    return f"{column} = ANY(ARRAY({chosen}))" if is_postgresql() else f"{column} IN ({chosen})"


def keys(chosen: Iterable[int | UUID]) -> Any:
    """Keys as the value of `among`."""
    if is_postgresql():
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
def _converters(model: type[Model], names: tuple[str, ...]) -> list[tuple[str, list, Any]]:
    found = []
    for field in _fields(model, names):
        column = field.get_col(model._meta.db_table)
        if those := connection.ops.get_db_converters(column) + column.get_db_converters(connection):
            found.append((field.attname, those, column))
    return found


@cache
def _attributes(model: type[Model], names: tuple[str, ...]) -> list[str]:
    return [field.attname for field in _fields(model, names)]


def build(model: type[Row], values: Sequence[Any], names: tuple[str, ...] = ()) -> Row | None:
    """The row that these `columns` are of; None where an outer join found none. What is not named is deferred."""
    if values[0] is None:
        return None
    made = dict(zip(_attributes(model, names), values, strict=True))
    if converters := _converters(model, names):
        here = connections[DEFAULT_DB_ALIAS]
        for name, those, column in converters:
            for convert in those:
                made[name] = convert(made[name], column, here)
    return _as_row(model, made, adding=False)


def fresh(model: type[Row], known: Mapping[str, Model] | None = None, **values: Any) -> Row:
    """A new row that was not written yet. Every column but its key has to be named, by its attribute.

    `known` are rows that it points to, by the names of the relations. Raises `TypeError`.
    """
    if values.keys() != _named(model):
        raise TypeError(f"{model.__name__} is not made of {', '.join(sorted(values.keys() ^ _named(model)))}")
    row = _as_row(model, {"id": None, **values}, adding=True)
    if known:
        row._state.fields_cache = dict(known)
    return row


@cache
def _named(model: type[Model]) -> frozenset[str]:
    return frozenset(field.attname for field in model._meta.concrete_fields if field.attname != "id")


def _as_row(model: type[Row], values: dict[str, Any], *, adding: bool) -> Row:
    """As the model's own way to make one, which weighs each value and takes ten times as long."""
    row = model.__new__(model)
    state = ModelState()
    state.adding, state.db = adding, None if adding else DEFAULT_DB_ALIAS
    values["_state"] = state
    row.__dict__ = values
    return row
