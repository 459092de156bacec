"""Statements that the ORM writes once, for what pages ask again and again (docs/decisions/0035).

To build a statement costs several times what the database takes to answer it. Here a queryset is built the first time,
with marks where the values go; from then on only the values change, and PostgreSQL keeps its plan (`reading.ask`). So a
rule stays where it is, in its method of a queryset, and is not said a second time in SQL.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models.query import ModelIterable, QuerySet, get_related_populators

from lms.models import reading

# What stands for a value while the statement is written: nothing that any rule compares with.
MARKS: dict[type, Callable[[int], Any]] = {
    int: lambda number: 7_100_000_000_000_000_000 + number,
    str: lambda number: f"\x1a{number}\x1a",
    UUID: lambda number: UUID(int=(0x7E << 120) + number),
    date: lambda number: date(1803, 3, 1) + timedelta(days=number),
    datetime: lambda number: datetime(1803, 3, 1, tzinfo=UTC) + timedelta(days=number),
}


def _adapted(value: Any) -> Any:
    """As the database takes it."""
    here: Any = connections[DEFAULT_DB_ALIAS]
    if isinstance(value, datetime):
        return here.ops.adapt_datetimefield_value(value)
    if isinstance(value, date):
        return here.ops.adapt_datefield_value(value)
    if isinstance(value, UUID) and not here.features.has_native_uuid_field:
        return value.hex
    return value


@dataclass(frozen=True)
class _Plan:
    """A statement as it is sent: `values` are its values in order, a name where one is given each time."""

    text: str
    values: Sequence[tuple[str, Any]]
    converters: Sequence[tuple[int, list, Any]]
    build: Callable[[list], Any]


class Written:
    """Rows of a queryset that `make` builds of named values; they come as that queryset gives them, in a list.

    `make` is called once in a process, so it may ask nothing that changes: a day or a moment is given to it too.
    """

    def __init__(self, make: Callable[..., QuerySet]) -> None:
        self.make = make
        self._plans: dict[str, _Plan] = {}

    def __call__(self, **values: Any) -> list:
        """The rows. Values are keys, identifiers, texts, days and moments; never None."""
        here: Any = connections[DEFAULT_DB_ALIAS]
        plan = self._plans.get(here.vendor)
        if plan is None:
            here.ensure_connection()
            plan = self._plans[here.vendor] = self._write(values)
        sent = [_adapted(values[name]) if name else fixed for name, fixed in plan.values]
        found = []
        for row in map(list, reading.ask(plan.text, sent)):
            for position, those, expression in plan.converters:
                for convert in those:
                    row[position] = convert(row[position], expression, here)
            found.append(plan.build(row))
        return found

    def _write(self, values: dict[str, Any]) -> _Plan:
        """Raises `ValueError` for a value that the statement does not ask for, and for a moment that was not given."""
        marks = {name: MARKS[type(value)](number) for number, (name, value) in enumerate(values.items())}
        rows = self.make(**marks)
        compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
        text, asked = compiler.as_sql()
        names = {_adapted(mark): name for name, mark in marks.items()}
        given = [(names.get(one, "") if isinstance(one, (int, str, date, UUID)) else "", one) for one in asked]
        if missing := marks.keys() - {name for name, _one in given}:
            raise ValueError(f"{self.make.__qualname__} asks for none of {sorted(missing)}")
        if any(re.match(r"\d{4}-\d\d-\d\d", str(one)) for name, one in given if not name):
            raise ValueError(f"{self.make.__qualname__} keeps a moment of its own")
        text, sent = _with_what_stays(text, given)
        columns = [one for one, _sql, _alias in compiler.select[: compiler.col_count]]
        converters = [(place, *those) for place, those in compiler.get_converters(columns).items()]
        return _Plan(text, sent, converters, _builder(rows, compiler))


def _with_what_stays(text: str, given: list[tuple[str, Any]]) -> tuple[str, list[tuple[str, Any]]]:
    """Write into the text what never changes, where the server would have to be told of what kind it is."""
    here: Any = connections[DEFAULT_DB_ALIAS]
    if here.vendor != "postgresql":
        return text, given
    values = iter(given)

    def write(found: re.Match) -> str:
        name, fixed = next(values) if found[0] == "%s" else ("%%", None)
        return found[0] if name else here.ops.compose_sql("%s", [fixed]).replace("%", "%%")

    return re.sub("%%|%s", write, text), [one for one in given if one[0]]


def _builder(rows: QuerySet, compiler: Any) -> Callable[[list], Any]:
    """What makes a row of columns: a tuple of values, or a model with its relations and annotations, as Django does."""
    if not issubclass(rows._iterable_class, ModelIterable):
        return tuple
    known, select = compiler.klass_info, compiler.select
    first, after = known["select_fields"][0], known["select_fields"][-1] + 1
    names = [one.target.attname for one, _sql, _alias in select[first:after]]
    populators: Any = get_related_populators  # its type is that of a Django to come
    related = populators(known, select, DEFAULT_DB_ALIAS)
    annotations = list(compiler.annotation_col_map.items())

    def build(row: list) -> Any:
        made = known["model"].from_db(DEFAULT_DB_ALIAS, names, row[first:after])
        for one in related:
            one.populate(row, made)
        for name, position in annotations:
            setattr(made, name, row[position])
        return made

    return build
