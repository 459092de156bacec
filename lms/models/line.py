"""Written statements on a line to PostgreSQL, several in one round trip, by libpq itself.

psycopg's cursors are written in Python and step through each message: for statements that take some microseconds they
cost more than the database does. What comes back is read by psycopg's own loaders, so it is the same.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import generators, pq
from psycopg.adapt import AdaptersMap, Transformer
from psycopg.errors import error_from_result
from psycopg.types.datetime import TimestamptzLoader
from psycopg.waiting import wait

Asked = tuple[str, Sequence[Any]]
DONE = {pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK}
# What the server prepared is gone, or answers otherwise than when it was: it is prepared anew the next time.
OUTDATED = {"26000", "0A000"}
WAKES_SECONDS = 0.1  # to see whether it is asked to stop
ASKS = re.compile("%[s%]")


class _Reads:
    """How values are read: as Django has it, but moments by psycopg's own loader.

    Django's changes their zone in Python, for lines that speak in another than its own; ours speak in UTC.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection: Any = connection
        self.adapters = AdaptersMap(connection.adapters)
        self.adapters.register_loader("timestamptz", TimestamptzLoader)


class Line:
    """One connection, and what it has prepared: the server keeps a plan for each text."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._reads = _Reads(connection)
        self._prepared: dict[str, bytes] = {}
        self._loaders: dict[str, Any] = {}
        self._number = 0

    def send(self, asked: Sequence[Asked], *, ends: bool = False) -> list[list[tuple]]:
        """The rows of each, in order; each sees what those before it waited for. Raises psycopg's errors.

        Begins a transaction where psycopg would. `ends`: commits it in the same message, unless one of them failed.
        """
        server = self._connection.pgconn
        named: list[tuple[bytes, Any]] = [
            (self._name(statement), [_as_text(value) for value in values]) for statement, values in asked
        ]
        begins = not self._connection.autocommit and server.transaction_status == pq.TransactionStatus.IDLE
        if len(named) == 1 and not begins and not ends:
            results = [server.exec_prepared(*named[0])]
        else:
            results = self._send_together(named, begins=begins, ends=ends)
        return [self._rows(statement, result) for (statement, _values), result in zip(asked, results, strict=True)]

    def _send_together(
        self, named: Sequence[tuple[bytes, Any]], *, begins: bool, ends: bool = False
    ) -> list[pq.abc.PGresult]:
        """All in one message; the answers in order. After one that failed nothing is done."""
        server = self._connection.pgconn
        try:
            server.enter_pipeline_mode()
            if begins:
                server.send_query_params(b"BEGIN", None)
            for name, values in named:
                server.send_query_prepared(name, values)
            if ends:
                server.send_query_params(b"COMMIT", None)
            server.pipeline_sync()
            # So to wait lets other threads work; libpq's own way would not. The last answer is that all is done.
            answers = [
                wait(take(server), server.socket, WAKES_SECONDS)
                for take in [generators.execute] + [generators.fetch_many] * (len(named) + begins + ends)
            ]
            server.exit_pipeline_mode()
        except BaseException:
            self._connection.close()
            raise
        results = [one for answer in answers[:-1] for one in answer]
        self._check(next((one for one in results if one.status == pq.ExecStatus.FATAL_ERROR), results[-1]))
        return results[begins : begins + len(named)]

    def _name(self, statement: str) -> bytes:
        """What the server calls a statement; it is told of it the first time."""
        if statement not in self._prepared:
            self._number += 1
            name, places = f"aula_{self._number}".encode(), iter(range(1, 1000))
            numbered = ASKS.sub(lambda found: "%" if found[0] == "%%" else f"${next(places)}", statement)
            self._check(self._connection.pgconn.prepare(name, numbered.encode()))
            self._prepared[statement] = name
            self._loaders[statement] = Transformer(self._reads)
        return self._prepared[statement]

    def _rows(self, statement: str, result: pq.abc.PGresult) -> list[tuple]:
        self._check(result)
        if result.status != pq.ExecStatus.TUPLES_OK:
            return []
        loaders = self._loaders[statement]
        loaders.set_pgresult(result)
        try:
            return loaders.load_rows(0, result.ntuples, tuple)
        finally:
            loaders.set_pgresult(None)

    def _check(self, result: pq.abc.PGresult) -> None:
        """Raise what the server says."""
        if self._connection.pgconn.status != pq.ConnStatus.OK:
            raise psycopg.OperationalError(self._connection.pgconn.get_error_message())
        if result.status not in DONE:
            fault = error_from_result(result, encoding="utf-8")
            if fault.sqlstate in OUTDATED:
                self._prepared.clear()
            raise fault


def line_of(connection: psycopg.Connection) -> Line:
    """The line of a connection, as long as there is one."""
    known = vars(connection)
    if "aula_line" not in known:
        known["aula_line"] = Line(connection)
    return known["aula_line"]


def _as_text(value: Any) -> bytes | None:
    """A value as the server reads it. Raises psycopg's `DataError` for what would be cut off."""
    write = _WRITES.get(type(value))
    return write(value) if write else _otherwise(value)


def _text(value: str) -> bytes:
    if "\0" in value:
        raise psycopg.DataError("a text with a null character")
    return value.encode()


def _otherwise(value: Any) -> bytes:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Iterable):
        return f"{{{','.join(map(str, value))}}}".encode()
    return str(value).encode()


_WRITES: dict[type, Callable[[Any], bytes | None]] = {
    int: b"%d".__mod__,
    float: lambda value: repr(value).encode(),
    bool: lambda value: b"t" if value else b"f",
    str: _text,
    UUID: lambda value: value.hex.encode(),
    datetime: lambda value: value.isoformat().encode(),
    type(None): lambda _value: None,
}
