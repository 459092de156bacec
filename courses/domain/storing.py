"""Writing what a batch of progress came to: on PostgreSQL one statement for all of it, however much it is."""

from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from django.db import connection
from django.db.models import Field, Model
from pydantic_core import to_json

from courses.models import LearningEvent, WatchProgress, WatchSegment
from lms.models import reading

ONCE = ["enrolment", "activity", "video"]
GROWN = ["bitmap", "clock_spans", "clock_until", "covered_seconds", "position_seconds", "position_at"]
MOVED = ["cut", "by_cut", "length_seconds"]


def store(
    segments: Sequence[WatchSegment],
    progress: Sequence[WatchProgress],
    events: Sequence[LearningEvent],
    *,
    is_last: bool = False,
) -> None:
    """Add segments and events, write progress over what was there. Rows get no key. Raises `IntegrityError`.

    `is_last`: nothing else is written in this transaction, as `reading.ask_last` says.
    """
    if reading.is_postgresql():
        _store_at_once(segments, progress, events, is_last=is_last)
        return
    WatchSegment.objects.bulk_create(segments)
    WatchProgress.objects.bulk_create(
        progress, update_conflicts=True, unique_fields=ONCE, update_fields=[*GROWN, *MOVED]
    )
    LearningEvent.objects.bulk_create(events)


def find_segments(rows: Sequence[WatchSegment]) -> list[WatchSegment]:
    """Those that are stored under the ids of these, or in their places."""
    known = [{getattr(row, name) for row in rows} for name, _kind in KNOWN_BY]
    found = reading.ask(_of_segments(connection.vendor), [reading.keys(each) for each in known])
    return [one for columns in found if (one := reading.build(WatchSegment, columns))]


KNOWN_BY = (("client_id", "uuid"), ("device", "uuid"), ("session", "uuid"), ("sequence", "integer"))


@cache
def _of_segments(vendor: str) -> str:
    """Segments by their ids and those by their places: each has an index, which an OR of both would not look into."""
    table = WatchSegment._meta.db_table
    by_id, *of_place = (reading.among(f"one.{name}", kind) for name, kind in KNOWN_BY)
    ids = f"SELECT one.id FROM {table} one WHERE"  # noqa: S608 own names
    chosen = f"{ids} {by_id} UNION {ids} {' AND '.join(of_place)}"
    columns, those = reading.columns(WatchSegment, "own"), reading.among_those("own.id", chosen)
    return f"SELECT {columns} FROM {table} own WHERE {those}"  # noqa: S608 own names


def _store_at_once(*rows: Sequence[Model], is_last: bool) -> None:
    given = [(model, these) for model, these in zip(MODELS, rows, strict=True) if these]
    if not given:
        return
    send = reading.ask_last if is_last else reading.ask
    if all(len(these) <= FEW for _model, these in given):
        values = [value for model, these in given for one in these for value in _values(model, one)]
        send(_statement_of_few(*((model, len(these)) for model, these in given)), values)
        return
    send(_statement(*(model for model, _these in given)), [_document(these) for _model, these in given])


MODELS = (WatchSegment, WatchProgress, LearningEvent)
FEW = 2  # rows of each, that go out value by value: there is one text for every number of them


@cache
def _statement_of_few(*models: tuple[type[Model], int]) -> str:
    """Each value by itself: for what a page tells every few seconds, that costs the server less than documents."""
    return _together([_insert_of_few(*one) for one in models])


def _insert_of_few(model: type[Model], number: int) -> str:
    quote, fields = connection.ops.quote_name, _fields(model)
    row = f"({', '.join(['%s'] * len(fields))})"
    columns = ", ".join(quote(str(field.column)) for field in fields)
    then = _instead() if model is WatchProgress else ""
    return f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES {', '.join([row] * number)}{then}"  # noqa: S608 own names


@cache
def _written(model: type[Model]) -> tuple[tuple[int, Callable[[Any], str]], ...]:
    """Which columns have no text of their own as they are, and how they are written."""
    ways: dict[str, Callable[[Any], str]] = {"JSONField": _as_json, "BinaryField": _as_bytes}
    kinds = enumerate(field.get_internal_type() for field in _fields(model))
    return tuple((place, ways[kind]) for place, kind in kinds if kind in ways)


def _as_json(value: Any) -> str:
    return to_json(value).decode()


def _as_bytes(value: Any) -> str:
    return "\\x" + bytes(value).hex()


def _values(model: type[Model], row: Model) -> list:
    _columns, read = _read(model)
    values = list(read(row))
    for place, write in _written(model):
        values[place] = write(values[place])
    return values


@cache
def _statement(*models: type[Model]) -> str:
    """Each model's rows come as one JSON document."""
    return _together([_insert(model) for model in models])


def _together(inserts: Sequence[str]) -> str:
    *first, last = inserts
    if not first:
        return last
    beside = ", ".join(f"part_{number} AS ({one} RETURNING 1)" for number, one in enumerate(first))
    return f"WITH {beside} {last}"


def _insert(model: type[Model]) -> str:
    quote = connection.ops.quote_name
    fields = _fields(model)
    columns = ", ".join(quote(str(field.column)) for field in fields)
    typed = ", ".join(f"{quote(str(field.column))} {field.rel_db_type(connection)}" for field in fields)
    then = _instead() if model is WatchProgress else ""
    return (
        f"INSERT INTO {quote(model._meta.db_table)} ({columns})"  # noqa: S608 own names
        f" SELECT {columns} FROM json_to_recordset(%s::json) AS given({typed}){then}"
    )


def _instead() -> str:
    columns = [field.column for field in _fields(WatchProgress) if field.name in (*GROWN, *MOVED)]
    once = ", ".join(f"{name}_id" for name in ONCE)
    return f" ON CONFLICT ({once}) DO UPDATE SET {', '.join(f'{one} = EXCLUDED.{one}' for one in columns)}"


@cache
def _fields(model: type[Model]) -> tuple[Field, ...]:
    return tuple(field for field in model._meta.concrete_fields if not field.primary_key)


@cache
def _read(model: type[Model]) -> tuple[tuple[str, ...], attrgetter]:
    """The columns, and what gives the values of a row for them."""
    fields = _fields(model)
    return tuple(str(field.column) for field in fields), attrgetter(*(field.attname for field in fields))


def _document(rows: Sequence[Model]) -> str:
    columns, read = _read(type(rows[0]))
    plain = [dict(zip(columns, read(row), strict=True)) for row in rows]
    if type(rows[0]) is WatchProgress:
        plain = [{**one, "bitmap": _as_bytes(one["bitmap"])} for one in plain]
    return to_json(plain).decode()
